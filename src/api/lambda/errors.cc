#include "api/lambda/errors.h"

#include "function/errors.h"
#include "mapping/errors.h"
#include "shape/errors.h"

namespace penstock::api::lambda {
namespace {

using function::FunctionErrc;
using mapping::MappingErrc;

constexpr ErrorName kNotFound{
    .name = "ResourceNotFoundException", .status = 404, .message_key = "Message"};
constexpr ErrorName kConflict{.name = "ResourceConflictException", .status = 409};
constexpr ErrorName kInvalidParameter{.name = "InvalidParameterValueException"};
constexpr ErrorName kPrecondition{.name = "PreconditionFailedException", .status = 412};
constexpr ErrorName kInvalidContent{.name = "InvalidRequestContentException"};
constexpr ErrorName kRequestTooLarge{.name = "RequestTooLargeException", .status = 413};
constexpr ErrorName kCodeTooLarge{.name = "RequestEntityTooLargeException", .status = 413};
constexpr ErrorName kInUse{.name = "ResourceInUseException", .message_key = "Message"};
constexpr ErrorName kThrottled{.name = "TooManyRequestsException",
                               .status = 429,
                               .fields = R"("Reason":"ConcurrentInvocationLimitExceeded")",
                               .header = "Retry-After",
                               .header_value = "1",
                               .fallback_message = "Rate Exceeded."};
constexpr ErrorName kAccessDenied{
    .name = "AccessDeniedException", .status = 403, .message_key = "Message"};
constexpr ErrorName kService{.name = "ServiceException", .status = 500, .message_key = "Message"};
constexpr ErrorName kUnavailable{
    .name = "ServiceException", .status = 503, .message_key = "Message"};

const ErrorName* function_error_name(FunctionErrc code) {
  switch (code) {
    case FunctionErrc::kNotFound: return &kNotFound;
    case FunctionErrc::kConflict: return &kConflict;
    case FunctionErrc::kInvalidParameter:
    case FunctionErrc::kNotSupported: return &kInvalidParameter;
    case FunctionErrc::kPrecondition: return &kPrecondition;
    case FunctionErrc::kInvalidContent: return &kInvalidContent;
    case FunctionErrc::kRequestTooLarge: return &kRequestTooLarge;
    case FunctionErrc::kCodeTooLarge: return &kCodeTooLarge;
    case FunctionErrc::kThrottled: return &kThrottled;
    case FunctionErrc::kAccessDenied: return &kAccessDenied;
    case FunctionErrc::kUnavailable: return &kService;
  }
  return nullptr;
}

const ErrorName* mapping_error_name(MappingErrc code) {
  switch (code) {
    case MappingErrc::kNotFound: return &kNotFound;
    case MappingErrc::kConflict: return &kConflict;
    case MappingErrc::kInvalidParameter: return &kInvalidParameter;
    case MappingErrc::kInUse: return &kInUse;
  }
  return nullptr;
}

const ErrorName* name_of(const ErrorCode& code) {
  if (const auto function_code = code.as<FunctionErrc>())
    return function_error_name(*function_code);
  if (const auto mapping_code = code.as<MappingErrc>()) return mapping_error_name(*mapping_code);
  // Lambda's own name for a body that is not what it must be; it has no SerializationException of
  // Kinesis' kind.
  if (code == shape::ShapeErrc::kSerialization) {
    static constexpr ErrorName kNotJson{
        .name = "SerializationException",
        .fallback_message = "Could not parse request body into json."};
    return &kNotJson;
  }
  if (code == Errc::kUnavailable || code == Errc::kCancelled) return &kUnavailable;
  return shape_error_name(code);
}

}  // namespace

const ServiceStyle kStyle{
    .name_of = &name_of, .write_error = &write_rest_error, .internal = kService};

}  // namespace penstock::api::lambda
