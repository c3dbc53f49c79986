#include "base/log.h"
#include "mapping/errors.h"
#include "sim/record_text.h"
#include "sim/system.h"
#include "support/seeds.h"

#include <gtest/gtest.h>

#include <memory>

// What the histories do not come by, one scenario each, on the same simulated server.

namespace penstock::sim {
namespace {

using engine::local::Durability;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class Scenario : public ::testing::Test {
 protected:
  void SetUp() override { log::set_level(log::Level::kOff); }
  void TearDown() override { log::set_level(log::Level::kInfo); }

  using Poll = mapping::MappingSettings::Poll;
  void start(std::uint64_t seed, Durability durability = Durability::kMemory,
             Poll poll = Poll::kAppend) {
    system_.reset();
    Plan plan;
    plan.seed = seed;
    engine::local::Options options{.durability = durability};
    if (durability != Durability::kMemory) {
      options.folder = "/data";
      options.journal_first_file_bytes = 64u << 10;
      options.ballast_bytes = 64u << 10;
    }
    system_ = std::make_unique<System>(plan, options);
    system_->mapping_settings.poll = poll;
    ASSERT_TRUE(system_->open().ok());
    system_->functions.add("f", {.took_max = Millis{5}}, false);
  }
  void create_stream(std::int64_t shards = 1) {
    const auto made = system_->world.run(
        system_->streams().create(caller(), {.name = System::kStream, .shard_count = shards}));
    ASSERT_TRUE(made.ok()) << made.error().message;
  }
  /// The ARN of a new consumer of the stream.
  std::string create_consumer(std::string_view name = "c") {
    const std::string stream = System::stream_arn();
    const auto made = system_->world.run(
        system_->streams().register_consumer(caller(), {.stream_arn = stream, .name = name}));
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made.ok() ? made->arn : "";
  }
  static mapping::CreateMapping request_for(const std::string& source) {
    mapping::CreateMapping made = request();
    made.source_arn = source;
    return made;
  }
  std::string last_result(const std::string& uuid) {
    return system_->mappings().get(System::tenant(), uuid)->last_result;
  }
  static stream::Caller caller() { return System::caller("operator"); }
  static mapping::CreateMapping request(const std::string& function = "f") {
    return {.source_arn = System::stream_arn(),
            .function = function,
            .starting_position = "TRIM_HORIZON"};
  }
  std::string create_mapping(mapping::CreateMapping made = request()) {
    const auto view =
        system_->world.run(system_->mappings().create(System::tenant(), std::move(made)));
    EXPECT_TRUE(view.ok()) << view.error().message;
    return view.ok() ? view->record.uuid : "";
  }
  void put(std::size_t count, std::uint64_t keys = 1) {
    for (std::size_t done = 0; done < count;) {
      std::vector<std::string> data;
      std::vector<stream::PutEntry> entries;
      for (; data.size() < 500 && done < count; ++done)
        data.push_back(write_record({.id = next_++}, 10));
      std::vector<std::string> key(data.size());
      for (std::size_t i = 0; i < data.size(); ++i) {
        key[i] = "k" + std::to_string(i % keys);
        entries.push_back({key[i], data[i], {}});
      }
      const stream::Caller by = caller();
      system_->ledger().received({by.tenant, by.access_key, by.peer, by.user_agent},
                                 System::kStream, entries.size());
      const auto reply = system_->world.run(system_->streams().put_records(
          caller(), {.stream = {.name = System::kStream}, .entries = entries}));
      ASSERT_TRUE(reply.ok());
      ASSERT_EQ(reply->not_stored, 0u);
      system_->world.run_for(seconds(1));
    }
  }
  std::uint64_t pending() {
    std::uint64_t sum = 0;
    for (const ledger::ConsumerView& view : system_->mappings().consumers())
      for (const ledger::ConsumerShardView& shard : view.shards) sum += shard.pending;
    return sum;
  }
  std::uint64_t invoked() {
    return system_->witness.functions[FunctionModel::arn_of("f")].records.size();
  }
  std::size_t marks() { return system_->engine().marks().list(mapping::kCatalogPrefix).size(); }

  std::unique_ptr<System> system_;
  std::uint64_t next_ = 1;
};

TEST_F(Scenario, ALookAheadFullOfExpiredRecordsIsReadOn) {
  for (const std::uint64_t seed : testing::seeds_or_one(10)) {
    start(seed);
    system_->functions.add("f", {.throttle = 1, .took_max = Millis{5}}, false);
    create_stream();
    create_mapping();
    put(2'500);
    ASSERT_GT(pending(), 2'000u) << "nothing is invoked";
    system_->advance(hours(25));
    // Nothing is put any more that could wake the reader.
    ASSERT_TRUE(system_->world.run_until([this] { return pending() == 0; }, minutes(2)))
        << pending() << " pending, PENSTOCK_SEED=" << seed;
    EXPECT_EQ(system_->audit().verdict.expired_unread, 2'500);
    EXPECT_EQ(system_->audit().verdict.unaccounted, 0);
    system_->stop();
  }
}

/// Its reader is told of the seal, and may look before the stream says that the shard is closed;
/// then the shard is not listed any more.
TEST_F(Scenario, AShardThatExpiresInTheMomentOfItsClosingHoldsNoChildBack) {
  for (const std::uint64_t seed : testing::seeds_or_one(40)) {
    start(seed, Durability::kSync);
    create_stream(2);
    create_mapping();
    put(10, 7);
    ASSERT_TRUE(system_->world.run_until([this] { return pending() == 0; }, minutes(1)));
    const auto merged =
        system_->world.run(system_->streams().merge(caller(), {.name = System::kStream}, "0", "1"));
    ASSERT_TRUE(merged.ok()) << merged.error().message;
    system_->advance(hours(25));
    put(7);
    ASSERT_TRUE(system_->world.run_until([this] { return pending() == 0; }, minutes(10)))
        << pending() << " pending, PENSTOCK_SEED=" << seed;
    EXPECT_EQ(invoked(), 17u);
  }
}

TEST_F(Scenario, AStreamMadeAgainUnderItsNameIsReadFromItsBeginning) {
  for (const std::uint64_t seed : testing::seeds_or_one(30)) {
    start(seed, Durability::kSync);
    create_stream(2);
    mapping::CreateMapping latest = request();
    latest.starting_position = "LATEST";
    create_mapping(latest);
    system_->world.run_for(seconds(1));
    put(20);
    ASSERT_TRUE(system_->world.run_until([this] { return pending() == 0; }, minutes(1)));
    ASSERT_EQ(invoked(), 20u);
    ASSERT_TRUE(
        system_->world.run(system_->streams().remove(caller(), {.name = System::kStream})).ok());
    if (seed % 2 == 0) system_->world.run_for(Millis(seed * 37 % 500));
    if (seed % 3 == 0) {
      system_->kill();
      ASSERT_TRUE(system_->open().ok());
    }
    create_stream(1);
    system_->witness = {};
    put(30);
    ASSERT_TRUE(system_->world.run_until([this] { return invoked() == 30; }, minutes(1)))
        << invoked() << " of 30, PENSTOCK_SEED=" << seed;
    ASSERT_TRUE(system_->world.run_until([this] { return pending() == 0; }, minutes(1)));
    EXPECT_EQ(system_->audit().verdict.unaccounted, 0);
    EXPECT_TRUE(system_->witness.complaints.empty());
  }
}

TEST_F(Scenario, ADeletedMappingLeavesNoCheckpointBehindAlsoThroughAKill) {
  std::uint64_t orphans = 0;
  const auto seeds = testing::seeds_or_one(40);
  for (const std::uint64_t seed : seeds) {
    start(seed, Durability::kSync);
    create_stream(3);
    const std::string uuid = create_mapping();
    put(10);
    ASSERT_TRUE(system_->world.run_until([this] { return pending() == 0; }, minutes(1)));
    ASSERT_EQ(marks(), 3u);
    const auto removed = system_->world.run(system_->mappings().remove(System::tenant(), uuid));
    ASSERT_TRUE(removed.ok()) << removed.error().message;
    EXPECT_EQ(removed->state, mapping::MappingState::kDeleting);
    if (seed % 2 == 0) {
      system_->kill();
      ASSERT_TRUE(system_->open().ok());
      ++orphans;
    }
    ASSERT_TRUE(system_->world.run_until(
        [&] { return !system_->mappings().get(System::tenant(), uuid).ok(); }, minutes(1)));
    system_->world.run_for(seconds(1));
    EXPECT_EQ(marks(), 0u) << "PENSTOCK_SEED=" << seed;
  }
  EXPECT_GE(orphans, seeds.size() / 2);
}

TEST_F(Scenario, ADeletedMappingsInvocationIsNotWaitedFor) {
  start(1);
  system_->functions.add("f", {.took_max = Millis{60'000}}, false);
  create_stream();
  const std::string uuid = create_mapping();
  put(1);
  ASSERT_TRUE(
      system_->world.run_until([this] { return system_->functions.running() == 1; }, minutes(1)));
  const SteadyTime before = system_->steady_now();
  ASSERT_TRUE(system_->world.run(system_->mappings().remove(System::tenant(), uuid)).ok());
  ASSERT_TRUE(system_->world.run_until(
      [&] { return !system_->mappings().get(System::tenant(), uuid).ok(); }, minutes(10)));
  EXPECT_LT(system_->steady_now() - before, seconds(1));
}

TEST_F(Scenario, AServerThatStopsBeginsNoInvocationAndEndsThoseInFlight) {
  std::uint64_t in_flight = 0;
  const auto seeds = testing::seeds_or_one(60);
  for (const std::uint64_t seed : seeds) {
    start(seed, Durability::kSync);
    system_->functions.add("f", {.took_max = Millis{40}}, false);
    create_stream(4);
    mapping::CreateMapping small = request();
    small.configuration.batch_size = 1;
    create_mapping(small);
    put(300, 12);
    system_->world.run_for(Millis(seed * 7 % 50));
    in_flight += system_->functions.running();
    ASSERT_GT(pending(), 0u);
    ASSERT_TRUE(system_->stop());
    EXPECT_EQ(system_->functions.running(), 0u);
    for (const std::string& complaint : system_->witness.complaints)
      ADD_FAILURE() << complaint << ", PENSTOCK_SEED=" << seed;
    // What had succeeded was stored: nothing comes twice.
    ASSERT_TRUE(system_->open().ok());
    ASSERT_TRUE(system_->world.run_until([this] { return pending() == 0; }, minutes(5)));
    for (const auto& [place, seen] :
         system_->witness.functions[FunctionModel::arn_of("f")].records) {
      ASSERT_EQ(seen.succeeded, 1u) << "PENSTOCK_SEED=" << seed;
    }
  }
  EXPECT_GE(in_flight, seeds.size());
}

TEST_F(Scenario, OfTwoEqualMappingsMadeAtOnceOneIsMade) {
  for (const std::uint64_t seed : testing::seeds_or_one(20)) {
    start(seed, Durability::kSync);
    create_stream();
    std::vector<Result<mapping::MappingView>> answers;
    for (int i = 0; i < 2; ++i) {
      system_->world.spawn([](System& system, auto& out) -> Task<> {
        out.push_back(co_await system.mappings().create(System::tenant(), request()));
      }(*system_, answers));
    }
    ASSERT_TRUE(system_->world.run_until([&] { return answers.size() == 2; }, minutes(1)));
    const auto made =
        std::find_if(answers.begin(), answers.end(), [](auto& one) { return one.ok(); });
    const auto other =
        std::find_if(answers.begin(), answers.end(), [](auto& one) { return !one.ok(); });
    ASSERT_NE(made, answers.end());
    ASSERT_NE(other, answers.end()) << "both were made, PENSTOCK_SEED=" << seed;
    EXPECT_TRUE(other->error().code == mapping::MappingErrc::kConflict);
    EXPECT_NE(other->error().message.find((*made)->record.uuid), std::string::npos);
    system_->stop();
  }
}

// --- Consumers of enhanced fan-out as sources ----------------------------------------------------

TEST_F(Scenario, AConsumersMappingDeliversEachRecordThroughReshardsAndKills) {
  for (const std::uint64_t seed : testing::seeds_or_one(20)) {
    start(seed, Durability::kSync, seed % 2 == 0 ? Poll::kAws : Poll::kAppend);
    create_stream(2);
    create_mapping(request_for(create_consumer()));
    put(40, 9);
    ASSERT_TRUE(
        system_->world.run(system_->streams().merge(caller(), {.name = System::kStream}, "0", "1"))
            .ok());
    put(40, 9);
    system_->kill();
    ASSERT_TRUE(system_->open().ok());
    put(40, 9);
    ASSERT_TRUE(system_->world.run_until([this] { return pending() == 0; }, minutes(20)))
        << pending() << " pending, PENSTOCK_SEED=" << seed;
    EXPECT_EQ(invoked(), 120u);
    EXPECT_EQ(system_->audit().verdict.unaccounted, 0);
    for (const std::string& complaint : system_->witness.complaints)
      ADD_FAILURE() << complaint << ", PENSTOCK_SEED=" << seed;
    system_->stop();
  }
}

TEST_F(Scenario, AConsumerReadsForOneMapping) {
  start(1);
  create_stream();
  system_->functions.add("g", {.took_max = Millis{5}}, false);
  const std::string consumer = create_consumer();
  const std::string uuid = create_mapping(request_for(consumer));
  mapping::CreateMapping second = request("g");
  second.source_arn = consumer;
  const auto refused = system_->world.run(system_->mappings().create(System::tenant(), second));
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().code == mapping::MappingErrc::kConflict);
  EXPECT_NE(refused.error().message.find(uuid), std::string::npos);
  second.source_arn = create_consumer("d");
  EXPECT_TRUE(system_->world.run(system_->mappings().create(System::tenant(), second)).ok());
}

TEST_F(Scenario, AMappingWhoseConsumerHasGoneSaysSoAndReadsNothing) {
  for (const Poll poll : {Poll::kAppend, Poll::kAws}) {
    start(1, Durability::kSync, poll);
    create_stream();
    const std::string consumer = create_consumer();
    const std::string uuid = create_mapping(request_for(consumer));
    put(10);
    ASSERT_TRUE(system_->world.run_until([this] { return pending() == 0; }, minutes(1)));
    EXPECT_EQ(last_result(uuid), "OK");
    ASSERT_TRUE(
        system_->world.run(system_->streams().deregister_consumer(caller(), {.arn = consumer}))
            .ok());
    for (int starts = 0; starts < 2; ++starts) {
      put(10);
      system_->world.run_for(minutes(1));
      EXPECT_EQ(last_result(uuid), "PROBLEM: Consumer not found");
      EXPECT_EQ(system_->mappings().get(System::tenant(), uuid)->state,
                mapping::MappingState::kEnabled);
      EXPECT_EQ(invoked(), 10u);
      EXPECT_EQ(pending(), 10u * (static_cast<std::uint64_t>(starts) + 1));
      system_->kill();
      ASSERT_TRUE(system_->open().ok());
    }
    // A consumer of the same name has another ARN, which this mapping does not read by.
    create_consumer();
    system_->world.run_for(minutes(1));
    EXPECT_EQ(invoked(), 10u);
    EXPECT_EQ(system_->audit().verdict.unaccounted, 0);
  }
}

TEST_F(Scenario, AsAwsReadsAConsumerIsPushedToAndAStreamIsPolled) {
  for (const bool is_consumer : {true, false}) {
    start(1, Durability::kMemory, Poll::kAws);
    create_stream();
    create_mapping(is_consumer ? request_for(create_consumer()) : request());
    system_->world.run_for(Millis{1'450});
    Millis longest{0};
    for (int i = 0; i < 7; ++i) {
      const std::uint64_t before = invoked();
      const std::string data = write_record({.id = next_++}, 10);
      const stream::PutEntry entry{"k", data, {}};
      ASSERT_TRUE(system_->world
                      .run(system_->streams().put_record(
                          caller(), {.stream = {.name = System::kStream}, .entry = entry}))
                      .ok());
      const SteadyTime put_at = system_->steady_now();
      ASSERT_TRUE(system_->world.run_until([&] { return invoked() > before; }, minutes(1)));
      longest =
          std::max(longest, std::chrono::duration_cast<Millis>(system_->steady_now() - put_at));
      system_->world.run_for(Millis{370});
    }
    if (is_consumer) {
      EXPECT_LE(longest, Millis{10}) << "pushed";
    } else {
      EXPECT_GE(longest, Millis{400}) << "polled once a second";
    }
  }
}

TEST_F(Scenario, AsAwsReadsAConsumerGetsTwoMebibytesASecond) {
  start(1, Durability::kMemory, Poll::kAws);
  create_stream();
  constexpr std::size_t kRecords = 12;
  for (std::size_t i = 0; i < kRecords; ++i) {
    const std::string data = write_record({.id = next_++}, 1'000'000);
    const stream::PutEntry entry{"k", data, {}};
    ASSERT_TRUE(system_->world
                    .run(system_->streams().put_record(
                        caller(), {.stream = {.name = System::kStream}, .entry = entry}))
                    .ok());
    system_->world.run_for(seconds(1));
  }
  mapping::CreateMapping one = request_for(create_consumer());
  one.configuration.batch_size = 1;
  create_mapping(one);
  const SteadyTime begin = system_->steady_now();
  ASSERT_TRUE(system_->world.run_until([&] { return invoked() == kRecords; }, minutes(1)));
  const Nanos took = system_->steady_now() - begin;
  EXPECT_GE(took, seconds(4)) << "twelve megabytes, two of them at once";
  EXPECT_LE(took, seconds(8));
}

}  // namespace
}  // namespace penstock::sim
