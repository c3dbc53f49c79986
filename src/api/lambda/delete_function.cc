#include "api/lambda/operations.h"
#include "api/lambda/structures.h"

namespace penstock::api::lambda {
namespace {

struct DeleteFunctionRequest {
  std::optional<std::string> function_name;
  std::optional<std::string> qualifier;
  static constexpr auto shape() {
    using Self = DeleteFunctionRequest;
    return std::array{shape::member<&Self::function_name>("FunctionName", kNamespacedFunctionName),
                      shape::member<&Self::qualifier>("Qualifier", kQualifier)};
  }
};

constexpr std::string_view kErrors[] = {
    "ServiceException", "ResourceNotFoundException", "TooManyRequestsException",
    "InvalidParameterValueException", "ResourceConflictException"};
// The published model says 200; the service answers 204.
constexpr shape::Operation<DeleteFunctionRequest, shape::Empty> kDeleteFunction{
    .name = "DeleteFunction",
    .errors = kErrors,
    .doc = "Removes a function. Its event source mappings stay, and fail.",
    .method = "DELETE",
    .path = "/2015-03-31/functions/{FunctionName}",
    .success_status = 204};

}  // namespace

shape::OperationInfo delete_function_shape() { return shape::describe(kDeleteFunction); }

front::Operation delete_function(FunctionService& functions) {
  return bind(kDeleteFunction, kStyle,
              [&functions](const front::Request& request,
                           DeleteFunctionRequest input) -> Task<Result<shape::Empty>> {
                CO_TRY_OK(co_await functions.remove(request.caller.tenant, *input.function_name,
                                                    input.qualifier.value_or("")));
                co_return shape::Empty{};
              });
}

}  // namespace penstock::api::lambda
