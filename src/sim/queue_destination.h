#pragma once

#include "mapping/sqs_destination.h"

#include <functional>
#include <string>
#include <utility>

namespace penstock::sim {

/// Failure records into the simulated server's queues, as in the real one; it refuses by chance.
class QueueDestination final : public mapping::DestinationSender {
 public:
  QueueDestination(sqs::QueueService& queues, std::function<bool()> refuses)
      : queues_(queues), refuses_(std::move(refuses)) {}
  Task<Status> send(Tenant tenant, std::string destination_arn, std::string id,
                    std::string body) override;
  Status accepts(const Tenant& tenant, const std::string& destination_arn) const override {
    return queues_.accepts(tenant, destination_arn);
  }

 private:
  mapping::SqsDestination queues_;
  std::function<bool()> refuses_;
};

}  // namespace penstock::sim
