#include "api/lambda/event_source_mapping_members.h"

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

/// [a-z]{2}-[a-z]+-\d with -gov, and where `iso` also -iso and -isob, behind the first two letters.
bool is_region(std::string_view text, bool iso) {
  if (text.size() < 3 || !is_lower(text[0]) || !is_lower(text[1])) return false;
  text.remove_prefix(2);
  if (text.starts_with("-gov-")) {
    text.remove_prefix(4);
  } else if (iso && text.starts_with("-iso-")) {
    text.remove_prefix(4);
  } else if (iso && text.starts_with("-iso") && text.size() > 5 && is_lower(text[4])) {
    text.remove_prefix(5);
  }
  if (text.size() < 4 || text[0] != '-') return false;
  if (!is_digit(text.back()) || text[text.size() - 2] != '-') return false;
  text = text.substr(1, text.size() - 3);
  return !text.empty() && std::all_of(text.begin(), text.end(), is_lower);
}

bool is_arn(std::string_view text, bool iso) {
  std::string_view arn, partition, service, region, account;
  if (!take_part(text, arn) || !take_part(text, partition) || !take_part(text, service) ||
      !take_part(text, region) || !take_part(text, account)) {
    return false;
  }
  return arn == "arn" && partition.starts_with("aws") &&
         std::all_of(partition.begin(), partition.end(), is_name_character) && !service.empty() &&
         std::all_of(service.begin(), service.end(), is_name_character) &&
         (region.empty() || is_region(region, iso)) &&
         (account.empty() ||
          (account.size() == 12 && std::all_of(account.begin(), account.end(), is_digit)));
}

bool is_topic(std::string_view text) {
  return !text.empty() && text.size() <= 249 && text[0] != '.' &&
         std::all_of(text.begin() + 1, text.end(),
                     [](char c) { return is_name_character(c) || c == '_' || c == '.'; });
}

}  // namespace

bool is_source_arn(std::string_view text) { return is_arn(text, /*iso=*/false); }

bool is_destination(std::string_view text) {
  constexpr std::string_view kKafka = "kafka://";
  if (text.starts_with(kKafka)) return is_topic(text.substr(kKafka.size()));
  return text.empty() || is_arn(text, /*iso=*/true);
}

bool is_kms_key_arn(std::string_view text) {
  if (text.empty()) return true;
  std::string_view arn, partition, service;
  if (!take_part(text, arn) || !take_part(text, partition) || !take_part(text, service)) {
    return false;
  }
  const auto is_partition_character = [](char c) { return is_letter(c) || c == '-'; };
  const auto is_service_character = [](char c) {
    return is_lower(c) || is_digit(c) || c == '-' || c == '.';
  };
  return arn == "arn" && (partition.empty() || partition.starts_with("aws")) &&
         std::all_of(partition.begin(), partition.end(), is_partition_character) &&
         !service.empty() && std::all_of(service.begin(), service.end(), is_service_character);
}

}  // namespace penstock::api::lambda
