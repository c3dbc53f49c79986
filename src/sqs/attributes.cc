#include "sqs/attributes.h"

#include "shape/document.h"
#include "sqs/errors.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace penstock::sqs {
namespace {

struct Number {
  std::string_view name;
  std::int64_t low;
  std::int64_t high;
  std::string_view standard;
};
constexpr std::array<Number, 5> kNumbers{{
    {"VisibilityTimeout", 0, 43'200, "30"},
    {"DelaySeconds", 0, 900, "0"},
    {"MessageRetentionPeriod", 60, 1'209'600, "345600"},
    {"ReceiveMessageWaitTimeSeconds", 0, 20, "0"},
    {"MaximumMessageSize", 1'024, 1'048'576, "1048576"},
}};
/// Kept and shown, without effect: nothing is encrypted or authorised here.
constexpr std::array<std::string_view, 5> kKept{"Policy", "KmsMasterKeyId",
                                                "KmsDataKeyReusePeriodSeconds",
                                                "RedriveAllowPolicy", "SqsManagedSseEnabled"};
constexpr std::array<std::string_view, 4> kFifo{"FifoQueue", "ContentBasedDeduplication",
                                                "DeduplicationScope", "FifoThroughputLimit"};
constexpr std::array<std::string_view, 6> kReadOnly{"QueueArn",
                                                    "CreatedTimestamp",
                                                    "LastModifiedTimestamp",
                                                    "ApproximateNumberOfMessages",
                                                    "ApproximateNumberOfMessagesNotVisible",
                                                    "ApproximateNumberOfMessagesDelayed"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const Number* number_named(std::string_view name) {
  const auto found = std::find_if(kNumbers.begin(), kNumbers.end(),
                                  [&](const Number& number) { return number.name == name; });
  return found == kNumbers.end() ? nullptr : &*found;
}

std::optional<std::int64_t> integer_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Error invalid_value(std::string_view name) {
  return {SqsErrc::kInvalidAttributeValue,
          "Invalid value for the parameter " + std::string(name) + "."};
}

Error invalid_redrive(std::string_view value, std::string_view reason) {
  return {SqsErrc::kInvalidAttributeValue,
          "Value " + std::string(value) +
              " for parameter RedrivePolicy is invalid. Reason: " + std::string(reason)};
}

Result<RedrivePolicy> parse_redrive(std::string_view text) {
  const Result<shape::Document> parsed = shape::parse_json(text);
  if (!parsed.ok() || !parsed->is(shape::Document::Kind::kObject)) {
    return invalid_redrive(text, "Redrive policy is not a valid JSON map.");
  }
  RedrivePolicy policy{.target_arn = std::string(parsed->string_at("deadLetterTargetArn"))};
  const shape::Document* count = parsed->find("maxReceiveCount");
  if (policy.target_arn.empty() || count == nullptr) {
    return invalid_redrive(
        text, "Redrive policy does not contain mandatory attribute: " +
                  std::string(count == nullptr ? "maxReceiveCount." : "deadLetterTargetArn."));
  }
  const std::optional<std::int64_t> value = integer_of(count->text);  // "5" and 5 both occur
  if (!value || *value < 1 || *value > 1'000) {
    return invalid_redrive(text, "Invalid value for maxReceiveCount: " + count->text +
                                     ", valid values are from 1 to 1000 both inclusive.");
  }
  if (!parse_queue_arn(policy.target_arn)) {
    return invalid_redrive(text, "Invalid value for deadLetterTargetArn.");
  }
  policy.max_receive_count = static_cast<std::uint32_t>(*value);
  return policy;
}

void set_number(QueueAttributes& out, std::string_view name, std::int64_t value) {
  if (name == "VisibilityTimeout") out.visibility = Seconds(value);
  if (name == "DelaySeconds") out.delay = Seconds(value);
  if (name == "MessageRetentionPeriod") out.retention = Seconds(value);
  if (name == "ReceiveMessageWaitTimeSeconds") out.receive_wait = Seconds(value);
  if (name == "MaximumMessageSize") out.message_bytes_max = static_cast<std::size_t>(value);
}

bool is_account(std::string_view text) {
  return text.size() == 12 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

}  // namespace

Result<QueueAttributes> parse_attributes(const TextMap& attributes) {
  QueueAttributes out;
  for (const auto& [name, value] : attributes) {
    if (const Number* number = number_named(name)) {
      const std::optional<std::int64_t> parsed = integer_of(value);
      if (!parsed || *parsed < number->low || *parsed > number->high) return invalid_value(name);
      set_number(out, name, *parsed);
    } else if (name == "RedrivePolicy") {
      if (value.empty()) continue;
      TRY(out.redrive, parse_redrive(value));
    } else if (name == "FifoQueue" && value == "true") {
      return Error{SqsErrc::kUnsupported, "FIFO queues are not supported by this server."};
    } else if (is_one_of(kFifo, name) || is_one_of(kReadOnly, name) || !is_attribute_name(name)) {
      return Error{SqsErrc::kInvalidAttributeName, "Unknown Attribute " + name + "."};
    }
  }
  return out;
}

std::optional<std::string> settable_text(const TextMap& set, std::string_view name) {
  if (const auto found = set.find(std::string(name)); found != set.end()) {
    if (found->second.empty()) return std::nullopt;
    return found->second;
  }
  if (const Number* number = number_named(name)) return std::string(number->standard);
  if (name == "SqsManagedSseEnabled") return set.contains("KmsMasterKeyId") ? "false" : "true";
  return std::nullopt;
}

std::vector<std::string_view> settable_names() {
  std::vector<std::string_view> names(kKept.begin(), kKept.end());
  for (const Number& number : kNumbers) names.push_back(number.name);
  names.push_back("RedrivePolicy");
  return names;
}

bool is_attribute_name(std::string_view name) {
  return number_named(name) != nullptr || name == "RedrivePolicy" || is_one_of(kKept, name) ||
         is_one_of(kFifo, name) || is_one_of(kReadOnly, name);
}

Status check_queue_name(std::string_view name) {
  if (name.ends_with(".fifo")) {
    return Error{SqsErrc::kUnsupported, "FIFO queues are not supported by this server."};
  }
  if (name.empty() || name.size() > 80 ||
      !std::all_of(name.begin(), name.end(), is_name_character)) {
    return Error{SqsErrc::kInvalidParameter,
                 "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in "
                 "length"};
  }
  return ok();
}

Status check_visibility(std::int64_t seconds) {
  if (seconds >= 0 && seconds <= 43'200) return ok();
  return Error{SqsErrc::kInvalidParameter,
               "Value " + std::to_string(seconds) +
                   " for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be "
                   "between 0 and 43200, if provided."};
}

std::string arn_of(const QueueTarget& target) {
  return "arn:aws:sqs:" + target.tenant.region + ":" + target.tenant.account + ":" + target.name;
}

std::optional<QueueTarget> parse_queue_arn(std::string_view arn) {
  std::array<std::string_view, 5> fields;  // arn, partition, service, region, account
  for (std::string_view& field : fields) {
    const std::size_t colon = arn.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    field = arn.substr(0, colon);
    arn.remove_prefix(colon + 1);
  }
  if (fields[0] != "arn" || !fields[1].starts_with("aws") || fields[2] != "sqs" ||
      fields[3].empty() || !is_account(fields[4]) || !check_queue_name(arn).ok()) {
    return std::nullopt;
  }
  return QueueTarget{{std::string(fields[4]), std::string(fields[3])}, std::string(arn)};
}

}  // namespace penstock::sqs
