#include "support/seeds.h"
#include "support/stream_stand.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

// Producers, consumers and resharding at the same time, on two loops, from one seed. What must
// hold:
//
//   every acknowledged record is read exactly once, at its sequence number, in its shard
//   an entry acknowledged before another of the same key was handed in comes before it
//   no shard takes more than its limits, counted by an arithmetic of the test's own
//   a consumer that follows child shards sees every record once, parents before children

namespace penstock::stream {
namespace {

using std::chrono::seconds;
using testing::ReadPage;
using testing::ReadRecord;
using testing::StreamStand;
using Random = std::mt19937_64;

constexpr std::int64_t kMiB = 1'048'576;

struct Acknowledged {
  std::string key;
  std::string data;
  std::uint32_t shard = 0;
  std::string number;
  int call = 0;  ///< Of its producer, counted from 0.
};

struct World {
  World(std::uint64_t seed, bool limited)
      : random(seed),
        stand(seed, {.durability = engine::local::Durability::kMemory}, settings(limited),
              {.loops = 2}) {}
  static StreamSettings settings(bool limited) {
    StreamSettings made;
    made.limits = limited ? StreamSettings::Limits::kAws : StreamSettings::Limits::kOff;
    made.update_delay = Millis{200};
    return made;
  }
  Task<> pause(Millis time, std::size_t loop = 0) {
    co_await env::sleep_until(stand.world().loop(loop),
                              stand.world().env().clocks.steady_now() + time, {});
  }

  Random random;
  StreamStand stand;
  std::vector<std::vector<Acknowledged>> producers;  ///< What each producer was told, in order.
  std::map<std::uint32_t, std::vector<ReadRecord>> consumed;
  std::vector<std::pair<std::uint32_t, ReadRecord>> consumed_in_order;
  int producers_running = 0;
  bool consumer_running = true;
  int throttled = 0;
  int reshards = 0;
};

/// Puts numbered records, and sends refused ones again, until all are acknowledged.
Task<> produce(World& world, std::size_t own, int records, std::size_t data_max) {
  Random random(world.random());
  const std::size_t loop = own % 2;
  int call = 0;
  std::vector<std::pair<std::string, std::string>> waiting;  // Key and data.
  for (int made = 0; made < records || !waiting.empty(); ++call) {
    for (std::uint64_t more = random() % 60; more > 0 && made < records && waiting.size() < 500;
         --more, ++made) {
      waiting.emplace_back("p" + std::to_string(own) + "-" + std::to_string(random() % 7),
                           std::to_string(own) + ":" + std::to_string(made) + ":" +
                               std::string(random() % data_max, 'x'));
    }
    if (waiting.empty()) continue;
    std::vector<PutEntry> entries;
    for (const auto& [key, data] : waiting) entries.push_back({key, data, {}});
    const auto reply = co_await world.stand.streams().put_records(
        StreamStand::caller(), {.stream = {.name = "s"}, .entries = entries});
    EXPECT_TRUE(reply.ok());
    if (!reply.ok()) break;
    std::vector<std::pair<std::string, std::string>> refused;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const PutOutcome& outcome = reply->outcomes[i];
      EXPECT_NE(outcome.fate, PutFate::kFailed) << "nothing fails here";
      if (outcome.fate == PutFate::kStored) {
        world.producers[own].push_back(
            {waiting[i].first, waiting[i].second, outcome.shard, outcome.number.to_string(), call});
      } else {
        ++world.throttled;
        refused.push_back(std::move(waiting[i]));
      }
    }
    waiting = std::move(refused);
    co_await world.pause(Millis(random() % 150), loop);
  }
  --world.producers_running;
}

Task<> reshard(World& world) {
  Random random(world.random());
  while (world.producers_running > 0) {
    co_await world.pause(Millis(random() % 2'000));
    std::vector<ShardView> open;
    for (const ShardView& view : world.stand.shards("s")) {
      if (!view.ending) open.push_back(view);
    }
    std::sort(open.begin(), open.end(),
              [](const auto& a, const auto& b) { return a.range.start < b.range.start; });
    const std::size_t pick = random() % open.size();
    Status done = ok();
    if (open.size() > 5 || (random() % 2 == 0 && pick + 1 < open.size())) {
      if (pick + 1 >= open.size()) continue;
      done = co_await world.stand.streams().merge(StreamStand::caller(), {.name = "s"},
                                                  open[pick].id(), open[pick + 1].id());
    } else {
      const HashKeyRange& range = open[pick].range;
      const HashKey at{range.start.value + (range.end.value - range.start.value) / 2};
      done = co_await world.stand.streams().split(StreamStand::caller(), {.name = "s"},
                                                  open[pick].id(), at.to_string());
    }
    if (done.ok()) ++world.reshards;
    EXPECT_TRUE(done.ok() || done.error().code == StreamErrc::kInUse) << done.error().message;
  }
}

/// Reads one shard from its beginning to its end, or until the producers are done and it is empty.
Task<> consume_shard(World& world, std::uint32_t shard, std::vector<std::uint32_t>& children) {
  Random random(world.random());
  std::string iterator;
  while (iterator.empty()) {
    const std::string id = shard_id_text(shard);
    auto made = co_await world.stand.streams().get_shard_iterator(
        StreamStand::caller(), {.stream = {.name = "s"}, .shard_id = id});
    if (made.ok())
      iterator = *made;
    else
      EXPECT_TRUE(made.error().code == StreamErrc::kThroughputExceeded) << made.error().message;
    if (!made.ok()) co_await world.pause(Millis(300));
  }
  for (;;) {
    const bool last = world.producers_running == 0;
    const Result<ReadPage> page = co_await StreamStand::page_of(
        world.stand.streams(), iterator, 1 + static_cast<std::int64_t>(random() % 500));
    if (!page.ok()) {
      EXPECT_TRUE(page.error().code == StreamErrc::kThroughputExceeded) << page.error().message;
      co_await world.pause(Millis(250));
      continue;
    }
    for (const ReadRecord& record : page->records) {
      world.consumed[shard].push_back(record);
      world.consumed_in_order.emplace_back(shard, record);
    }
    if (page->next_iterator.empty()) {
      children = page->children;
      co_return;
    }
    if (page->records.empty() && last) co_return;
    iterator = page->next_iterator;
    co_await world.pause(Millis(random() % 400));
  }
}

/// A consumer as the KCL is one: a child begins when all its parents have been read to their ends.
Task<> consume(World& world, std::uint32_t shards) {
  std::set<std::uint32_t> started;
  std::set<std::uint32_t> ended;
  std::vector<std::uint32_t> ready(shards);
  for (std::uint32_t i = 0; i < shards; ++i) ready[i] = i;
  while (!ready.empty()) {
    const std::uint32_t shard = ready.back();
    ready.pop_back();
    if (!started.insert(shard).second) continue;
    std::vector<std::uint32_t> children;
    co_await consume_shard(world, shard, children);
    if (children.empty()) continue;  // Open still: it was read to what there is.
    ended.insert(shard);
    const auto views = world.stand.shards("s");
    for (const std::uint32_t child : children) {
      const auto view = std::find_if(views.begin(), views.end(),
                                     [&](const ShardView& one) { return one.number == child; });
      if (view == views.end()) continue;
      const bool parents_done = ended.contains(*view->parent) &&
                                (!view->adjacent_parent || ended.contains(*view->adjacent_parent));
      if (parents_done) ready.push_back(child);
    }
  }
  world.consumer_running = false;
}

/// Everything in every shard, from its oldest record on.
std::map<std::uint32_t, std::vector<ReadRecord>> read_everything(World& world) {
  std::map<std::uint32_t, std::vector<ReadRecord>> all;
  for (const ShardView& view : world.stand.shards("s")) {
    world.stand.advance(seconds(60));  // The read limits of the shard are full again.
    auto iterator = world.stand.iterator({.stream = {.name = "s"}, .shard_id = view.id()});
    EXPECT_TRUE(iterator.ok());
    std::string next = *iterator;
    while (!next.empty()) {
      world.stand.advance(seconds(6));
      const auto page = world.stand.page(next);
      EXPECT_TRUE(page.ok()) << page.error().message;
      if (!page.ok()) break;
      auto& shard = all[view.number];
      shard.insert(shard.end(), page->records.begin(), page->records.end());
      if (page->records.empty()) break;
      next = page->next_iterator;
    }
  }
  return all;
}

void check_acknowledged(World& world,
                        const std::map<std::uint32_t, std::vector<ReadRecord>>& read) {
  std::map<std::string, std::pair<std::uint32_t, ReadRecord>> by_data;
  std::size_t records = 0;
  for (const auto& [shard, list] : read) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      ASSERT_TRUE(by_data.emplace(list[i].data, std::pair(shard, list[i])).second)
          << "twice: " << list[i].data.substr(0, 20);
      ++records;
      if (i == 0) continue;
      ASSERT_LT(list[i - 1].sequence_number, list[i].sequence_number);
      ASSERT_LE(list[i - 1].arrival, list[i].arrival);
    }
  }
  std::size_t acknowledged = 0;
  for (const auto& told : world.producers) {
    std::map<std::string, std::pair<int, std::string>> last;  // Of each key: call and number.
    acknowledged += told.size();
    for (const Acknowledged& one : told) {
      const auto found = by_data.find(one.data);
      ASSERT_NE(found, by_data.end()) << "acknowledged and gone: " << one.data.substr(0, 20);
      ASSERT_EQ(found->second.first, one.shard);
      ASSERT_EQ(found->second.second.sequence_number, one.number);
      ASSERT_EQ(found->second.second.key, one.key);
      auto& before = last[one.key];
      if (!before.second.empty()) {
        ASSERT_LT(before.second, one.number)
            << one.key << ": call " << one.call << " after call " << before.first;
      }
      before = {one.call, one.number};
    }
  }
  ASSERT_EQ(records, acknowledged) << "nothing is there that nobody was told of";
}

/// Each record lies in the shard that owns its key, as long as that shard was open.
void check_routes(World& world, const std::map<std::uint32_t, std::vector<ReadRecord>>& read) {
  for (const ShardView& view : world.stand.shards("s")) {
    const auto found = read.find(view.number);
    if (found == read.end()) continue;
    for (const ReadRecord& record : found->second) {
      ASSERT_TRUE(view.range.contains(HashKey::of_partition_key(record.key)));
      ASSERT_LT(view.starting.to_string(), record.sequence_number);
      if (view.ending) ASSERT_GT(view.ending->to_string(), record.sequence_number);
    }
  }
}

/// A shard's records by their arrival: a bucket of a second's worth that is never overdrawn.
void check_write_limits(const std::map<std::uint32_t, std::vector<ReadRecord>>& read) {
  for (const auto& [shard, list] : read) {
    double records = 1'000;
    double bytes = static_cast<double>(kMiB);
    ServiceTime last = list.empty() ? ServiceTime{} : list.front().arrival;
    for (const ReadRecord& record : list) {
      const auto elapsed = static_cast<double>((record.arrival - last).count());
      last = record.arrival;
      records = std::min(1'000.0, records + elapsed) - 1;
      bytes = std::min(static_cast<double>(kMiB), bytes + elapsed * kMiB / 1'000) -
              static_cast<double>(record.key.size() + record.data.size());
      ASSERT_GE(records, -0.5) << "shard " << shard << " took more than 1,000 records a second";
      ASSERT_GE(bytes, -0.5) << "shard " << shard << " took more than 1 MiB a second";
    }
  }
}

void check_consumer(World& world, const std::map<std::uint32_t, std::vector<ReadRecord>>& read) {
  for (const auto& [shard, list] : read) {
    if (list.empty()) continue;
    ASSERT_EQ(world.consumed[shard], list) << "shard " << shard;
  }
  std::map<std::string, std::string> last;  // Of each key, whatever the shard.
  for (const auto& [shard, record] : world.consumed_in_order) {
    ASSERT_LT(last[record.key], record.sequence_number)
        << "a child's record came before its parent's";
    last[record.key] = record.sequence_number;
  }
}

class StreamUnderLoad : public ::testing::TestWithParam<bool> {};

TEST_P(StreamUnderLoad, LosesNothingKeepsOrderAndItsLimits) {
  const bool limited = GetParam();
  int throttled = 0;
  int reshards = 0;
  for (const std::uint64_t seed : penstock::testing::seeds_or_one(30)) {
    World world(seed, limited);
    const std::uint32_t shards = 1 + static_cast<std::uint32_t>(seed % 3);
    ASSERT_TRUE(world.stand.create("s", shards).ok());
    const std::size_t producers = 2 + seed % 4;
    world.producers.resize(producers);
    world.producers_running = static_cast<int>(producers);
    for (std::size_t i = 0; i < producers; ++i) {
      const std::size_t data_max = seed % 5 == 0 ? 60'000 : 200;
      world.stand.world().spawn(produce(world, i, seed % 5 == 0 ? 150 : 900, data_max), i % 2);
    }
    world.stand.world().spawn(reshard(world));
    world.stand.world().spawn(consume(world, shards));
    ASSERT_TRUE(world.stand.world().run_until(
        [&] { return world.producers_running == 0 && !world.consumer_running; },
        std::chrono::hours(2)))
        << "seed " << seed;
    world.stand.world().run_for(seconds(5));  // The last reshard.
    const auto read = read_everything(world);
    check_acknowledged(world, read);
    check_routes(world, read);
    check_consumer(world, read);
    if (limited) check_write_limits(read);
    if (HasFailure()) FAIL() << "seed " << seed;
    throttled += world.throttled;
    reshards += world.reshards;
  }
  EXPECT_EQ(throttled > 0, limited)
      << "the load reaches the limits, and only then is anything refused";
  EXPECT_GT(static_cast<std::uint64_t>(reshards), penstock::testing::share(20));
}
INSTANTIATE_TEST_SUITE_P(Limits, StreamUnderLoad, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "On" : "Off"; });

TEST(StreamUnderLoad, TheSameSeedRunsTheSame) {
  const auto trace = [] {
    World world(7, true);
    EXPECT_TRUE(world.stand.create("s", 2).ok());
    world.producers.resize(2);
    world.producers_running = 2;
    for (std::size_t i = 0; i < 2; ++i)
      world.stand.world().spawn(produce(world, i, 300, 2'000), i % 2);
    world.stand.world().spawn(reshard(world));
    world.stand.world().run_until([&] { return world.producers_running == 0; },
                                  std::chrono::hours(1));
    return world.stand.world().trace();
  };
  EXPECT_EQ(trace(), trace());
}

/// Life and death of streams while others put into them: a put ends stored or with an error of its
/// own, and a stream made anew under the same name is empty.
TEST(StreamLifecycle, ADeletedStreamTakesNothingAndItsSuccessorIsEmpty) {
  for (const std::uint64_t seed : penstock::testing::seeds_or_one(30)) {
    World world(seed, false);
    ASSERT_TRUE(world.stand.create("s", 2).ok());
    Random random(seed);
    int stored = 0;
    world.producers_running = 1;
    world.stand.world().spawn([](World& w, int& count) -> Task<> {
      for (int i = 0; w.producers_running > 0; ++i) {
        const std::string data = std::to_string(i);
        const std::string key = "k" + std::to_string(i % 5);
        const PutEntry entry{key, data, {}};
        const auto reply = co_await w.stand.streams().put_record(
            StreamStand::caller(), {.stream = {.name = "s"}, .entry = entry});
        if (reply.ok())
          ++count;
        else
          EXPECT_TRUE(reply.error().code == StreamErrc::kNotFound ||
                      reply.error().code == StreamErrc::kInternalFailure)
              << reply.error().message;
        co_await w.pause(Millis(5));
      }
    }(world, stored));
    for (int life = 0; life < 6; ++life) {
      world.stand.world().run_for(Millis(random() % 300));
      ASSERT_TRUE(world.stand.world()
                      .run(world.stand.streams().remove(StreamStand::caller(), {.name = "s"}))
                      .ok());
      world.stand.world().run_for(Millis(random() % 50));
      stored = 0;
      ASSERT_TRUE(world.stand.create("s", 1 + static_cast<std::int64_t>(random() % 3)).ok());
    }
    world.stand.world().run_for(Millis(200));
    world.producers_running = 0;
    world.stand.world().run_for(Millis(50));
    std::size_t records = 0;
    for (const auto& [shard, list] : read_everything(world)) records += list.size();
    EXPECT_EQ(records, static_cast<std::size_t>(stored)) << "seed " << seed;
  }
}

/// What a stop in order leaves is what the next start finds (the engine keeps running here).
TEST(StreamRestart, IteratorsAndShardsGoOn) {
  for (const std::uint64_t seed : penstock::testing::seeds_or_one(20)) {
    StreamStand stand(seed, {.durability = engine::local::Durability::kMemory});
    ASSERT_TRUE(stand.create("s", 2).ok());
    const PutEntry first{"k", "first", "0"};
    ASSERT_TRUE(stand.put("s", {first}).ok());
    const auto iterator = stand.iterator({.stream = {.name = "s"}, .shard_id = "0"});
    ASSERT_TRUE(iterator.ok());
    ASSERT_TRUE(stand.world()
                    .run(stand.streams().split(StreamStand::caller(), {.name = "s"}, "1",
                                               HashKey{HashKey::max().value - 100}.to_string()))
                    .ok());
    const auto before = stand.shards("s");
    stand.reopen_streams();
    const auto after = stand.shards("s");
    ASSERT_EQ(before.size(), after.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_EQ(before[i].starting, after[i].starting);
      EXPECT_EQ(before[i].ending, after[i].ending);
    }
    const auto page = stand.page(*iterator);
    ASSERT_TRUE(page.ok()) << page.error().message;
    ASSERT_EQ(page->records.size(), 1u);
    EXPECT_EQ(page->records[0].data, "first");
  }
}

/// A stream in transition when the service stopped: the next start ends the transition.
TEST(StreamRestart, ATransitionThatWasUnderWayIsEnded) {
  for (const std::uint64_t seed : penstock::testing::seeds_or_one(20)) {
    StreamSettings slow;
    slow.create_delay = slow.update_delay = slow.delete_delay = Millis{10'000};
    StreamStand stand(seed, {.durability = engine::local::Durability::kMemory}, slow);
    ASSERT_TRUE(stand.create("s", 1).ok());
    EXPECT_EQ(stand.streams().summary(StreamStand::caller(), {.name = "s"})->status,
              StreamStatus::kCreating);
    stand.world().run_for(Millis(seed * 700));
    stand.reopen_streams();
    stand.world().run_for(seconds(11));
    ASSERT_EQ(stand.streams().summary(StreamStand::caller(), {.name = "s"})->status,
              StreamStatus::kActive);
    ASSERT_TRUE(stand.world()
                    .run(stand.streams().split(StreamStand::caller(), {.name = "s"}, "0", "12345"))
                    .ok());
    stand.world().run_for(Millis(seed * 700));
    stand.reopen_streams();
    stand.world().run_for(seconds(11));
    EXPECT_EQ(stand.shards("s").size(), 3u);
    EXPECT_EQ(stand.streams().summary(StreamStand::caller(), {.name = "s"})->open_shards, 2);
    ASSERT_TRUE(
        stand.world().run(stand.streams().remove(StreamStand::caller(), {.name = "s"})).ok());
    stand.reopen_streams();
    stand.world().run_for(seconds(11));
    EXPECT_FALSE(stand.streams().summary(StreamStand::caller(), {.name = "s"}).ok());
    EXPECT_TRUE(stand.machine.log().shards().empty()) << "its log went with it";
  }
}

}  // namespace
}  // namespace penstock::stream
