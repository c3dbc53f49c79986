#include "api/lambda/operations.h"
#include "api/lambda/structures.h"

namespace penstock::api::lambda {
namespace {

struct GetFunctionConfigurationRequest {
  std::optional<std::string> function_name;
  std::optional<std::string> qualifier;
  static constexpr auto shape() {
    using Self = GetFunctionConfigurationRequest;
    return std::array{shape::member<&Self::function_name>("FunctionName", kNamespacedFunctionName),
                      shape::member<&Self::qualifier>("Qualifier", kQualifier)};
  }
};

constexpr std::string_view kErrors[] = {"ServiceException", "ResourceNotFoundException",
                                        "TooManyRequestsException",
                                        "InvalidParameterValueException"};
constexpr shape::Operation<GetFunctionConfigurationRequest, FunctionConfiguration>
    kGetFunctionConfiguration{.name = "GetFunctionConfiguration",
                              .errors = kErrors,
                              .doc = "A function's settings and state.",
                              .method = "GET",
                              .path = "/2015-03-31/functions/{FunctionName}/configuration"};

}  // namespace

shape::OperationInfo get_function_configuration_shape() {
  return shape::describe(kGetFunctionConfiguration);
}

front::Operation get_function_configuration(FunctionService& functions) {
  return bind(kGetFunctionConfiguration, kStyle,
              [&functions](const front::Request& request,
                           GetFunctionConfigurationRequest input) -> Result<FunctionConfiguration> {
                TRY(const function::FunctionView found,
                    functions.get(request.caller.tenant, *input.function_name,
                                  input.qualifier.value_or("")));
                return wire(found);
              });
}

}  // namespace penstock::api::lambda
