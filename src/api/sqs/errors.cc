#include "api/sqs/errors.h"

#include "shape/errors.h"
#include "sqs/errors.h"

#include <string>

namespace penstock::api::sqs {
namespace {

using penstock::sqs::SqsErrc;

constexpr std::string_view kHeader = "x-amzn-query-error";

constexpr ErrorName named(std::string_view name, std::string_view query,
                          std::string_view fallback = {}) {
  return {.name = name, .header = kHeader, .header_value = query, .fallback_message = fallback};
}

constexpr ErrorName kQueueDoesNotExist =
    named("com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue;Sender");
constexpr ErrorName kQueueNameExists =
    named("com.amazonaws.sqs#QueueNameExists", "QueueAlreadyExists;Sender");
constexpr ErrorName kInvalidAttributeName =
    named("com.amazonaws.sqs#InvalidAttributeName", "InvalidAttributeName;Sender");
constexpr ErrorName kInvalidAttributeValue =
    named("com.amazonaws.sqs#InvalidAttributeValue", "InvalidAttributeValue;Sender");
constexpr ErrorName kInvalidAddress =
    named("com.amazonaws.sqs#InvalidAddress", "InvalidAddress;Sender");
constexpr ErrorName kInvalidParameter = named(
    "com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue;Sender");
constexpr ErrorName kMissingParameter =
    named("com.amazon.coral.service#MissingRequiredParameterException", "MissingParameter;Sender");
constexpr ErrorName kInvalidContents =
    named("com.amazonaws.sqs#InvalidMessageContents", "InvalidMessageContents;Sender");
constexpr ErrorName kReceiptHandleInvalid =
    named("com.amazonaws.sqs#ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid;Sender");
constexpr ErrorName kMessageNotInflight = named("com.amazonaws.sqs#MessageNotInflight",
                                                "AWS.SimpleQueueService.MessageNotInflight;Sender");
constexpr ErrorName kOverLimit = named("com.amazonaws.sqs#OverLimit", "OverLimit;Sender");
constexpr ErrorName kPurgeInProgress = named("com.amazonaws.sqs#PurgeQueueInProgress",
                                             "AWS.SimpleQueueService.PurgeQueueInProgress;Sender");
constexpr ErrorName kUnsupported = named("com.amazonaws.sqs#UnsupportedOperation",
                                         "AWS.SimpleQueueService.UnsupportedOperation;Sender");
constexpr ErrorName kEmptyBatch =
    named("com.amazonaws.sqs#EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest;Sender");
constexpr ErrorName kTooManyEntries =
    named("com.amazonaws.sqs#TooManyEntriesInBatchRequest",
          "AWS.SimpleQueueService.TooManyEntriesInBatchRequest;Sender");
constexpr ErrorName kIdsNotDistinct =
    named("com.amazonaws.sqs#BatchEntryIdsNotDistinct",
          "AWS.SimpleQueueService.BatchEntryIdsNotDistinct;Sender");
constexpr ErrorName kInvalidBatchEntryId = named(
    "com.amazonaws.sqs#InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId;Sender");
constexpr ErrorName kBatchTooLong = named("com.amazonaws.sqs#BatchRequestTooLong",
                                          "AWS.SimpleQueueService.BatchRequestTooLong;Sender");
constexpr ErrorName kUnavailable{.name = "com.amazon.coral.service#ServiceUnavailable",
                                 .status = 503,
                                 .header = kHeader,
                                 .header_value = "ServiceUnavailable;Receiver",
                                 .fallback_message = "The request has failed; try again."};
constexpr ErrorName kInternal{
    .name = "com.amazon.coral.service#InternalFailure",
    .status = 500,
    .header = kHeader,
    .header_value = "InternalError;Receiver",
    .fallback_message = "We encountered an internal error. Please try again."};

const ErrorName* sqs_error_name(SqsErrc code) {
  switch (code) {
    case SqsErrc::kQueueDoesNotExist: return &kQueueDoesNotExist;
    case SqsErrc::kQueueNameExists: return &kQueueNameExists;
    case SqsErrc::kInvalidAttributeName: return &kInvalidAttributeName;
    case SqsErrc::kInvalidAttributeValue: return &kInvalidAttributeValue;
    case SqsErrc::kInvalidAddress: return &kInvalidAddress;
    case SqsErrc::kInvalidParameter: return &kInvalidParameter;
    case SqsErrc::kMissingParameter: return &kMissingParameter;
    case SqsErrc::kInvalidContents: return &kInvalidContents;
    case SqsErrc::kReceiptHandleInvalid: return &kReceiptHandleInvalid;
    case SqsErrc::kMessageNotInflight: return &kMessageNotInflight;
    case SqsErrc::kOverLimit: return &kOverLimit;
    case SqsErrc::kPurgeInProgress: return &kPurgeInProgress;
    case SqsErrc::kUnsupported: return &kUnsupported;
    case SqsErrc::kEmptyBatch: return &kEmptyBatch;
    case SqsErrc::kTooManyEntries: return &kTooManyEntries;
    case SqsErrc::kIdsNotDistinct: return &kIdsNotDistinct;
    case SqsErrc::kInvalidBatchEntryId: return &kInvalidBatchEntryId;
    case SqsErrc::kBatchTooLong: return &kBatchTooLong;
  }
  return nullptr;
}

const ErrorName* name_of(const ErrorCode& code) {
  if (const auto sqs_code = code.as<SqsErrc>()) return sqs_error_name(*sqs_code);
  if (code == Errc::kUnavailable || code == Errc::kCancelled) return &kUnavailable;
  // The tables here have no other rule than `required`.
  if (code == shape::ShapeErrc::kValidation) return &kMissingParameter;
  return shape_error_name(code);
}

/// "... Value null at 'queueUrl' failed to satisfy ..." -> "QueueUrl"; empty for any other text.
std::string missing_member(std::string_view violations) {
  constexpr std::string_view kBefore = "Value null at '";
  const std::size_t start = violations.find(kBefore);
  if (start == std::string_view::npos) return {};
  violations.remove_prefix(start + kBefore.size());
  std::string member(violations.substr(0, violations.find('\'')));
  if (!member.empty() && member[0] >= 'a' && member[0] <= 'z') {
    member[0] = static_cast<char>(member[0] - 'a' + 'A');
  }
  return member;
}

/// The common form, but what is missing is said in this service's words.
void write_sqs_error(const front::Request& request, const ErrorName& name, std::string_view message,
                     front::Reply& reply) {
  const std::string member = &name == &kMissingParameter ? missing_member(message) : std::string{};
  if (member.empty()) return write_type_error(request, name, message, reply);
  write_type_error(request, name, "The request must contain the parameter " + member + ".", reply);
}

}  // namespace

const ServiceStyle kStyle{
    .name_of = &name_of, .write_error = &write_sqs_error, .internal = kInternal};

std::string_view query_code(const ErrorCode& code) {
  const ErrorName* name = name_of(code);
  const std::string_view value = (name != nullptr ? *name : kInternal).header_value;
  return value.substr(0, value.find(';'));
}

}  // namespace penstock::api::sqs
