#include "api/sqs/structures.h"

#include "api/sqs/errors.h"
#include "base/log.h"
#include "shape/document.h"
#include "sqs/errors.h"

#include <algorithm>

namespace penstock::api::sqs {
namespace {

using penstock::sqs::AttributeValue;
using penstock::sqs::MessageAttributes;
using penstock::sqs::SqsErrc;

constexpr std::size_t kAttributesMax = 10;

Error invalid(std::string message) { return {SqsErrc::kInvalidParameter, std::move(message)}; }

bool is_attribute_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

Status check_name(std::string_view name) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  std::string low(name);
  std::transform(low.begin(), low.end(), low.begin(), lower);
  if (name.empty() || name.size() > 256 || name.starts_with('.') || name.ends_with('.') ||
      low.starts_with("aws.") || low.starts_with("amazon.") ||
      name.find("..") != std::string_view::npos ||
      !std::all_of(name.begin(), name.end(), is_attribute_name_character)) {
    return invalid(
        "The message attribute name '" + std::string(name) +
        "' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen "
        "(-), and period (.) characters, up to 256, does not start with AWS. or Amazon., "
        "and has no period at its ends or two together.");
  }
  return ok();
}

/// String, Number or Binary; empty for none of them.
std::string_view base_type(std::string_view type) {
  const std::string_view base = type.substr(0, type.find('.'));
  for (const std::string_view known : {"String", "Number", "Binary"}) {
    if (base == known) return base;
  }
  return {};
}

Result<AttributeValue> value_of(const std::string& name, const MessageAttributeValue& input) {
  const std::string_view type = view(input.data_type);
  const std::string_view base = base_type(type);
  if (base.empty() || type.size() > 256) {
    return invalid("The message attribute '" + name +
                   "' has an invalid message attribute type, the set of supported type prefixes is "
                   "Binary, Number, and String.");
  }
  AttributeValue value{.type = std::string(type), .is_binary = base == "Binary"};
  if (value.is_binary && input.binary_value) value.bytes = input.binary_value->bytes;
  if (!value.is_binary && input.string_value) value.bytes = *input.string_value;
  if (value.bytes.empty()) {
    return invalid("The message attribute '" + name + "' must contain a non-empty value of type '" +
                   std::string(base) + "'.");
  }
  shape::Document number;
  if (base == "Number" && !shape::number_of(value.bytes, number)) {
    return invalid("Can't cast the value of message attribute '" + name + "' to a number.");
  }
  return value;
}

}  // namespace

Result<MessageAttributes> attributes_of(const std::optional<AttributeMap>& input) {
  MessageAttributes out;
  if (!input) return out;
  if (input->size() > kAttributesMax) {
    return invalid("Number of message attributes [" + std::to_string(input->size()) +
                   "] exceeds the allowed maximum [10].");
  }
  for (const auto& [name, value] : *input) {
    TRY_OK(check_name(name));
    TRY(AttributeValue read, value_of(name, value));
    out.emplace(name, std::move(read));
  }
  return out;
}

Result<MessageAttributes> system_of(const std::optional<AttributeMap>& input) {
  MessageAttributes out;
  if (!input) return out;
  for (const auto& [name, value] : *input) {
    if (name != "AWSTraceHeader") {
      return invalid("Message system attribute name '" + name + "' is invalid.");
    }
    TRY(AttributeValue read, value_of(name, value));
    if (read.type != "String") {
      return invalid("The message system attribute 'AWSTraceHeader' must be a String.");
    }
    out.emplace(name, std::move(read));
  }
  return out;
}

AttributeMap wire(const MessageAttributes& attributes) {
  AttributeMap out;
  for (const auto& [name, value] : attributes) {
    MessageAttributeValue& to = out[name];
    to.data_type = value.type;
    if (value.is_binary) {
      to.binary_value = shape::Blob{value.bytes};
    } else {
      to.string_value = value.bytes;
    }
  }
  return out;
}

BatchResultErrorEntry failed_entry(const front::Request& request, std::string_view id,
                                   const Error& error) {
  const ErrorName* name = kStyle.name_of(error.code);
  const bool is_ours = name == nullptr || name->status >= 500;
  if (name == nullptr) {
    log::error("an entry of a batch failed inside", {{"request_id", request.request_id.view()},
                                                     {"code", error.code.name()},
                                                     {"message", error.message}});
  }
  return {
      .id = std::string(id),
      .sender_fault = !is_ours,
      .code = std::string(query_code(error.code)),
      .message = name == nullptr ? std::string(kStyle.internal.fallback_message) : error.message};
}

BatchResult batch_result(const front::Request& request, const std::vector<std::string>& ids,
                         const std::vector<Status>& outcomes) {
  BatchResult result;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (outcomes[i].ok()) {
      result.successful.push_back({ids[i]});
    } else {
      result.failed.push_back(failed_entry(request, ids[i], outcomes[i].error()));
    }
  }
  return result;
}

}  // namespace penstock::api::sqs
