#include "function/name.h"

#include "function/errors.h"

#include <algorithm>
#include <vector>

namespace penstock::function {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_word(char c) {
  return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

bool is_account(std::string_view text) {
  return text.size() == 12 && std::all_of(text.begin(), text.end(), is_digit);
}

/// (aws[a-zA-Z-]*)?
bool is_partition(std::string_view text) {
  return text.empty() ||
         (text.starts_with("aws") && std::all_of(text.begin(), text.end(), [](char c) {
            return is_word(c) && !is_digit(c) && c != '_';
          }));
}

/// -[a-z]+-\d
bool is_region_end(std::string_view text) {
  if (text.size() < 4 || text[0] != '-') return false;
  if (!is_digit(text.back()) || text[text.size() - 2] != '-') return false;
  return std::all_of(text.begin() + 1, text.end() - 2, is_lower);
}

/// A dot may stand in the name that somebody asks for, though no function is ever made with one.
bool is_name(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_word(c) || c == '.'; });
}

bool is_qualifier(std::string_view text) {
  if (text == kLatest || text == kLatestPublished) return true;
  return !text.empty() && std::all_of(text.begin(), text.end(), is_word);
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(':', begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

}  // namespace

bool is_region(std::string_view text) {
  if (text.starts_with("eusc-")) text.remove_prefix(5);
  if (text.size() < 2 || !is_lower(text[0]) || !is_lower(text[1])) return false;
  text.remove_prefix(2);
  if (is_region_end(text)) return true;
  if (text.starts_with("-gov")) return is_region_end(text.substr(4));
  if (!text.starts_with("-iso")) return false;
  text.remove_prefix(4);
  return is_region_end(text) ||
         (!text.empty() && is_lower(text[0]) && is_region_end(text.substr(1)));
}

std::optional<FunctionReference> parse_reference(std::string_view text) {
  const std::vector<std::string_view> parts = split(text);
  FunctionReference found;
  std::size_t at = 0;
  const auto more_follow = [&] { return at + 1 < parts.size(); };
  if (parts.size() > 3 && parts[0] == "arn" && parts[2] == "lambda" && is_partition(parts[1])) {
    at = 3;
  }
  if (more_follow() && is_region(parts[at])) found.region = parts[at++];
  if (more_follow() && is_account(parts[at])) found.account = parts[at++];
  if (more_follow() && parts[at] == "function") ++at;
  if (!is_name(parts[at])) return std::nullopt;
  found.name = parts[at++];
  if (at < parts.size()) {
    if (!is_qualifier(parts[at])) return std::nullopt;
    found.qualifier = parts[at++];
  }
  if (at != parts.size()) return std::nullopt;
  return found;
}

Result<FunctionReference> resolve_reference(const Tenant& caller, std::string_view text,
                                            std::string_view qualifier) {
  auto found = parse_reference(text);
  if (!found) {
    return Error{FunctionErrc::kInvalidParameter, "Invalid function name: \"" + std::string(text) +
                                                      "\" is neither a name nor an ARN."};
  }
  if (found->name.size() > kNameMax) {
    return Error{FunctionErrc::kInvalidParameter,
                 "1 validation error detected: Value '" + found->name +
                     "' at 'functionName' failed to satisfy constraint: Member must have length "
                     "less than or equal to 64"};
  }
  if (!found->region.empty() && found->region != caller.region) {
    return Error{FunctionErrc::kNotFound, "Functions from '" + found->region +
                                              "' are not reachable in this region ('" +
                                              caller.region + "')"};
  }
  if (!found->account.empty() && found->account != caller.account) {
    return Error{FunctionErrc::kAccessDenied, "The function belongs to account " + found->account +
                                                  "; the caller is " + caller.account + "."};
  }
  if (!qualifier.empty()) {
    if (!found->qualifier.empty() && found->qualifier != qualifier) {
      return Error{FunctionErrc::kInvalidParameter,
                   "The derived qualifier from the function name does not match the specified "
                   "qualifier."};
    }
    found->qualifier = qualifier;
  }
  return std::move(*found);
}

std::string function_arn(const Tenant& tenant, std::string_view name, std::string_view qualifier) {
  std::string arn = "arn:aws:lambda:" + tenant.region + ":" + tenant.account + ":function:";
  arn += name;
  if (!qualifier.empty()) arn.append(":").append(qualifier);
  return arn;
}

}  // namespace penstock::function
