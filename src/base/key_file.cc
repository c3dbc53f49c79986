#include "base/key_file.h"

#include <algorithm>
#include <array>
#include <set>

namespace penstock {
namespace {

constexpr std::size_t kLengthMin = 16;
constexpr std::size_t kLengthMax = 128;
constexpr std::string_view kHead =
    "# Access keys of Penstock, one a line: ID SECRET ACCOUNT admin|user CREATED NOTE\n"
    "# `penstock keys` changes this file; a running server takes changes up by itself.\n";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_graphic(char c) { return c > ' ' && c < 0x7F; }

template <class Is>
bool all(std::string_view text, Is is) {
  return std::all_of(text.begin(), text.end(), is);
}

Error invalid(std::string message) { return Error{Errc::kInvalid, std::move(message)}; }

Status check_lengths(const StoredKey& key) {
  const auto fits = [](const std::string& text) {
    return text.size() >= kLengthMin && text.size() <= kLengthMax;
  };
  if (!fits(key.id) || !all(key.id, is_word)) {
    return invalid("an access key id is 16 to 128 letters, digits or underscores");
  }
  if (!fits(key.secret) || !all(key.secret, is_graphic)) {
    return invalid("a secret is 16 to 128 printable characters without spaces");
  }
  return ok();
}

Result<StoredKey> parse_line(std::string_view line) {
  std::array<std::string_view, 5> fields;
  for (std::string_view& field : fields) {
    const std::size_t end = std::min(line.find(' '), line.size());
    field = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    if (field.empty()) {
      return invalid("a line is \"ID SECRET ACCOUNT admin|user CREATED NOTE\", one space apart");
    }
  }
  if (fields[3] != "admin" && fields[3] != "user") {
    return invalid("the fourth field is admin or user");
  }
  StoredKey key{.id = std::string(fields[0]),
                .secret = std::string(fields[1]),
                .account = std::string(fields[2]),
                .is_admin = fields[3] == "admin",
                .created_at = std::string(fields[4]),
                .note = std::string(line)};
  TRY_OK(check_key(key));
  return key;
}

/// The next line with what ends it; `text` is what is behind it.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end == text.npos ? end : end + 1);
  text.remove_prefix(line.size());
  return line;
}

}  // namespace

Status check_key(const StoredKey& key) {
  TRY_OK(check_lengths(key));
  if (key.id.starts_with("ASIA")) {
    return invalid("ids that begin with ASIA belong to temporary keys, which are in no file");
  }
  if (key.account.size() != 12 || !all(key.account, is_digit)) {
    return invalid("an account is 12 digits");
  }
  static constexpr std::string_view kForm = "0000-00-00T00:00:00Z";
  const bool is_time =
      key.created_at.size() == kForm.size() &&
      std::equal(kForm.begin(), kForm.end(), key.created_at.begin(),
                 [](char form, char c) { return form == '0' ? is_digit(c) : form == c; });
  if (!is_time) return invalid("the time of creation is written 2026-11-25T16:00:00Z");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  if (std::any_of(key.note.begin(), key.note.end(), is_control)) {
    return invalid("a note is one line without control characters");
  }
  return ok();
}

Result<std::vector<StoredKey>> parse_key_file(std::string_view text) {
  std::vector<StoredKey> keys;
  std::set<std::string, std::less<>> seen;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = take_line(text);
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const std::string place = "line " + std::to_string(number) + ": ";
    auto key = parse_line(line);
    if (!key.ok()) return invalid(place + key.error().message);
    if (!seen.insert(key->id).second) {
      return invalid(place + "the id " + key->id + " stands here a second time; keep one of them");
    }
    keys.push_back(std::move(key).value());
  }
  return keys;
}

std::string key_file_text(const std::vector<StoredKey>& keys) {
  std::string text(kHead);
  for (const StoredKey& key : keys) text = with_key(text, key);
  return text;
}

std::string with_key(std::string_view text, const StoredKey& key) {
  std::string out(text.empty() ? kHead : text);
  if (!out.ends_with('\n')) out += '\n';
  out += key.id + " " + key.secret + " " + key.account + (key.is_admin ? " admin " : " user ") +
         key.created_at;
  if (!key.note.empty()) out += " " + key.note;
  return out += '\n';
}

std::string without_key(std::string_view text, std::string_view id) {
  std::string out;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.substr(0, line.find(' ')) != id) out += line;
  }
  return out;
}

}  // namespace penstock
