#include "api/kinesis/members.h"

#include <algorithm>

namespace penstock::api::kinesis {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_or_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); }
bool is_name_character(char c) {
  return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-';
}
/// Java's \S: anything but these. A dot there also stops at line ends.
bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\v' || c == '\f' || c == '\r';
}
bool is_decimal(std::string_view text, std::size_t digits_max) {
  if (text == "0") return true;
  return !text.empty() && text.size() <= digits_max && text.front() != '0' &&
         std::all_of(text.begin(), text.end(), is_digit);
}

}  // namespace

bool is_stream_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_name_character);
}

bool is_stream_arn(std::string_view text) {
  constexpr std::string_view kService = ":kinesis:";
  constexpr std::string_view kResource = ":stream/";
  constexpr std::size_t kAccount = 13;  // a colon and twelve digits
  if (!text.starts_with("arn:aws")) return false;
  const std::size_t service = text.find(kService, 7);
  if (service == text.npos) return false;
  const std::size_t after_service = service + kService.size();
  // Both ".*" may swallow parts that look like later ones: any place for ":stream/" will do.
  for (std::size_t at = text.find(kResource, after_service); at != text.npos;
       at = text.find(kResource, at + 1)) {
    if (at < after_service + kAccount) continue;
    const std::string_view account = text.substr(at - kAccount, kAccount);
    const std::string_view before = text.substr(0, at);
    const std::string_view name = text.substr(at + kResource.size());
    if (account[0] == ':' && std::all_of(account.begin() + 1, account.end(), is_digit) &&
        before.find_first_of("\n\r") == before.npos && !name.empty() &&
        std::none_of(name.begin(), name.end(), is_space)) {
      return true;
    }
  }
  return false;
}

bool is_stream_id(std::string_view text) {
  return text.size() == 24 && text[20] == '-' &&
         std::all_of(text.begin(), text.begin() + 20, is_lower_or_digit) &&
         std::all_of(text.begin() + 21, text.end(), is_lower_or_digit);
}

bool is_hash_key(std::string_view text) { return is_decimal(text, 39); }
bool is_sequence_number(std::string_view text) { return is_decimal(text, 129); }

}  // namespace penstock::api::kinesis
