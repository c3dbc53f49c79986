#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// Base64 with the standard alphabet and padding, as AWS writes and reads it (RFC 4648 section 4).
namespace penstock {

constexpr std::size_t base64_encoded_size(std::size_t bytes) { return (bytes + 2) / 3 * 4; }

/// Bytes a decode of `text_size` characters may write, the slack of its 16-byte stores included.
constexpr std::size_t base64_decode_capacity(std::size_t text_size) {
  return text_size / 4 * 3 + 16;
}

/// Writes exactly base64_encoded_size(bytes.size()) characters.
void base64_encode_to(std::string_view bytes, char* out);
void base64_append(std::string& out, std::string_view bytes);
std::string base64_encode(std::string_view bytes);

enum class Base64Status : std::uint8_t {
  kOk,
  kLength,         ///< Not a multiple of four characters.
  kCharacter,      ///< Outside the alphabet, or '=' before the end; `at` is its position.
  kLastCharacter,  ///< The last character carries bits that padding says are not there.
};

struct Base64Decoded {
  Base64Status status = Base64Status::kOk;
  std::size_t size = 0;  ///< Bytes written, when ok.
  std::size_t at = 0;    ///< Position of the bad character.
};

/// Strict decode. `out` has room for base64_decode_capacity(text.size()) bytes.
Base64Decoded base64_decode_to(std::string_view text, char* out);

/// The size a canonical text decodes to, without looking at more than its end.
constexpr std::size_t base64_decoded_size(std::string_view text) {
  std::size_t size = text.size() / 4 * 3;
  if (text.ends_with('=')) --size;
  if (text.ends_with("==")) --size;
  return size;
}

/// Convenience for the control plane; `out` is empty unless ok.
Base64Decoded base64_decode(std::string_view text, std::string& out);

}  // namespace penstock
