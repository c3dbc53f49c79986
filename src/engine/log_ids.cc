#include "engine/log_ids.h"

#include "engine/try_commit.h"

#include <charconv>
#include <optional>
#include <string>
#include <vector>

namespace penstock::engine {
namespace {

constexpr std::string_view kKey = "log/next";

std::optional<std::uint64_t> parse(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

}  // namespace

Task<Result<LogId>> next_log_id(Meta& meta) {
  while (true) {
    const std::optional<Document> stored = meta.get(kKey);
    std::uint64_t next = 1;
    Version version;
    if (stored) {
      const std::optional<std::uint64_t> parsed = parse(stored->value);
      if (!parsed) co_return Error{Errc::kCorrupt, "the counter log/next is not a number"};
      next = *parsed;
      version = stored->version;
    }
    std::vector<Change> changes;
    changes.push_back({.op = Change::Op::kPut,
                       .key = std::string(kKey),
                       .expected = version,
                       .value = std::to_string(next + 1)});
    CO_TRY(const auto committed, co_await try_commit(meta, std::move(changes)));
    if (committed) co_return LogId{next};
  }
}

}  // namespace penstock::engine
