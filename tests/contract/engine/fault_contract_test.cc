#include "base/log.h"
#include "contract/engine/engine_kinds.h"
#include "engine/errors.h"
#include "support/seeds.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

// What the interface promises when outcomes are lost and calls refused. Callers do what callers
// may: try again, or go on. The books know what was told, and the engine what is true.

namespace penstock::engine {
namespace {

using namespace std::chrono_literals;
using testing::EngineFaults;
using testing::FaultCounts;
using testing::FaultyEngine;
using testing::seeds_or_one;

constexpr ShardRef kShard{LogId{7}, 0};
constexpr ShardRef kOther{LogId{7}, 1};

/// Lines about failures that are meant to happen.
const bool quiet = [] {
  log::set_level(log::Level::kOff);
  return true;
}();

EngineFaults bad_day() {
  return {.delay_call = 0.3,
          .delay_completion = 0.3,
          .pause = 0.01,
          .refuse = 0.1,
          .lose_call = 0.1,
          .lose_completion = 0.1};
}

/// A durable engine behind faults, on two loops.
struct FaultStand {
  explicit FaultStand(std::uint64_t seed)
      : stand(seed, options_of(EngineKind::kSmallFiles), {.loops = 2}) {
    env::Env& env = stand.world.env();
    stand.wrap_engine([this, &env, seed](std::unique_ptr<Engine> engine) {
      auto wrapped = std::make_unique<FaultyEngine>(std::move(engine), env.clocks, env.loops, seed,
                                                    EngineFaults{});
      faulty = wrapped.get();
      return std::unique_ptr<Engine>(std::move(wrapped));
    });
    stand.open();
    PENSTOCK_CHECK(stand.ensure(kShard.log, 2).ok(), "without faults yet");
    faulty->set_faults(bad_day());
  }
  /// The truth: what is stored, asked without faults.
  void clear_up() { faulty->set_faults({}); }

  EngineStand stand;
  FaultyEngine* faulty = nullptr;
};

bool is_refusal(const Error& error) { return error.code == EngineErrc::kUnavailable; }
bool is_unknown(const Error& error) { return error.code == EngineErrc::kUnknownOutcome; }

/// One append as its caller knows it.
struct Told {
  std::size_t loop = 0;
  ShardRef shard;
  std::vector<std::string> texts;
  Result<Appended> outcome = Appended{};
};

Task<> append_many(EngineStand& stand, std::size_t loop, std::uint64_t seed, int count,
                   std::vector<Told>& told, int& running) {
  env::sim::Prng random(seed * 2 + loop);
  for (int i = 0; i < count; ++i) {
    // Both shards in one call: each has an outcome of its own.
    std::vector<Told> calls;
    for (const ShardRef shard : {kShard, kOther}) {
      Told& one = calls.emplace_back();
      one.loop = loop;
      one.shard = shard;
      for (std::uint64_t n = random.between(1, 4); n > 0; --n) {
        one.texts.push_back(std::to_string(loop) + "/" + std::to_string(i) + "/" +
                            std::to_string(n));
      }
    }
    std::vector<std::vector<NewRecord>> records(calls.size());
    std::vector<Append> appends;
    for (std::size_t c = 0; c < calls.size(); ++c) {
      for (const std::string& text : calls[c].texts) records[c].push_back({"key", text});
      appends.push_back({calls[c].shard, stand.fence(), records[c], {}, Appended{}});
    }
    co_await stand.log().append(appends);
    for (std::size_t c = 0; c < calls.size(); ++c) {
      calls[c].outcome = appends[c].outcome;
      told.push_back(std::move(calls[c]));
    }
  }
  --running;
}

/// Where each text is stored; a text that is stored twice fails.
std::map<std::string, std::uint64_t> stored_in(EngineStand& stand, ShardRef shard) {
  std::map<std::string, std::uint64_t> stored;
  for (Position from{};;) {
    const auto slice = stand.read(shard, from);
    EXPECT_TRUE(slice.ok());
    if (!slice.ok() || slice->records.empty()) return stored;
    for (const Record& record : slice->records) {
      EXPECT_TRUE(stored.emplace(record.data, record.at.index).second) << record.data;
    }
    from = slice->next;
  }
}

/// How many of a call's records are stored, one behind the other.
std::size_t stored_of(const Told& call, const std::map<std::string, std::uint64_t>& stored) {
  std::size_t count = 0;
  std::uint64_t first = 0;
  for (const std::string& text : call.texts) {
    const auto found = stored.find(text);
    if (found == stored.end()) continue;
    if (count == 0) first = found->second;
    EXPECT_EQ(found->second, first + count) << text;
    ++count;
  }
  return count;
}

TEST(FaultContract, AnAppendIsStoredWholeOrNotAtAllAndAsItsOutcomeSays) {
  FaultCounts seen;
  std::size_t unknown_stored = 0;
  std::size_t unknown_gone = 0;
  for (const std::uint64_t seed : seeds_or_one(60)) {
    SCOPED_TRACE("PENSTOCK_SEED=" + std::to_string(seed));
    FaultStand faulty(seed);
    std::vector<Told> told;
    int running = 2;
    for (const std::size_t loop : {0u, 1u}) {
      faulty.stand.world.spawn(append_many(faulty.stand, loop, seed, 40, told, running), loop);
    }
    ASSERT_TRUE(faulty.stand.world.run_until([&] { return running == 0; }, 1h));
    seen.lost_calls += faulty.faulty->counts().lost_calls;
    seen.lost_completions += faulty.faulty->counts().lost_completions;
    seen.refused += faulty.faulty->counts().refused;
    faulty.clear_up();
    std::map<ShardRef, std::map<std::string, std::uint64_t>> stored;
    for (const ShardRef shard : {kShard, kOther}) stored[shard] = stored_in(faulty.stand, shard);
    for (const Told& call : told) {
      const std::size_t found = stored_of(call, stored[call.shard]);
      const bool all = found == call.texts.size();
      if (call.outcome.ok()) {
        EXPECT_TRUE(all) << call.texts.front();
        EXPECT_EQ(stored[call.shard][call.texts.front()], call.outcome->first.index);
      } else if (is_unknown(call.outcome.error())) {
        EXPECT_TRUE(all || found == 0) << call.texts.front();
        ++(all ? unknown_stored : unknown_gone);
      } else {
        EXPECT_TRUE(is_refusal(call.outcome.error())) << call.outcome.error().message;
        EXPECT_EQ(found, 0u) << call.texts.front();
      }
    }
  }
  EXPECT_GT(seen.lost_calls, 0u);
  EXPECT_GT(seen.lost_completions, 0u);
  EXPECT_GT(seen.refused, 0u);
  EXPECT_EQ(unknown_stored, seen.lost_completions);
  EXPECT_EQ(unknown_gone, seen.lost_calls);
}

/// Calls that overlap: started one behind the other, not waited for.
TEST(FaultContract, OrderWithinALoopStandsWhateverHappensToTheCallsBetween) {
  for (const std::uint64_t seed : seeds_or_one(60)) {
    SCOPED_TRACE("PENSTOCK_SEED=" + std::to_string(seed));
    FaultStand faulty(seed);
    std::vector<std::string> started;
    int ended = 0;
    constexpr int kCalls = 60;
    for (int i = 0; i < kCalls; ++i) {
      faulty.stand.world.spawn(
          [](EngineStand& stand, int number, std::vector<std::string>& order, int& done) -> Task<> {
            const std::string text = std::to_string(number);
            order.push_back(text);
            const std::vector<NewRecord> records{{"key", text}};
            Append append{kShard, stand.fence(), records, {}, Appended{}};
            co_await stand.log().append(std::span(&append, 1));
            ++done;
          }(faulty.stand, i, started, ended));
      if (i % 9 == 0) faulty.stand.world.run_for(2ms);
    }
    ASSERT_TRUE(faulty.stand.world.run_until([&] { return ended == kCalls; }, 1h));
    faulty.clear_up();
    const auto stored = stored_in(faulty.stand, kShard);
    std::uint64_t last = 0;
    for (const std::string& text : started) {
      const auto found = stored.find(text);
      if (found == stored.end()) continue;
      EXPECT_GT(found->second, last) << text;
      last = found->second;
    }
    EXPECT_GT(last, 0u);
  }
}

TEST(FaultContract, ACommitOfDocumentsIsAllOrNothingAndVersionsMoveOn) {
  std::size_t applied_though_unknown = 0;
  for (const std::uint64_t seed : seeds_or_one(60)) {
    SCOPED_TRACE("PENSTOCK_SEED=" + std::to_string(seed));
    FaultStand faulty(seed);
    Meta& meta = faulty.stand.engine().meta();
    Version last;
    for (int i = 0; i < 60; ++i) {
      const auto a = meta.get("a");
      const auto b = meta.get("b");
      ASSERT_EQ(a.has_value(), b.has_value());
      if (a.has_value()) {
        ASSERT_EQ(a->value, b->value);
        ASSERT_EQ(a->version, b->version);
        EXPECT_GE(a->version, last);
        last = a->version;
      }
      const std::string value = std::to_string(i);
      const Version expected = a.has_value() ? a->version : Version{};
      std::vector<Change> changes;
      for (const char* key : {"a", "b"}) {
        changes.push_back({Change::Op::kPut, key, expected, value});
      }
      const auto outcome = faulty.stand.world.run(meta.commit(std::move(changes)));
      const auto now = meta.get("a");
      const bool applied = now.has_value() && now->value == value;
      if (outcome.ok()) {
        ASSERT_TRUE(applied);
        EXPECT_EQ(now->version, *outcome);
        EXPECT_GT(*outcome, last);
      } else if (is_unknown(outcome.error())) {
        applied_though_unknown += applied ? 1 : 0;
        if (applied) EXPECT_GT(now->version, expected);
      } else {
        EXPECT_TRUE(is_refusal(outcome.error())) << outcome.error().message;
        EXPECT_FALSE(applied);
      }
    }
  }
  EXPECT_GT(applied_though_unknown, 0u);
}

/// How a caller learns what became of it: the same change again is done once.
TEST(FaultContract, AChangeOfUnknownOutcomeTriedAgainUnderItsVersionHappensOnce) {
  for (const std::uint64_t seed : seeds_or_one(40)) {
    SCOPED_TRACE("PENSTOCK_SEED=" + std::to_string(seed));
    FaultStand faulty(seed);
    Meta& meta = faulty.stand.engine().meta();
    for (int i = 1; i <= 30; ++i) {
      const auto before = meta.get("counter");
      const Version expected = before.has_value() ? before->version : Version{};
      for (;;) {
        std::vector<Change> changes;
        changes.push_back({Change::Op::kPut, "counter", expected, std::to_string(i)});
        const auto outcome = faulty.stand.world.run(meta.commit(std::move(changes)));
        if (outcome.ok() || outcome.error().code == EngineErrc::kConflict) break;
      }
      ASSERT_EQ(meta.get("counter")->value, std::to_string(i));
    }
  }
}

TEST(FaultContract, AMarkIsWhatWasPutOrWhatWasThereAndTheMarksOfACallAgree) {
  std::size_t unknown_put = 0;
  for (const std::uint64_t seed : seeds_or_one(60)) {
    SCOPED_TRACE("PENSTOCK_SEED=" + std::to_string(seed));
    FaultStand faulty(seed);
    Marks& marks = faulty.stand.engine().marks();
    std::optional<std::string> before;
    for (int i = 0; i < 60; ++i) {
      std::optional<std::string> value;
      if (i % 5 != 4) value = std::to_string(i);
      std::vector<Marks::Mark> both{{"one", value}, {"two", value}};
      const auto outcome = faulty.stand.world.run(marks.put(faulty.stand.fence(), std::move(both)));
      const auto now = marks.get("one");
      EXPECT_EQ(now, marks.get("two"));
      if (outcome.ok()) {
        EXPECT_EQ(now, value);
      } else if (is_unknown(outcome.error())) {
        EXPECT_TRUE(now == value || now == before);
        unknown_put += now == value && value != before ? 1 : 0;
      } else {
        EXPECT_TRUE(is_refusal(outcome.error()));
        EXPECT_EQ(now, before);
      }
      before = now;
    }
  }
  EXPECT_GT(unknown_put, 0u);
}

TEST(FaultContract, ASealOfUnknownOutcomeTriedAgainSaysTheSameEnd) {
  for (const std::uint64_t seed : seeds_or_one(60)) {
    SCOPED_TRACE("PENSTOCK_SEED=" + std::to_string(seed));
    FaultStand faulty(seed);
    EngineStand& stand = faulty.stand;
    for (int i = 0; i < 5; ++i) (void)stand.append(kShard, {std::to_string(i)});
    Result<Position> end = Position{};
    do {
      end = stand.world.run(stand.log().seal(kShard, stand.fence()));
      ASSERT_TRUE(end.ok() || is_unknown(end.error()) || is_refusal(end.error()));
    } while (!end.ok());
    const auto late = stand.append(kShard, {"late"});
    EXPECT_FALSE(late.ok());
    faulty.clear_up();
    EXPECT_EQ(stand.log().bounds(kShard)->next, *end);
    EXPECT_EQ(*stand.world.run(stand.log().seal(kShard, stand.fence())), *end);
  }
}

TEST(FaultContract, WhatWasAcknowledgedIsThereAfterAKillInTheMiddleOfIt) {
  for (const std::uint64_t seed : seeds_or_one(60)) {
    SCOPED_TRACE("PENSTOCK_SEED=" + std::to_string(seed));
    FaultStand faulty(seed);
    std::vector<Told> told;
    int running = 2;
    for (const std::size_t loop : {0u, 1u}) {
      faulty.stand.world.spawn(append_many(faulty.stand, loop, seed, 40, told, running), loop);
    }
    const std::size_t wanted = 10 + seed % 50;
    faulty.stand.world.run_until([&] { return told.size() >= wanted; }, 1h);
    faulty.stand.kill();
    faulty.stand.open();
    std::map<ShardRef, std::map<std::string, std::uint64_t>> stored;
    for (const ShardRef shard : {kShard, kOther}) stored[shard] = stored_in(faulty.stand, shard);
    for (const Told& call : told) {
      const std::size_t found = stored_of(call, stored[call.shard]);
      if (call.outcome.ok()) {
        EXPECT_EQ(found, call.texts.size()) << call.texts.front();
      } else if (is_refusal(call.outcome.error())) {
        EXPECT_EQ(found, 0u) << call.texts.front();
      } else {
        EXPECT_TRUE(found == 0 || found == call.texts.size()) << call.texts.front();
      }
    }
  }
}

TEST(FaultContract, AStopWaitsForTheCallsThatAreOnTheirWay) {
  for (const std::uint64_t seed : seeds_or_one(40)) {
    SCOPED_TRACE("PENSTOCK_SEED=" + std::to_string(seed));
    FaultStand faulty(seed);
    std::vector<Told> told;
    int running = 2;
    for (const std::size_t loop : {0u, 1u}) {
      faulty.stand.world.spawn(append_many(faulty.stand, loop, seed, 3, told, running), loop);
    }
    faulty.stand.world.run_for(Millis{static_cast<std::int64_t>(seed % 30)});
    faulty.stand.world.run(faulty.stand.engine().stop());
    ASSERT_TRUE(faulty.stand.world.run_until([&] { return running == 0; }, 1h));
    const auto stored = told;
    faulty.stand.kill();
    faulty.stand.open();
    for (const Told& call : stored) {
      if (!call.outcome.ok()) continue;
      EXPECT_EQ(stored_of(call, stored_in(faulty.stand, call.shard)), call.texts.size());
    }
  }
}

}  // namespace
}  // namespace penstock::engine
