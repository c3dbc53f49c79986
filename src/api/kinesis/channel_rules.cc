#include "api/kinesis/channel_rules.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace penstock::api::kinesis {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter_or_digit(char c) { return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z'); }

/// Nothing but letters, digits and these.
bool consists_of(std::string_view text, std::string_view others) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [others](char c) {
    return is_letter_or_digit(c) || others.find(c) != others.npos;
  });
}
bool consists_of_small(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [others](char c) {
    return is_digit(c) || is_lower(c) || others.find(c) != others.npos;
  });
}

/// "arn:<partition>:<service>:<region>:<account>:<resource>", of which none has a colon.
struct Arn {
  std::string_view partition;
  std::string_view service;
  std::string_view region;
  std::string_view account;
  std::string_view resource;
};

bool parse(std::string_view text, Arn& arn) {
  std::array<std::string_view, 6> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t colon = text.find(':');
    if ((colon == text.npos) != (i + 1 == parts.size())) return false;
    parts[i] = text.substr(0, colon);
    if (colon != text.npos) text.remove_prefix(colon + 1);
  }
  arn = {parts[1], parts[2], parts[3], parts[4], parts[5]};
  return parts[0] == "arn" && arn.partition.starts_with("aws") &&
         consists_of_small(arn.partition.substr(3), "-");
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool is_bucket_name(std::string_view name, std::string_view others) {
  return name.size() >= 3 && name.size() <= 63 && consists_of_small(name, others);
}

}  // namespace

bool is_role_arn(std::string_view text) {
  Arn arn;
  return parse(text, arn) && arn.service == "iam" && arn.region.empty() &&
         is_bucket_owner(arn.account) && take_prefix(arn.resource, "role/") &&
         consists_of(arn.resource, "_+=,.@-/");
}

bool is_schema_arn(std::string_view text) {
  constexpr std::string_view kOthers = "-_$#.";
  Arn arn;
  if (!parse(text, arn) || arn.service != "glue" || arn.region.empty() ||
      !consists_of_small(arn.region, "-") || !is_bucket_owner(arn.account) ||
      !take_prefix(arn.resource, "schema/")) {
    return false;
  }
  const std::size_t slash = arn.resource.find('/');
  return slash != arn.resource.npos && consists_of(arn.resource.substr(0, slash), kOthers) &&
         consists_of(arn.resource.substr(slash + 1), kOthers);
}

bool is_bucket_arn(std::string_view text) {
  Arn arn;
  return parse(text, arn) && arn.service == "s3" && arn.region.empty() && arn.account.empty() &&
         is_bucket_name(arn.resource, "._-");
}

bool is_table_bucket_arn(std::string_view text) {
  Arn arn;
  return parse(text, arn) && arn.service == "s3tables" && !arn.region.empty() &&
         consists_of_small(arn.region, "-") && is_bucket_owner(arn.account) &&
         take_prefix(arn.resource, "bucket/") && is_bucket_name(arn.resource, "_-");
}

bool is_bucket_owner(std::string_view text) {
  return text.size() == 12 && std::all_of(text.begin(), text.end(), is_digit);
}
bool is_s3_prefix(std::string_view text) { return consists_of(text, "!-_'.*()/"); }
bool is_s3_template(std::string_view text) { return consists_of(text, "!-_'.*()/=:{}"); }
bool is_table_name(std::string_view text) { return !text.empty() && consists_of_small(text, "_"); }
bool is_partition_source(std::string_view text) { return consists_of(text, "._"); }
bool is_log_group(std::string_view text) { return consists_of(text, ".-_/#"); }
bool is_log_stream(std::string_view text) { return text.find_first_of(":*") == text.npos; }

}  // namespace penstock::api::kinesis
