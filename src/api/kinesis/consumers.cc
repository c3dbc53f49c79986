#include "api/kinesis/consumers.h"

#include <algorithm>

namespace penstock::api::kinesis {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Whether ":\d{12}:" stands in `text`, which begins behind ":kinesis:" or later.
bool has_account(std::string_view text) {
  constexpr std::size_t kDigits = 12;
  for (std::size_t at = text.find(':'); at != text.npos; at = text.find(':', at + 1)) {
    const std::string_view account = text.substr(at + 1, kDigits);
    if (account.size() == kDigits && std::all_of(account.begin(), account.end(), is_digit) &&
        text.substr(at + 1 + kDigits).starts_with(':')) {
      return true;
    }
  }
  return false;
}

/// Takes `ending` off; false when it is not there.
bool cut_ending(std::string_view& text, std::string_view ending) {
  if (!text.ends_with(ending)) return false;
  text.remove_suffix(ending.size());
  return true;
}

/// Takes the name at the end off; false when there is none.
bool cut_name(std::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() && is_stream_name(text.substr(text.size() - size - 1, 1))) ++size;
  text.remove_suffix(size);
  return size != 0;
}

}  // namespace

bool is_consumer_arn(std::string_view text) {
  constexpr std::string_view kService = ":kinesis:";
  if (!text.starts_with("arn:aws") || text.find_first_of("\n\r") != text.npos) return false;
  const std::size_t colon = text.rfind(':');
  const std::string_view second = text.substr(colon + 1);
  if (second.empty() || !std::all_of(second.begin(), second.end(), is_digit)) return false;
  text = text.substr(0, colon);
  if (!cut_name(text) || !cut_ending(text, "/consumer/") || !cut_name(text) ||
      !cut_ending(text, "stream/")) {
    return false;
  }
  const std::size_t service = text.find(kService, 7);
  // The colon that ends the service is none that begins the account: a region stands between.
  return service != text.npos && has_account(text.substr(service + kService.size()));
}

Consumer wire(const stream::ConsumerView& consumer) {
  return {.consumer_name = consumer.id.name,
          .consumer_arn = consumer.arn,
          .consumer_status = std::string(to_text(consumer.status)),
          .consumer_creation_timestamp = wire(consumer.created())};
}

}  // namespace penstock::api::kinesis
