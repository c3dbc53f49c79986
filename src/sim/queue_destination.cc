#include "sim/queue_destination.h"

#include "sqs/attributes.h"
#include "sqs/errors.h"

namespace penstock::sim {

Status QueueDestination::accepts(const Tenant&, const std::string& destination_arn) const {
  const auto target = sqs::parse_queue_arn(destination_arn);
  if (!target) return Error{Errc::kInvalid, destination_arn + " is no queue's ARN"};
  if (!queues_.exists(*target).ok()) return Error{Errc::kNotFound, "there is no such queue"};
  return ok();
}

Task<Status> QueueDestination::send(Tenant tenant, std::string destination_arn, std::string id,
                                    std::string body) {
  if (refuses_()) co_return Error{Errc::kUnavailable, "the queue refuses, as the plan says"};
  CO_TRY_OK(accepts(tenant, destination_arn));
  const auto target = sqs::parse_queue_arn(destination_arn);
  co_return co_await queues_.send_once(*target, std::move(id), std::move(body), tenant.account);
}

}  // namespace penstock::sim
