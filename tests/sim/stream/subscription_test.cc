#include "env/loop.h"
#include "stream/stream_service.h"
#include "support/stream_stand.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

// One subscription: what it gives, when, and what ends it.

namespace penstock::stream {
namespace {

using testing::StreamStand;
constexpr std::string_view kFirst = "shardId-000000000000";

struct SubscriptionTest : ::testing::Test {
  SubscriptionTest() { EXPECT_TRUE(stand.create("s", 1).ok()); }

  std::string consumer(std::string_view name = "c") {
    const std::string arn = stream_arn(StreamStand::tenant(), "s");
    return stand.world()
        .run(stand.streams().register_consumer(StreamStand::caller(),
                                               {.stream_arn = arn, .name = name}))
        ->arn;
  }
  Result<std::unique_ptr<Subscription>> try_subscribe(SubscribeToShard request) {
    if (request.shard_id.empty()) request.shard_id = kFirst;
    return stand.world().run(stand.streams().subscribe(request));
  }
  std::unique_ptr<Subscription> subscribe(const std::string& arn, IteratorType type,
                                          std::string_view shard = kFirst) {
    auto made = try_subscribe({.consumer_arn = arn, .shard_id = shard, .type = type});
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
    return made.ok() ? std::move(*made) : nullptr;
  }
  Result<std::optional<SubscriptionEvent>> next(Subscription& from) {
    return stand.world().run(from.next({}));
  }
  SubscriptionEvent event(Subscription& from) {
    auto found = next(from);
    EXPECT_TRUE(found.ok() && found->has_value());
    return found.ok() && found->has_value() ? std::move(**found) : SubscriptionEvent{};
  }
  std::vector<std::string> data_of(const SubscriptionEvent& found) {
    std::vector<std::string> data;
    for (const engine::Record& record : found.slice.records) data.emplace_back(record.data);
    return data;
  }
  std::string put(std::string_view data) {
    const auto reply = stand.put("s", {{.partition_key = "k", .data = data}});
    return reply->outcomes.front().number.to_string();
  }
  /// Deletes the stream while `sub` waits; what it was told, if anything.
  void stream_goes(Subscription& sub, std::optional<Error>& told) {
    stand.world().spawn([](Subscription& waiting, std::optional<Error>& out) -> Task<> {
      while (true) {
        const auto found = co_await waiting.next({});
        if (!found.ok()) out = found.error();
        if (!found.ok() || !found->has_value()) co_return;
      }
    }(sub, told));
    stand.world().run_for(Seconds(1));
    EXPECT_TRUE(stand.world()
                    .run(stand.streams().remove(StreamStand::caller(), {.name = "s"},
                                                ConsumerRemoval::kEnforced))
                    .ok());
    stand.world().run_for(Seconds(1));
  }
  using Data = std::vector<std::string>;

  StreamStand stand{1, {.folder = "data"}};
};

TEST_F(SubscriptionTest, RecordsComeInOrderAndThenAsTheyAreStored) {
  put("a");
  put("b");
  const auto sub = subscribe(consumer(), IteratorType::kTrimHorizon);
  const SubscriptionEvent first = event(*sub);
  EXPECT_EQ(data_of(first), (Data{"a", "b"}));
  EXPECT_EQ(first.millis_behind_latest, 0);
  const std::string number = put("c");
  const SubscriptionEvent second = event(*sub);
  EXPECT_EQ(data_of(second), Data{"c"});
  EXPECT_EQ(second.continuation->to_string(), number);
}

Task<> put_after(StreamStand& stand, Millis pause, std::string data, SteadyTime& durable) {
  env::Loop& loop = stand.world().loop();
  co_await env::sleep_until(loop, stand.world().env().clocks.steady_now() + pause, {});
  const PutEntry entry{"k", data, {}};
  const auto reply = co_await stand.streams().put_record(StreamStand::caller(),
                                                         {.stream = {.name = "s"}, .entry = entry});
  EXPECT_TRUE(reply.ok());
  durable = stand.world().env().clocks.steady_now();
}

TEST_F(SubscriptionTest, AnAppendWakesItAtOnce) {
  const auto sub = subscribe(consumer(), IteratorType::kLatest);
  EXPECT_TRUE(event(*sub).slice.records.empty());
  SteadyTime durable;
  stand.world().spawn(put_after(stand, Millis{1'234}, "late", durable));
  EXPECT_EQ(data_of(event(*sub)), Data{"late"});
  const SteadyTime seen = stand.world().env().clocks.steady_now();
  ASSERT_TRUE(stand.world().run_until([&] { return durable != SteadyTime{}; }, Seconds(1)));
  // Virtual time: both were woken by the same commit, and nobody polls.
  EXPECT_LT(durable - seen, Nanos{Millis{1}});
  EXPECT_LT(seen - durable, Nanos{Millis{1}});
}

TEST_F(SubscriptionTest, LatestIsDecidedByTheCall) {
  put("before");
  const auto sub = subscribe(consumer(), IteratorType::kLatest);
  put("after");
  EXPECT_EQ(data_of(event(*sub)), Data{"after"});
}

TEST_F(SubscriptionTest, EveryStartingPositionIsKnown) {
  const std::string a = put("a");
  stand.world().run_for(Seconds(1));
  const ServiceTime between = stand.now();
  const std::string b = put("b");
  struct Case {
    SubscribeToShard request;
    Data expected;
  };
  const std::string starting = stand.shards("s").front().starting.to_string();
  const Case cases[] = {
      {{.type = IteratorType::kTrimHorizon}, {"a", "b"}},
      {{.type = IteratorType::kAtSequenceNumber, .sequence_number = b}, {"b"}},
      {{.type = IteratorType::kAtSequenceNumber, .sequence_number = starting}, {"a", "b"}},
      {{.type = IteratorType::kAfterSequenceNumber, .sequence_number = a}, {"b"}},
      {{.type = IteratorType::kAtTimestamp, .timestamp = between}, {"b"}},
      {{.type = IteratorType::kLatest}, {}},
  };
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    const std::string arn = consumer("c" + std::to_string(i));
    SubscribeToShard request = cases[i].request;
    request.consumer_arn = arn;
    auto made = try_subscribe(request);
    ASSERT_TRUE(made.ok()) << i << ": " << made.error().message;
    EXPECT_EQ(data_of(event(**made)), cases[i].expected) << i;
  }
}

TEST_F(SubscriptionTest, WhatIsWrongIsSaidInTheServicesWords) {
  const std::string arn = consumer();
  const std::string number = put("a");
  const std::string unknown = stream_arn(StreamStand::tenant(), "s") + "/consumer/x:1";
  struct Case {
    SubscribeToShard request;
    StreamErrc code;
    std::string message;
  };
  const Case cases[] = {
      {{.consumer_arn = unknown},
       StreamErrc::kNotFound,
       "Consumer " + unknown + ", account 000000000000 not found."},
      {{.consumer_arn = arn, .shard_id = "shardId-7"},
       StreamErrc::kNotFound,
       "Shard shardId-000000000007 in stream s under account 000000000000 does not exist"},
      {{.consumer_arn = arn, .shard_id = "x"},
       StreamErrc::kNotFound,
       "Could not find shard x in stream s under account 000000000000."},
      {{.consumer_arn = arn, .type = IteratorType::kAtSequenceNumber},
       StreamErrc::kInvalidArgument,
       "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and "
       "StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
       "Request specified AT_SEQUENCE_NUMBER and no StartingSequenceNumber."},
      {{.consumer_arn = arn, .type = IteratorType::kLatest, .sequence_number = number},
       StreamErrc::kInvalidArgument,
       "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and "
       "StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
       "Request specified LATEST and also a StartingSequenceNumber."},
      {{.consumer_arn = arn, .type = IteratorType::kAtTimestamp},
       StreamErrc::kInvalidArgument,
       "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current "
       "request "
       "has no timestamp parameter."},
  };
  for (const Case& one : cases) {
    const auto made = try_subscribe(one.request);
    ASSERT_FALSE(made.ok()) << one.message;
    EXPECT_EQ(made.error().code, one.code);
    EXPECT_EQ(made.error().message, one.message);
  }
  EXPECT_TRUE(try_subscribe({.consumer_arn = arn}).ok()) << "no refusal took the place";
}

TEST_F(SubscriptionTest, ADryRunTakesNoPlace) {
  const std::string arn = consumer();
  EXPECT_EQ(try_subscribe({.consumer_arn = arn, .dry_run = true}).error().code,
            StreamErrc::kDryRun);
  EXPECT_TRUE(try_subscribe({.consumer_arn = arn}).ok());
}

TEST_F(SubscriptionTest, IdleItSpeaksEveryFiveSecondsAndItsNumbersGrow) {
  put("a");
  const std::string arn = consumer();
  auto sub = subscribe(arn, IteratorType::kLatest);
  SteadyTime last = stand.world().env().clocks.steady_now();
  std::optional<SequenceNumber> number;
  for (int i = 0; i < 10; ++i) {
    const SubscriptionEvent beat = event(*sub);
    EXPECT_TRUE(beat.slice.records.empty());
    EXPECT_EQ(beat.millis_behind_latest, 0);
    if (number) {
      EXPECT_GT(*beat.continuation, *number);
    }
    number = beat.continuation;
    const SteadyTime now = stand.world().env().clocks.steady_now();
    EXPECT_LE(now - last, Seconds(5) + Millis(1));
    last = now;
  }
  put("b");
  for (const IteratorType type :
       {IteratorType::kAfterSequenceNumber, IteratorType::kAtSequenceNumber}) {
    stand.world().run_for(Seconds(6));
    const std::string text = number->to_string();
    auto again = try_subscribe({.consumer_arn = arn, .type = type, .sequence_number = text});
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(data_of(event(**again)).back(), "b");
    if (type == IteratorType::kAfterSequenceNumber) {
      EXPECT_EQ(data_of(event(**again)), Data{}) << "nothing comes twice";
    }
  }
}

TEST_F(SubscriptionTest, ItEndsAfterFiveMinutes) {
  const auto sub = subscribe(consumer(), IteratorType::kLatest);
  const SteadyTime begin = stand.world().env().clocks.steady_now();
  int events = 0;
  while (true) {
    auto found = next(*sub);
    ASSERT_TRUE(found.ok());
    if (!found->has_value()) break;
    ++events;
  }
  const Nanos lasted = stand.world().env().clocks.steady_now() - begin;
  EXPECT_GE(lasted, Nanos{Millis(299'999)});
  EXPECT_LT(lasted, Nanos{Seconds(301)});
  EXPECT_GE(events, 60);
}

TEST_F(SubscriptionTest, ItsLifeEndsAlsoWhenNobodyReads) {
  put("a");
  const auto sub = subscribe(consumer(), IteratorType::kTrimHorizon);
  stand.world().run_for(Seconds(299));
  EXPECT_EQ(data_of(event(*sub)), Data{"a"}) << "it still lives";
  stand.world().run_for(Seconds(2));
  const auto found = next(*sub);
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->has_value());
}

TEST_F(SubscriptionTest, AClosedShardEndsWithItsChildren) {
  put("a");
  const std::string arn = consumer();
  const auto sub = subscribe(arn, IteratorType::kTrimHorizon);
  EXPECT_EQ(data_of(event(*sub)), Data{"a"});
  ASSERT_TRUE(stand.world()
                  .run(stand.streams().split(StreamStand::caller(), {.name = "s"}, "0", "12345"))
                  .ok());
  const SubscriptionEvent last = event(*sub);
  EXPECT_FALSE(last.continuation) << "exactly the last event has none";
  ASSERT_EQ(last.child_shards.size(), 2u);
  EXPECT_EQ(last.child_shards[0].parents, std::vector<std::uint32_t>{0});
  EXPECT_EQ(last.child_shards[1].number, 2u);
  EXPECT_FALSE(next(*sub)->has_value());

  ASSERT_TRUE(stand.world()
                  .run(stand.streams().merge(StreamStand::caller(), {.name = "s"}, "1", "2"))
                  .ok());
  const auto child = subscribe(arn, IteratorType::kLatest, "shardId-000000000002");
  const SubscriptionEvent merged = event(*child);
  ASSERT_EQ(merged.child_shards.size(), 1u);
  EXPECT_EQ(merged.child_shards[0].parents, (std::vector<std::uint32_t>{1, 2}));
}

TEST_F(SubscriptionTest, RecordsOfAClosedShardComeBeforeItsEnd) {
  const auto sub = subscribe(consumer(), IteratorType::kLatest);
  put("a");
  put("b");
  ASSERT_TRUE(stand.world()
                  .run(stand.streams().split(StreamStand::caller(), {.name = "s"}, "0", "12345"))
                  .ok());
  Data found;
  while (true) {
    const SubscriptionEvent one = event(*sub);
    for (const std::string& data : data_of(one)) found.push_back(data);
    EXPECT_EQ(one.continuation.has_value(), one.child_shards.empty());
    if (!one.continuation) break;
  }
  EXPECT_EQ(found, (Data{"a", "b"}));
}

TEST_F(SubscriptionTest, ASecondOneIsRefusedForFiveSecondsThenItTakesThePlace) {
  const std::string arn = consumer();
  const auto first = subscribe(arn, IteratorType::kLatest);
  stand.world().run_for(Millis(4'900));
  const auto refused = try_subscribe({.consumer_arn = arn});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, StreamErrc::kInUse);
  EXPECT_EQ(refused.error().message,
            "Another active subscription exists for this consumer: "
            "000000000000:s:shardId-000000000000:c");
  event(*first);
  stand.world().run_for(Millis(200));
  const auto second = subscribe(arn, IteratorType::kLatest);
  const auto told = next(*first);
  ASSERT_FALSE(told.ok());
  EXPECT_EQ(told.error().code, StreamErrc::kInUse);
  EXPECT_EQ(told.error().message, refused.error().message);
  EXPECT_FALSE(next(*first)->has_value()) << "then it has ended";
  put("a");
  EXPECT_EQ(data_of(event(*second)), Data{"a"});
}

TEST_F(SubscriptionTest, APlaceThatWasLeftIsTakenForFiveSeconds) {
  const std::string arn = consumer();
  subscribe(arn, IteratorType::kLatest).reset();
  EXPECT_EQ(try_subscribe({.consumer_arn = arn}).error().code, StreamErrc::kInUse);
  stand.world().run_for(Seconds(5));
  EXPECT_TRUE(try_subscribe({.consumer_arn = arn}).ok());
}

TEST_F(SubscriptionTest, ConsumersDoNotStandInEachOthersWay) {
  const auto first = subscribe(consumer("c"), IteratorType::kLatest);
  const auto second = subscribe(consumer("d"), IteratorType::kLatest);
  put("a");
  EXPECT_EQ(data_of(event(*first)), Data{"a"});
  EXPECT_EQ(data_of(event(*second)), Data{"a"});
}

TEST_F(SubscriptionTest, DeregisteringEndsIt) {
  const std::string arn = consumer();
  const auto sub = subscribe(arn, IteratorType::kLatest);
  event(*sub);
  ASSERT_TRUE(stand.world()
                  .run(stand.streams().deregister_consumer(StreamStand::caller(), {.arn = arn}))
                  .ok());
  const auto told = next(*sub);
  ASSERT_FALSE(told.ok());
  EXPECT_EQ(told.error().code, StreamErrc::kNotFound);
  EXPECT_EQ(told.error().message, "Consumer " + arn + ", account 000000000000 not found.");
  EXPECT_FALSE(next(*sub)->has_value());
}

TEST_F(SubscriptionTest, DeletingTheStreamEndsIt) {
  const auto sub = subscribe(consumer(), IteratorType::kLatest);
  event(*sub);
  ASSERT_TRUE(stand.world()
                  .run(stand.streams().remove(StreamStand::caller(), {.name = "s"},
                                              ConsumerRemoval::kEnforced))
                  .ok());
  const auto told = next(*sub);
  ASSERT_FALSE(told.ok());
  EXPECT_EQ(told.error().code, StreamErrc::kNotFound);
  EXPECT_EQ(told.error().message, "Stream s under account 000000000000 not found.");
  EXPECT_FALSE(next(*sub)->has_value());
}

/// The same for one that is asked while the stream goes.
TEST_F(SubscriptionTest, DeletingTheStreamEndsAWaitingOne) {
  const auto sub = subscribe(consumer(), IteratorType::kLatest);
  event(*sub);
  std::optional<Error> told;
  stream_goes(*sub, told);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->code, StreamErrc::kNotFound);
  EXPECT_EQ(told->message, "Stream s under account 000000000000 not found.");
}

Task<> wait_for_next(Subscription& sub, CancelToken gone, bool& ended) {
  while (true) {
    const auto found = co_await sub.next(gone);
    EXPECT_TRUE(found.ok());
    if (!found.ok() || !found->has_value()) break;
  }
  ended = true;
}

TEST_F(SubscriptionTest, AWaitEndsWhenThePeerHasGone) {
  const auto sub = subscribe(consumer(), IteratorType::kLatest);
  bool ended = false;
  CancelSource gone;
  stand.world().spawn(wait_for_next(*sub, gone.token(), ended));
  stand.world().run_for(Seconds(7));
  EXPECT_FALSE(ended);
  gone.cancel();
  stand.world().run_for(Millis(1));
  EXPECT_TRUE(ended);
}

TEST_F(SubscriptionTest, EventsAreChargedAndShortMemoryOnlyDelays) {
  const std::string data(300'000, 'x');
  for (int i = 0; i < 3; ++i) put(data);
  const auto sub = subscribe(consumer(), IteratorType::kTrimHorizon);
  {
    const SubscriptionEvent all = event(*sub);
    EXPECT_EQ(all.slice.records.size(), 3u);
    EXPECT_GE(stand.pages.used_bytes(), 1'200'000u);
  }
  EXPECT_EQ(stand.pages.used_bytes(), 0u) << "what has gone out is paid back";
  stand.world().run_for(Seconds(1));
  auto others = stand.pages.take(stand.pages.limit_bytes());
  put(data);
  const SubscriptionEvent beat = event(*sub);
  EXPECT_TRUE(beat.slice.records.empty());
  EXPECT_GE(beat.millis_behind_latest, 1) << "it says that more is there";
  others = {};
  EXPECT_EQ(event(*sub).slice.records.size(), 1u);
}

struct SeenReads final : GetObserver {
  struct Seen {
    std::string consumer;
    std::size_t records;
    bool operator==(const Seen&) const = default;
  };
  void got(const GetReport& report) override {
    seen.push_back({std::string(report.consumer), report.records});
  }
  std::vector<Seen> seen;
};

TEST_F(SubscriptionTest, ReadsAreReportedWithTheirConsumer) {
  stand.stop();
  SeenReads reads;
  env::Env& env = stand.world().env();
  auto opened = stand.world().run(StreamService::open({.clocks = env.clocks,
                                                       .control_loop = *env.loops.front(),
                                                       .random = env.random,
                                                       .engine = stand.machine.engine(),
                                                       .get_observer = &reads},
                                                      {}));
  ASSERT_TRUE(opened.ok());
  StreamService& streams = **opened;
  const std::string arn = stream_arn(StreamStand::tenant(), "s");
  const std::string made =
      stand.world()
          .run(streams.register_consumer(StreamStand::caller(), {.stream_arn = arn, .name = "c"}))
          ->arn;
  const std::vector<PutEntry> entries(3, {.partition_key = "k", .data = "d"});
  ASSERT_TRUE(stand.world()
                  .run(streams.put_records(StreamStand::caller(),
                                           {.stream = {.name = "s"}, .entries = entries}))
                  .ok());
  {
    const auto sub = stand.world().run(streams.subscribe(
        {.consumer_arn = made, .shard_id = kFirst, .type = IteratorType::kTrimHorizon}));
    ASSERT_TRUE(sub.ok());
    event(**sub);
    event(**sub);  // Five seconds later: nothing was read.
  }
  EXPECT_EQ(reads.seen, (std::vector<SeenReads::Seen>{{"c", 3}}));
  stand.world().run(streams.stop());
}

TEST_F(SubscriptionTest, OnlyAnActiveConsumerSubscribes) {
  StreamSettings slow;
  slow.consumer_delay = Millis{3'000};
  StreamStand other(2, {.folder = "data"}, slow);
  ASSERT_TRUE(other.create("s", 1).ok());
  const auto made = other.world().run(other.streams().register_consumer(
      StreamStand::caller(), {.stream_arn = stream_arn(StreamStand::tenant(), "s"), .name = "c"}));
  const auto subscribe_there = [&] {
    return other.world().run(
        other.streams().subscribe({.consumer_arn = made->arn, .shard_id = kFirst}));
  };
  const auto refused = subscribe_there();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, StreamErrc::kInUse);
  EXPECT_EQ(refused.error().message,
            "Consumer c with creation timestamp " + std::to_string(made->id.created_s) +
                " under stream: s , account 000000000000 is not in ACTIVE status.");
  other.world().run_for(Seconds(4));
  EXPECT_TRUE(subscribe_there().ok());
}

}  // namespace
}  // namespace penstock::stream
