#pragma once

#include "base/hash_key.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "stream/reshard_plan.h"
#include "stream/sequence_number.h"
#include "stream/stream_options.h"
#include "stream/types.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::stream {

/// One shard as the catalog keeps it.
struct ShardEntry {
  std::uint32_t number = 0;
  std::optional<std::uint32_t> parent;
  std::optional<std::uint32_t> adjacent_parent;
  HashKeyRange range;
  std::int64_t created_s = 0;  ///< As in its sequence numbers; may lie a second ahead.
  std::optional<ServiceTime> closed;

  ShardStamp stamp() const { return {number, created_s}; }
  std::optional<SequenceNumber> ending() const;
  ShardView view() const;
  bool operator==(const ShardEntry&) const = default;
};

/// What a stream is on its way to. Kept with it, so that a restart goes on.
struct Transition {
  enum class Kind : std::uint8_t { kNone, kCreate, kSplit, kMerge, kSetting, kDelete, kReshard };
  Kind kind = Kind::kNone;  ///< kSetting: nothing is left to be done but to become ACTIVE.
                            ///< kReshard: the entry's `steps`.
  ServiceTime due{};
  std::uint32_t shard = 0;     ///< kSplit, kMerge: the (lower) parent.
  std::uint32_t adjacent = 0;  ///< kMerge: the other one.
  HashKey split_at;            ///< kSplit: where the upper child begins.
  bool operator==(const Transition&) const = default;
};

/// A stream as it is stored: one document, "stream/<account>/<region>/<name>".
///
/// Invariant: the open shards cover the whole key space without overlap, except while CREATING.
struct StreamEntry {
  StreamName name;
  LogId log;
  StreamStatus status = StreamStatus::kCreating;
  StreamMode mode = StreamMode::kProvisioned;
  ServiceTime created{};
  std::int64_t retention_hours = 24;
  /// What had left retention when it was made longer, and stays gone.
  ServiceTime gone_before{};
  std::int64_t max_record_kib = 1024;
  Tags tags;
  StreamOptions options;
  std::vector<ShardEntry> shards;  ///< In the order of numbers, expired ones left out.
  std::uint32_t next_shard = 0;
  std::uint32_t shards_wanted = 0;  ///< While CREATING.
  Transition transition;
  /// Splits and merges that are to be made: by the transition (kReshard), or at once when there is
  /// none (automatic scaling, during which a stream stays ACTIVE).
  std::vector<ReshardStep> steps;
  std::vector<ServiceTime> resizes;        ///< UpdateShardCount, of the last 24 hours.
  std::vector<ServiceTime> mode_changes;   ///< UpdateStreamMode, of the last 24 hours.
  std::optional<std::int64_t> warm_mibps;  ///< What UpdateStreamWarmThroughput asked for.

  Millis retention() const { return std::chrono::hours(retention_hours); }
  /// Records that arrived earlier are not seen any more.
  ServiceTime horizon(ServiceTime now) const { return std::max(now - retention(), gone_before); }
  /// Whether the shard left retention: closed, and so long ago that none of its records is kept.
  bool expired(const ShardEntry& shard, ServiceTime now) const;
  std::int64_t open_shards() const;
  /// The most that are open at a time until what is under way has been done.
  std::int64_t open_shards_ahead() const;
  const ShardEntry* find(std::uint32_t number) const;
  /// The open ones in the order of keys.
  std::vector<OpenShard> open_by_key() const;
  bool operator==(const StreamEntry&) const = default;
};

/// What an on-demand stream begins with, and keeps at least.
inline constexpr std::int64_t kOnDemandShards = 4;
/// Open and closed shards of one stream; a split or merge beyond it is refused.
inline constexpr std::size_t kShardsMax = 65'536;
/// A document is at most 1 MiB and a shard about 110 bytes: the shards of larger streams stand in
/// pages of their own, "stream-shards/<account>/<region>/<name>/<page>".
inline constexpr std::size_t kShardsOfPage = 4'096;

std::string document_key(const StreamName& name);
inline constexpr std::string_view kDocumentPrefix = "stream/";
std::string page_prefix(const StreamName& name);
/// Without the shards when they stand in pages.
std::string encode(const StreamEntry& entry);
/// Key and value of each page; none for a stream with few shards.
std::vector<std::pair<std::string, std::string>> encode_pages(const StreamEntry& entry);
/// fails     Errc::kCorrupt
Result<StreamEntry> decode_entry(std::string_view key, std::string_view document);
/// Adds a page's shards; pages come in order. fails: Errc::kCorrupt
Status decode_page(std::string_view key, std::string_view page, StreamEntry& entry);

// --- What transitions do, pure -------------------------------------------------------------------

/// The first shards, equal parts of the key space.
void add_first_shards(StreamEntry& entry, ServiceTime now);
/// Closes the parents at `now` and adds the children; the entry is ACTIVE then.
void finish_split(StreamEntry& entry, ServiceTime now);
void finish_merge(StreamEntry& entry, ServiceTime now);
/// Makes every step; what several steps make and close again is created and closed within `now`,
/// each generation a second ahead of the one before. Ends kReshard, no other transition.
void finish_steps(StreamEntry& entry, ServiceTime now);
/// Removes closed shards of which no record is kept; whether there were any.
bool drop_expired_shards(StreamEntry& entry, ServiceTime now);

}  // namespace penstock::stream
