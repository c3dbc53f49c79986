#include "engine/local/frame.h"

#include "base/check.h"
#include "engine/local/wire.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace penstock::engine::local {

std::size_t frames_bytes_max(std::span<const NewRecord> records) {
  std::size_t bytes = 0;
  for (const NewRecord& record : records) bytes += stored_bytes(record);
  // Any two neighbours hold more than the smallest chunk, or there would be one instead.
  const std::size_t frames = std::min(records.size(), bytes / (4u << 10) + 3);
  return bytes + frames * (kRecordsHeaderBytes + 8);
}

FramePlan plan_frame(std::span<const NewRecord> records, std::size_t room) {
  FramePlan plan;
  std::size_t bytes = kRecordsHeaderBytes;
  const std::size_t limit = std::min(room, kRecordsFrameTarget);
  for (const NewRecord& record : records) {
    const std::size_t with = bytes + stored_bytes(record);
    if (plan.count != 0 && round_up(with, 8) > limit) break;
    bytes = with;
    ++plan.count;
  }
  plan.length = round_up(bytes, 8);
  return plan;
}

void write_records(std::uint8_t* into, const FramePlan& plan, ShardRef shard, Position first,
                   ServiceTime arrival, std::span<const NewRecord> records) {
  store(into, static_cast<std::uint32_t>(plan.length));
  store(into + 4, static_cast<std::uint32_t>(FrameKind::kRecords));
  store(into + 8, shard.log.value);
  store(into + 16, shard.shard);
  store(into + 20, static_cast<std::uint32_t>(plan.count));
  store(into + 24, first.index);
  store(into + 32, unix_millis(arrival));
  std::uint8_t* at = into + kRecordsHeaderBytes;
  for (const NewRecord& record : records.first(plan.count)) {
    store(at, static_cast<std::uint32_t>(record.data.size()));
    store(at + 4, static_cast<std::uint16_t>(record.key.size()));
    at += kRecordOverheadBytes;
    // Of an empty one the pointer may be null, which memcpy does not take.
    if (!record.key.empty()) std::memcpy(at, record.key.data(), record.key.size());
    at += record.key.size();
    if (!record.data.empty()) std::memcpy(at, record.data.data(), record.data.size());
    at += record.data.size();
  }
  std::memset(at, 0, static_cast<std::size_t>(into + plan.length - at));
}

std::optional<FrameView> first_frame(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kFrameHeaderBytes) return std::nullopt;
  const auto length = load<std::uint32_t>(bytes.data());
  const auto kind = load<std::uint32_t>(bytes.data() + 4);
  if (length < kFrameHeaderBytes || length % 8 != 0 || length > bytes.size()) return std::nullopt;
  if (kind < static_cast<std::uint32_t>(FrameKind::kRecords) ||
      kind > static_cast<std::uint32_t>(FrameKind::kSnapshot)) {
    return std::nullopt;
  }
  return FrameView{static_cast<FrameKind>(kind), bytes.first(length)};
}

RecordsHeader records_header(const std::uint8_t* frame) {
  RecordsHeader header;
  header.length = load<std::uint32_t>(frame);
  header.shard = ShardRef{LogId{load<std::uint64_t>(frame + 8)}, load<std::uint32_t>(frame + 16)};
  header.count = load<std::uint32_t>(frame + 20);
  header.first = Position{load<std::uint64_t>(frame + 24)};
  header.arrival = service_time(load<std::int64_t>(frame + 32));
  return header;
}

bool records_fit(std::span<const std::uint8_t> frame) {
  if (frame.size() < kRecordsHeaderBytes) return false;
  const RecordsHeader header = records_header(frame.data());
  if (header.length != frame.size() || header.count == 0) return false;
  std::size_t at = kRecordsHeaderBytes;
  for (std::uint32_t i = 0; i < header.count; ++i) {
    if (frame.size() - at < kRecordOverheadBytes) return false;
    const std::size_t size = std::size_t{load<std::uint32_t>(frame.data() + at)} +
                             load<std::uint16_t>(frame.data() + at + 4);
    at += kRecordOverheadBytes;
    if (frame.size() - at < size) return false;
    at += size;
  }
  return round_up(at, 8) == frame.size();
}

RecordWalk::RecordWalk(const std::uint8_t* frame) : at_(frame + kRecordsHeaderBytes) {
  const RecordsHeader header = records_header(frame);
  left_ = header.count;
  position_ = header.first;
  arrival_ = header.arrival;
}

std::size_t RecordWalk::payload_bytes() const {
  return std::size_t{load<std::uint32_t>(at_)} + load<std::uint16_t>(at_ + 4);
}

Record RecordWalk::operator*() const {
  const std::size_t data = load<std::uint32_t>(at_);
  const std::size_t key = load<std::uint16_t>(at_ + 4);
  const auto* text = reinterpret_cast<const char*>(at_ + kRecordOverheadBytes);
  return Record{position_, arrival_, {text, key}, {text + key, data}};
}

void RecordWalk::next() {
  at_ += kRecordOverheadBytes + payload_bytes();
  ++position_.index;
  --left_;
}

void RecordWalk::skip(std::uint64_t count) {
  for (; count > 0 && left_ > 0; --count) next();
}

namespace {

/// Writes the header when it goes out of scope and the body is known.
class FrameScope {
 public:
  FrameScope(std::vector<std::uint8_t>& out, FrameKind kind) : out_(out), start_(out.size()) {
    Writer(out_).number(std::uint32_t{0}).number(static_cast<std::uint32_t>(kind));
  }
  ~FrameScope() {
    out_.resize(start_ + round_up(out_.size() - start_, 8));
    store(out_.data() + start_, static_cast<std::uint32_t>(out_.size() - start_));
  }
  FrameScope(const FrameScope&) = delete;
  FrameScope& operator=(const FrameScope&) = delete;

 private:
  std::vector<std::uint8_t>& out_;
  std::size_t start_;
};

}  // namespace

void encode(std::vector<std::uint8_t>& out, const MetaFrame& frame) {
  const FrameScope scope(out, FrameKind::kMeta);
  Writer writer(out);
  writer.number(frame.version.value).number(static_cast<std::uint32_t>(frame.changes.size()));
  for (const Change& change : frame.changes) {
    writer.number(static_cast<std::uint8_t>(change.op == Change::Op::kErase ? 1 : 0));
    writer.text(change.key).text(change.value);
  }
}

std::optional<MetaFrame> decode_meta(std::span<const std::uint8_t> body) {
  Reader reader(body);
  MetaFrame frame;
  frame.version.value = reader.number<std::uint64_t>();
  const auto count = reader.number<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    Change change;
    change.op = reader.number<std::uint8_t>() == 1 ? Change::Op::kErase : Change::Op::kPut;
    change.key = reader.text();
    change.value = reader.text();
    frame.changes.push_back(std::move(change));
  }
  if (!reader.ok()) return std::nullopt;
  return frame;
}

void encode(std::vector<std::uint8_t>& out, const MarksFrame& frame) {
  const FrameScope scope(out, FrameKind::kMarks);
  Writer writer(out);
  writer.number(frame.sequence).number(static_cast<std::uint32_t>(frame.marks.size()));
  for (const Marks::Mark& mark : frame.marks) {
    writer.number(static_cast<std::uint8_t>(mark.value.has_value() ? 1 : 0));
    writer.text(mark.key).text(mark.value.has_value() ? *mark.value : std::string_view{});
  }
}

std::optional<MarksFrame> decode_marks(std::span<const std::uint8_t> body) {
  Reader reader(body);
  MarksFrame frame;
  frame.sequence = reader.number<std::uint64_t>();
  const auto count = reader.number<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    const bool has_value = reader.number<std::uint8_t>() == 1;
    Marks::Mark mark;
    mark.key = reader.text();
    const std::string_view value = reader.text();
    if (has_value) mark.value = std::string(value);
    frame.marks.push_back(std::move(mark));
  }
  if (!reader.ok()) return std::nullopt;
  return frame;
}

void encode(std::vector<std::uint8_t>& out, const EnsureFrame& frame) {
  const FrameScope scope(out, FrameKind::kEnsure);
  Writer(out).number(frame.log.value).number(frame.shard_count);
}

std::optional<EnsureFrame> decode_ensure(std::span<const std::uint8_t> body) {
  Reader reader(body);
  const LogId log{reader.number<std::uint64_t>()};
  const EnsureFrame frame{log, reader.number<std::uint32_t>()};
  if (!reader.ok()) return std::nullopt;
  return frame;
}

void encode(std::vector<std::uint8_t>& out, FrameKind seal_or_trim, const ShardFrame& frame) {
  PENSTOCK_CHECK(seal_or_trim == FrameKind::kSeal || seal_or_trim == FrameKind::kTrim,
                 "the kind has this body");
  const FrameScope scope(out, seal_or_trim);
  Writer(out).number(frame.shard.log.value).number(frame.shard.shard).number(frame.position.index);
}

std::optional<ShardFrame> decode_shard(std::span<const std::uint8_t> body) {
  Reader reader(body);
  ShardFrame frame;
  frame.shard.log = LogId{reader.number<std::uint64_t>()};
  frame.shard.shard = reader.number<std::uint32_t>();
  frame.position = Position{reader.number<std::uint64_t>()};
  if (!reader.ok()) return std::nullopt;
  return frame;
}

void encode(std::vector<std::uint8_t>& out, const DropFrame& frame) {
  const FrameScope scope(out, FrameKind::kDrop);
  Writer(out).number(frame.log.value);
}

std::optional<DropFrame> decode_drop(std::span<const std::uint8_t> body) {
  Reader reader(body);
  const DropFrame frame{LogId{reader.number<std::uint64_t>()}};
  if (!reader.ok()) return std::nullopt;
  return frame;
}

void encode(std::vector<std::uint8_t>& out, const BootFrame& frame) {
  const FrameScope scope(out, FrameKind::kBoot);
  Writer(out).number(frame.epoch);
}

std::optional<BootFrame> decode_boot(std::span<const std::uint8_t> body) {
  Reader reader(body);
  const BootFrame frame{reader.number<std::uint64_t>()};
  if (!reader.ok()) return std::nullopt;
  return frame;
}

void encode(std::vector<std::uint8_t>& out, const ShardState& state) {
  const FrameScope scope(out, FrameKind::kShard);
  Writer(out)
      .number(state.ref.log.value)
      .number(state.ref.shard)
      .number(state.horizon.index)
      .number(state.next.index)
      .number(state.flushed_next.index)
      .number(unix_millis(state.last_arrival))
      .number(state.sealed_at.value_or(Position{}).index)  // Positions begin at 1.
      .number(state.trimmed_records);
}

std::optional<ShardState> decode_shard_state(std::span<const std::uint8_t> body) {
  Reader reader(body);
  ShardState state;
  state.ref.log = LogId{reader.number<std::uint64_t>()};
  state.ref.shard = reader.number<std::uint32_t>();
  state.horizon = Position{reader.number<std::uint64_t>()};
  state.next = Position{reader.number<std::uint64_t>()};
  state.flushed_next = Position{reader.number<std::uint64_t>()};
  state.last_arrival = service_time(reader.number<std::int64_t>());
  const Position sealed_at{reader.number<std::uint64_t>()};
  if (sealed_at != Position{}) state.sealed_at = sealed_at;
  state.trimmed_records = reader.number<std::uint64_t>();
  if (!reader.ok()) return std::nullopt;
  return state;
}

void encode(std::vector<std::uint8_t>& out, const SnapshotFrame& frame) {
  const FrameScope scope(out, FrameKind::kSnapshot);
  Writer(out).number(frame.epoch).number(frame.through);
}

std::optional<SnapshotFrame> decode_snapshot(std::span<const std::uint8_t> body) {
  Reader reader(body);
  const auto epoch = reader.number<std::uint64_t>();
  const SnapshotFrame frame{epoch, reader.number<std::uint64_t>()};
  if (!reader.ok()) return std::nullopt;
  return frame;
}

}  // namespace penstock::engine::local
