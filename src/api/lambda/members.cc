#include "api/lambda/members.h"

#include "function/name.h"

#include <algorithm>

namespace penstock::api::lambda {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool consists_of(std::string_view text, std::string_view also) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter_or_digit(c) || also.find(c) != std::string_view::npos;
  });
}

}  // namespace

bool is_function_name(std::string_view text) {
  const auto named = function::parse_reference(text);
  return named && named->name.find('.') == std::string::npos &&
         named->qualifier != function::kLatestPublished;
}

bool is_namespaced_function_name(std::string_view text) {
  return function::parse_reference(text).has_value();
}

bool is_qualifier(std::string_view text) {
  return text == "$LATEST" || text == "$LATEST.PUBLISHED" || consists_of(text, "-_$");
}

bool is_role_arn(std::string_view text) {
  if (!text.starts_with("arn:")) return false;
  text.remove_prefix(4);
  const std::size_t partition = text.find(':');
  if (partition == std::string_view::npos) return false;
  if (partition > 0 && !text.starts_with("aws")) return false;
  text.remove_prefix(partition + 1);
  if (!text.starts_with("iam::")) return false;
  text.remove_prefix(5);
  if (text.size() < 18 || !std::all_of(text.begin(), text.begin() + 12, is_digit)) return false;
  text.remove_prefix(12);
  if (!text.starts_with(":role")) return false;
  text.remove_prefix(5);
  return consists_of(text, "_+=,.@-/");
}

bool is_handler(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
}

bool is_log_group(std::string_view text) { return consists_of(text, ".-_/#"); }

bool is_resource_arn(std::string_view text) {
  if (text.empty()) return true;
  if (!text.starts_with("arn:")) return false;
  text.remove_prefix(4);
  const std::size_t partition_end = text.find(':');
  if (partition_end == std::string_view::npos) return false;
  const std::string_view partition = text.substr(0, partition_end);
  const std::string_view rest = text.substr(partition_end + 1);
  const std::string_view service = rest.substr(0, rest.find(':'));
  const auto is_partition_character = [](char c) {
    return c == '-' || (is_letter_or_digit(c) && !is_digit(c));
  };
  const auto is_service_character = [](char c) {
    return c == '-' || c == '.' || is_digit(c) || (c >= 'a' && c <= 'z');
  };
  return (partition.empty() || partition.starts_with("aws")) &&
         std::all_of(partition.begin(), partition.end(), is_partition_character) &&
         !service.empty() && service.size() < rest.size() &&
         std::all_of(service.begin(), service.end(), is_service_character) &&
         text.find_first_of("\n\r") == std::string_view::npos;
}

}  // namespace penstock::api::lambda
