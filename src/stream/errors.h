#pragma once

#include "base/error.h"

namespace penstock::stream {

/// What a stream operation answers instead of a result. The message is the text that the service
/// prints (docs/compat.md says which are known word for word); api/kinesis maps code to name and
/// HTTP status.
enum class StreamErrc {
  kNotFound,            ///< ResourceNotFoundException
  kInUse,               ///< ResourceInUseException
  kLimitExceeded,       ///< LimitExceededException
  kInvalidArgument,     ///< InvalidArgumentException
  kValidation,          ///< ValidationException: rules that depend on the stream, not on the shape
  kThroughputExceeded,  ///< ProvisionedThroughputExceededException
  kExpiredIterator,     ///< ExpiredIteratorException
  kExpiredNextToken,    ///< ExpiredNextTokenException
  kDryRun,              ///< DryRunOperationException: every check passed, nothing was done
  kInternalFailure,     ///< InternalFailure, 500: the engine could not; the producer may try again
};
const ErrorDomain& error_domain(StreamErrc);

}  // namespace penstock::stream
