#include "engine/local/frame.h"

#include "engine/local/wire.h"
#include "unit/engine/local/kit.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <tuple>

namespace penstock::engine::local {
namespace {

std::span<const std::uint8_t> body_of(const Bytes& frame) {
  const auto view = first_frame(frame);
  PENSTOCK_CHECK(view.has_value() && view->bytes.size() == frame.size(), "one whole frame");
  return view->body();
}

template <class... Arguments>
Bytes encoded(const Arguments&... arguments) {
  Bytes out;
  encode(out, arguments...);
  return out;
}

MetaFrame meta_frame() {
  MetaFrame frame{Version{9}, {}};
  frame.changes.push_back({Change::Op::kPut, "a/1", {}, "value"});
  frame.changes.push_back({Change::Op::kErase, "a/2", {}, ""});
  return frame;
}
MarksFrame marks_frame() { return {5, {{"one", "1"}, {"empty", ""}, {"gone", std::nullopt}}}; }

// --- Frames of state ------------------------------------------------------------------------

TEST(Frame, OfDocumentsIsReadBack) {
  const auto frame = decode_meta(body_of(encoded(meta_frame())));
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->version, Version{9});
  ASSERT_EQ(frame->changes.size(), 2u);
  EXPECT_EQ(frame->changes[0].op, Change::Op::kPut);
  EXPECT_EQ(frame->changes[0].key, "a/1");
  EXPECT_EQ(frame->changes[0].value, "value");
  EXPECT_EQ(frame->changes[1].op, Change::Op::kErase);
  EXPECT_EQ(frame->changes[1].key, "a/2");
}

TEST(Frame, OfMarksTellsAnEmptyValueFromNone) {
  const auto frame = decode_marks(body_of(encoded(marks_frame())));
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->sequence, 5u);
  ASSERT_EQ(frame->marks.size(), 3u);
  EXPECT_EQ(frame->marks[0].value, "1");
  EXPECT_EQ(frame->marks[1].value, "");
  EXPECT_EQ(frame->marks[2].value, std::nullopt);
}

TEST(Frame, OfShardsAndLogsIsReadBack) {
  const auto ensure = decode_ensure(body_of(encoded(EnsureFrame{LogId{3}, 17})));
  EXPECT_EQ(ensure->log, LogId{3});
  EXPECT_EQ(ensure->shard_count, 17u);
  for (const FrameKind kind : {FrameKind::kSeal, FrameKind::kTrim}) {
    const Bytes bytes = encoded(kind, ShardFrame{kShard, Position{99}});
    EXPECT_EQ(first_frame(bytes)->kind, kind);
    EXPECT_EQ(decode_shard(body_of(bytes))->shard, kShard);
    EXPECT_EQ(decode_shard(body_of(bytes))->position, Position{99});
  }
  EXPECT_EQ(decode_drop(body_of(encoded(DropFrame{LogId{4}})))->log, LogId{4});
}

TEST(Frame, OfBootsAndSnapshotsIsReadBack) {
  EXPECT_EQ(decode_boot(body_of(encoded(BootFrame{12})))->epoch, 12u);
  const auto snapshot = decode_snapshot(body_of(encoded(SnapshotFrame{2, 77})));
  EXPECT_EQ(snapshot->epoch, 2u);
  EXPECT_EQ(snapshot->through, 77u);
}

TEST(Frame, OfAShardsStateIsReadBackOpenAndSealed) {
  for (const std::optional<Position> sealed : {std::optional<Position>{}, {Position{40}}}) {
    const ShardState state{
        kShard, Position{5}, Position{40}, Position{30}, service_time(50), sealed, 4};
    const auto read = decode_shard_state(body_of(encoded(state)));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->ref, kShard);
    EXPECT_EQ(read->horizon, Position{5});
    EXPECT_EQ(read->next, Position{40});
    EXPECT_EQ(read->flushed_next, Position{30});
    EXPECT_EQ(read->last_arrival, service_time(50));
    EXPECT_EQ(read->sealed_at, sealed);
    EXPECT_EQ(read->trimmed_records, 4u);
  }
}

/// A frame, and whether a body decodes to the same frame again.
struct StateCase {
  Bytes frame;
  std::function<std::optional<Bytes>(std::span<const std::uint8_t>)> again;
};

template <class Decode>
StateCase state_case(Bytes frame, Decode decode) {
  return {std::move(frame), [decode](std::span<const std::uint8_t> body) -> std::optional<Bytes> {
            const auto decoded = decode(body);
            if (!decoded.has_value()) return std::nullopt;
            return encoded(*decoded);
          }};
}

std::vector<StateCase> state_cases() {
  ShardState state;
  state.ref = kShard;
  std::vector<StateCase> cases;
  cases.push_back(state_case(encoded(meta_frame()), decode_meta));
  cases.push_back(state_case(encoded(marks_frame()), decode_marks));
  cases.push_back(state_case(encoded(EnsureFrame{LogId{3}, 17}), decode_ensure));
  cases.push_back(state_case(encoded(DropFrame{LogId{3}}), decode_drop));
  cases.push_back(state_case(encoded(BootFrame{3}), decode_boot));
  cases.push_back(state_case(encoded(SnapshotFrame{3, 4}), decode_snapshot));
  cases.push_back(state_case(encoded(state), decode_shard_state));
  return cases;
}

TEST(Frame, AShorterBodyOfStateIsRefusedUnlessItLacksOnlyPadding) {
  for (const StateCase& one : state_cases()) {
    const auto body = body_of(one.frame);
    EXPECT_EQ(one.again(body), one.frame);
    std::size_t refused = 0;
    for (std::size_t length = 0; length < body.size(); ++length) {
      const Bytes part(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(length));
      const auto again = one.again(part);
      refused += again.has_value() ? 0 : 1;
      if (again.has_value()) EXPECT_EQ(*again, one.frame) << length << " of " << body.size();
    }
    EXPECT_GT(refused + 8, body.size()) << "padding is less than eight bytes";
  }
}

TEST(Frame, ADamagedBodyOfStateIsReadInsideItsBoundsOrRefused) {
  for (const StateCase& one : state_cases()) {
    Bytes body(body_of(one.frame).begin(), body_of(one.frame).end());
    for (std::size_t bit = 0; bit < body.size() * 8; ++bit) {
      body[bit / 8] = static_cast<std::uint8_t>(body[bit / 8] ^ 1u << bit % 8);
      const auto again = one.again(body);  // The sanitizer watches the bounds.
      if (again.has_value()) EXPECT_LE(again->size(), one.frame.size()) << "bit " << bit;
      body[bit / 8] = static_cast<std::uint8_t>(body[bit / 8] ^ 1u << bit % 8);
    }
  }
}

TEST(Frame, SeveralStandOneBehindTheOther) {
  Bytes bytes;
  encode(bytes, BootFrame{1});
  const std::size_t first = bytes.size();
  encode(bytes, meta_frame());
  EXPECT_EQ(first_frame(bytes)->bytes.size(), first);
  EXPECT_EQ(first_frame(std::span(bytes).subspan(first))->kind, FrameKind::kMeta);
}

TEST(Frame, WithALengthOrKindThatCannotBeIsNone) {
  const Bytes good = encoded(BootFrame{1});
  const auto with = [&](std::uint32_t length, std::uint32_t kind) {
    Bytes bytes = good;
    store(bytes.data(), length);
    store(bytes.data() + 4, kind);
    return first_frame(bytes).has_value();
  };
  const auto size = static_cast<std::uint32_t>(good.size());
  EXPECT_TRUE(with(size, 8));
  EXPECT_FALSE(with(size + 8, 8)) << "longer than what is there";
  EXPECT_FALSE(with(size - 4, 8)) << "no multiple of eight";
  EXPECT_FALSE(with(0, 8)) << "shorter than its header";
  EXPECT_FALSE(with(size, 0));
  EXPECT_FALSE(with(size, 11));
  EXPECT_FALSE(with(size, 8 | 1u << 8)) << "bytes behind the kind are zero";
}

// --- Frames of records ----------------------------------------------------------------------

Bytes three_records() {
  return records_frame(kShard, Position{10}, service_time(1'234), {"", "bb", std::string(30, 'c')});
}

TEST(RecordsFrame, IsReadBackWithPositionsAndArrival) {
  const Bytes frame = three_records();
  const RecordsHeader header = records_header(frame.data());
  EXPECT_EQ(header.shard, kShard);
  EXPECT_EQ(header.first, Position{10});
  EXPECT_EQ(header.next(), Position{13});
  EXPECT_EQ(header.length, frame.size());
  EXPECT_TRUE(records_fit(frame));
  Strings found;
  std::uint64_t at = 10;
  for (RecordWalk walk(frame.data()); !walk.at_end(); walk.next(), ++at) {
    EXPECT_EQ((*walk).at, Position{at});
    EXPECT_EQ((*walk).arrival, service_time(1'234));
    EXPECT_EQ((*walk).key, "key");
    EXPECT_EQ(walk.payload_bytes(), 3 + (*walk).data.size());
    found.emplace_back((*walk).data);
  }
  EXPECT_EQ(found, (Strings{"", "bb", std::string(30, 'c')}));
}

TEST(RecordsFrame, AWalkSkipsByCountAndStopsAtTheEnd) {
  const Bytes frame = records_frame(kShard, Position{1}, {}, numbers(0, 20));
  for (std::uint64_t skip = 0; skip < 20; ++skip) {
    RecordWalk walk(frame.data());
    walk.skip(skip);
    ASSERT_FALSE(walk.at_end());
    EXPECT_EQ((*walk).data, std::to_string(skip));
    EXPECT_EQ((*walk).at, Position{1 + skip});
  }
  for (const std::uint64_t skip : {20u, 21u, 1'000u}) {
    RecordWalk walk(frame.data());
    walk.skip(skip);
    EXPECT_TRUE(walk.at_end()) << skip;
  }
}

TEST(RecordsFrame, CutShortAnywhereIsRefused) {
  const Bytes whole = three_records();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_FALSE(first_frame(part).has_value()) << length;
    EXPECT_FALSE(records_fit(part)) << length;
  }
}

/// No checksum stands in a frame: commits and blocks have theirs. So a flip may pass, and is then
/// read inside the frame.
TEST(RecordsFrame, WithABitTurnedOverIsRefusedOrReadInsideItsBounds) {
  Bytes bytes = three_records();
  const auto inside = [&](std::string_view text) {
    const auto* begin = reinterpret_cast<const char*>(bytes.data());
    return text.data() >= begin && text.data() + text.size() <= begin + bytes.size();
  };
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ 1u << bit % 8);
    const auto frame = first_frame(bytes);
    if (frame.has_value() && frame->kind == FrameKind::kRecords && records_fit(frame->bytes)) {
      for (RecordWalk walk(frame->bytes.data()); !walk.at_end(); walk.next()) {
        EXPECT_TRUE(inside((*walk).key) && inside((*walk).data)) << "bit " << bit;
      }
    } else {
      ++refused;
    }
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ 1u << bit % 8);
  }
  EXPECT_GE(refused, 32u + 32u + 32u) << "length, kind and count of records are always checked";
}

TEST(RecordsFrame, WithoutRecordsDoesNotFit) {
  Bytes bytes(kRecordsHeaderBytes);
  store(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
  store(bytes.data() + 4, std::uint32_t{1});
  EXPECT_FALSE(records_fit(bytes));
}

// --- The plan -------------------------------------------------------------------------------

TEST(FramePlan, TakesOneRecordHoweverLargeItIs) {
  const std::string large(3u << 20, 'x');
  const std::vector<NewRecord> records{{"key", large}, {"key", "small"}};
  const FramePlan plan = plan_frame(records, 100);
  EXPECT_EQ(plan.count, 1u);
  EXPECT_EQ(plan.length, round_up(kRecordsHeaderBytes + stored_bytes(records[0]), 8));
}

TEST(FramePlan, FillsTheRoomAndNeverExceedsIt) {
  const Strings data(400, std::string(333, 'd'));
  const auto records = records_of(data);
  for (std::size_t room = 400; room < 80'000; room += 97) {
    const FramePlan plan = plan_frame(records, room);
    const std::size_t limit = std::min(room, kRecordsFrameTarget);
    EXPECT_LE(plan.length, limit) << room;
    EXPECT_EQ(plan.length % 8, 0u);
    const std::size_t one_more =
        kRecordsHeaderBytes + (plan.count + 1) * stored_bytes(records.front());
    EXPECT_GT(round_up(one_more, 8), limit) << "one more would have fitted into " << room;
  }
}

TEST(FramePlan, StopsAtTheTargetSizeInALargeRoom) {
  const Strings data(400, std::string(1'000, 'd'));
  EXPECT_LE(plan_frame(records_of(data), 1u << 20).length, kRecordsFrameTarget);
}

TEST(FramePlan, TakesEverythingWhenItFits) {
  EXPECT_EQ(plan_frame(records_of(numbers(0, 50)), kRecordsFrameTarget).count, 50u);
}

}  // namespace
}  // namespace penstock::engine::local
