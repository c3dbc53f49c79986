#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// %XX to bytes. A '%' without two hex digits behind it: nothing.
/// In a query (`plus_is_space`), '+' stands for a space.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// Everything but A-Z a-z 0-9 - . _ ~ as %XX in upper case: SigV4's canonical form.
/// `keep` names further characters that stay, such as '/' in a path.
std::string percent_encode(std::string_view bytes, std::string_view keep = {});

}  // namespace penstock
