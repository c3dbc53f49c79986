#include "api/lambda/event_source_mapping_members.h"

#include "function/name.h"

#include <algorithm>

namespace penstock::api::lambda {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_name_character(char c) { return is_letter(c) || is_digit(c) || c == '-'; }

/// The text up to the next colon, which is taken away with it; false when there is none.
bool take_part(std::string_view& text, std::string_view& part) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  part = text.substr(0, colon);
  text.remove_prefix(colon + 1);
  return true;
}

bool is_arn(std::string_view text) {
  std::string_view arn, partition, service, region, account;
  if (!take_part(text, arn) || !take_part(text, partition) || !take_part(text, service) ||
      !take_part(text, region) || !take_part(text, account)) {
    return false;
  }
  return arn == "arn" && partition.starts_with("aws") &&
         std::all_of(partition.begin(), partition.end(), is_name_character) && !service.empty() &&
         std::all_of(service.begin(), service.end(), is_name_character) &&
         (region.empty() || function::is_region(region)) &&
         (account.empty() ||
          (account.size() == 12 && std::all_of(account.begin(), account.end(), is_digit)));
}

bool is_topic(std::string_view text) {
  return !text.empty() && text.size() <= 249 && text[0] != '.' &&
         std::all_of(text.begin() + 1, text.end(),
                     [](char c) { return is_name_character(c) || c == '_' || c == '.'; });
}

}  // namespace

bool is_source_arn(std::string_view text) { return is_arn(text); }

bool is_destination(std::string_view text) {
  constexpr std::string_view kKafka = "kafka://";
  if (text.starts_with(kKafka)) return is_topic(text.substr(kKafka.size()));
  return text.empty() || is_arn(text);
}

}  // namespace penstock::api::lambda
