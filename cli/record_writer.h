#pragma once

#include "base/result.h"
#include "cli/api_client.h"
#include "cli/wire.h"

#include <chrono>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace penstock::cli {

/// What one PutRecords call takes; bytes of data and keys.
inline constexpr std::size_t kCallEntries = 500;
inline constexpr std::size_t kCallBytes = 5u << 20;

/// As limits count it.
std::size_t size_of(const wire::PutEntry& entry);

/// The pause before attempt n of the same entries: uniform in [0, min(cap, base * 2^n)].
/// Full jitter: producers that were throttled together must not come back together.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds base, std::chrono::milliseconds cap, std::uint64_t seed);
  std::chrono::milliseconds next();
  void reset() { attempt_ = 0; }

 private:
  std::chrono::milliseconds base_;
  std::chrono::milliseconds cap_;
  int attempt_ = 0;
  std::mt19937_64 random_;
};

/// How entries reach the stream.
struct WriteOptions {
  /// How often failed entries are sent again; 0 is the careless producer that looks at no answer.
  int retries_max = 30;
  std::chrono::milliseconds backoff_base{50};
  std::chrono::milliseconds backoff_cap{2000};
  std::function<void(std::size_t settled, std::size_t waiting)> progress;
  /// Told of each entry that was acknowledged, and where it went.
  std::function<void(const wire::PutEntry& entry, const wire::PutResult& result)> stored;
};

struct WriteSummary {
  std::size_t entries = 0;        ///< Handed in.
  std::size_t stored = 0;         ///< Acknowledged with a sequence number.
  std::size_t failed = 0;         ///< Given up after retries_max.
  std::size_t throttled = 0;      ///< Entry failures seen, retried ones counted each time.
  std::size_t retried = 0;        ///< Of these, sent again.
  std::size_t calls = 0;          ///< PutRecords calls.
  std::size_t partial_calls = 0;  ///< Calls that answered 200 and refused some of their entries.
  std::string last_error;         ///< Of an entry, for people.
  bool gave_up = false;           ///< A call was refused that no retrying cures.
};

/// Puts all entries with as few PutRecords calls as the limits allow: 500 entries and 5 MiB each.
/// Entries that fail are sent again before new ones, so that a key's order suffers least.
/// fails     with the first whole-call error that retrying cannot cure, when nothing was stored
///           before; otherwise the rest has failed, and last_error says why
Result<WriteSummary> write_records(ApiClient& client, const std::string& stream,
                                   std::vector<wire::PutEntry> entries,
                                   const WriteOptions& options);

}  // namespace penstock::cli
