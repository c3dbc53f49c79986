#include "api/lambda/operations.h"
#include "api/lambda/service.h"
#include "api/lambda/structures.h"

namespace penstock::api::lambda {
namespace {

/// Both operations name the tenant in the same way.
struct FunctionLogRequest {
  std::optional<std::string> function_name;
  std::optional<std::int64_t> after;
  std::optional<std::string> account;
  std::optional<std::string> region;
  static constexpr auto shape() {
    using Self = FunctionLogRequest;
    return std::array{
        shape::member<&Self::function_name>("FunctionName", kNamespacedFunctionName),
        shape::member<&Self::after>("after", {shape::in_query("after")},
                                    "Only lines with a greater id."),
        shape::member<&Self::account>("account", {shape::in_query("account")},
                                      "That of the caller if absent."),
        shape::member<&Self::region>("region", {shape::in_query("region")},
                                     "That of the caller if absent."),
    };
  }
};

struct LogLine {
  std::int64_t id = 0;
  std::int64_t time_ms = 0;
  std::string text;
  static constexpr auto shape() {
    return std::array{shape::member<&LogLine::id>("id"),
                      shape::member<&LogLine::time_ms>("time_ms"),
                      shape::member<&LogLine::text>("text")};
  }
};

struct FunctionLogReply {
  std::vector<LogLine> lines;
  std::int64_t dropped = 0;
  static constexpr auto shape() {
    return std::array{
        shape::member<&FunctionLogReply::lines>("lines"),
        shape::member<&FunctionLogReply::dropped>("dropped", {}, "Lines behind `after` not kept.")};
  }
};

constexpr shape::Operation<FunctionLogRequest, FunctionLogReply> kFunctionLog{
    .name = "ReadFunctionLog",
    .doc = "What a function wrote, and the platform's lines about its invocations.",
    .method = "GET",
    .path = "/_penstock/functions/{FunctionName}/logs"};

constexpr shape::Operation<FunctionLogRequest, shape::Empty> kFunctionPackage{
    .name = "ReadFunctionPackage",
    .doc = "The function's package as a zip: where GetFunction's `Code.Location` points.",
    .method = "GET",
    .path = "/_penstock/functions/{FunctionName}/code"};

Tenant tenant_of(const front::Request& request, const FunctionLogRequest& input) {
  const Tenant& caller = request.caller.tenant;
  return {input.account.value_or(caller.account), input.region.value_or(caller.region)};
}

Result<FunctionLogReply> read_log(const FunctionService& functions, const front::Request& request,
                                  const FunctionLogRequest& input) {
  TRY(function::LogRing::Page page,
      functions.log(tenant_of(request, input), *input.function_name, input.after.value_or(0)));
  FunctionLogReply reply{.dropped = page.dropped};
  for (auto& line : page.lines)
    reply.lines.push_back({line.id, line.time_ms, std::move(line.text)});
  return reply;
}

Task<front::Reply> send_package(FunctionService& functions, front::Request& request) {
  const Result<FunctionLogRequest> input = decode<FunctionLogRequest>(request);
  if (!input.ok()) co_return error_reply(kStyle, request, input.error());
  Result<std::string> zip =
      co_await functions.package(tenant_of(request, *input), *input->function_name);
  if (!zip.ok()) co_return error_reply(kStyle, request, zip.error());
  co_return front::Reply{.content_type = "application/zip", .body = std::move(zip).value()};
}

}  // namespace

std::vector<shape::OperationInfo> function_log_shapes() {
  shape::OperationInfo package = shape::describe(kFunctionPackage);
  package.response = nullptr;  // No structure, but a zip.
  return {shape::describe(kFunctionLog), package};
}

std::vector<front::Operation> function_log_operations(function::FunctionService& functions) {
  std::vector<front::Operation> operations;
  operations.push_back(bind(kFunctionLog, kStyle,
                            [&functions](const front::Request& request, FunctionLogRequest input) {
                              return read_log(functions, request, input);
                            }));
  operations.push_back(
      {.name = kFunctionPackage.name,
       .serve = [&functions](front::Request& request) { return send_package(functions, request); },
       .method = kFunctionPackage.method,
       .path = kFunctionPackage.path});
  return operations;
}

}  // namespace penstock::api::lambda
