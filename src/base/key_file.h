#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// An access key as it stands in the file of keys.
struct StoredKey {
  std::string id;      ///< "AKIA..." or one that was given: 16 to 128 letters, digits, '_'
  std::string secret;  ///< 16 to 128 printable characters without spaces; 40 when made here
  std::string account = "000000000000";
  bool is_admin = false;   ///< May also use /_penstock/...
  std::string created_at;  ///< "2026-11-25T16:00:00Z"
  std::string note;        ///< The rest of the line; may be empty.
  bool operator==(const StoredKey&) const = default;
};

/// The file of access keys: one a line, fields apart by single spaces, '#' begins a comment line.
///
///     AKIAIOSFODNN7EXAMPLE wJalr...KEY 000000000000 admin 2026-11-25T16:00:00Z build server
///     id                   secret      account      admin|user created         note
///
/// fails     Errc::kInvalid with the line's number and what would be right; the secret is in no
///           message
Result<std::vector<StoredKey>> parse_key_file(std::string_view text);
/// A file with these keys, from nothing.
std::string key_file_text(const std::vector<StoredKey>& keys);
/// The text of a file with a key more, in its last line, or without one. Everything else stays as
/// somebody wrote it: order, comments, empty lines.
std::string with_key(std::string_view text, const StoredKey& key);
std::string without_key(std::string_view text, std::string_view id);

/// What a key must be, as parse_key_file demands it of each line. The message has no line number.
Status check_key(const StoredKey& key);

}  // namespace penstock
