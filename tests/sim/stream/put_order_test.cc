#include "stream/stream_service.h"
#include "support/stream_stand.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

// One call's entries over few shards and over many: two ways of putting them in order.

namespace penstock::stream {
namespace {

using testing::StreamStand;

class PutOrder : public ::testing::TestWithParam<int> {};

TEST_P(PutOrder, EntriesOfAShardKeepTheirOrderHoweverManyShardsThereAre) {
  const int shard_count = GetParam();
  StreamStand stand{1, {}, {.limits = StreamSettings::Limits::kOff}};
  ASSERT_TRUE(stand.create("s", shard_count).ok());
  const auto shards = stand.shards("s");
  std::mt19937_64 random(7);
  std::vector<std::uint32_t> wanted;
  std::vector<std::string> starts;
  for (int i = 0; i < 20; ++i) {
    const auto& shard = shards[random() % shards.size()];
    wanted.push_back(shard.number);
    starts.push_back(shard.range.start.to_string());
  }
  std::vector<PutEntry> entries;
  for (const std::string& start : starts) {
    entries.push_back({.partition_key = "k", .data = "d", .explicit_hash_key = start});
  }

  const auto reply = stand.put("s", entries);

  ASSERT_TRUE(reply.ok());
  std::map<std::uint32_t, SequenceNumber> last;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const PutOutcome& outcome = reply->outcomes[i];
    EXPECT_EQ(outcome.fate, PutFate::kStored);
    EXPECT_EQ(outcome.shard, wanted[i]) << "entry " << i;
    const auto [before, is_first] = last.try_emplace(outcome.shard, outcome.number);
    EXPECT_TRUE(is_first || before->second < outcome.number) << "entry " << i;
    before->second = outcome.number;
  }
}
INSTANTIATE_TEST_SUITE_P(Shards, PutOrder, ::testing::Values(1, 3, 320, 321, 1000));

}  // namespace
}  // namespace penstock::stream
