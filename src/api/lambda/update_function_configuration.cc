#include "api/lambda/operations.h"
#include "api/lambda/structures.h"

namespace penstock::api::lambda {
namespace {

struct UpdateFunctionConfigurationRequest {
  std::optional<std::string> function_name;
  std::optional<std::string> role;
  std::optional<std::string> handler;
  std::optional<std::string> description;
  std::optional<std::int32_t> timeout;
  std::optional<std::int32_t> memory_size;
  std::optional<Environment> environment;
  std::optional<std::string> runtime;
  std::optional<DeadLetterConfig> dead_letter_config;
  std::optional<std::string> kms_key_arn;
  std::optional<TracingConfig> tracing_config;
  std::optional<std::string> revision_id;
  std::optional<EphemeralStorage> ephemeral_storage;
  std::optional<LoggingConfig> logging_config;
  static constexpr auto shape() {
    using Self = UpdateFunctionConfigurationRequest;
    using shape::member;
    return std::array{
        member<&Self::function_name>("FunctionName", kFunctionName),
        member<&Self::role>("Role", kRole),
        member<&Self::handler>("Handler", kHandler),
        member<&Self::description>("Description", kDescription),
        member<&Self::timeout>("Timeout", kTimeout, "Seconds."),
        member<&Self::memory_size>("MemorySize", kMemorySize, "MB."),
        member<&Self::environment>("Environment", {}, "Replaces all variables."),
        member<&Self::runtime>("Runtime"),
        member<&Self::dead_letter_config>("DeadLetterConfig"),
        member<&Self::kms_key_arn>("KMSKeyArn", kResourceArn, "Kept and shown."),
        member<&Self::tracing_config>("TracingConfig"),
        member<&Self::revision_id>("RevisionId", {},
                                   "Only if the function still has this revision."),
        member<&Self::ephemeral_storage>("EphemeralStorage"),
        member<&Self::logging_config>("LoggingConfig"),
    };
  }
};

constexpr std::string_view kErrors[] = {
    "ServiceException",         "ResourceNotFoundException", "InvalidParameterValueException",
    "TooManyRequestsException", "ResourceConflictException", "PreconditionFailedException"};
constexpr shape::Operation<UpdateFunctionConfigurationRequest, FunctionConfiguration>
    kUpdateFunctionConfiguration{
        .name = "UpdateFunctionConfiguration",
        .errors = kErrors,
        .doc =
            "Changes a function's settings. Warm environments of the old ones are not used again.",
        .method = "PUT",
        .path = "/2015-03-31/functions/{FunctionName}/configuration"};

function::ConfigurationChange change_of(UpdateFunctionConfigurationRequest input) {
  function::ConfigurationChange change{.runtime = std::move(input.runtime),
                                       .handler = std::move(input.handler),
                                       .role = std::move(input.role),
                                       .description = std::move(input.description),
                                       .timeout_s = input.timeout,
                                       .memory_mb = input.memory_size,
                                       .kms_key_arn = std::move(input.kms_key_arn),
                                       .revision_id = input.revision_id.value_or("")};
  using Variables = std::map<std::string, std::string>;
  if (input.ephemeral_storage) change.ephemeral_mb = input.ephemeral_storage->size;
  if (input.tracing_config) change.tracing_mode = input.tracing_config->mode;
  if (input.dead_letter_config)
    change.dead_letter_arn = input.dead_letter_config->target_arn.value_or("");
  if (input.environment) change.variables = input.environment->variables.value_or(Variables{});
  if (input.logging_config) {
    change.log_format = input.logging_config->log_format.value_or("Text");
    change.application_log_level = input.logging_config->application_log_level;
    change.system_log_level = input.logging_config->system_log_level;
    change.log_group = input.logging_config->log_group;
  }
  return change;
}

}  // namespace

shape::OperationInfo update_function_configuration_shape() {
  return shape::describe(kUpdateFunctionConfiguration);
}

front::Operation update_function_configuration(FunctionService& functions) {
  return bind(kUpdateFunctionConfiguration, kStyle,
              [&functions](const front::Request& request, UpdateFunctionConfigurationRequest input)
                  -> Task<Result<FunctionConfiguration>> {
                std::string name = *input.function_name;
                CO_TRY(const function::FunctionView updated,
                       co_await functions.update_configuration(
                           request.caller.tenant, std::move(name), change_of(std::move(input))));
                co_return wire(updated);
              });
}

}  // namespace penstock::api::lambda
