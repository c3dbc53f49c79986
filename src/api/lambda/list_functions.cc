#include "api/lambda/operations.h"
#include "api/lambda/structures.h"

namespace penstock::api::lambda {
namespace {

constexpr std::size_t kPageMax = 50;

struct ListFunctionsRequest {
  std::optional<std::string> marker;
  std::optional<std::int32_t> max_items;
  std::optional<std::string> function_version;
  static constexpr auto shape() {
    using Self = ListFunctionsRequest;
    return std::array{
        shape::member<&Self::function_version>(
            "FunctionVersion",
            {shape::in_query("FunctionVersion"), shape::one_of(kFunctionVersions)},
            "ALL lists versions, too; there is $LATEST only."),
        shape::member<&Self::marker>("Marker", kMarker),
        shape::member<&Self::max_items>("MaxItems", kMaxItems, "At most 50 come at once."),
    };
  }
};

struct ListFunctionsReply {
  std::optional<std::string> next_marker;
  std::vector<FunctionConfiguration> functions;
  static constexpr auto shape() {
    using Self = ListFunctionsReply;
    return std::array{shape::member<&Self::next_marker>("NextMarker"),
                      shape::member<&Self::functions>("Functions")};
  }
};

constexpr std::string_view kErrors[] = {"ServiceException", "TooManyRequestsException",
                                        "InvalidParameterValueException"};
constexpr shape::Operation<ListFunctionsRequest, ListFunctionsReply> kListFunctions{
    .name = "ListFunctions",
    .errors = kErrors,
    .doc = "The functions of an account in a region, by name.",
    .method = "GET",
    .path = "/2015-03-31/functions"};

FunctionConfiguration listed(const function::FunctionView& view, bool with_version) {
  FunctionConfiguration out = wire(view);
  if (with_version) out.function_arn += ":$LATEST";
  return out;
}

}  // namespace

shape::OperationInfo list_functions_shape() { return shape::describe(kListFunctions); }

front::Operation list_functions(FunctionService& functions) {
  return bind(kListFunctions, kStyle,
              [&functions](const front::Request& request,
                           ListFunctionsRequest input) -> Result<ListFunctionsReply> {
                const auto limit = static_cast<std::size_t>(input.max_items.value_or(kPageMax));
                TRY(const FunctionService::Listed found,
                    functions.list(request.caller.tenant, input.marker.value_or(""),
                                   std::min(limit, kPageMax)));
                ListFunctionsReply reply;
                if (!found.next_marker.empty()) reply.next_marker = found.next_marker;
                for (const function::FunctionView& view : found.functions) {
                  reply.functions.push_back(listed(view, input.function_version.has_value()));
                }
                return reply;
              });
}

}  // namespace penstock::api::lambda
