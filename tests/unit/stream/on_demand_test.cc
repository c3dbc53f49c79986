#include "stream/on_demand.h"

#include "base/error.h"
#include "stream/entry.h"
#include "stream/scaling.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace penstock::stream {
namespace {

constexpr ServiceTime kStart{Millis{1'789'948'800'000}};  // A midnight.
constexpr Millis kMinute{60'000};
constexpr Millis kDay{86'400'000};

/// A stream whose load is written down by the test, minute by minute.
struct Stand {
  explicit Stand(std::uint32_t shards) {
    entry = {.name = {{"123456789012", "eu-west-1"}, "s"},
             .log = LogId{1},
             .created = kStart,
             .shards_wanted = shards};
    add_first_shards(entry, kStart);
  }

  /// One minute in which each open shard takes `records` of `bytes` a second, unless it is named in
  /// `only`.
  ScalingDecision minute(std::int64_t records, std::int64_t bytes_each = 100) {
    now += kMinute;
    ScalingLook seen = look_at(entry, now, [&](std::uint32_t number) -> ShardRate {
      const auto own = only.find(number);
      const std::int64_t rate = own == only.end() ? records : own->second;
      return {{rate, rate * bytes_each}, refused};
    });
    seen.shards_min = shards_min;
    seen.shards_max = shards_max;
    const ScalingDecision decision = scaler.look(seen);
    if (!decision.steps.empty()) {
      entry.steps = decision.steps;
      finish_steps(entry, now);
    }
    return decision;
  }
  /// The minute of a span in which the layout changes first; nothing when it does not.
  std::optional<int> changes_after(int minutes, std::int64_t records,
                                   std::int64_t bytes_each = 100) {
    for (int i = 1; i <= minutes; ++i) {
      if (!minute(records, bytes_each).steps.empty()) return i;
    }
    return std::nullopt;
  }
  /// So many days, looked at once an hour; how often the layout changed.
  int days(int count, std::int64_t records) {
    int changes = 0;
    for (int hour = 0; hour < count * 24; ++hour) {
      now += 59 * kMinute;
      changes += minute(records).steps.empty() ? 0 : 1;
    }
    return changes;
  }
  std::int64_t open() const { return entry.open_shards(); }
  const std::string& reason() const { return scaler.steps().back().reason; }

  StreamEntry entry;
  OnDemandScaler scaler;
  ServiceTime now = kStart;
  std::map<std::uint32_t, std::int64_t> only;
  std::int64_t refused = 0;
  std::int64_t shards_min = 4;
  std::int64_t shards_max = 200;
};

TEST(RateWindow, HeldIsWhatTenOfFifteenMinutesReached) {
  RateWindow window;
  for (int i = 0; i < 9; ++i) window.add({700, 7});
  EXPECT_EQ(window.held(), WriteRate{}) << "nine minutes are no ten";
  window.add({600, 70});
  EXPECT_EQ(window.held(), (WriteRate{600, 7}));
  for (int i = 0; i < 5; ++i) window.add({0, 0});
  EXPECT_EQ(window.held(), (WriteRate{600, 7})) << "ten of the last fifteen are left";
  window.add({0, 0});
  EXPECT_EQ(window.held(), WriteRate{});
}

TEST(Scaler, SplitsEveryShardOverHalfAfterTenMinutes) {
  Stand stand(4);
  EXPECT_EQ(stand.changes_after(60, 499), std::nullopt) << "below half nothing happens";
  EXPECT_EQ(stand.changes_after(20, 500), 10);
  EXPECT_EQ(stand.open(), 8);
  EXPECT_NE(stand.reason().find("4 of 4 shards took more than half"), std::string::npos)
      << stand.reason();
  EXPECT_NE(stand.reason().find("2,000 records and 0.20 MB a second"), std::string::npos)
      << stand.reason();
  EXPECT_NE(stand.reason().find("4 shards become 8."), std::string::npos) << stand.reason();
}

TEST(Scaler, BytesCountAsRecordsDo) {
  Stand stand(4);
  EXPECT_EQ(stand.changes_after(60, 4, 124'000), std::nullopt) << "496 kB a second";
  EXPECT_EQ(stand.changes_after(60, 4, 125'000), 10);
  EXPECT_EQ(stand.open(), 8);
}

TEST(Scaler, ChildrenAreWatchedForTenMinutesBeforeTheyAreSplitInTheirTurn) {
  Stand stand(4);
  EXPECT_EQ(stand.changes_after(60, 900), 10);
  EXPECT_EQ(stand.changes_after(60, 900), 10) << "doubled load, the same per shard";
  EXPECT_EQ(stand.open(), 16);
}

TEST(Scaler, AShortSpikeChangesNothing) {
  Stand stand(4);
  stand.changes_after(30, 100);
  EXPECT_EQ(stand.changes_after(9, 1'000), std::nullopt);
  EXPECT_EQ(stand.changes_after(60, 100), std::nullopt);
  EXPECT_EQ(stand.open(), 4);
  EXPECT_EQ(stand.scaler.shards_needed(stand.now), 1) << "the peak is what was held: 400 a second";
}

TEST(Scaler, OnlyTheHotShardIsSplitInItsMiddle) {
  Stand stand(4);
  stand.only = {{2, 800}};
  EXPECT_EQ(stand.changes_after(20, 100), 10);
  EXPECT_EQ(stand.open(), 5);
  EXPECT_EQ(stand.entry.find(4)->parent, 2u);
  EXPECT_EQ(stand.entry.find(5)->range.start, middle_of(stand.entry.find(2)->range));
  EXPECT_NE(stand.reason().find("shardId-000000000002"), std::string::npos) << stand.reason();
}

/// The load follows one key: whichever child holds it has everything.
void give_all_to_upper_child(Stand& stand, std::int64_t rate) {
  stand.only.clear();
  stand.only[stand.entry.open_by_key().back().number] = rate;
}

TEST(Scaler, AHotKeyIsFollowedForThreeSplitsAndThenLeftAlone) {
  Stand stand(4);
  std::int64_t open = 4;
  for (int split = 0; split < 3; ++split) {
    give_all_to_upper_child(stand, 1'000);
    ASSERT_EQ(stand.changes_after(30, 0), 10) << "split " << split;
    ASSERT_EQ(stand.open(), ++open);
  }
  give_all_to_upper_child(stand, 1'000);
  stand.refused = 500;
  EXPECT_EQ(stand.changes_after(60 * 12, 0), std::nullopt);
  EXPECT_EQ(stand.open(), 7);
  EXPECT_EQ(stand.scaler.steps().size(), 4u) << "said once";
  EXPECT_NE(stand.reason().find("one key, or a few that lie together"), std::string::npos)
      << stand.reason();
  EXPECT_NE(stand.reason().find("refused 500 a second"), std::string::npos) << stand.reason();
  EXPECT_EQ(stand.scaler.steps().back().from, stand.scaler.steps().back().to);
}

TEST(Scaler, ARestartRemembersWhichShardHoldsOneKey) {
  Stand stand(4);
  for (int split = 0; split < 3; ++split) {
    give_all_to_upper_child(stand, 1'000);
    ASSERT_TRUE(stand.changes_after(30, 0));
  }
  give_all_to_upper_child(stand, 1'000);
  stand.changes_after(30, 0);
  stand.scaler = *OnDemandScaler::decode(stand.scaler.encode());
  EXPECT_EQ(stand.changes_after(60 * 12, 0), std::nullopt);
}

TEST(Scaler, AtTheCeilingTheFullestAreSplitAndThenNoMore) {
  Stand stand(4);
  stand.shards_max = 6;
  stand.only = {{1, 900}, {3, 800}};
  ASSERT_EQ(stand.changes_after(60, 600), 10);
  EXPECT_EQ(stand.open(), 6);
  EXPECT_TRUE(stand.entry.find(1)->closed);
  EXPECT_TRUE(stand.entry.find(3)->closed);
  EXPECT_NE(stand.reason().find("leaves room for 2 of them"), std::string::npos) << stand.reason();
  EXPECT_EQ(stand.changes_after(60 * 5, 600), std::nullopt);
  EXPECT_EQ(stand.scaler.steps().size(), 2u) << "the ceiling is said once a day";
  EXPECT_NE(stand.reason().find("6 of at most 6 open shards"), std::string::npos) << stand.reason();
}

TEST(Scaler, AStreamThatWasProvisionedGetsFourShards) {
  Stand stand(1);
  EXPECT_EQ(stand.changes_after(5, 0), 1);
  EXPECT_EQ(stand.open(), 4);
  EXPECT_EQ(stand.reason(), "An on-demand stream has at least four shards: 1 shard becomes 4.");
}

TEST(Scaler, WarmThroughputIsAFloor) {
  Stand stand(8);
  stand.shards_min = 8;
  EXPECT_EQ(stand.days(40, 10), 0);
  stand.shards_min = 12;
  EXPECT_EQ(stand.changes_after(5, 10), 1);
  EXPECT_EQ(stand.open(), 12);
}

TEST(Scaler, ThePeakIsKeptForThirtyDays) {
  Stand stand(16);
  stand.changes_after(60, 450);  // 7,200 a second: twice that are 15 shards.
  EXPECT_EQ(stand.scaler.shards_needed(stand.now), 15);
  ASSERT_TRUE(stand.scaler.peak(stand.now));
  EXPECT_EQ(stand.scaler.peak(stand.now)->rate.records, 7'200);
  EXPECT_EQ(stand.days(30, 10), 0) << "one shard of sixteen would have too many keys for it";
  EXPECT_EQ(stand.days(1, 10), 1);
  EXPECT_EQ(stand.open(), 14) << "an eighth at once";
  EXPECT_NE(stand.reason().find("Twice that needs 4 shards, and 16 are open."), std::string::npos)
      << stand.reason();
  stand.days(40, 10);
  EXPECT_EQ(stand.open(), 4);
}

TEST(Scaler, AMergedShardTakesItsPartOfTwiceThePeak) {
  Stand stand(16);
  stand.changes_after(60, 249);  // 3,984 a second: twice that are 8 shards, all equal.
  EXPECT_EQ(stand.scaler.shards_needed(stand.now), 8);
  stand.days(20, 10);
  std::vector<HashKeyRange> ranges;
  for (const OpenShard& shard : stand.entry.open_by_key()) ranges.push_back(shard.range);
  EXPECT_EQ(ranges, equal_hash_key_ranges(8));
}

TEST(Scaler, StepsDownAreADayApart) {
  Stand stand(32);
  std::vector<ServiceTime> at;
  for (int look = 0; look < 6 * 24 * 10; ++look) {
    stand.now += 9 * kMinute;
    if (!stand.minute(5).steps.empty()) at.push_back(stand.now);
  }
  ASSERT_GE(at.size(), 5u);
  EXPECT_GE(at.front() - kStart, kDay);
  for (std::size_t i = 1; i < at.size(); ++i) EXPECT_GE(at[i] - at[i - 1], kDay);
}

TEST(Scaler, WhatIsMergedDoesNotHaveToBeSplitAgain) {
  Stand stand(16);
  for (int day = 0; day < 60; ++day) {
    // 170 a second for an hour a day: two neighbours together stay below 40 %.
    stand.changes_after(60, 170);
    for (int hour = 0; hour < 23; ++hour) {
      stand.now += 59 * kMinute;
      stand.minute(20);
    }
  }
  EXPECT_LT(stand.open(), 16);
  for (const ScalingStep& step : stand.scaler.steps()) EXPECT_LT(step.to, step.from) << step.reason;
}

TEST(Scaler, AJumpOfTheClockCountsAsMinutesOfOneRate) {
  Stand stand(4);
  stand.minute(900);
  stand.now += 13 * kMinute;
  EXPECT_TRUE(stand.changes_after(1, 900)) << "fifteen minutes at 900";
}

TEST(Scaler, ComesBackWithPeaksAndSteps) {
  Stand stand(4);
  stand.changes_after(30, 700);
  const auto again = OnDemandScaler::decode(stand.scaler.encode());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->steps(), stand.scaler.steps());
  EXPECT_EQ(again->peak(stand.now), stand.scaler.peak(stand.now));
  EXPECT_EQ(again->encode(), stand.scaler.encode());
  EXPECT_TRUE(OnDemandScaler::decode("[").error().code == Errc::kCorrupt);
}

TEST(Scaler, WhatItRemembersIsSmall) {
  Stand stand(4);
  std::mt19937_64 random(1);
  for (int day = 0; day < 100; ++day) {
    stand.changes_after(20, 300 + static_cast<std::int64_t>(random() % 700));
    stand.days(1, 10);
  }
  EXPECT_LT(stand.scaler.encode().size(), 40'000u);
  EXPECT_LE(stand.scaler.steps().size(), OnDemandScaler::kStepsKept);
}

TEST(Scaler, IsStoredWhenThereIsNewsAndNotEveryMinute) {
  Stand stand(4);
  int stored = 0;
  for (int minute = 0; minute < 60 * 24; ++minute) {
    stored += stand.minute(200 + minute % 7).is_worth ? 1 : 0;
  }
  EXPECT_GE(stored, 1);
  EXPECT_LE(stored, 3);
}

}  // namespace
}  // namespace penstock::stream
