#include "ledger/ledger.h"

#include "engine/meta.h"
#include "shape/json.h"
#include "support/engine_stand.h"

#include <gtest/gtest.h>

namespace penstock::ledger {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

struct Streams final : StreamSource {
  std::vector<StreamCounts> all;
  std::vector<StreamCounts> streams() const override { return all; }
};
struct Consumers final : ConsumerSource {
  std::vector<ConsumerView> all;
  std::vector<ConsumerView> consumers() const override { return all; }
};

/// Counts what goes through to the engine.
struct Stores final : engine::Marks {
  engine::Marks* to = nullptr;
  std::size_t puts = 0;
  std::uint64_t bytes = 0;
  Task<Status> put(engine::Fence fence, std::vector<Mark> marks) override {
    ++puts;
    for (const Mark& mark : marks) bytes += mark.value.value_or("").size();
    return to->put(fence, std::move(marks));
  }
  std::optional<std::string> get(std::string_view key) const override { return to->get(key); }
  std::vector<std::pair<std::string, std::string>> list(std::string_view prefix) const override {
    return to->list(prefix);
  }
};

class LedgerTest : public ::testing::Test {
 protected:
  LedgerTest() : machine(1, {.durability = engine::local::Durability::kMemory}) {
    machine.open();
    open();
  }
  ~LedgerTest() override {
    if (ledger != nullptr) stop();
    machine.stop();
  }
  void open() {
    env::Env& env = machine.world.env();
    stores.to = &machine.engine().marks();
    auto opened =
        Ledger::open({env.clocks, *env.loops.front(), stores, machine.engine().leases()}, settings);
    ASSERT_TRUE(opened.ok());
    ledger = std::move(opened).value();
    ASSERT_TRUE(machine.world.run(ledger->compare(streams)).ok());
  }
  void stop() {
    machine.world.run(ledger->stop());
    ledger.reset();
  }
  void restart() {
    stop();
    open();
  }
  /// The process dies between two stores; the engine's memory stands for its disk.
  void die() {
    machine.world.kill([this] { ledger.reset(); });
    open();
  }
  Producer producer(std::string_view key = "AKIA1") const {
    return {tenant, key, "10.0.0.1", "agent/1 more words"};
  }
  void put(const Producer& who, CallOutcome outcome) {
    ledger->received(who, "orders",
                     outcome.stored + outcome.throttled + outcome.rejected + outcome.failed);
    outcome.log = LogId{1};
    ledger->decided(who, "orders", outcome);
  }
  /// What the log itself says it has.
  void log_has(std::uint64_t stored) {
    streams.all = {{.tenant = tenant, .name = "orders", .log = LogId{1}, .stored = stored}};
  }
  void refuse(std::uint64_t fingerprint) {
    const EntryFate entry{fingerprint, 2, false};
    put(producer(), {.throttled = 1, .entries = {&entry, 1}});
  }
  void store(std::uint64_t fingerprint) {
    const EntryFate entry{fingerprint, 2, true};
    put(producer(), {.stored = 1, .entries = {&entry, 1}});
  }
  ProducerAudit row(std::size_t index = 0) {
    const AuditReport report = ledger->audit(streams, consumers);
    return report.streams.at(0).producers.at(index);
  }

  Tenant tenant{"123456789012", "eu-west-1"};
  testing::EngineStand machine;
  Stores stores;
  LedgerSettings settings;
  std::unique_ptr<Ledger> ledger;
  Streams streams;
  Consumers consumers;
};

TEST_F(LedgerTest, CountsWhatTheFrontAndTheStreamSayEachOnItsOwn) {
  ledger->received(producer(), "orders", 10);
  EXPECT_EQ(row().unaccounted, 10) << "received and not decided";
  ledger->decided(producer(), "orders", {.stored = 4, .throttled = 3, .rejected = 2, .failed = 1});
  EXPECT_EQ(row().unaccounted, 0);
  EXPECT_EQ(row().stored, 4);
  EXPECT_EQ(row().throttled, 3);
  EXPECT_EQ(row().rejected, 2);
  EXPECT_EQ(row().failed, 1);
}

TEST_F(LedgerTest, KeepsOneRowForEachProducerByItsFirstWordOfAgent) {
  put(producer(), {.stored = 1});
  put(producer("AKIA2"), {.stored = 1});
  put({tenant, "AKIA1", "10.0.0.1", "agent/1 other words"}, {.stored = 1});
  const AuditReport report = ledger->audit(streams, consumers);
  ASSERT_EQ(report.streams.size(), 1u);
  ASSERT_EQ(report.streams[0].producers.size(), 2u);
  EXPECT_EQ(report.streams[0].producers[0].stored, 2);
  EXPECT_EQ(report.streams[0].producers[0].agent, "agent/1");
}

TEST_F(LedgerTest, BeyondTheLimitProducersShareARowAndNothingIsUncounted) {
  stop();
  settings.producers_max = 3;
  open();
  for (int i = 0; i < 20; ++i) put(producer("AKIA" + std::to_string(i)), {.stored = 1});
  const AuditReport report = ledger->audit(streams, consumers);
  std::int64_t stored = 0;
  for (const ProducerAudit& one : report.streams[0].producers) stored += one.stored;
  EXPECT_EQ(report.streams[0].producers.size(), 4u);
  EXPECT_EQ(stored, 20);
}

TEST_F(LedgerTest, ARefusedEntryThatComesAgainInTimeIsRecovered) {
  EXPECT_FALSE(ledger->wants_stored_fingerprints());
  refuse(77);
  EXPECT_TRUE(ledger->wants_stored_fingerprints());
  EXPECT_EQ(row().waiting, 1);
  machine.world.env().clocks.advance_service(minutes(4));
  store(77);
  EXPECT_EQ(row().recovered, 1);
  EXPECT_EQ(row().waiting, 0);
  EXPECT_FALSE(ledger->wants_stored_fingerprints());
}

TEST_F(LedgerTest, ARefusedEntryThatDoesNotComeAgainIsProbablyLostAndNamed) {
  refuse(77);
  machine.world.env().clocks.advance_service(minutes(5));
  const AuditReport report = ledger->audit(streams, consumers);
  EXPECT_EQ(report.verdict.probably_lost, 1);
  EXPECT_EQ(report.verdict.lost, 1);
  ASSERT_EQ(report.streams[0].probably_lost.size(), 1u);
  EXPECT_EQ(report.streams[0].probably_lost[0].fingerprint, "77");
  EXPECT_EQ(report.streams[0].probably_lost[0].shard, "shardId-000000000002");
  EXPECT_FALSE(ledger->wants_stored_fingerprints());
}

TEST_F(LedgerTest, BooksSurviveAnOrderlyStop) {
  put(producer(), {.stored = 5, .failed = 1});
  refuse(77);
  restart();
  EXPECT_EQ(row().stored, 5);
  EXPECT_EQ(row().waiting, 1);
  EXPECT_EQ(row().unaccounted, 0);
  EXPECT_TRUE(ledger->wants_stored_fingerprints());
}

TEST_F(LedgerTest, BooksAreStoredEverySecond) {
  put(producer(), {.stored = 5});
  machine.world.run_for(seconds(2));
  put(producer(), {.stored = 100});  // Less than a second before the end.
  die();
  EXPECT_EQ(row().stored, 5);
  EXPECT_EQ(row().unaccounted, 0);
}

TEST_F(LedgerTest, ARefusalIsStoredSoon) {
  refuse(77);
  machine.world.run_for(Millis{25});
  die();
  EXPECT_EQ(row().throttled, 1);
  EXPECT_EQ(row().waiting, 1);
  EXPECT_EQ(row().unaccounted, 0);
}

TEST_F(LedgerTest, ARecoveryIsStoredSoonSoThatNoCrashTakesItForALoss) {
  refuse(77);
  machine.world.run_for(seconds(2));
  store(77);
  machine.world.run_for(Millis{25});
  die();
  EXPECT_EQ(row().waiting, 0);
  EXPECT_EQ(row().recovered, 1);
}

TEST_F(LedgerTest, RefusalsOfOneBurstAreStoredTogether) {
  for (std::uint64_t i = 0; i < 100; ++i) {
    refuse(i);
    machine.world.run_for(Millis{1});
  }
  EXPECT_GE(stores.puts, 4u);
  EXPECT_LE(stores.puts, 6u) << "100 ms, one in 20";
}

TEST_F(LedgerTest, LargeBooksAreNotStoredMoreOftenThanTheirBytesAllow) {
  for (std::uint64_t i = 0; i < 10'000; ++i) refuse(1u << 20 | i);
  machine.world.run_for(seconds(1));
  stores.bytes = 0;
  for (std::uint64_t i = 0; i < 200; ++i) {
    refuse(i);
    machine.world.run_for(Millis{5});
  }
  EXPECT_GT(stores.bytes, 1u << 20);
  EXPECT_LE(stores.bytes, settings.store_soon_bytes_per_s + (1u << 20));
}

TEST_F(LedgerTest, WhatWasInFlightWhenTheServerDiedIsInterrupted) {
  ledger->received(producer(), "orders", 9);
  machine.world.run_for(seconds(2));
  die();
  EXPECT_EQ(row().interrupted, 9);
  EXPECT_EQ(row().unaccounted, 0);
}

TEST_F(LedgerTest, WhatAnOrderlyStopLeavesUndecidedStaysUnaccounted) {
  ledger->received(producer(), "orders", 9);
  restart();
  EXPECT_EQ(row().interrupted, 0);
  EXPECT_EQ(row().unaccounted, 9);
  restart();
  EXPECT_EQ(row().unaccounted, 9);
}

TEST_F(LedgerTest, ACrashDoesNotExplainWhatAnOrderlyStopHadLeftUndecided) {
  ledger->received(producer(), "orders", 9);
  restart();
  ledger->received(producer(), "orders", 4);
  machine.world.run_for(seconds(2));
  die();
  EXPECT_EQ(row().interrupted, 4);
  EXPECT_EQ(row().unaccounted, 9);
  restart();
  die();
  EXPECT_EQ(row().interrupted, 4);
  EXPECT_EQ(row().unaccounted, 9);
}

TEST_F(LedgerTest, AStartIsNoOrderlyStopEvenWhenNothingWasCounted) {
  restart();
  die();
  ledger->received(producer(), "orders", 3);
  machine.world.run_for(seconds(2));
  die();
  EXPECT_EQ(row().interrupted, 3);
  EXPECT_EQ(row().unaccounted, 0);
}

TEST_F(LedgerTest, RefusedEntriesBeyondWhatIsRememberedAreUnknown) {
  stop();
  settings.fingerprints_max = 2;
  open();
  for (std::uint64_t i = 0; i < 5; ++i) refuse(i);
  EXPECT_EQ(row().waiting, 2);
  EXPECT_EQ(row().unknown, 3);
  EXPECT_EQ(ledger->audit(streams, consumers).verdict.unknown, 3);
}

TEST_F(LedgerTest, TheAuditJoinsStreamsProducersAndConsumersByName) {
  put(producer(), {.stored = 10});
  streams.all.push_back({tenant, "orders", LogId{1}, 10, 2});
  streams.all.push_back({tenant, "other", LogId{2}, 0, 0});
  ConsumerBook book;
  book.count_succeeded(5);
  book.count(Fate::kDroppedRetries, 6, 7, 2, 99);
  consumers.all.push_back({tenant, "uuid", "arn", "orders", LogId{1}, {{3, book, 10, 2}}});
  const AuditReport report = ledger->audit(streams, consumers);
  ASSERT_EQ(report.streams.size(), 2u);
  const StreamAudit& orders = report.streams[0];
  EXPECT_TRUE(orders.exists);
  EXPECT_EQ(orders.stored, 10);
  EXPECT_EQ(orders.expired, 2);
  const ShardAudit& shard = orders.consumers.at(0).shards.at(0);
  EXPECT_EQ(shard.shard, "shardId-000000000003");
  EXPECT_EQ(shard.dropped_by.retries, 2);
  EXPECT_EQ(shard.unaccounted, 1) << "10 stored, 7 settled, 2 pending";
  ASSERT_EQ(shard.ranges.size(), 1u);
  EXPECT_EQ(shard.ranges[0].fate, "dropped: retries");
  EXPECT_EQ(shard.ranges[0].first, "6");
  EXPECT_EQ(report.verdict.lost, 3);
}

TEST_F(LedgerTest, WhatACrashTookFromTheBooksIsUnattributed) {
  put(producer(), {.stored = 5, .failed = 1});
  machine.world.run_for(seconds(2));
  put(producer(), {.stored = 100});  // Less than a second before the end.
  log_has(106);                      // The failed one, too.
  die();
  for (int run = 0; run < 3; ++run) {
    const AuditReport report = ledger->audit(streams, consumers);
    EXPECT_EQ(report.streams.at(0).producers.at(0).stored, 5);
    EXPECT_EQ(report.streams.at(0).unattributed, 101);
    EXPECT_EQ(report.verdict.unaccounted, 0);
    EXPECT_EQ(report.verdict.lost, 0) << "it is stored";
    run == 0 ? restart() : die();
  }
  put(producer(), {.stored = 10});
  log_has(117);
  EXPECT_EQ(ledger->audit(streams, consumers).streams.at(0).unaccounted, 1);
}

TEST_F(LedgerTest, AnOrderlyStopLeavesNothingUnattributed) {
  put(producer(), {.stored = 5});
  log_has(7);
  restart();
  const AuditReport report = ledger->audit(streams, consumers);
  EXPECT_EQ(report.streams.at(0).unattributed, 0);
  EXPECT_EQ(report.streams.at(0).unaccounted, 2);
  EXPECT_EQ(report.verdict.lost, 2);
}

TEST_F(LedgerTest, ACrashDoesNotAttributeWhatAnOrderlyStopLeftOver) {
  put(producer(), {.stored = 5, .failed = 1});
  log_has(8);
  restart();
  put(producer(), {.stored = 10});  // Less than a second before the end.
  log_has(18);
  for (int run = 0; run < 3; ++run) {
    run == 1 ? restart() : die();
    const StreamAudit stream = ledger->audit(streams, consumers).streams.at(0);
    EXPECT_EQ(stream.unattributed, 11) << "with the failed one";
    EXPECT_EQ(stream.unaccounted, 2);
  }
}

TEST_F(LedgerTest, WhatTheLogLacksIsUnaccountedAfterACrashToo) {
  put(producer(), {.stored = 5});
  machine.world.run_for(seconds(2));
  log_has(4);
  die();
  EXPECT_EQ(ledger->audit(streams, consumers).streams.at(0).unaccounted, 1);
}

TEST_F(LedgerTest, FailedEntriesAndThoseOnTheirWayMayBeStored) {
  put(producer(), {.failed = 2});
  ledger->received(producer(), "orders", 3);
  for (const std::uint64_t stored : {0u, 2u, 5u}) {
    log_has(stored);
    EXPECT_EQ(ledger->audit(streams, consumers).streams.at(0).unaccounted, 0) << stored;
  }
  log_has(6);
  EXPECT_EQ(ledger->audit(streams, consumers).streams.at(0).unaccounted, 1);
}

TEST_F(LedgerTest, TheBookOfALogThatIsGoneGoesAtTheNextStart) {
  put(producer(), {.stored = 5});
  log_has(5);
  restart();
  EXPECT_EQ(stores.list("ledger/log/").size(), 1u);
  streams.all.clear();
  restart();
  restart();
  EXPECT_EQ(stores.list("ledger/log/").size(), 0u);
  EXPECT_EQ(row().stored, 5) << "its producers are remembered";
}

TEST_F(LedgerTest, DamagedRecordsAreLost) {
  put(producer(), {.stored = 10});
  streams.all.push_back(
      {.tenant = tenant, .name = "orders", .log = LogId{1}, .stored = 10, .damaged = 3});
  const AuditReport report = ledger->audit(streams, consumers);
  EXPECT_EQ(report.streams.at(0).damaged, 3);
  EXPECT_EQ(report.verdict.damaged, 3);
  EXPECT_EQ(report.verdict.lost, 3);
}

TEST_F(LedgerTest, ProducersOfAStreamThatIsGoneAreStillListed) {
  put(producer(), {.rejected = 1});
  const AuditReport report = ledger->audit(streams, consumers);
  ASSERT_EQ(report.streams.size(), 1u);
  EXPECT_FALSE(report.streams[0].exists);
  EXPECT_EQ(report.streams[0].producers[0].rejected, 1);
}

TEST_F(LedgerTest, TheReportReadsBackFromItsJson) {
  put(producer(), {.stored = 3});
  const AuditReport report = ledger->audit(streams, consumers);
  const auto back = shape::from_json<AuditReport>(shape::to_json(report));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->streams.at(0).producers.at(0).stored, 3);
  EXPECT_EQ(shape::to_json(*back), shape::to_json(report));
}

}  // namespace
}  // namespace penstock::ledger
