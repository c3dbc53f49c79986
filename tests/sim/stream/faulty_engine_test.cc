#include "support/faulty_engine.h"

#include "base/log.h"
#include "ledger/ledger.h"
#include "stream/ledger_reports.h"
#include "stream/stream_service.h"
#include "support/engine_stand.h"
#include "support/seeds.h"
#include "support/stream_stand.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

// Producers and the ledger over an engine that refuses, delays and loses outcomes. What must hold:
//
//   an acknowledged entry is stored, at its sequence number, in its shard
//   an entry told as failed may be stored; sent again until acknowledged it is stored at least
//   once,
//     and no more often than it was sent
//   nothing else is stored, and the log's own count says how much
//   the producer's law: received = stored + throttled + rejected + failed + interrupted

namespace penstock::stream {
namespace {

using namespace std::chrono_literals;
using testing::EngineFaults;
using testing::EngineStand;
using testing::FaultyEngine;
using testing::ReadRecord;
using testing::seeds_or_one;
using testing::StreamStand;

/// Lines about failures that are meant to happen.
const bool quiet = [] {
  log::set_level(log::Level::kOff);
  return true;
}();

constexpr std::string_view kStream = "orders";

EngineFaults bad_day() {
  return {.delay_call = 0.2,
          .delay_completion = 0.2,
          .pause = 0.01,
          .pause_max = Millis{500},
          .refuse = 0.1,
          .lose_call = 0.1,
          .lose_completion = 0.15};
}

ledger::Producer producer_of(const Caller& caller) {
  return {caller.tenant, caller.access_key, caller.peer, caller.user_agent};
}
struct Streams final : ledger::StreamSource {
  std::vector<ledger::StreamCounts> streams() const override { return {}; }
};
struct Consumers final : ledger::ConsumerSource {
  std::vector<ledger::ConsumerView> consumers() const override { return {}; }
};

/// One entry as its producer knows it.
struct Entry {
  std::string key;
  int sent = 0;
  bool acknowledged = false;
  std::uint32_t shard = 0;
  std::string number;
};

struct Stand {
  explicit Stand(std::uint64_t stand_seed)
      : seed(stand_seed), machine(seed, options(), {.loops = 2}) {
    env::Env& env = machine.world.env();
    machine.wrap_engine([this, &env](std::unique_ptr<engine::Engine> engine) {
      auto wrapped = std::make_unique<FaultyEngine>(std::move(engine), env.clocks, env.loops, seed,
                                                    EngineFaults{});
      faulty = wrapped.get();
      return std::unique_ptr<engine::Engine>(std::move(wrapped));
    });
    open();
    PENSTOCK_CHECK(
        run(streams->create(StreamStand::caller(), {.name = kStream, .shard_count = 4})).ok(),
        "without faults yet");
  }
  ~Stand() {
    machine.world.kill([this] { destroy(); });
  }
  static engine::local::Options options() {
    engine::local::Options made{.folder = "/data"};
    made.journal_first_file_bytes = 64u << 10;
    made.journal_file_bytes_max = 256u << 10;
    made.journal_bytes_max = 1u << 20;
    made.ballast_bytes = 64u << 10;
    return made;
  }
  void open() {
    machine.open();
    env::Env& env = machine.world.env();
    auto books = ledger::Ledger::open(
        {env.clocks, *env.loops.front(), machine.engine().marks(), machine.engine().leases()},
        {.recovery = Millis{24h}});
    PENSTOCK_CHECK(books.ok(), "the ledger opens");
    ledger = std::move(*books);
    puts = std::make_unique<LedgerPuts>(*ledger);
    auto opened = run(StreamService::open({.clocks = env.clocks,
                                           .control_loop = *env.loops.front(),
                                           .random = env.random,
                                           .engine = machine.engine(),
                                           .put_observer = puts.get()},
                                          {.limits = StreamSettings::Limits::kOff}));
    PENSTOCK_CHECK(opened.ok(), "the streams open");
    streams = std::move(*opened);
  }
  void destroy() {
    streams.reset();
    puts.reset();
    ledger.reset();
    machine.abandon();
  }
  template <class T>
  T run(Task<T> task) {
    return machine.world.run(std::move(task));
  }
  /// Every record of every shard.
  std::map<std::uint32_t, std::vector<ReadRecord>> read_all() {
    std::map<std::uint32_t, std::vector<ReadRecord>> all;
    for (std::uint32_t shard = 0; shard < 4; ++shard) {
      const std::string id = std::to_string(shard);
      auto iterator = run(streams->get_shard_iterator(
          StreamStand::caller(), {.stream = {.name = kStream}, .shard_id = id}));
      PENSTOCK_CHECK(iterator.ok(), "the shard is read");
      for (std::string next = *iterator;;) {
        auto page = run(StreamStand::page_of(*streams, next, 1'000));
        PENSTOCK_CHECK(page.ok(), "the page is read");
        if (page->records.empty()) break;
        auto& into = all[shard];
        into.insert(into.end(), page->records.begin(), page->records.end());
        next = page->next_iterator;
      }
    }
    return all;
  }
  std::uint64_t counted() {
    std::uint64_t sum = 0;
    const auto source = streams->streams();
    const auto shards = streams->shards(source.front().log);
    for (const SourceShard& shard : *shards) {
      sum += streams->counts(shard.ref)->stored;
    }
    return sum;
  }
  ledger::ProducerAudit row() {
    const auto report = ledger->audit(Streams{}, Consumers{});
    PENSTOCK_CHECK(report.streams.size() == 1 && report.streams[0].producers.size() == 1,
                   "there is one producer");
    return report.streams[0].producers[0];
  }

  std::uint64_t seed;
  EngineStand machine;
  FaultyEngine* faulty = nullptr;
  std::unique_ptr<ledger::Ledger> ledger;
  std::unique_ptr<LedgerPuts> puts;
  std::unique_ptr<StreamService> streams;

  std::map<std::string, Entry> entries;  ///< By their data.
  std::set<std::string> failed_once;
  std::int64_t received = 0;
  std::int64_t acknowledged = 0;
  std::int64_t failed = 0;
  int producing = 0;
};

/// Puts numbered entries in batches; what failed is sent again until it is acknowledged.
Task<> produce(Stand& stand, std::size_t own, int count) {
  env::sim::Prng random(stand.seed * 2 + own);
  std::vector<std::string> waiting;
  for (int made = 0; made < count || !waiting.empty();) {
    for (std::uint64_t more = random.below(20); more > 0 && made < count; --more, ++made) {
      waiting.push_back(std::to_string(own) + ":" + std::to_string(made));
      stand.entries[waiting.back()].key = "key" + std::to_string(random.below(30));
    }
    if (waiting.empty()) continue;
    std::vector<PutEntry> batch;
    for (const std::string& data : waiting) {
      Entry& entry = stand.entries[data];
      ++entry.sent;
      batch.push_back({entry.key, data, {}});
    }
    const Caller caller = StreamStand::caller();
    stand.ledger->received(producer_of(caller), kStream, batch.size());
    stand.received += static_cast<std::int64_t>(batch.size());
    const auto reply = co_await stand.streams->put_records(
        caller, {.stream = {.name = kStream}, .entries = batch});
    EXPECT_TRUE(reply.ok());
    if (!reply.ok()) break;
    std::vector<std::string> again;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const PutOutcome& outcome = reply->outcomes[i];
      if (outcome.fate == PutFate::kStored) {
        Entry& entry = stand.entries[waiting[i]];
        entry.acknowledged = true;
        entry.shard = outcome.shard;
        entry.number = outcome.number.to_string();
        ++stand.acknowledged;
      } else {
        EXPECT_EQ(outcome.fate, PutFate::kFailed);
        stand.failed_once.insert(waiting[i]);
        ++stand.failed;
        again.push_back(waiting[i]);
      }
    }
    waiting = std::move(again);
  }
  --stand.producing;
}

void start_producers(Stand& stand, int count) {
  stand.faulty->set_faults(bad_day());
  stand.producing = 2;
  for (const std::size_t loop : {0u, 1u}) {
    stand.machine.world.spawn(produce(stand, loop, count), loop);
  }
}

/// What is stored against what was sent and told. Returns how many records are stored.
std::uint64_t compare(Stand& stand) {
  std::map<std::string, int> stored;
  std::map<std::pair<std::uint32_t, std::string>, std::string> by_number;
  std::uint64_t records = 0;
  for (const auto& [shard, all] : stand.read_all()) {
    records += all.size();
    for (const ReadRecord& record : all) {
      ++stored[record.data];
      EXPECT_TRUE(by_number.emplace(std::pair(shard, record.sequence_number), record.data).second);
      const auto entry = stand.entries.find(record.data);
      EXPECT_TRUE(entry != stand.entries.end()) << record.data << " was never sent";
      if (entry != stand.entries.end()) EXPECT_EQ(record.key, entry->second.key);
    }
  }
  for (const auto& [data, entry] : stand.entries) {
    EXPECT_LE(stored[data], entry.sent) << data;
    if (!entry.acknowledged) continue;
    EXPECT_GE(stored[data], 1) << data;
    const auto found = by_number.find(std::pair(entry.shard, entry.number));
    EXPECT_TRUE(found != by_number.end() && found->second == data)
        << data << " is not at " << entry.number;
  }
  return records;
}

TEST(StreamOverAFaultyEngine, StoresWhatItAcknowledgesAndTheLedgersLawHolds) {
  std::int64_t stored_twice = 0;
  for (const std::uint64_t seed : seeds_or_one(60)) {
    SCOPED_TRACE("PENSTOCK_SEED=" + std::to_string(seed));
    Stand stand(seed);
    start_producers(stand, 150);
    ASSERT_TRUE(stand.machine.world.run_until([&] { return stand.producing == 0; }, 24h));
    stand.faulty->set_faults({});

    const auto records = static_cast<std::int64_t>(compare(stand));
    for (const auto& [data, entry] : stand.entries) EXPECT_TRUE(entry.acknowledged) << data;
    EXPECT_EQ(static_cast<std::int64_t>(stand.counted()), records);
    EXPECT_GT(stand.failed, 0);
    stored_twice += records - stand.acknowledged;

    const ledger::ProducerAudit row = stand.row();
    EXPECT_EQ(row.received, stand.received);
    EXPECT_EQ(row.stored, stand.acknowledged);
    EXPECT_EQ(row.failed, stand.failed);
    EXPECT_EQ(row.throttled + row.rejected + row.interrupted, 0);
    EXPECT_EQ(row.unaccounted, 0);
    EXPECT_EQ(row.waiting, 0) << "everything refused was stored in the end";
    EXPECT_EQ(row.probably_lost + row.unknown, 0);
    EXPECT_EQ(row.recovered, static_cast<std::int64_t>(stand.failed_once.size()));
    EXPECT_LE(row.stored, records) << "the log counts what the producer was told, and more";
    EXPECT_GE(row.stored + row.failed, records);
  }
  EXPECT_GT(stored_twice, 0) << "some outcomes were lost";
}

TEST(StreamOverAFaultyEngine, KeepsWhatItAcknowledgedWhenItIsKilledInTheMiddle) {
  for (const std::uint64_t seed : seeds_or_one(60)) {
    SCOPED_TRACE("PENSTOCK_SEED=" + std::to_string(seed));
    Stand stand(seed);
    start_producers(stand, 150);
    const auto wanted = static_cast<std::int64_t>(20 + seed * 7 % 200);
    stand.machine.world.run_until([&] { return stand.acknowledged >= wanted; }, 24h);
    stand.machine.world.kill([&] { stand.destroy(); });
    stand.open();
    const std::uint64_t records = compare(stand);
    EXPECT_EQ(stand.counted(), records);
    EXPECT_GE(static_cast<std::int64_t>(records), stand.acknowledged);
  }
}

/// The books are stored over the same engine: their own writes are refused and lost, too.
TEST(StreamOverAFaultyEngine, TheProducersLawHoldsAfterAnOrderlyRestart) {
  for (const std::uint64_t seed : seeds_or_one(30)) {
    SCOPED_TRACE("PENSTOCK_SEED=" + std::to_string(seed));
    Stand stand(seed);
    start_producers(stand, 60);
    ASSERT_TRUE(stand.machine.world.run_until([&] { return stand.producing == 0; }, 24h));
    stand.faulty->set_faults({});
    stand.machine.world.run(stand.streams->stop());
    stand.machine.world.run(stand.ledger->stop());
    stand.streams.reset();
    stand.puts.reset();
    stand.ledger.reset();
    stand.machine.stop();
    stand.open();
    const ledger::ProducerAudit row = stand.row();
    EXPECT_EQ(row.received, stand.received);
    EXPECT_EQ(row.stored, stand.acknowledged);
    EXPECT_EQ(row.failed, stand.failed);
    EXPECT_EQ(row.unaccounted, 0);
  }
}

}  // namespace
}  // namespace penstock::stream
