#include "env/loop.h"
#include "stream/stream_service.h"
#include "support/seeds.h"
#include "support/stream_stand.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

// What is set on a stream: through crashes, reshards and restarts.

namespace penstock::stream {
namespace {

using testing::StreamStand;

constexpr std::string_view kKey = "alias/mine";

StreamSettings slow(Millis delay) {
  StreamSettings made;
  made.limits = StreamSettings::Limits::kOff;
  made.update_delay = delay;
  return made;
}

struct SettingsTest {
  explicit SettingsTest(std::uint64_t seed, Millis delay = Millis{0}, std::int64_t shards = 1)
      : stand(seed, {.folder = "data"}, slow(delay), {.loops = 2}) {
    EXPECT_TRUE(stand.create("s", shards).ok());
  }
  Status encrypt(bool on) {
    StreamService& streams = stand.streams();
    return stand.world().run(streams.set_encryption(StreamStand::caller(), {.name = "s"}, kKey,
                                                    on ? Switch::kOn : Switch::kOff));
  }
  StreamSummary summary() { return *stand.streams().summary(StreamStand::caller(), {.name = "s"}); }
  Result<PutRecordReply> put(std::string_view data, std::string_view key = "k") {
    return stand.world().run(stand.streams().put_record(
        StreamStand::caller(), {.stream = {.name = "s"}, .entry = {key, data, {}}}));
  }
  /// Data -> whether it is of type KMS, of every record of every shard.
  std::map<std::string, bool> types() {
    std::map<std::string, bool> found;
    for (const ShardView& shard : stand.shards("s")) {
      const std::string id = shard.id();
      std::string at = *stand.iterator({.stream = {.name = "s"}, .shard_id = id});
      while (!at.empty()) {
        const auto page =
            stand.world().run(stand.streams().get_records(StreamStand::caller(), {.iterator = at}));
        if (!page.ok()) break;
        for (const engine::Record& record : page->slice.records) {
          found[std::string(record.data)] =
              page->encryption != nullptr && page->encryption->holds_at(record.arrival);
        }
        if (page->slice.records.empty()) break;
        at = page->next_iterator;
      }
    }
    return found;
  }

  StreamStand stand;
};

TEST(StreamSettings, RecordsKeepTheTypeTheirPutWasAnsweredWithThroughCrashesAndReshards) {
  std::map<bool, int> compared;
  const auto all = testing::seeds(40);
  for (const std::uint64_t seed : all) {
    SettingsTest test(seed, Millis{seed % 3 * 50});
    std::mt19937_64 random(seed);
    std::map<std::string, bool> answered;
    bool is_on = false;
    for (int step = 0; step < 60; ++step) {
      test.stand.world().run_for(Millis{1 + random() % 200});
      switch (random() % 8) {
        case 0:
          if (test.encrypt(!is_on).ok()) is_on = !is_on;
          break;
        case 1: random() % 2 == 0 ? test.stand.crash() : test.stand.kill(); break;
        case 2: {
          const std::string shard = test.stand.shards("s").back().id();
          test.stand.world()
              .run(test.stand.streams().split(StreamStand::caller(), {.name = "s"}, shard,
                                              std::to_string(1'000'000 + step)))
              .ignore("the stream is UPDATING, or the shard too narrow");
          break;
        }
        default: {
          const std::string data = "r" + std::to_string(step);
          const Result<PutRecordReply> reply = test.put(data, std::to_string(random() % 100));
          if (reply.ok()) answered[data] = reply->is_encrypted;
        }
      }
    }
    test.stand.world().run_for(Seconds(10));
    EXPECT_EQ(test.summary().status, StreamStatus::kActive) << "seed " << seed;
    const std::map<std::string, bool> found = test.types();
    for (const auto& [data, type] : answered) {
      const auto record = found.find(data);
      ASSERT_NE(record, found.end()) << data << ", seed " << seed;
      EXPECT_EQ(record->second, type) << data << ", seed " << seed;
      ++compared[type];
    }
    EXPECT_EQ(test.summary().key_id.empty(), !is_on) << "seed " << seed;
  }
  EXPECT_GT(compared[true], static_cast<int>(all.size()) * 5);
  EXPECT_GT(compared[false], static_cast<int>(all.size()) * 5);
}

/// Puts while encryption is switched, on another loop: what each was answered.
struct PutsMeanwhile {
  SettingsTest& test;
  std::map<std::string, bool> answered;
  int running = 0;

  Task<> put(int own) {
    std::mt19937_64 random(static_cast<std::uint64_t>(own));
    for (int i = 0; i < 100; ++i) {
      const std::string data = std::to_string(own) + "-" + std::to_string(i);
      const auto reply = co_await test.stand.streams().put_record(
          StreamStand::caller(), {.stream = {.name = "s"}, .entry = {"k", data, {}}});
      if (reply.ok()) answered[data] = reply->is_encrypted;
      co_await env::sleep_until(test.stand.world().loop(1),
                                test.stand.world().env().clocks.steady_now() + Millis(random() % 5),
                                {});
    }
    --running;
  }
  Task<> switch_back_and_forth() {
    for (bool on = true; running > 0; on = !on) {
      StreamService& streams = test.stand.streams();
      const Status done = co_await streams.set_encryption(StreamStand::caller(), {.name = "s"},
                                                          kKey, on ? Switch::kOn : Switch::kOff);
      EXPECT_TRUE(done.ok()) << done.error().message;
    }
  }
};

TEST(StreamSettings, APutIsAnsweredWithTheTypeThatItsRecordHasAlsoWhileItIsSwitched) {
  for (const std::uint64_t seed : testing::seeds(10)) {
    SettingsTest test(seed);
    PutsMeanwhile meanwhile{.test = test};
    for (int own = 0; own < 3; ++own) {
      ++meanwhile.running;
      test.stand.world().spawn(meanwhile.put(own), 1);
    }
    test.stand.world().run(meanwhile.switch_back_and_forth());
    const std::map<std::string, bool> found = test.types();
    for (const auto& [data, type] : meanwhile.answered) {
      EXPECT_EQ(found.at(data), type) << data << ", seed " << seed;
    }
    EXPECT_EQ(found.size(), 300u);
    const auto encrypted =
        std::count_if(found.begin(), found.end(), [](const auto& record) { return record.second; });
    EXPECT_GT(encrypted, 30) << "seed " << seed;
    EXPECT_LT(encrypted, 270) << "seed " << seed;
  }
}

TEST(StreamSettings, AChangeGoesOnAfterACrash) {
  SettingsTest test(1, Millis{5'000});
  ASSERT_TRUE(test.encrypt(true).ok());
  EXPECT_EQ(test.summary().status, StreamStatus::kUpdating);
  EXPECT_FALSE(test.put("before")->is_encrypted);
  test.stand.crash();
  EXPECT_EQ(test.summary().status, StreamStatus::kUpdating);
  EXPECT_FALSE(test.encrypt(false).ok()) << "one change at a time";
  test.stand.world().run_for(Seconds(6));
  EXPECT_EQ(test.summary().status, StreamStatus::kActive);
  EXPECT_TRUE(test.put("after")->is_encrypted);
  EXPECT_EQ(test.types(), (std::map<std::string, bool>{{"before", false}, {"after", true}}));
}

TEST(StreamSettings, SwitchesAreForgottenByTheSweepOnceNoRecordNeedsThem) {
  SettingsTest test(1);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(test.encrypt(i % 2 == 0).ok());
    test.stand.world().run_for(Seconds(1));
  }
  ASSERT_TRUE(test.encrypt(true).ok());
  EXPECT_TRUE(test.put("kept")->is_encrypted);
  test.stand.world().run_for(std::chrono::hours(25));
  EXPECT_TRUE(test.put("later")->is_encrypted);
  const auto documents = test.stand.machine.engine().meta().list("stream/");
  ASSERT_EQ(documents.size(), 1u);
  EXPECT_LT(documents.front().value.size(), 700u) << documents.front().value;
  EXPECT_EQ(test.types(), (std::map<std::string, bool>{{"later", true}}));
}

TEST(StreamSettings, RecordsThatTheStreamPlacesGoAroundTheShardsAndSurvive) {
  StreamStand stand(1, {.folder = "data"}, slow(Millis{0}));
  ASSERT_TRUE(
      stand.world()
          .run(stand.streams().create(
              StreamStand::caller(),
              {.name = "s", .mode = StreamMode::kOnDemand, .distribution = Distribution::kAuto}))
          .ok());
  std::map<std::uint32_t, int> counts;
  for (int round = 0; round < 4; ++round) {
    const std::vector<PutEntry> entries(25, PutEntry{{}, "x", {}});
    const auto reply = stand.put("s", entries);
    ASSERT_TRUE(reply.ok());
    for (const PutOutcome& outcome : reply->outcomes) ++counts[outcome.shard];
  }
  EXPECT_EQ(counts, (std::map<std::uint32_t, int>{{0, 25}, {1, 25}, {2, 25}, {3, 25}}));
  stand.crash();
  for (const ShardView& shard : stand.shards("s")) {
    const auto page =
        stand.page(*stand.iterator({.stream = {.name = "s"}, .shard_id = shard.id()}));
    ASSERT_TRUE(page.ok());
    EXPECT_EQ(page->records.size(), 25u);
    for (const auto& record : page->records) EXPECT_EQ(record.key, "");
  }
}

TEST(StreamSettings, ALimitOfItsOwnSurvivesAndGoesWithTheStream) {
  SettingsTest test(1);
  const StreamName name{StreamStand::tenant(), "s"};
  ASSERT_TRUE(
      test.stand.world().run(test.stand.streams().set_limits(name, {.write_records = 2})).ok());
  test.stand.crash();
  EXPECT_EQ(test.stand.streams().limits_of(name)->effective.write_records, 2);
  const auto reply = test.stand.put("s", {{"k", "1", {}}, {"k", "2", {}}, {"k", "3", {}}});
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->not_stored, 1u);
  ASSERT_TRUE(test.stand.world()
                  .run(test.stand.streams().remove(StreamStand::caller(), {.name = "s"}))
                  .ok());
  ASSERT_TRUE(test.stand.create("s", 1).ok());
  EXPECT_EQ(test.stand.streams().limits_of(name)->effective.write_records, 0);
}

}  // namespace
}  // namespace penstock::stream
