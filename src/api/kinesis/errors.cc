#include "api/kinesis/errors.h"

#include "stream/errors.h"

namespace penstock::api::kinesis {
namespace {

using stream::StreamErrc;

constexpr ErrorName kNotFound{.name = "ResourceNotFoundException"};
constexpr ErrorName kInUse{.name = "ResourceInUseException"};
constexpr ErrorName kLimitExceeded{.name = "LimitExceededException"};
constexpr ErrorName kInvalidArgument{.name = "InvalidArgumentException"};
constexpr ErrorName kValidation{.name = "ValidationException"};
constexpr ErrorName kThroughputExceeded{.name = "ProvisionedThroughputExceededException"};
constexpr ErrorName kExpiredIterator{.name = "ExpiredIteratorException"};
constexpr ErrorName kExpiredNextToken{.name = "ExpiredNextTokenException"};
constexpr ErrorName kDryRun{.name = "DryRunOperationException"};
constexpr ErrorName kInternalFailure{.name = "InternalFailure", .status = 500};
constexpr ErrorName kServiceUnavailable{.name = "ServiceUnavailable", .status = 503};

const ErrorName* stream_error_name(StreamErrc code) {
  switch (code) {
    case StreamErrc::kNotFound: return &kNotFound;
    case StreamErrc::kInUse: return &kInUse;
    case StreamErrc::kLimitExceeded: return &kLimitExceeded;
    case StreamErrc::kInvalidArgument: return &kInvalidArgument;
    case StreamErrc::kValidation: return &kValidation;
    case StreamErrc::kThroughputExceeded: return &kThroughputExceeded;
    case StreamErrc::kExpiredIterator: return &kExpiredIterator;
    case StreamErrc::kExpiredNextToken: return &kExpiredNextToken;
    case StreamErrc::kDryRun: return &kDryRun;
    case StreamErrc::kInternalFailure: return nullptr;  // logged with its cause
  }
  return nullptr;
}

const ErrorName* name_of(const ErrorCode& code) {
  if (const auto stream_code = code.as<StreamErrc>()) return stream_error_name(*stream_code);
  // The server is stopping, or short of something: any SDK tries again after a 503.
  if (code == Errc::kUnavailable || code == Errc::kCancelled) return &kServiceUnavailable;
  return shape_error_name(code);
}

}  // namespace

const ServiceStyle kStyle{
    .name_of = &name_of, .write_error = &write_type_error, .internal = kInternalFailure};

}  // namespace penstock::api::kinesis
