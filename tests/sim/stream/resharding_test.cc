#include "support/seeds.h"
#include "support/stream_stand.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

// Changes of the shard count while records come in and the machine dies in the middle.

namespace penstock::stream {
namespace {

using namespace std::chrono_literals;
using testing::ReadPage;
using testing::seeds_or_one;
using testing::StreamStand;

constexpr StreamTarget kTarget{.name = "s"};
const engine::local::Options kOnDisk{.folder = "/data"};

Result<ShardCountChange> resize(StreamStand& stand, std::int64_t shards) {
  return stand.world().run(stand.streams().set_shard_count(StreamStand::caller(), kTarget, shards));
}

StreamSummary summary(StreamStand& stand) {
  return *stand.streams().summary(StreamStand::caller(), kTarget);
}

::testing::AssertionResult covers_every_key_once(std::vector<ShardView> open) {
  std::sort(open.begin(), open.end(),
            [](const auto& a, const auto& b) { return a.range.start < b.range.start; });
  Uint128 next = 0;
  for (const ShardView& shard : open) {
    if (shard.range.start.value != next) {
      return ::testing::AssertionFailure() << "gap or overlap at " << shard.id();
    }
    next = shard.range.end.value + 1;
  }
  if (open.empty() || next != 0) return ::testing::AssertionFailure() << "the end is not covered";
  return ::testing::AssertionSuccess();
}

std::vector<ShardView> open_shards(StreamStand& stand) {
  std::vector<ShardView> open = stand.shards("s");
  std::erase_if(open, [](const ShardView& shard) { return shard.ending.has_value(); });
  return open;
}

/// Every record, read as a client does that begins with the parents and follows the children.
std::vector<std::string> read_by_lineage(StreamStand& stand) {
  std::vector<std::string> found;
  std::set<std::uint32_t> done;
  std::set<std::uint32_t> ready;
  const std::vector<ShardView> all = stand.shards("s");
  for (const ShardView& shard : all) {
    if (!shard.parent) ready.insert(shard.number);
  }
  while (!ready.empty()) {
    const std::uint32_t number = *ready.begin();
    ready.erase(ready.begin());
    done.insert(number);
    const std::string id = shard_id_text(number);
    std::string iterator =
        *stand.iterator({.stream = kTarget, .shard_id = id, .type = IteratorType::kTrimHorizon});
    while (true) {
      const Result<ReadPage> page = stand.page(iterator);
      EXPECT_TRUE(page.ok());
      if (!page.ok()) return found;
      for (const auto& record : page->records) found.push_back(record.data);
      if (page->next_iterator.empty()) {
        EXPECT_FALSE(page->children.empty()) << "a closed shard names its children";
        for (const std::uint32_t child : page->children) {
          const ShardView& view = *std::find_if(
              all.begin(), all.end(), [&](const ShardView& one) { return one.number == child; });
          const bool all_parents = done.contains(*view.parent) &&
                                   (!view.adjacent_parent || done.contains(*view.adjacent_parent));
          if (all_parents) ready.insert(child);
        }
        break;
      }
      if (page->records.empty()) break;
      iterator = page->next_iterator;
    }
  }
  EXPECT_EQ(done.size(), all.size()) << "every shard is reached by its lineage";
  return found;
}

StreamSettings without_limits(Millis update_delay = Millis{0}) {
  StreamSettings made;
  made.limits = StreamSettings::Limits::kOff;
  made.update_delay = update_delay;
  return made;
}

/// Puts one record to each of some keys; their data.
std::vector<std::string> put_some(StreamStand& stand, std::uint64_t& next) {
  std::vector<std::string> data;
  for (int i = 0; i < 20; ++i) data.push_back(std::to_string(next++));
  std::vector<PutEntry> entries;
  for (const std::string& one : data) entries.push_back({.partition_key = one, .data = one});
  const auto reply = stand.put("s", entries);
  EXPECT_TRUE(reply.ok());
  if (reply.ok()) EXPECT_EQ(reply->not_stored, 0u);
  return data;
}

TEST(Resize, ChildrenAppearWithActive) {
  StreamStand stand(1, {}, without_limits(30s));
  ASSERT_TRUE(stand.create("s", 2).ok());
  const auto made = resize(stand, 3);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->current, 2);
  EXPECT_EQ(made->target, 3);
  EXPECT_EQ(summary(stand).status, StreamStatus::kUpdating);
  EXPECT_EQ(stand.shards("s").size(), 2u);
  EXPECT_EQ(summary(stand).open_shards, 2);
  const auto again = resize(stand, 4);
  ASSERT_FALSE(again.ok());
  EXPECT_TRUE(again.error().code == StreamErrc::kInUse);
  stand.world().run_for(31s);
  EXPECT_EQ(summary(stand).status, StreamStatus::kActive);
  EXPECT_EQ(summary(stand).open_shards, 3);
  EXPECT_EQ(stand.shards("s").size(), 2u + 4u + 1u);
  EXPECT_TRUE(covers_every_key_once(open_shards(stand)));
}

TEST(Resize, TenADayRollingAndARestartForgivesNothing) {
  StreamStand stand(1, kOnDisk);
  ASSERT_TRUE(stand.create("s", 2).ok());
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(resize(stand, i % 2 == 0 ? 3 : 2).ok()) << i;
    stand.advance(1h);
  }
  EXPECT_TRUE(resize(stand, 2).ok()) << "the count it has already counts for nothing";
  stand.restart();
  const auto eleventh = resize(stand, 3);
  ASSERT_FALSE(eleventh.ok());
  EXPECT_TRUE(eleventh.error().code == StreamErrc::kLimitExceeded);
  EXPECT_EQ(eleventh.error().message, "Rate exceeded for stream s under account 000000000000.");
  stand.advance(14h);  // The first is a day old now.
  EXPECT_TRUE(resize(stand, 3).ok());
  EXPECT_FALSE(resize(stand, 2).ok());
}

TEST(Resize, NumbersOfNewShardsMayBeUsedForOrderingAtOnce) {
  StreamStand stand(1, {}, without_limits());
  ASSERT_TRUE(stand.create("s", 4).ok());
  ASSERT_TRUE(resize(stand, 5).ok());
  std::string last;
  for (int i = 0; i < 3; ++i) {
    const auto put = stand.world().run(stand.streams().put_record(
        StreamStand::caller(), {.stream = kTarget,
                                .entry = {.partition_key = "k", .data = "d"},
                                .sequence_number_for_ordering = last}));
    ASSERT_TRUE(put.ok()) << put.error().message;
    last = put->number.to_string();
  }
  ASSERT_TRUE(resize(stand, 8).ok());
  const auto put = stand.world().run(stand.streams().put_record(
      StreamStand::caller(), {.stream = kTarget,
                              .entry = {.partition_key = "k", .data = "d"},
                              .sequence_number_for_ordering = last}));
  ASSERT_TRUE(put.ok()) << put.error().message;
  EXPECT_GT(put->number.to_string(), last);
}

/// Law: at every moment of the stream's life the shards that were open then cover each key once.
TEST(Resize, TheShardsOfAnyMomentCoverEveryKeyOnce) {
  for (const std::uint64_t seed : seeds_or_one(20)) {
    std::mt19937_64 random(seed);
    StreamStand stand(seed, {}, without_limits());
    ASSERT_TRUE(stand.create("s", 1 + static_cast<std::int64_t>(random() % 6)).ok());
    stand.advance(1500ms);
    const ServiceTime begin = stand.now();
    for (int step = 0; step < 4; ++step) {
      const std::int64_t open = summary(stand).open_shards;
      const std::int64_t least = (open + 1) / 2;
      const std::int64_t target =
          least +
          static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(2 * open - least + 1));
      ASSERT_TRUE(resize(stand, target).ok());
      stand.advance(Millis(random() % 1'300));
    }
    stand.advance(3s);
    for (ServiceTime moment = begin; moment <= stand.now(); moment += 50ms) {
      ListShards request{
          .stream = kTarget,
          .filter = ShardFilter{.type = ShardFilterType::kAtTimestamp, .timestamp = moment}};
      const auto page = stand.streams().list_shards(StreamStand::caller(), request);
      ASSERT_TRUE(page.ok());
      ASSERT_TRUE(covers_every_key_once(page->shards))
          << "seed " << seed << " " << (moment - begin).count() << " ms after the beginning";
    }
  }
}

/// The same at the horizon, while the shards that were closed leave retention one after the other.
TEST(Resize, TheShardsAtTheHorizonCoverEveryKeyOnce) {
  for (const std::uint64_t seed : seeds_or_one(10)) {
    std::mt19937_64 random(seed);
    StreamSettings settings = without_limits();
    settings.sweep_interval = Millis(100 + random() % 900);
    StreamStand stand(seed, {}, settings);
    ASSERT_TRUE(stand.create("s", 4).ok());
    stand.advance(1500ms);
    const ServiceTime begin = stand.now();
    for (const std::int64_t target : {5, 3, 6}) {
      ASSERT_TRUE(resize(stand, target).ok());
      stand.advance(Millis(random() % 1'300));
    }
    const ServiceTime end = stand.now() + 3s;
    stand.advance(begin + 24h - stand.now());
    while (stand.now() <= end + 24h) {
      ListShards request{.stream = kTarget,
                         .filter = ShardFilter{.type = ShardFilterType::kAtTrimHorizon}};
      const auto page = stand.streams().list_shards(StreamStand::caller(), request);
      ASSERT_TRUE(page.ok());
      ASSERT_TRUE(covers_every_key_once(page->shards)) << "seed " << seed;
      stand.world().run_for(50ms);
    }
  }
}

/// Law: whenever the process or the power goes during a resize, the stream has the old count or the
/// new one afterwards, every acknowledged record is read once, and it takes records.
TEST(Resize, ADeathInTheMiddleLosesNothing) {
  std::map<std::string, int> seen;
  const auto seeds = seeds_or_one(60);
  for (const std::uint64_t seed : seeds) {
    std::mt19937_64 random(seed);
    const Millis delay{random() % 2 == 0 ? 0 : 5};
    StreamStand stand(seed, kOnDisk, without_limits(delay));
    const auto before = 1 + static_cast<std::int64_t>(random() % 7);
    ASSERT_TRUE(stand.create("s", before).ok());
    std::uint64_t next = 0;
    std::vector<std::string> acknowledged = put_some(stand, next);
    const std::int64_t least = (before + 1) / 2;
    const std::int64_t target =
        least +
        static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(2 * before - least + 1));
    stand.world().spawn([](StreamService& streams, std::int64_t count) -> Task<> {
      (co_await streams.set_shard_count(StreamStand::caller(), kTarget, count))
          .ignore("the machine dies under it");
    }(stand.streams(), target));
    stand.world().run_for(std::chrono::microseconds(random() % 12'000));
    ++seen[summary(stand).status == StreamStatus::kUpdating ? "in the middle" : "before or after"];
    random() % 2 == 0 ? stand.crash() : stand.kill();
    ASSERT_TRUE(stand.world().run_until(
        [&] { return summary(stand).status == StreamStatus::kActive; }, 60s))
        << "seed " << seed;
    const std::int64_t open = summary(stand).open_shards;
    ASSERT_TRUE(open == before || open == target) << "seed " << seed << ": " << open;
    ++seen[open == before ? "as before" : "done"];
    ASSERT_TRUE(covers_every_key_once(open_shards(stand))) << "seed " << seed;
    const std::vector<std::string> after = put_some(stand, next);
    acknowledged.insert(acknowledged.end(), after.begin(), after.end());
    std::vector<std::string> found = read_by_lineage(stand);
    std::sort(found.begin(), found.end());
    std::sort(acknowledged.begin(), acknowledged.end());
    ASSERT_EQ(found, acknowledged) << "seed " << seed;
  }
  const auto at_least = static_cast<int>(penstock::testing::share_of(5, seeds.size(), 60));
  for (const char* what : {"in the middle", "as before", "done"}) {
    EXPECT_GE(seen[what], at_least) << what;
  }
}

}  // namespace
}  // namespace penstock::stream
