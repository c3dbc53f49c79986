#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// Lower case, two digits a byte.
std::string hex_encode(std::string_view bytes);
/// Either case; nothing when the length is odd or a character is no hex digit.
std::optional<std::string> hex_decode(std::string_view text);

/// The bytes of anything contiguous, as the codecs take them.
template <class Bytes>
std::string_view as_chars(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace penstock
