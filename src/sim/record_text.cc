#include "sim/record_text.h"

#include <charconv>

namespace penstock::sim {
namespace {

constexpr std::string_view kId = R"({"id":)";
constexpr std::string_view kPoison = R"(,"kind":"poison")";
constexpr std::string_view kPlain = R"(,"kind":"plain")";
constexpr std::string_view kKeep = R"(,"keep":true)";
constexpr std::string_view kDrop = R"(,"keep":false)";

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::string write_record(const RecordText& record, std::size_t pad) {
  std::string text(kId);
  text += std::to_string(record.id);
  text += record.is_poison ? kPoison : kPlain;
  text += record.keep ? kKeep : kDrop;
  text += R"(,"pad":")" + std::string(pad, 'x') + "\"}";
  return text;
}

std::optional<RecordText> read_record(std::string_view text) {
  RecordText record;
  if (!take(text, kId)) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), record.id);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  record.is_poison = take(text, kPoison);
  if (!record.is_poison && !take(text, kPlain)) return std::nullopt;
  record.keep = take(text, kKeep);
  if (!record.keep && !take(text, kDrop)) return std::nullopt;
  return record;
}

}  // namespace penstock::sim
