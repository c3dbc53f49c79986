#pragma once

#include "engine/log.h"
#include "engine/meta.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::engine::local {

/// What a frame says. The numbers are on disk.
enum class FrameKind : std::uint8_t {
  kRecords = 1,
  kMeta = 2,
  kMarks = 3,
  kEnsure = 4,
  kSeal = 5,
  kTrim = 6,
  kDrop = 7,
  kBoot = 8,
  kShard = 9,      ///< In snapshots only.
  kSnapshot = 10,  ///< The same: its last frame.
};

/// One frame: records of one shard, or a change of the engine's state. The same bytes are in memory
/// chunks, journal commits and segments, so that records are encoded once.
///
///     0  u32 length of the frame, header and padding included, a multiple of 8
///     4  u8  kind, then three zero bytes
///     8  body, by kind; records:
///        8 u64 log   16 u32 shard   20 u32 count   24 u64 first position   32 i64 arrival, ms
///       40 each record: u32 data length, u16 key length, key, data; no padding between
inline constexpr std::size_t kFrameHeaderBytes = 8;
inline constexpr std::size_t kRecordsHeaderBytes = 40;
inline constexpr std::size_t kRecordOverheadBytes = 6;
/// Frames of records are cut at this size, so that they fill chunks well. One record may be larger.
inline constexpr std::size_t kRecordsFrameTarget = 64u << 10;

struct RecordsHeader {
  std::uint32_t length = 0;
  ShardRef shard;
  std::uint32_t count = 0;
  Position first;
  ServiceTime arrival;
  Position next() const { return Position{first.index + count}; }
};

inline std::size_t stored_bytes(const NewRecord& record) {
  return kRecordOverheadBytes + record.key.size() + record.data.size();
}

/// How many of `records` go into a frame of at most `room` bytes (at least one), and its length.
struct FramePlan {
  std::size_t count = 0;
  std::size_t length = 0;
};
FramePlan plan_frame(std::span<const NewRecord> records, std::size_t room);

/// What the frames of all of them need at most, in chunks of any size.
std::size_t frames_bytes_max(std::span<const NewRecord> records);

/// Writes a frame of records; `into` holds plan.length bytes.
void write_records(std::uint8_t* into, const FramePlan& plan, ShardRef shard, Position first,
                   ServiceTime arrival, std::span<const NewRecord> records);

/// The frame at the start of `bytes`, or nothing when there is none that fits.
struct FrameView {
  FrameKind kind;
  std::span<const std::uint8_t> bytes;  ///< All of it.
  std::span<const std::uint8_t> body() const { return bytes.subspan(kFrameHeaderBytes); }
};
std::optional<FrameView> first_frame(std::span<const std::uint8_t> bytes);

/// Of a frame that is known to be one of records and whole.
RecordsHeader records_header(const std::uint8_t* frame);

/// Whether the records inside a frame fill it as its header says. For bytes read from disk.
bool records_fit(std::span<const std::uint8_t> frame);

/// Steps through the records of a frame that fits.
class RecordWalk {
 public:
  explicit RecordWalk(const std::uint8_t* frame);
  bool at_end() const { return left_ == 0; }
  Record operator*() const;
  std::size_t payload_bytes() const;
  void next();
  void skip(std::uint64_t count);

 private:
  const std::uint8_t* at_;
  std::uint32_t left_;
  Position position_;
  ServiceTime arrival_;
};

// Frames of state. Each encode appends a whole frame to `out`; each decode takes a body.

struct MetaFrame {
  Version version;
  std::vector<Change> changes;  ///< kPut and kErase only.
};
struct MarksFrame {
  std::uint64_t sequence = 0;
  std::vector<Marks::Mark> marks;
};
struct EnsureFrame {
  LogId log;
  std::uint32_t shard_count = 0;
};
/// kSeal: the position behind the last record. kTrim: the new horizon.
struct ShardFrame {
  ShardRef shard;
  Position position;
};
struct DropFrame {
  LogId log;
};
struct BootFrame {
  std::uint64_t epoch = 0;
};
/// What is known of a shard without its records; in snapshots, and to start from.
struct ShardState {
  ShardRef ref;
  Position horizon{1};
  Position next{1};          ///< Behind the last durable record.
  Position flushed_next{1};  ///< Everything before it is in segments, or trimmed, or damaged.
  ServiceTime last_arrival;
  std::optional<Position> sealed_at;
  std::uint64_t trimmed_records = 0;
};
struct SnapshotFrame {
  std::uint64_t epoch = 0;
  std::uint64_t through =
      0;  ///< It may hold effects of commits up to this one: they must be replayed.
};

void encode(std::vector<std::uint8_t>& out, const MetaFrame& frame);
void encode(std::vector<std::uint8_t>& out, const MarksFrame& frame);
void encode(std::vector<std::uint8_t>& out, const EnsureFrame& frame);
void encode(std::vector<std::uint8_t>& out, FrameKind seal_or_trim, const ShardFrame& frame);
void encode(std::vector<std::uint8_t>& out, const DropFrame& frame);
void encode(std::vector<std::uint8_t>& out, const BootFrame& frame);
void encode(std::vector<std::uint8_t>& out, const ShardState& state);
void encode(std::vector<std::uint8_t>& out, const SnapshotFrame& frame);

std::optional<MetaFrame> decode_meta(std::span<const std::uint8_t> body);
std::optional<MarksFrame> decode_marks(std::span<const std::uint8_t> body);
std::optional<EnsureFrame> decode_ensure(std::span<const std::uint8_t> body);
std::optional<ShardFrame> decode_shard(std::span<const std::uint8_t> body);
std::optional<DropFrame> decode_drop(std::span<const std::uint8_t> body);
std::optional<BootFrame> decode_boot(std::span<const std::uint8_t> body);
std::optional<ShardState> decode_shard_state(std::span<const std::uint8_t> body);
std::optional<SnapshotFrame> decode_snapshot(std::span<const std::uint8_t> body);

}  // namespace penstock::engine::local
