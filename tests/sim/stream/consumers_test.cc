#include "env/loop.h"
#include "stream/consumer_entry.h"
#include "stream/stream_service.h"
#include "support/seeds.h"
#include "support/stream_stand.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

// Consumers: states, quotas, and what a stop or a crash leaves of them.

namespace penstock::stream {
namespace {

using testing::StreamStand;
constexpr Seconds seconds(std::int64_t count) { return Seconds(count); }

struct ConsumersTest {
  explicit ConsumersTest(Millis delay = Millis{0}, std::uint64_t seed = 1)
      : stand(seed, {.folder = "data"}, settings(delay)) {
    EXPECT_TRUE(stand.create("s", 1).ok());
    arn = stream_arn(StreamStand::tenant(), "s");
  }
  static StreamSettings settings(Millis delay) {
    StreamSettings made;
    made.consumer_delay = made.delete_delay = delay;
    return made;
  }
  Result<ConsumerView> add(std::string_view name, Tags tags = {}) {
    return stand.world().run(stand.streams().register_consumer(
        StreamStand::caller(), {.stream_arn = arn, .name = name, .tags = std::move(tags)}));
  }
  Status remove(ConsumerTarget target) {
    return stand.world().run(stand.streams().deregister_consumer(StreamStand::caller(), target));
  }
  Result<ConsumerView> describe(ConsumerTarget target) {
    return stand.streams().describe_consumer(StreamStand::caller(), target);
  }
  std::vector<std::string> names() {
    const auto page = stand.streams().list_consumers(StreamStand::caller(), {.stream_arn = arn});
    std::vector<std::string> found;
    if (page.ok()) {
      for (const ConsumerView& one : page->consumers) found.push_back(one.id.name);
    }
    return found;
  }
  std::int64_t counted() {
    return stand.streams().summary(StreamStand::caller(), {.name = "s"})->consumers;
  }
  Status remove_stream(ConsumerRemoval consumers) {
    return stand.world().run(
        stand.streams().remove(StreamStand::caller(), {.name = "s"}, consumers));
  }

  StreamStand stand;
  std::string arn;
};

TEST(Consumers, IsActiveWhenTheCallReturnsUnlessThereIsADelay) {
  ConsumersTest at_once;
  const auto made = at_once.add("c");
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->status, ConsumerStatus::kCreating) << "what was stored first is answered";
  EXPECT_EQ(at_once.describe({.arn = made->arn})->status, ConsumerStatus::kActive);

  ConsumersTest slow(Millis{3'000});
  const std::string arn = slow.add("c")->arn;
  EXPECT_EQ(slow.describe({.arn = arn})->status, ConsumerStatus::kCreating);
  slow.stand.world().run_for(seconds(4));
  EXPECT_EQ(slow.describe({.arn = arn})->status, ConsumerStatus::kActive);
  ASSERT_TRUE(slow.remove({.arn = arn}).ok());
  EXPECT_EQ(slow.describe({.arn = arn})->status, ConsumerStatus::kDeleting);
  ASSERT_TRUE(slow.remove({.arn = arn}).ok()) << "a second time changes nothing";
  slow.stand.world().run_for(seconds(4));
  EXPECT_EQ(slow.describe({.arn = arn}).error().code, StreamErrc::kNotFound);
}

TEST(Consumers, AConsumerThatIsDeregisteredWhileCreatingNeverBecomesActive) {
  ConsumersTest slow(Millis{3'000});
  const std::string arn = slow.add("c")->arn;
  slow.stand.world().run_for(seconds(2));
  ASSERT_TRUE(slow.remove({.arn = arn}).ok());
  slow.stand.world().run_for(seconds(2));
  EXPECT_EQ(slow.describe({.arn = arn})->status, ConsumerStatus::kDeleting);
  slow.stand.world().run_for(seconds(2));
  EXPECT_FALSE(slow.describe({.arn = arn}).ok());
}

TEST(Consumers, ANameRegisteredAgainHasAnotherArn) {
  ConsumersTest test;
  std::set<std::string> arns;
  for (int i = 0; i < 5; ++i) {
    const auto made = test.add("c");
    ASSERT_TRUE(made.ok());
    EXPECT_TRUE(arns.insert(made->arn).second) << made->arn;
    ASSERT_TRUE(test.remove({.arn = made->arn}).ok());
  }
  ASSERT_TRUE(test.add("c").ok());
  for (const std::string& arn : arns) {
    EXPECT_EQ(test.describe({.arn = arn}).error().code, StreamErrc::kNotFound);
    EXPECT_EQ(test.remove({.arn = arn}).error().code, StreamErrc::kNotFound);
  }
  EXPECT_EQ(test.names(), std::vector<std::string>{"c"});
}

TEST(Consumers, AStreamHasAtMostTwentyAndFiveInCreating) {
  ConsumersTest test;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(test.add("c" + std::to_string(i)).ok()) << i;
  EXPECT_EQ(test.add("c20").error().code, StreamErrc::kLimitExceeded);
  EXPECT_EQ(test.counted(), 20);
  ASSERT_TRUE(test.remove({.stream_arn = test.arn, .name = "c7"}).ok());
  EXPECT_TRUE(test.add("c20").ok());

  ConsumersTest slow(Millis{3'000});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(slow.add("c" + std::to_string(i)).ok()) << i;
  EXPECT_EQ(slow.add("c5").error().code, StreamErrc::kLimitExceeded);
  slow.stand.world().run_for(seconds(4));
  EXPECT_TRUE(slow.add("c5").ok());
}

Task<> register_into(StreamService& streams, std::string arn, std::string name, int& registered) {
  const auto made =
      co_await streams.register_consumer(StreamStand::caller(), {.stream_arn = arn, .name = name});
  if (made.ok()) ++registered;
}

/// The quota and the uniqueness of names hold between calls that run at once.
TEST(Consumers, RegistrationsAtOnceShareTheQuota) {
  ConsumersTest test;
  int registered = 0;
  Scope scope(test.stand.machine.world.env().loops.front()->executor());
  for (int i = 0; i < 60; ++i) {
    scope.spawn(
        register_into(test.stand.streams(), test.arn, "c" + std::to_string(i % 30), registered));
  }
  test.stand.world().run(scope.join());
  EXPECT_EQ(registered, 20);
  EXPECT_EQ(test.names().size(), 20u);
}

TEST(Consumers, AStreamWithConsumersIsRemovedOnlyByForceAndTakesThemAlong) {
  for (const Millis delay : {Millis{0}, Millis{3'000}}) {
    ConsumersTest test(delay);
    const std::string consumer = test.add("c")->arn;
    const Status refused = test.remove_stream(ConsumerRemoval::kRefused);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, StreamErrc::kInUse);
    EXPECT_EQ(
        refused.error().message,
        "DeleteStream can\u2019t delete 000000000000:s because there are consumers associated "
        "with this data stream. To delete s anyway, set the EnforceConsumerDeletion parameter "
        "to true to force the deletion of all the consumers that are associated with it.");
    ASSERT_TRUE(test.remove_stream(ConsumerRemoval::kEnforced).ok());
    if (delay != Millis{0}) {
      EXPECT_EQ(test.describe({.arn = consumer})->status, ConsumerStatus::kDeleting);
      EXPECT_EQ(test.add("d").error().code, StreamErrc::kInUse) << "the stream is DELETING";
      test.stand.world().run_for(seconds(4));
    }
    EXPECT_FALSE(test.stand.streams().find_consumer(consumer));
    ASSERT_TRUE(test.stand.create("s", 1).ok());
    EXPECT_TRUE(test.names().empty()) << "a stream made again has none of the old ones";
    EXPECT_TRUE(test.stand.machine.engine().meta().list(kConsumerPrefix).empty());
  }
}

TEST(Consumers, TagsAndPolicyAreKept) {
  ConsumersTest test;
  const std::string consumer = test.add("c", {{"a", "1"}})->arn;
  StreamService& streams = test.stand.streams();
  auto& world = test.stand.world();
  ASSERT_TRUE(world.run(streams.add_consumer_tags(consumer, {{"a", "2"}, {"b", "3"}})).ok());
  ASSERT_TRUE(world.run(streams.remove_consumer_tags(consumer, {"b", "none"})).ok());
  ASSERT_TRUE(world.run(streams.set_consumer_policy(consumer, "{}")).ok());
  EXPECT_EQ(world.run(streams.add_consumer_tags(consumer, {{"b%", "3"}})).error().code,
            StreamErrc::kInvalidArgument);
  EXPECT_EQ(world.run(streams.add_consumer_tags("arn:aws:x", {{"b", "3"}})).error().code,
            StreamErrc::kInvalidArgument);
  test.stand.restart();
  const auto found = test.stand.streams().find_consumer(consumer);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tags, (Tags{{"a", "2"}}));
  EXPECT_EQ(found->policy, "{}");
}

TEST(Consumers, PagesGoOnByTokenAndTokensExpire) {
  ConsumersTest test;
  for (const char* name : {"e", "b", "d", "a", "c"}) ASSERT_TRUE(test.add(name).ok());
  StreamService& streams = test.stand.streams();
  std::vector<std::string> found;
  std::string token;
  std::string first;
  do {
    const auto page = streams.list_consumers(
        StreamStand::caller(), {.stream_arn = test.arn, .next_token = token, .max_results = 2});
    ASSERT_TRUE(page.ok());
    for (const ConsumerView& one : page->consumers) found.push_back(one.id.name);
    token = page->next_token;
    if (first.empty()) first = token;
  } while (!token.empty());
  EXPECT_EQ(found, (std::vector<std::string>{"a", "b", "c", "d", "e"}));

  const auto list = [&](ListConsumers request) {
    return streams.list_consumers(StreamStand::caller(), request).error().code;
  };
  ASSERT_TRUE(test.stand.create("t", 1).ok());
  const std::string other = stream_arn(StreamStand::tenant(), "t");
  EXPECT_EQ(list({.stream_arn = other, .next_token = first}), StreamErrc::kInvalidArgument);
  EXPECT_EQ(list({.stream_arn = test.arn, .next_token = "x"}), StreamErrc::kInvalidArgument);
  EXPECT_EQ(list({.stream_arn = test.arn, .next_token = first, .stream_creation = ServiceTime{}}),
            StreamErrc::kInvalidArgument);
  EXPECT_EQ(list({.stream_arn = test.arn, .stream_creation = service_time(5'000)}),
            StreamErrc::kNotFound);
  test.stand.advance(Millis{300'001});
  EXPECT_EQ(list({.stream_arn = test.arn, .next_token = first}), StreamErrc::kExpiredNextToken);
}

TEST(Consumers, AnArnAndWhatIsGivenWithItMustAgree) {
  ConsumersTest test;
  const std::string arn = test.add("c")->arn;
  EXPECT_TRUE(test.describe({.arn = arn, .stream_arn = test.arn, .name = "c"}).ok());
  const std::string other = stream_arn(StreamStand::tenant(), "t");
  const std::pair<ConsumerTarget, StreamErrc> refused[] = {
      {{.arn = arn, .name = "d"}, StreamErrc::kInvalidArgument},
      {{.arn = arn, .stream_arn = other}, StreamErrc::kInvalidArgument},
      {{.name = "c"}, StreamErrc::kInvalidArgument},
      {{.stream_arn = test.arn}, StreamErrc::kInvalidArgument},
      {{}, StreamErrc::kInvalidArgument},
      {{.stream_arn = test.arn, .name = "d"}, StreamErrc::kNotFound},
      {{.stream_arn = other, .name = "c"}, StreamErrc::kNotFound},
  };
  for (const auto& [target, code] : refused) {
    const auto found = test.describe(target);
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.error().code, code) << found.error().message;
  }
  EXPECT_EQ(test.describe({.stream_arn = test.arn, .name = "d"}).error().message,
            "Consumer d, account 000000000000 not found.");
}

/// What was under way when the power went goes on; what was answered is not forgotten.
TEST(Consumers, TransitionsGoOnAfterACrash) {
  for (const std::uint64_t seed : penstock::testing::seeds_or_one(20)) {
    ConsumersTest test(Millis{3'000}, seed);
    const std::string stays = test.add("stays")->arn;
    const std::string goes = test.add("goes")->arn;
    test.stand.world().run_for(seconds(4));
    ASSERT_TRUE(test.remove({.arn = goes}).ok());
    const std::string late = test.add("late")->arn;
    test.stand.world().run_for(Millis(seed * 131 % 2'900));
    test.stand.crash();
    ASSERT_EQ(test.names().size(), 3u) << "seed " << seed;
    test.stand.world().run_for(seconds(4));
    EXPECT_EQ(test.describe({.arn = stays})->status, ConsumerStatus::kActive) << "seed " << seed;
    EXPECT_EQ(test.describe({.arn = late})->status, ConsumerStatus::kActive) << "seed " << seed;
    EXPECT_FALSE(test.describe({.arn = goes}).ok()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace penstock::stream
