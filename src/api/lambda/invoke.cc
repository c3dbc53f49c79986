#include "api/lambda/operations.h"
#include "api/lambda/structures.h"
#include "base/base64.h"
#include "function/errors.h"
#include "function/name.h"
#include "shape/document.h"

namespace penstock::api::lambda {
namespace {

using function::FunctionErrc;
using function::InvokeOutcome;

constexpr std::size_t kEventBytesMax = 6'291'456;

struct InvocationRequest {
  std::optional<std::string> function_name;
  std::optional<std::string> invocation_type;
  std::optional<std::string> log_type;
  std::optional<std::string> client_context;
  std::optional<shape::Blob> payload;
  std::optional<std::string> qualifier;
  static constexpr auto shape() {
    using Self = InvocationRequest;
    using shape::member;
    return std::array{
        member<&Self::function_name>("FunctionName", kNamespacedFunctionName),
        member<&Self::invocation_type>(
            "InvocationType",
            {shape::in_header("X-Amz-Invocation-Type"), shape::one_of(kInvocationTypes)},
            "RequestResponse if absent. Event is not served here."),
        member<&Self::log_type>("LogType",
                                {shape::in_header("X-Amz-Log-Type"), shape::one_of(kLogTypes)},
                                "Tail: the last 4 KiB of the log come with the reply."),
        member<&Self::client_context>("ClientContext", {shape::in_header("X-Amz-Client-Context")},
                                      "Base64 of JSON."),
        member<&Self::payload>("Payload", {shape::is_payload}, "Any JSON, at most 6 MiB."),
        member<&Self::qualifier>("Qualifier", kQualifier),
    };
  }
};

struct InvocationResponse {
  std::int32_t status_code = 200;
  std::optional<std::string> function_error;
  std::optional<std::string> log_result;
  std::optional<shape::Blob> payload;
  std::optional<std::string> executed_version;
  static constexpr auto shape() {
    using Self = InvocationResponse;
    using shape::member;
    return std::array{
        member<&Self::status_code>("StatusCode", {shape::is_status},
                                   "200, also when the function failed."),
        member<&Self::function_error>("FunctionError", {shape::in_header("X-Amz-Function-Error")}),
        member<&Self::log_result>("LogResult", {shape::in_header("X-Amz-Log-Result")}, "Base64."),
        member<&Self::payload>("Payload", {shape::is_payload}),
        member<&Self::executed_version>("ExecutedVersion",
                                        {shape::in_header("X-Amz-Executed-Version")}),
    };
  }
};

constexpr std::string_view kErrors[] = {"ServiceException",
                                        "ResourceNotFoundException",
                                        "InvalidRequestContentException",
                                        "RequestTooLargeException",
                                        "UnsupportedMediaTypeException",
                                        "TooManyRequestsException",
                                        "InvalidParameterValueException",
                                        "ResourceConflictException"};
constexpr shape::Operation<InvocationRequest, InvocationResponse> kInvoke{
    .name = "Invoke",
    .errors = kErrors,
    .doc = "Runs a function and waits for its reply.",
    .method = "POST",
    .path = "/2015-03-31/functions/{FunctionName}/invocations"};

Status check_event(const std::string& event) {
  if (event.size() > kEventBytesMax) {
    return Error{FunctionErrc::kRequestTooLarge,
                 "Request must be smaller than 6291456 bytes for the InvokeFunction operation"};
  }
  if (shape::is_json(event)) return ok();
  return Error{FunctionErrc::kInvalidContent,
               "Could not parse request body into json: Could not parse payload into json: "};
}

Result<InvocationResponse> response_of(InvokeOutcome outcome, bool with_log) {
  switch (outcome.kind) {
    case InvokeOutcome::Kind::kSucceeded:
    case InvokeOutcome::Kind::kFunctionError: break;
    case InvokeOutcome::Kind::kThrottled: return Error{FunctionErrc::kThrottled, outcome.message};
    case InvokeOutcome::Kind::kNotFound: return Error{FunctionErrc::kNotFound, outcome.message};
    case InvokeOutcome::Kind::kUnavailable:
      return Error{FunctionErrc::kUnavailable, outcome.message};
  }
  InvocationResponse response{.payload = shape::Blob{std::move(outcome.payload)},
                              .executed_version = std::move(outcome.executed_version)};
  if (!outcome.function_error.empty()) response.function_error = std::move(outcome.function_error);
  if (with_log) response.log_result = base64_encode(outcome.log_tail);
  return response;
}

/// Waits no longer than its client does. The function, once it has the event, runs to its end.
Task<Result<InvocationResponse>> run(FunctionService& functions, const front::Request& asked,
                                     InvocationRequest input) {
  Tenant tenant = asked.caller.tenant;
  const std::string type = input.invocation_type.value_or("RequestResponse");
  const std::string qualifier = input.qualifier.value_or("");
  // The reference is looked at before the event is, as on AWS.
  CO_TRY(const function::FunctionView found,
         functions.get(tenant, *input.function_name, qualifier));
  if (type == "Event") {
    co_return Error{
        FunctionErrc::kNotSupported,
        "Asynchronous invocation (InvocationType Event) is not served by this server yet; use "
        "RequestResponse, or put a record on a stream that a mapping reads."};
  }
  std::string event = input.payload ? std::move(input.payload->bytes) : std::string();
  if (event.empty()) event = "{}";
  CO_TRY_OK(check_event(event));
  if (type == "DryRun") co_return InvocationResponse{.status_code = 204};
  function::InvokeRequest request{.tenant = std::move(tenant),
                                  .function = found.arn,
                                  .payload = std::move(event),
                                  .client_context = input.client_context.value_or("")};
  std::string request_id(asked.request_id.view());
  InvokeOutcome outcome =
      co_await functions.invoke_as(std::move(request), std::move(request_id), asked.peer_gone());
  co_return response_of(std::move(outcome), input.log_type.value_or("None") == "Tail");
}

}  // namespace

shape::OperationInfo invoke_shape() { return shape::describe(kInvoke); }

front::Operation invoke(FunctionService& functions) {
  return bind(kInvoke, kStyle,
              [&functions](const front::Request& request, InvocationRequest input) {
                return run(functions, request, std::move(input));
              });
}

}  // namespace penstock::api::lambda
