#include "sim/queue_destination.h"

namespace penstock::sim {

Task<Status> QueueDestination::send(Tenant tenant, std::string destination_arn, std::string id,
                                    std::string body) {
  if (refuses_()) co_return Error{Errc::kUnavailable, "the queue refuses, as the plan says"};
  co_return co_await queues_.send(std::move(tenant), std::move(destination_arn), std::move(id),
                                  std::move(body));
}

}  // namespace penstock::sim
