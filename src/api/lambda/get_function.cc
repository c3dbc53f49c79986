#include "api/lambda/operations.h"
#include "api/lambda/structures.h"
#include "base/percent.h"

namespace penstock::api::lambda {
namespace {

struct GetFunctionRequest {
  std::optional<std::string> function_name;
  std::optional<std::string> qualifier;
  static constexpr auto shape() {
    using Self = GetFunctionRequest;
    return std::array{shape::member<&Self::function_name>("FunctionName", kNamespacedFunctionName),
                      shape::member<&Self::qualifier>("Qualifier", kQualifier)};
  }
};

struct FunctionCodeLocation {
  std::string repository_type = "S3";
  std::optional<std::string> location;
  std::optional<std::string> image_uri;
  static constexpr std::string_view kShapeName = "FunctionCodeLocation";
  static constexpr auto shape() {
    using Self = FunctionCodeLocation;
    return std::array{
        shape::member<&Self::repository_type>("RepositoryType"),
        shape::member<&Self::location>("Location", {},
                                       "Where the package can be read: on this server."),
        shape::member<&Self::image_uri>("ImageUri"),
    };
  }
};

struct GetFunctionReply {
  FunctionConfiguration configuration;
  FunctionCodeLocation code;
  std::optional<std::map<std::string, std::string>> tags;
  static constexpr auto shape() {
    using Self = GetFunctionReply;
    return std::array{shape::member<&Self::configuration>("Configuration"),
                      shape::member<&Self::code>("Code"), shape::member<&Self::tags>("Tags")};
  }
};

constexpr std::string_view kErrors[] = {"ServiceException", "ResourceNotFoundException",
                                        "TooManyRequestsException",
                                        "InvalidParameterValueException"};
constexpr shape::Operation<GetFunctionRequest, GetFunctionReply> kGetFunction{
    .name = "GetFunction",
    .errors = kErrors,
    .doc = "A function with its tags and where its package can be read.",
    .method = "GET",
    .path = "/2015-03-31/functions/{FunctionName}"};

FunctionCodeLocation location_of(const front::Request& request,
                                 const function::FunctionView& view) {
  if (!view.record.configuration.image_uri.empty()) {
    return {.repository_type = "ECR", .image_uri = view.record.configuration.image_uri};
  }
  const Tenant& tenant = request.caller.tenant;
  const std::string path = "/_penstock/functions/" + percent_encode(view.record.name) + "/code";
  std::string query = "account=" + tenant.account + "&region=" + percent_encode(tenant.region);
  if (request.urls != nullptr) {
    query = request.urls->presigned(request.host, path, query, tenant);
  }
  return {.location = "http://" + std::string(request.host) + path + "?" + query};
}

}  // namespace

shape::OperationInfo get_function_shape() { return shape::describe(kGetFunction); }

front::Operation get_function(FunctionService& functions) {
  return bind(kGetFunction, kStyle,
              [&functions](const front::Request& request,
                           GetFunctionRequest input) -> Result<GetFunctionReply> {
                TRY(const function::FunctionView found,
                    functions.get(request.caller.tenant, *input.function_name,
                                  input.qualifier.value_or("")));
                GetFunctionReply reply{.configuration = wire(found),
                                       .code = location_of(request, found)};
                if (!found.record.tags.empty()) reply.tags = found.record.tags;
                return reply;
              });
}

}  // namespace penstock::api::lambda
