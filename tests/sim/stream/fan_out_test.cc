#include "env/loop.h"
#include "stream/stream_service.h"
#include "support/seeds.h"
#include "support/stream_stand.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

// Two consumers read a stream by subscription, on loops of their own, through splits, merges, stops
// and cuts of power, as a client library would: a shard's children when its parents have ended,
// again from the last number after every end. What must hold, for each consumer:
//
//   every acknowledged record is given, in the order of its key
//   nothing comes twice: a subscription goes on directly behind where the last one was
//   whatever else is given (a put whose answer was lost) was handed in

namespace penstock::stream {
namespace {

using testing::StreamStand;
using Random = std::mt19937_64;

/// One consumer with what it keeps between lives: the place of each shard, and what it was given.
struct Reader {
  std::string arn;
  std::map<std::uint32_t, std::string> places;  ///< "" is the horizon.
  std::set<std::uint32_t> ended;
  std::set<std::uint32_t> being_read;
  std::map<std::string, std::vector<int>> given;  ///< By key.
  int beats = 0;
  int subscriptions = 0;
};

struct World {
  explicit World(std::uint64_t seed)
      : random(seed), stand(seed, {.folder = "data"}, settings(seed), {.loops = 3}) {}
  static StreamSettings settings(std::uint64_t seed) {
    StreamSettings made;
    made.update_delay = Millis{seed % 3 * 100};
    return made;
  }
  Random random;
  StreamStand stand;
  std::vector<Reader> readers{2};
  int made = 0;
  std::map<std::string, std::vector<int>> acknowledged;
  int crashes = 0;
  int reshards = 0;
};

Task<> pause(World& world, std::size_t loop, Millis time) {
  co_await env::sleep_until(world.stand.world().loop(loop),
                            world.stand.world().env().clocks.steady_now() + time, {});
}

void take(Reader& reader, std::uint32_t shard, const SubscriptionEvent& event) {
  for (const engine::Record& record : event.slice.records) {
    reader.given[std::string(record.key)].push_back(std::stoi(std::string(record.data)));
  }
  if (event.slice.records.empty()) ++reader.beats;
  if (event.continuation) {
    const std::string number = event.continuation->to_string();
    EXPECT_LE(reader.places[shard], number) << "numbers of one length, in order";
    reader.places[shard] = number;
  } else {
    reader.ended.insert(shard);
    for (const ChildShard& child : event.child_shards) reader.places.try_emplace(child.number);
  }
}

/// Reads a shard to its end, with as many subscriptions as that takes.
Task<> read_shard(World& world, std::size_t who, std::uint32_t shard) {
  Reader& reader = world.readers[who];
  const std::size_t loop = who + 1;
  Random random(world.random());
  const std::string id = shard_id_text(shard);
  while (!reader.ended.contains(shard)) {
    const std::string place = reader.places[shard];
    SubscribeToShard request{.consumer_arn = reader.arn, .shard_id = id};
    request.type = place.empty() ? IteratorType::kTrimHorizon : IteratorType::kAfterSequenceNumber;
    if (!place.empty()) request.sequence_number = place;
    const auto made = co_await world.stand.streams().subscribe(request);
    if (!made.ok()) {
      EXPECT_EQ(made.error().code, StreamErrc::kInUse) << made.error().message;
      co_await pause(world, loop, Millis(1'000));
      continue;
    }
    ++reader.subscriptions;
    // Sometimes it goes before it ends, as a process that stops.
    const std::uint64_t events_max = 1 + random() % 200;
    for (std::uint64_t i = 0; i < events_max; ++i) {
      const auto event = co_await (*made)->next({});
      EXPECT_TRUE(event.ok()) << event.error().message;
      if (!event.ok() || !event->has_value()) break;
      take(reader, shard, **event);
      if (random() % 4 == 0) co_await pause(world, loop, Millis(random() % 300));
    }
  }
}

/// Begins with every shard whose parents have ended.
Task<> read_stream(World& world, std::size_t who) {
  Reader& reader = world.readers[who];
  reader.being_read.clear();
  while (true) {
    const auto listed =
        world.stand.streams().list_shards(StreamStand::caller(), {.stream = {.name = "s"}});
    EXPECT_TRUE(listed.ok());
    for (const ShardView& shard : listed->shards) {
      const auto waits_for = [&](const std::optional<std::uint32_t>& parent) {
        return parent && !reader.ended.contains(*parent);
      };
      if (waits_for(shard.parent) || waits_for(shard.adjacent_parent)) continue;
      if (reader.ended.contains(shard.number) || !reader.being_read.insert(shard.number).second) {
        continue;
      }
      world.stand.world().spawn(read_shard(world, who, shard.number), who + 1);
    }
    co_await pause(world, who + 1, Millis(100));
  }
}

Task<> put_some(World& world, int records) {
  for (int i = 0; i < records; ++i) {
    const int number = world.made++;
    const std::string key = "k" + std::to_string(number % 11);
    const std::string data = std::to_string(number);
    const PutEntry entry{key, data, {}};
    const auto reply = co_await world.stand.streams().put_record(
        StreamStand::caller(), {.stream = {.name = "s"}, .entry = entry});
    EXPECT_TRUE(reply.ok() || reply.error().code == StreamErrc::kInternalFailure);
    if (reply.ok()) world.acknowledged[key].push_back(number);
    if (number % 7 == 0) co_await pause(world, 0, Millis(world.random() % 400));
  }
}

Task<> reshard_once(World& world) {
  std::vector<ShardView> open;
  const auto listed =
      world.stand.streams().list_shards(StreamStand::caller(), {.stream = {.name = "s"}});
  for (const ShardView& view : listed->shards) {
    if (!view.ending) open.push_back(view);
  }
  std::sort(open.begin(), open.end(),
            [](const auto& a, const auto& b) { return a.range.start < b.range.start; });
  if (world.random() % 4 == 0) {
    // Several generations at once.
    const std::size_t wanted = open.size() > 4 ? (open.size() + 1) / 2 : open.size() * 2;
    const auto set = co_await world.stand.streams().set_shard_count(
        StreamStand::caller(), {.name = "s"}, static_cast<std::int64_t>(wanted));
    if (set.ok()) ++world.reshards;
    co_return;
  }
  const std::size_t pick = world.random() % open.size();
  Status done = ok();
  if (open.size() > 4 || (world.random() % 2 == 0 && pick + 1 < open.size())) {
    if (pick + 1 >= open.size()) co_return;
    done = co_await world.stand.streams().merge(StreamStand::caller(), {.name = "s"},
                                                open[pick].id(), open[pick + 1].id());
  } else {
    const HashKeyRange& range = open[pick].range;
    const HashKey at{range.start.value + (range.end.value - range.start.value) / 2};
    done = co_await world.stand.streams().split(StreamStand::caller(), {.name = "s"},
                                                open[pick].id(), at.to_string());
  }
  if (done.ok()) ++world.reshards;
}

Task<> live(World& world, bool& done) {
  for (int round = 0; round < 6; ++round) {
    co_await put_some(world, 40);
    co_await reshard_once(world);
  }
  done = true;
}

/// What `reader` was given of a key: everything acknowledged, in order, and nothing twice.
void check(const World& world, const Reader& reader, std::uint64_t seed) {
  for (const auto& [key, numbers] : world.acknowledged) {
    const auto found = reader.given.find(key);
    ASSERT_NE(found, reader.given.end()) << "seed " << seed << " key " << key;
    EXPECT_TRUE(std::is_sorted(found->second.begin(), found->second.end()))
        << "seed " << seed << " key " << key << ": out of order";
    EXPECT_EQ(std::adjacent_find(found->second.begin(), found->second.end()), found->second.end())
        << "seed " << seed << " key " << key << ": twice";
    EXPECT_TRUE(
        std::includes(found->second.begin(), found->second.end(), numbers.begin(), numbers.end()))
        << "seed " << seed << " key " << key << ": lost";
    for (const int number : found->second) {
      EXPECT_LT(number, world.made) << "never handed in";
    }
  }
}

TEST(FanOut, ReadersSeeEachRecordInOrderThroughReshardsAndRestarts) {
  int reshards = 0;
  int beats = 0;
  const auto seeds = penstock::testing::seeds_or_one(40);
  for (const std::uint64_t seed : seeds) {
    World world(seed);
    env::sim::World& machine = world.stand.world();
    ASSERT_TRUE(world.stand.create("s", 2).ok());
    for (std::size_t who = 0; who < world.readers.size(); ++who) {
      const std::string arn = stream_arn(StreamStand::tenant(), "s");
      world.readers[who].arn =
          machine
              .run(world.stand.streams().register_consumer(
                  StreamStand::caller(), {.stream_arn = arn, .name = "c" + std::to_string(who)}))
              ->arn;
    }
    for (int lives = 0; lives < 3; ++lives) {
      bool done = false;
      for (std::size_t who = 0; who < world.readers.size(); ++who) {
        machine.spawn(read_stream(world, who), who + 1);
      }
      machine.spawn(live(world, done));
      const Nanos until_cut = Millis(world.random() % 30'000);
      if (lives < 2 && !machine.run_until([&] { return done; }, until_cut)) {
        world.random() % 2 == 0 ? world.stand.crash() : world.stand.kill();
        continue;
      }
      ASSERT_TRUE(machine.run_until([&] { return done; }, std::chrono::hours(1)));
      machine.run_for(Seconds(400));
      if (lives < 2) world.stand.kill();
    }
    for (const Reader& reader : world.readers) {
      check(world, reader, seed);
      beats += reader.beats;
    }
    reshards += world.reshards;
    if (HasFatalFailure() || HasNonfatalFailure()) FAIL() << "seed " << seed;
  }
  EXPECT_GE(reshards, static_cast<int>(seeds.size()) * 3);
  EXPECT_GE(beats, static_cast<int>(seeds.size()) * 10);
}

}  // namespace
}  // namespace penstock::stream
