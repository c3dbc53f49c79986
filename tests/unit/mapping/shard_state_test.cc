#include "mapping/shard_state.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace penstock::mapping {
namespace {

using ledger::Fate;

ShardState full() {
  ShardState state;
  state.checkpoint = {9'000'000'000'000};
  state.drained = true;
  state.book.count_succeeded(70);
  state.book.count(Fate::kDelivered, 5, 6, 2, 1'790'000'000'000);
  state.ahead = {{Fate::kDroppedAge, 9'000'000'000'002, 9'000'000'000'004, 3, 1'790'000'000'001},
                 {Fate::kDiscarded, 9'000'000'000'009, 9'000'000'000'009, 1, 1'790'000'000'002}};
  state.lanes = {
      {{.first = 1, .last = 2, .attempts = 3, .interrupted = 4}, {.first = 3, .last = 9}},
      {},
      {{.first = 4, .last = 4, .attempts = 10'001}}};
  return state;
}

void expect_equal(const ShardState& a, const ShardState& b) {
  EXPECT_EQ(a.checkpoint, b.checkpoint);
  EXPECT_EQ(a.drained, b.drained);
  EXPECT_EQ(a.book, b.book);
  EXPECT_EQ(a.ahead, b.ahead);
  EXPECT_EQ(a.lanes, b.lanes);
}

TEST(ShardStateBytes, ReadBackWhatWasWritten) {
  for (const ShardState& state : {full(), ShardState{}}) {
    const auto again = ShardState::decode(state.encode());
    ASSERT_TRUE(again.ok()) << again.error().message;
    expect_equal(*again, state);
  }
}

TEST(ShardStateBytes, CutOnesAreNeverRead) {
  const std::string whole = full().encode();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto read = ShardState::decode(whole.substr(0, size));
    ASSERT_FALSE(read.ok()) << size << " of " << whole.size();
    ASSERT_TRUE(read.error().code == Errc::kCorrupt);
  }
}

TEST(ShardStateBytes, AnUnknownFormatIsRefusedByName) {
  std::string bytes = full().encode();
  const std::size_t at = bytes.find("format");
  ASSERT_NE(at, std::string::npos);
  ASSERT_EQ(bytes[at + 6], '\x01') << "CBOR's small integer";
  bytes[at + 6] = '\x02';
  const auto read = ShardState::decode(bytes);
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.error().message.find("format 2"), std::string::npos) << read.error().message;
}

TEST(ShardStateBytes, AStateOfAThousandRangesAndATreeOfSplitsFitsIntoAMark) {
  ShardState state;
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    state.book.count(Fate::kDelivered, 4 * i, 4 * i, 1, 1'790'000'000'000);
    state.ahead.push_back(
        {Fate::kDelivered, 1'000'000'000 + 2 * i, 1'000'000'000 + 2 * i, 1, 1'790'000'000'000});
  }
  state.lanes.resize(10);
  for (auto& lane : state.lanes)
    for (std::uint64_t i = 0; i < 15; ++i)
      lane.push_back({.first = i << 40, .last = i << 40, .attempts = 10'000, .interrupted = 9});
  EXPECT_LT(state.encode().size(), 1u << 20);
}

}  // namespace
}  // namespace penstock::mapping
