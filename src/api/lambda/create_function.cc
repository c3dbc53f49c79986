#include "api/lambda/operations.h"
#include "api/lambda/structures.h"
#include "function/errors.h"

namespace penstock::api::lambda {
namespace {

struct FunctionCode {
  std::optional<shape::Blob> zip_file;
  std::optional<std::string> s3_bucket;
  std::optional<std::string> s3_key;
  std::optional<std::string> image_uri;
  static constexpr std::string_view kShapeName = "FunctionCode";
  static constexpr auto shape() {
    using Self = FunctionCode;
    return std::array{
        shape::member<&Self::zip_file>("ZipFile", {shape::sensitive},
                                       "The package, at most 50 MB."),
        shape::member<&Self::s3_bucket>("S3Bucket", {}, "Not served here."),
        shape::member<&Self::s3_key>("S3Key", {}, "Not served here."),
        shape::member<&Self::image_uri>("ImageUri", {},
                                        "http://host:port[/path] of a running function."),
    };
  }
};

struct CreateFunctionRequest {
  std::optional<std::string> function_name;
  std::optional<std::string> runtime;
  std::optional<std::string> role;
  std::optional<std::string> handler;
  std::optional<FunctionCode> code;
  std::optional<std::string> description;
  std::optional<std::int32_t> timeout;
  std::optional<std::int32_t> memory_size;
  std::optional<bool> publish;
  std::optional<std::string> package_type;
  std::optional<DeadLetterConfig> dead_letter_config;
  std::optional<Environment> environment;
  std::optional<std::string> kms_key_arn;
  std::optional<TracingConfig> tracing_config;
  std::optional<std::map<std::string, std::string>> tags;
  std::optional<std::vector<std::string>> architectures;
  std::optional<EphemeralStorage> ephemeral_storage;
  std::optional<LoggingConfig> logging_config;

  static constexpr auto shape() {
    using Self = CreateFunctionRequest;
    using shape::member;
    return std::array{
        member<&Self::function_name>("FunctionName", kNewFunctionName),
        member<&Self::runtime>("Runtime", {},
                               "python3.x or provided.*; not for PackageType Image."),
        member<&Self::role>("Role", kRequiredRole),
        member<&Self::handler>("Handler", kHandler),
        member<&Self::code>("Code", {shape::required}),
        member<&Self::description>("Description", kDescription),
        member<&Self::timeout>("Timeout", kTimeout, "Seconds, 3 if absent."),
        member<&Self::memory_size>("MemorySize", kMemorySize, "MB, 128 if absent."),
        member<&Self::publish>("Publish", {}, "Not served here."),
        member<&Self::package_type>("PackageType", {shape::one_of(kPackageTypes)}),
        member<&Self::dead_letter_config>("DeadLetterConfig"),
        member<&Self::environment>("Environment"),
        member<&Self::kms_key_arn>("KMSKeyArn", kResourceArn, "Kept and shown."),
        member<&Self::tracing_config>("TracingConfig"),
        member<&Self::tags>("Tags", kTags, "At most 50."),
        member<&Self::architectures>("Architectures", kArchitecture),
        member<&Self::ephemeral_storage>("EphemeralStorage"),
        member<&Self::logging_config>("LoggingConfig"),
    };
  }
};

constexpr std::string_view kErrors[] = {
    "ServiceException",          "InvalidParameterValueException", "ResourceNotFoundException",
    "ResourceConflictException", "TooManyRequestsException",       "CodeStorageExceededException"};
constexpr shape::Operation<CreateFunctionRequest, FunctionConfiguration> kCreateFunction{
    .name = "CreateFunction",
    .errors = kErrors,
    .doc = "Makes a function from a package, or names one that runs elsewhere.",
    .method = "POST",
    .path = "/2015-03-31/functions",
    .success_status = 201};

function::Configuration configuration_of(const CreateFunctionRequest& input) {
  function::Configuration made{.package_type = input.package_type.value_or("Zip"),
                               .runtime = input.runtime.value_or(""),
                               .handler = input.handler.value_or(""),
                               .role = *input.role,
                               .description = input.description.value_or(""),
                               .timeout_s = input.timeout.value_or(3),
                               .memory_mb = input.memory_size.value_or(128)};
  if (input.ephemeral_storage) made.ephemeral_mb = *input.ephemeral_storage->size;
  if (input.architectures) made.architecture = input.architectures->front();
  if (input.tracing_config) made.tracing_mode = input.tracing_config->mode.value_or("PassThrough");
  if (input.environment) made.variables = input.environment->variables;
  if (input.dead_letter_config)
    made.dead_letter_arn = input.dead_letter_config->target_arn.value_or("");
  made.kms_key_arn = input.kms_key_arn.value_or("");
  if (input.logging_config) {
    made.log_format = input.logging_config->log_format.value_or("Text");
    made.application_log_level = input.logging_config->application_log_level.value_or("");
    made.system_log_level = input.logging_config->system_log_level.value_or("");
    made.log_group = input.logging_config->log_group.value_or("");
  }
  return made;
}

Task<Result<FunctionConfiguration>> create(FunctionService& functions, Tenant tenant,
                                           CreateFunctionRequest input) {
  CO_TRY_OK(refuse_publish(input.publish.value_or(false)));
  FunctionCode& code = *input.code;
  FunctionService::Create request{.name = *input.function_name,
                                  .configuration = configuration_of(input)};
  CO_TRY(request.code,
         code_source(std::move(code.zip_file), code.image_uri, code.s3_bucket || code.s3_key));
  if (input.tags) request.tags = std::move(*input.tags);
  CO_TRY(const function::FunctionView created,
         co_await functions.create(std::move(tenant), std::move(request)));
  co_return wire(created);
}

}  // namespace

shape::OperationInfo create_function_shape() { return shape::describe(kCreateFunction); }

front::Operation create_function(FunctionService& functions) {
  return bind(kCreateFunction, kStyle,
              [&functions](const front::Request& request, CreateFunctionRequest input) {
                return create(functions, request.caller.tenant, std::move(input));
              });
}

}  // namespace penstock::api::lambda
