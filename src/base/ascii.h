#pragma once

#include <string>
#include <string_view>

/// Letters of ASCII, whatever the locale says: names of headers, of tokens, of settings.
namespace penstock {

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
std::string ascii_lower(std::string text);
/// `lower` is in lower case already.
bool equals_ignoring_case(std::string_view text, std::string_view lower);

}  // namespace penstock
