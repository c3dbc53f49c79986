#include "stream/tags.h"

#include "base/ascii.h"
#include "stream/errors.h"

#include <algorithm>

namespace penstock::stream {
namespace {

/// Letters outside ASCII pass: telling Unicode's letters from its other characters is not worth a
/// table here, and what is wrong on AWS then is a symbol in a tag.
bool is_tag_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x80) return true;
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ' ' ||
         c == '\t' || std::string_view("_./=+-%@:").find(c) != std::string_view::npos;
}

bool has_invalid(std::string_view text) {
  return !std::all_of(text.begin(), text.end(), is_tag_character);
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
