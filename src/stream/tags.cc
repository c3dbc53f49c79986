#include "stream/tags.h"

#include "base/ascii.h"
#include "stream/errors.h"

#include <algorithm>

namespace penstock::stream {
namespace {

bool is_tag_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ' ' ||
         std::string_view("_./=+-%@:").find(c) != std::string_view::npos;
}

/// Whether a sequence of UTF-8 that begins so stands for U+00C0 to U+1FFF or U+2C00 to U+D7FF:
/// there the letters are, without most of the symbols. Recorded on AWS by its edges.
bool is_letter_sequence(unsigned char first, unsigned char second) {
  if (first >= 0xC3 && first <= 0xE1) return true;
  if (first == 0xE2) return second >= 0xB0;
  return first >= 0xE3 && first <= 0xED;
}

/// `text` is UTF-8: the walkers see to that.
bool has_invalid(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      if (!is_tag_character(text[i])) return true;
    } else if (byte >= 0xC0) {  // The first of a sequence.
      const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
      if (!is_letter_sequence(byte, static_cast<unsigned char>(next))) return true;
    }
  }
  return false;
}

Error invalid(std::string text) { return {StreamErrc::kInvalidArgument, std::move(text)}; }

Error invalid_characters() {
  return invalid(
      "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white "
      "space, _ . / = + - % @.");
}

/// '%' passes the first check of the service and fails its second.
Error illegal_characters(std::string_view action, const StreamName& stream) {
  return invalid("Failed to " + std::string(action) + " stream " + stream.name + " under account " +
                 stream.tenant.account +
                 " because some tags contained illegal characters. The allowed characters are "
                 "Unicode letters, white-spaces, '_',',','/','=','+','-','@'.");
}

/// "aws:" in any case begins the keys that AWS gives itself.
bool is_reserved(std::string_view key) {
  constexpr std::string_view kReserved = "aws:";
  return ascii_lower(std::string(key.substr(0, kReserved.size()))) == kReserved;
}

Error reserved(std::string_view action, const StreamName& stream) {
  return invalid("Failed to " + std::string(action) + " stream " + stream.name + " under account " +
                 stream.tenant.account + " because keys that begin with aws: are reserved.");
}

bool has_percent(std::string_view text) { return text.find('%') != text.npos; }

}  // namespace

Status check_new_tags(const StreamName& stream, const Tags& present, const Tags& added,
                      std::int64_t tags_max) {
  const auto any = [&](bool (*bad)(std::string_view)) {
    return std::any_of(added.begin(), added.end(),
                       [bad](const auto& tag) { return bad(tag.first) || bad(tag.second); });
  };
  if (any(&has_invalid)) return invalid_characters();
  if (any(&has_percent)) return illegal_characters("add tags to", stream);
  if (std::any_of(added.begin(), added.end(),
                  [](const auto& tag) { return is_reserved(tag.first); })) {
    return reserved("add tags to", stream);
  }
  const auto news = std::count_if(added.begin(), added.end(),
                                  [&](const auto& tag) { return !present.contains(tag.first); });
  if (static_cast<std::int64_t>(present.size()) + news > tags_max) {
    // The service prints 10 whatever its limit is now.
    return invalid("Failed to add tags to stream " + stream.name + " under account " +
                   stream.tenant.account +
                   " because a given stream cannot have more than 10 tags associated with it.");
  }
  return ok();
}

Status check_no_colon(const Tags& tags) {
  const auto has_colon = [](const auto& tag) {
    return tag.first.find(':') != std::string::npos || tag.second.find(':') != std::string::npos;
  };
  return std::any_of(tags.begin(), tags.end(), has_colon) ? Status(invalid_characters()) : ok();
}

Status check_no_colon(const std::vector<std::string>& keys) {
  const auto has_colon = [](const std::string& key) { return key.find(':') != std::string::npos; };
  return std::any_of(keys.begin(), keys.end(), has_colon) ? Status(invalid_characters()) : ok();
}

Status check_tag_keys(const StreamName& stream, const std::vector<std::string>& keys) {
  if (std::any_of(keys.begin(), keys.end(), &has_invalid)) return invalid_characters();
  if (std::any_of(keys.begin(), keys.end(), &has_percent)) {
    return illegal_characters("remove tags from", stream);
  }
  if (std::any_of(keys.begin(), keys.end(), &is_reserved)) {
    return reserved("remove tags from", stream);
  }
  return ok();
}

}  // namespace penstock::stream
