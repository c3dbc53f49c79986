#include "api/kinesis/members.h"

#include <algorithm>
#include <initializer_list>

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

/// A colon, twelve digits and a colon begin here.
bool is_account(std::string_view text) {
  constexpr std::size_t kDigits = 12;
  return text.size() >= kDigits + 2 && text[0] == ':' && text[kDigits + 1] == ':' &&
         std::all_of(text.begin() + 1, text.begin() + kDigits + 1, is_digit);
}

enum class Place : std::uint8_t { kBehindAccount, kAnywhere };

/// arn:aws.*:kinesis:.*:\d{12}:<kind>\S+, with .* before the kind for kAnywhere. What ".*" takes
/// may look like the parts behind it, so that every place for them is tried.
bool is_arn(std::string_view text, std::initializer_list<std::string_view> kinds, Place place) {
  constexpr std::string_view kService = ":kinesis:";
  constexpr std::size_t kAccount = 14;
  if (!text.starts_with("arn:aws")) return false;
  const std::size_t service = text.find(kService, 7);
  if (service == text.npos) return false;
  const std::size_t line = std::min(text.find_first_of("\n\r"), text.size());
  bool is_behind = false;  // An account is.
  for (std::size_t at = service + kService.size(); at < line; ++at) {
    const bool has_account = at >= service + kService.size() + kAccount &&
                             is_account(text.substr(at - kAccount, kAccount));
    is_behind = has_account || (is_behind && place == Place::kAnywhere);
    if (!is_behind) continue;
    for (const std::string_view kind : kinds) {
      if (!text.substr(at).starts_with(kind)) continue;
      const std::string_view rest = text.substr(at + kind.size());
      if (!rest.empty() && std::none_of(rest.begin(), rest.end(), is_space)) return true;
    }
  }
  return false;
}

}  // namespace

bool is_stream_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_name_character);
}

bool is_stream_arn(std::string_view text) {
  return is_arn(text, {"stream/"}, Place::kBehindAccount);
}
bool is_queue_arn(std::string_view text) { return is_arn(text, {"queue/"}, Place::kBehindAccount); }
bool is_channel_arn(std::string_view text) {
  return is_arn(text, {"channel/"}, Place::kBehindAccount);
}
bool is_resource_arn(std::string_view text) {
  return is_arn(text, {"stream/", "channel/", "queue/"}, Place::kAnywhere);
}

bool is_stream_id(std::string_view text) {
  return text.size() == 24 && text[20] == '-' &&
         std::all_of(text.begin(), text.begin() + 20, is_lower_or_digit) &&
         std::all_of(text.begin() + 21, text.end(), is_lower_or_digit);
}

bool is_hash_key(std::string_view text) { return is_decimal(text, 39); }
bool is_sequence_number(std::string_view text) { return is_decimal(text, 129); }

stream::IteratorType iterator_type_of(std::string_view text) {
  using stream::IteratorType;
  for (const IteratorType type : {IteratorType::kTrimHorizon, IteratorType::kAtSequenceNumber,
                                  IteratorType::kAfterSequenceNumber, IteratorType::kAtTimestamp}) {
    if (to_text(type) == text) return type;
  }
  return IteratorType::kLatest;
}

}  // namespace penstock::api::kinesis
