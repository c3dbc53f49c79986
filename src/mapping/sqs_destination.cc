#include "mapping/sqs_destination.h"

#include "sqs/attributes.h"
#include "sqs/errors.h"

namespace penstock::mapping {
namespace {

/// Queues speak their own codes; mappings know only these.
Error for_mapping(Error error) {
  if (error.code == sqs::SqsErrc::kQueueDoesNotExist) error.code = Errc::kNotFound;
  if (error.code == sqs::SqsErrc::kInvalidParameter) error.code = Errc::kLimit;
  return error;
}

}  // namespace

Status SqsDestination::accepts(const Tenant& tenant, const std::string& destination_arn) const {
  const auto target = sqs::parse_queue_arn(destination_arn);
  if (!target) return Error{Errc::kInvalid, destination_arn + " is no standard queue's ARN"};
  if (target->tenant != tenant) {
    return Error{Errc::kInvalid, destination_arn + " belongs to another account or region"};
  }
  if (Status found = queues_.exists(*target); !found.ok()) {
    return for_mapping(std::move(found).error());
  }
  return ok();
}

Task<Status> SqsDestination::send(Tenant tenant, std::string destination_arn, std::string id,
                                  std::string body) {
  CO_TRY_OK(accepts(tenant, destination_arn));
  const auto target = sqs::parse_queue_arn(destination_arn);
  Status sent = co_await queues_.send_once(*target, std::move(id), std::move(body), tenant.account);
  if (!sent.ok()) co_return for_mapping(std::move(sent).error());
  co_return ok();
}

}  // namespace penstock::mapping
