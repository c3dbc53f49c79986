#include "cli/aggregate.h"

#include "base/aggregated_record.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace penstock::cli {
namespace {

OpenShards shards_of(std::size_t count) {
  std::vector<wire::Shard> shards;
  for (const HashKeyRange& range : equal_hash_key_ranges(count)) {
    wire::Shard& shard = shards.emplace_back();
    shard.id = "shard-" + std::to_string(shards.size());
    shard.hash_keys = {.start = range.start.to_string(), .end = range.end.to_string()};
  }
  return *OpenShards::of(shards);
}

wire::PutEntry record(std::string key, std::string data) {
  wire::PutEntry entry;
  entry.partition_key = std::move(key);
  entry.data.bytes = std::move(data);
  return entry;
}

std::vector<wire::PutEntry> records(std::size_t count, std::size_t bytes) {
  std::vector<wire::PutEntry> made;
  for (std::size_t i = 0; i < count; ++i) {
    std::string data = std::to_string(i) + "-";
    data.resize(bytes, 'x');
    made.push_back(record("key" + std::to_string(i % 17), std::move(data)));
  }
  return made;
}

TEST(Aggregate, AnEnvelopeHasTheKeyTheProducerLibraryGivesIt) {
  const Aggregated packed = aggregate({record("k1", "one"), record("k2", "two")}, shards_of(1));
  ASSERT_EQ(packed.entries.size(), 1u);
  EXPECT_EQ(packed.envelopes, 1u);
  EXPECT_EQ(packed.entries[0].partition_key, "a");
  EXPECT_EQ(packed.entries[0].explicit_hash_key, HashKey::of_partition_key("k1").to_string());
  const auto inside = deaggregate(packed.entries[0].data.bytes);
  ASSERT_TRUE(inside);
  EXPECT_EQ(*inside, (std::vector<UserRecord>{{.partition_key = "k1", .data = "one"},
                                              {.partition_key = "k2", .data = "two"}}));
}

TEST(Aggregate, ALoneRecordStaysAsItIs) {
  const Aggregated packed = aggregate({record("k1", "one")}, shards_of(1));
  ASSERT_EQ(packed.entries.size(), 1u);
  EXPECT_EQ(packed.envelopes, 0u);
  EXPECT_EQ(packed.entries[0].partition_key, "k1");
  EXPECT_EQ(packed.entries[0].explicit_hash_key, std::nullopt);
  EXPECT_EQ(packed.entries[0].data.bytes, "one");
}

TEST(Aggregate, EnvelopesAreAsFullAsTheyMayBe) {
  const Aggregated packed = aggregate(records(2000, 200), shards_of(1));
  ASSERT_GT(packed.entries.size(), 2u);
  for (std::size_t i = 0; i < packed.entries.size(); ++i) {
    const std::size_t size = packed.entries[i].data.bytes.size();
    EXPECT_LE(size, kAggregateBytesMax) << "envelope " << i;
    if (i + 1 < packed.entries.size()) EXPECT_GT(size, kAggregateBytesMax - 250) << i;
  }
}

TEST(Aggregate, ARecordLargerThanAnEnvelopeMayBeStaysPlainInItsPlace) {
  const Aggregated packed = aggregate(
      {record("k", "a"), record("k", "b"), record("k", std::string(60'000, 'x')), record("k", "c")},
      shards_of(1));
  ASSERT_EQ(packed.entries.size(), 3u);
  EXPECT_EQ(deaggregate(packed.entries[0].data.bytes)->size(), 2u);
  EXPECT_EQ(packed.entries[1].data.bytes.size(), 60'000u);
  EXPECT_EQ(packed.entries[2].data.bytes, "c");
}

TEST(Aggregate, EveryRecordIsInAnEnvelopeOfItsShardOnceAndInOrder) {
  const OpenShards shards = shards_of(5);
  const auto given = records(3000, 40);
  std::map<std::string, std::vector<std::string>> expected;
  for (const auto& each : given) expected[each.partition_key].push_back(each.data.bytes);
  std::map<std::string, std::vector<std::string>> found;
  for (const wire::PutEntry& entry : aggregate(given, shards).entries) {
    const auto inside = deaggregate(entry.data.bytes);
    ASSERT_TRUE(inside) << "17 keys: none is alone in its shard";
    const std::string* shard = shards.at(*HashKey::parse(*entry.explicit_hash_key));
    ASSERT_NE(shard, nullptr);
    EXPECT_TRUE(belong_to(*inside, *shards.range(*shard))) << *shard;
    for (const UserRecord& each : *inside) {
      found[std::string(each.partition_key)].emplace_back(each.data);
    }
  }
  EXPECT_EQ(found, expected);
}

TEST(Aggregate, WithoutAShardARecordStaysPlain) {
  const Aggregated packed = aggregate(records(3, 10), *OpenShards::of({}));
  EXPECT_EQ(packed.entries.size(), 3u);
  EXPECT_EQ(packed.envelopes, 0u);
}

TEST(Misplaced, IsAllOfAnEnvelopeWhenOneOfItsRecordsBelongsElsewhere) {
  const Aggregated packed = aggregate({record("a", "1"), record("b", "2")}, shards_of(1));
  const auto halves = equal_hash_key_ranges(2);  // "a" is in the first, "b" in the second.
  const auto again = misplaced_in(packed.entries[0], halves[0]);
  ASSERT_EQ(again.size(), 2u);
  EXPECT_EQ(again[0].partition_key, "a");
  EXPECT_EQ(again[1].data.bytes, "2");
  EXPECT_TRUE(misplaced_in(packed.entries[0], equal_hash_key_ranges(1)[0]).empty());
}

TEST(Misplaced, IsNoRecordThatWasNotPackedHere) {
  wire::PutEntry plain = aggregate({record("a", "1"), record("b", "2")}, shards_of(1)).entries[0];
  plain.explicit_hash_key.reset();
  EXPECT_TRUE(misplaced_in(plain, equal_hash_key_ranges(2)[0]).empty());
}

TEST(OpenShards, KnowBothEndsOfTheirRanges) {
  const OpenShards shards = shards_of(2);
  const auto halves = equal_hash_key_ranges(2);
  EXPECT_EQ(*shards.at(HashKey{0}), "shard-1");
  EXPECT_EQ(*shards.at(halves[0].end), "shard-1");
  EXPECT_EQ(*shards.at(halves[1].start), "shard-2");
  EXPECT_EQ(*shards.at(HashKey::max()), "shard-2");
  EXPECT_EQ(shards.range("shard-3"), nullptr);
}

}  // namespace
}  // namespace penstock::cli
