#pragma once

#include "base/error.h"

namespace penstock::sqs {

/// Why a queue refuses. The message is for the client; api/sqs gives each its AWS names.
enum class SqsErrc {
  kQueueDoesNotExist,
  kQueueNameExists,  ///< With other attributes.
  kInvalidAttributeName,
  kInvalidAttributeValue,
  kInvalidAddress,    ///< The queue URL is none.
  kInvalidParameter,  ///< A member's value is out of its bounds.
  kMissingParameter,
  kInvalidContents,  ///< The body has characters that a message may not have.
  kReceiptHandleInvalid,
  kMessageNotInflight,
  kOverLimit,  ///< Too many messages in flight.
  kPurgeInProgress,
  kUnsupported,
  kEmptyBatch,
  kTooManyEntries,
  kIdsNotDistinct,
  kInvalidBatchEntryId,
  kBatchTooLong,
};
const ErrorDomain& error_domain(SqsErrc);

}  // namespace penstock::sqs
