#include "api/lambda/operations.h"
#include "api/lambda/structures.h"

namespace penstock::api::lambda {
namespace {

struct UpdateFunctionCodeRequest {
  std::optional<std::string> function_name;
  std::optional<shape::Blob> zip_file;
  std::optional<std::string> s3_bucket;
  std::optional<std::string> s3_key;
  std::optional<std::string> image_uri;
  std::optional<bool> publish;
  std::optional<bool> dry_run;
  std::optional<std::string> revision_id;
  std::optional<std::vector<std::string>> architectures;
  static constexpr auto shape() {
    using Self = UpdateFunctionCodeRequest;
    using shape::member;
    return std::array{
        member<&Self::function_name>("FunctionName", kFunctionName),
        member<&Self::zip_file>("ZipFile", {shape::sensitive}, "The package, at most 50 MB."),
        member<&Self::s3_bucket>("S3Bucket", {}, "Not served here."),
        member<&Self::s3_key>("S3Key", {}, "Not served here."),
        member<&Self::image_uri>("ImageUri", {}, "http://host:port[/path] of a running function."),
        member<&Self::publish>("Publish", {}, "Not served here."),
        member<&Self::dry_run>("DryRun", {}, "Checks and answers, changes nothing."),
        member<&Self::revision_id>("RevisionId", {},
                                   "Only if the function still has this revision."),
        member<&Self::architectures>("Architectures", kArchitecture),
    };
  }
};

constexpr std::string_view kErrors[] = {
    "ServiceException",         "ResourceNotFoundException",    "InvalidParameterValueException",
    "TooManyRequestsException", "CodeStorageExceededException", "PreconditionFailedException",
    "ResourceConflictException"};
constexpr shape::Operation<UpdateFunctionCodeRequest, FunctionConfiguration> kUpdateFunctionCode{
    .name = "UpdateFunctionCode",
    .errors = kErrors,
    .doc = "Gives a function another package. Warm environments of the old one are not used again.",
    .method = "PUT",
    .path = "/2015-03-31/functions/{FunctionName}/code"};

Task<Result<FunctionConfiguration>> update(FunctionService& functions, Tenant tenant,
                                           UpdateFunctionCodeRequest input) {
  CO_TRY_OK(refuse_publish(input.publish.value_or(false)));
  FunctionService::UpdateCode request{
      .name = *input.function_name,
      .architecture = input.architectures ? input.architectures->front() : "",
      .revision_id = input.revision_id.value_or(""),
      .dry_run = input.dry_run.value_or(false)};
  CO_TRY(request.code,
         code_source(std::move(input.zip_file), input.image_uri, input.s3_bucket || input.s3_key));
  CO_TRY(const function::FunctionView updated,
         co_await functions.update_code(std::move(tenant), std::move(request)));
  co_return wire(updated);
}

}  // namespace

shape::OperationInfo update_function_code_shape() { return shape::describe(kUpdateFunctionCode); }

front::Operation update_function_code(FunctionService& functions) {
  return bind(kUpdateFunctionCode, kStyle,
              [&functions](const front::Request& request, UpdateFunctionCodeRequest input) {
                return update(functions, request.caller.tenant, std::move(input));
              });
}

}  // namespace penstock::api::lambda
