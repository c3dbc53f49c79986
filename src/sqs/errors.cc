#include "sqs/errors.h"

namespace penstock::sqs {
namespace {

std::string_view text_of(int value) {
  switch (static_cast<SqsErrc>(value)) {
    case SqsErrc::kQueueDoesNotExist: return "queue_does_not_exist";
    case SqsErrc::kQueueNameExists: return "queue_name_exists";
    case SqsErrc::kInvalidAttributeName: return "invalid_attribute_name";
    case SqsErrc::kInvalidAttributeValue: return "invalid_attribute_value";
    case SqsErrc::kInvalidAddress: return "invalid_address";
    case SqsErrc::kInvalidParameter: return "invalid_parameter";
    case SqsErrc::kMissingParameter: return "missing_parameter";
    case SqsErrc::kInvalidContents: return "invalid_contents";
    case SqsErrc::kReceiptHandleInvalid: return "receipt_handle_invalid";
    case SqsErrc::kMessageNotInflight: return "message_not_inflight";
    case SqsErrc::kOverLimit: return "over_limit";
    case SqsErrc::kPurgeInProgress: return "purge_in_progress";
    case SqsErrc::kUnsupported: return "unsupported";
    case SqsErrc::kEmptyBatch: return "empty_batch";
    case SqsErrc::kTooManyEntries: return "too_many_entries";
    case SqsErrc::kIdsNotDistinct: return "ids_not_distinct";
    case SqsErrc::kInvalidBatchEntryId: return "invalid_batch_entry_id";
    case SqsErrc::kBatchTooLong: return "batch_too_long";
  }
  return "unknown";
}

}  // namespace

const ErrorDomain& error_domain(SqsErrc) {
  static constexpr ErrorDomain kDomain{"sqs", &text_of};
  return kDomain;
}

}  // namespace penstock::sqs
