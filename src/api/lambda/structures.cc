#include "api/lambda/structures.h"

#include "function/errors.h"

namespace penstock::api::lambda {
namespace {

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

void set_state(function::FunctionView::Moment moment, FunctionConfiguration& out) {
  using Moment = function::FunctionView::Moment;
  out.state = moment == Moment::kCreating ? "Pending" : "Active";
  if (moment == Moment::kCreating) {
    out.state_reason = "The function is being created.";
    out.state_reason_code = "Creating";
    return;
  }
  out.last_update_status = moment == Moment::kUpdating ? "InProgress" : "Successful";
  if (moment == Moment::kUpdating) {  // The same words as for a creation, as recorded.
    out.last_update_status_reason = "The function is being created.";
    out.last_update_status_reason_code = "Creating";
  }
}

}  // namespace

FunctionConfiguration wire(const function::FunctionView& view) {
  const function::FunctionRecord& record = view.record;
  const function::Configuration& from = record.configuration;
  FunctionConfiguration out{
      .function_name = record.name,
      .function_arn = view.arn,
      .runtime = unless_empty(from.runtime),
      .role = from.role,
      .handler = unless_empty(from.handler),
      .code_size = record.code_bytes,
      .description = from.description,
      .timeout = static_cast<std::int32_t>(from.timeout_s),
      .memory_size = static_cast<std::int32_t>(from.memory_mb),
      .last_modified = function::last_modified_text(record.last_modified_ms),
      .code_sha256 = record.code_sha256,
      .version = "$LATEST",
      .kms_key_arn = unless_empty(from.kms_key_arn),
      .tracing_config = {.mode = from.tracing_mode},
      .revision_id = record.revision_id,
      .package_type = from.package_type,
      .architectures = {from.architecture},
      .ephemeral_storage = {.size = static_cast<std::int32_t>(from.ephemeral_mb)},
      .logging_config = {
          .log_format = from.log_format,
          .application_log_level = unless_empty(from.application_log_level),
          .system_log_level = unless_empty(from.system_log_level),
          .log_group = from.log_group.empty() ? "/aws/lambda/" + record.name : from.log_group}};
  if (from.variables) out.environment = EnvironmentResponse{*from.variables};
  if (!from.dead_letter_arn.empty())
    out.dead_letter_config = DeadLetterConfig{from.dead_letter_arn};
  set_state(view.moment, out);
  return out;
}

Result<function::CodeSource> code_source(std::optional<shape::Blob> zip,
                                         const std::optional<std::string>& image_uri,
                                         bool names_s3) {
  using function::FunctionErrc;
  if (names_s3) {
    return Error{FunctionErrc::kNotSupported,
                 "Code in S3 cannot be read by this server. Send the package in ZipFile, or name a "
                 "running function "
                 "with PackageType Image and ImageUri http://host:port."};
  }
  if (zip && image_uri) {
    return Error{FunctionErrc::kInvalidParameter,
                 "Please do not provide both ZipFile and ImageUri."};
  }
  function::CodeSource code{.image_uri = image_uri};
  if (zip) code.zip = std::move(zip->bytes);
  return code;
}

Status refuse_publish(bool publish) {
  if (!publish) return ok();
  return Error{function::FunctionErrc::kNotSupported,
               "This server has no published versions yet; leave Publish away and use $LATEST."};
}

}  // namespace penstock::api::lambda
