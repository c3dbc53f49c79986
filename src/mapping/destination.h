#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/task.h"

#include <string>

namespace penstock::mapping {

/// Where records go that are given up: an SQS queue of this server; later SNS, S3, Kafka.
class DestinationSender {
 public:
  virtual ~DestinationSender() = default;
  /// Delivers one failure record. `id` is deterministic (mapping, shard, range): sending the same
  /// id again, also after a crash, must not deliver twice where the destination can tell.
  /// Errc::kNotFound: there is no such destination. Errc::kLimit: too large.
  virtual Task<Status> send(Tenant tenant, std::string destination_arn, std::string id,
                            std::string body) = 0;
  /// Whether this server can deliver to the ARN at all (asked when a mapping is created).
  virtual Status accepts(const Tenant& tenant, const std::string& destination_arn) const = 0;
};

}  // namespace penstock::mapping
