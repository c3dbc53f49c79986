#pragma once

#include "mapping/destination.h"
#include "sqs/queue_service.h"

#include <string>

namespace penstock::mapping {

/// Failure records into queues of this server. The queue remembers the last ids it was given, so
/// that the same id comes once, also when a crash fell between delivery and checkpoint.
class SqsDestination final : public DestinationSender {
 public:
  /// `queues` outlives it.
  explicit SqsDestination(sqs::QueueService& queues) : queues_(queues) {}

  Task<Status> send(Tenant tenant, std::string destination_arn, std::string id,
                    std::string body) override;
  /// fails     Errc::kInvalid   no ARN of a queue, a FIFO queue, another account's or region's
  ///           Errc::kNotFound  there is no such queue
  Status accepts(const Tenant& tenant, const std::string& destination_arn) const override;

 private:
  sqs::QueueService& queues_;
};

}  // namespace penstock::mapping
