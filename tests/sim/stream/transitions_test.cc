#include "support/seeds.h"
#include "support/stream_stand.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

// What changes of streams that are under way do to each other, and what quotas count of them.

namespace penstock::stream {
namespace {

using namespace std::chrono_literals;
using testing::seeds_or_one;
using testing::StreamStand;

constexpr StreamTarget kTarget{.name = "s"};

Status start_encryption(StreamStand& stand) {
  return stand.world().run(stand.streams().set_encryption(StreamStand::caller(), kTarget,
                                                          "alias/aws/kinesis", Switch::kOn));
}

Status remove(StreamStand& stand) {
  return stand.world().run(
      stand.streams().remove(StreamStand::caller(), kTarget, ConsumerRemoval::kRefused));
}

std::optional<StreamStatus> status(StreamStand& stand) {
  const auto found = stand.streams().summary(StreamStand::caller(), kTarget);
  return found.ok() ? std::optional(found->status) : std::nullopt;
}

TEST(Transitions, ADeletionLastsAsLongAsItWasToHoweverTheStreamWasChangedBefore) {
  StreamStand stand(1, {.folder = "data"}, {.update_delay = 1s, .delete_delay = 1h});
  ASSERT_TRUE(stand.create("s", 1).ok());
  ASSERT_TRUE(start_encryption(stand).ok());
  ASSERT_EQ(status(stand), StreamStatus::kUpdating);
  ASSERT_TRUE(remove(stand).ok());
  stand.world().run_for(30s);
  EXPECT_EQ(status(stand), StreamStatus::kDeleting) << "the end of UPDATING is not the stream's";
  stand.world().run_for(1h);
  EXPECT_EQ(status(stand), std::nullopt);
}

TEST(Transitions, ADeletionThatWasAcknowledgedComesToItsEnd) {
  for (const std::uint64_t seed : seeds_or_one(200)) {
    SCOPED_TRACE(seed);
    StreamStand stand(seed, {.folder = "data"}, {.update_delay = 1s, .delete_delay = 1s});
    ASSERT_TRUE(stand.create("s", 1).ok());
    ASSERT_TRUE(start_encryption(stand).ok());
    // Around the moment at which UPDATING ends, whose commit may be on its way.
    stand.world().run_for(998ms + std::chrono::microseconds(seed * 37 % 4'000));
    ASSERT_TRUE(remove(stand).ok());
    stand.world().run_for(10s);
    EXPECT_EQ(status(stand), std::nullopt);
  }
}

TEST(Transitions, NoRecordOfAParentArrivedAfterItWasClosed) {
  std::size_t looked_at = 0;
  for (const std::uint64_t seed : seeds_or_one(200)) {
    SCOPED_TRACE(seed);
    StreamStand stand(seed, {.folder = "data"}, {.limits = StreamSettings::Limits::kOff});
    ASSERT_TRUE(stand.create("s", 1).ok());
    const auto put_many = [](StreamStand& on) -> Task<> {
      for (int i = 0; i < 40; ++i) {
        const std::vector<PutEntry> entries{{.partition_key = "k", .data = "d"}};
        (co_await on.streams().put_records(StreamStand::caller(),
                                           {.stream = kTarget, .entries = entries}))
            .ignore("the shard that takes it is looked at below");
      }
    };
    stand.world().spawn(put_many(stand));
    stand.world().run_for(std::chrono::microseconds(seed * 131 % 3'000));
    ASSERT_TRUE(
        stand.world().run(stand.streams().set_shard_count(StreamStand::caller(), kTarget, 2)).ok());
    stand.world().run_for(1s);
    const auto found = stand.streams().resolve(stream_arn(StreamStand::tenant(), "s"));
    ASSERT_TRUE(found);
    const auto shards = stand.streams().shards(found->log);
    ASSERT_TRUE(shards.ok());
    const SourceShard& parent = shards->front();
    ASSERT_TRUE(parent.closed);
    const auto slice = stand.world().run(stand.streams().read(parent.ref, {}, {}));
    ASSERT_TRUE(slice.ok());
    for (const SourceRecord& record : slice->records) EXPECT_LE(record.arrival, *parent.closed);
    looked_at += slice->records.size();
  }
  EXPECT_GT(looked_at, 0u);
}

TEST(Quotas, ShardsThatAReshardIsMakingCount) {
  StreamSettings settings{.update_delay = 1s};
  settings.shard_quota = 12;
  StreamStand stand(1, {.folder = "data"}, settings);
  ASSERT_TRUE(stand.create("s", 4).ok());
  ASSERT_TRUE(stand.create("t", 4).ok());
  const auto resize = [&](std::string_view name) {
    return stand.world().run(
        stand.streams().set_shard_count(StreamStand::caller(), {.name = name}, 8));
  };
  ASSERT_TRUE(resize("s").ok());
  const auto second = resize("t");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, StreamErrc::kLimitExceeded);
}

TEST(Quotas, StreamsThatAreBeingMadeCount) {
  StreamSettings settings;
  settings.shard_quota = 12;
  StreamStand stand(1, {.folder = "data"}, settings);
  int made = 0;
  const auto make = [](StreamStand& on, std::string name, int& all) -> Task<> {
    const Status done =
        co_await on.streams().create(StreamStand::caller(), {.name = name, .shard_count = 4});
    if (done.ok()) ++all;
  };
  for (int i = 0; i < 5; ++i) stand.world().spawn(make(stand, "s" + std::to_string(i), made));
  stand.world().run_for(10s);
  EXPECT_EQ(made, 3);
}

}  // namespace
}  // namespace penstock::stream
