#include "base/check.h"
#include "engine/local/frame.h"
#include "engine/local/wire.h"

#include <algorithm>
#include <memory>

// Frames of damaged memory and files: each decoder takes any bytes and reads nothing behind them;
// what it took is written and read back to the same.

namespace penstock::engine::local {
namespace {

using Bytes = std::vector<std::uint8_t>;

template <class Frame>
Bytes encoded(const Frame& frame, FrameKind) {
  Bytes out;
  encode(out, frame);
  return out;
}
Bytes encoded(const ShardFrame& frame, FrameKind kind) {
  Bytes out;
  encode(out, kind, frame);
  return out;
}

template <class Decode>
void check_state(FrameKind kind, std::span<const std::uint8_t> body, Decode decode) {
  const auto frame = decode(body);
  if (!frame.has_value()) return;
  const Bytes written = encoded(*frame, kind);
  const auto view = first_frame(written);
  PENSTOCK_CHECK(view.has_value() && view->bytes.size() == written.size() && view->kind == kind,
                 "what is encoded is one frame");
  const auto again = decode(view->body());
  PENSTOCK_CHECK(again.has_value() && encoded(*again, kind) == written, "it is read back");
  PENSTOCK_CHECK(view->body().size() <= round_up(body.size(), 8), "it held no more than it was");
}

void check_records(std::span<const std::uint8_t> frame) {
  if (!records_fit(frame)) return;
  const RecordsHeader header = records_header(frame.data());
  std::vector<NewRecord> records;
  for (RecordWalk walk(frame.data()); !walk.at_end(); walk.next()) {
    const Record record = *walk;
    PENSTOCK_CHECK(record.at.index == header.first.index + records.size(), "positions follow");
    records.push_back({record.key, record.data});
  }
  PENSTOCK_CHECK(records.size() == header.count, "every record is walked to");
  const FramePlan plan{records.size(), frame.size()};
  Bytes again(frame.size());
  write_records(again.data(), plan, header.shard, header.first, header.arrival, records);
  const auto padding =
      static_cast<std::size_t>(frame.data() + frame.size() -
                               reinterpret_cast<const std::uint8_t*>(records.back().data.data() +
                                                                     records.back().data.size()));
  PENSTOCK_CHECK(std::equal(again.begin() + 8, again.end() - static_cast<std::ptrdiff_t>(padding),
                            frame.begin() + 8),
                 "written again it is the same");
}

void check_body(FrameKind kind, std::span<const std::uint8_t> body) {
  switch (kind) {
    case FrameKind::kRecords: return;  // They are checked with their header.
    case FrameKind::kMeta: return check_state(kind, body, decode_meta);
    case FrameKind::kMarks: return check_state(kind, body, decode_marks);
    case FrameKind::kEnsure: return check_state(kind, body, decode_ensure);
    case FrameKind::kSeal:
    case FrameKind::kTrim: return check_state(kind, body, decode_shard);
    case FrameKind::kDrop: return check_state(kind, body, decode_drop);
    case FrameKind::kBoot: return check_state(kind, body, decode_boot);
    case FrameKind::kShard: return check_state(kind, body, decode_shard_state);
    case FrameKind::kSnapshot: return check_state(kind, body, decode_snapshot);
  }
}

}  // namespace
}  // namespace penstock::engine::local

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock::engine::local;
  const auto copy = std::make_unique<std::uint8_t[]>(size);
  std::copy_n(data, size, copy.get());
  std::span<const std::uint8_t> left(copy.get(), size);
  while (const auto frame = first_frame(left)) {
    if (frame->kind == FrameKind::kRecords) check_records(frame->bytes);
    check_body(frame->kind, frame->body());
    left = left.subspan(frame->bytes.size());
  }
  return 0;
}
