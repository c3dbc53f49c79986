#include "mapping/progress.h"

#include <gtest/gtest.h>

namespace penstock::mapping {
namespace {

using ledger::Fate;
using ledger::FateRange;
using Ranges = std::vector<FateRange>;

Progress from(std::uint64_t checkpoint, Ranges ahead = {}) {
  return {engine::Position{checkpoint}, ledger::ConsumerBook{}, std::move(ahead)};
}

TEST(Progress, TheCheckpointIsTheLowestRecordThatIsNotSettled) {
  Progress progress = from(10);
  const auto first = progress.take({10});
  const auto second = progress.take({11});
  const auto third = progress.take({12});
  progress.succeed(second);
  EXPECT_EQ(progress.checkpoint().index, 10u);
  EXPECT_EQ(progress.book().succeeded, 0u) << "the book holds what lies before the checkpoint";
  progress.succeed(first);
  EXPECT_EQ(progress.checkpoint().index, 12u);
  EXPECT_EQ(progress.book().succeeded, 2u);
  EXPECT_EQ(progress.held(), 1u);
  progress.settle(third, Fate::kDroppedRetries, 7);
  EXPECT_EQ(progress.checkpoint().index, 13u);
  EXPECT_TRUE(progress.all_settled());
  EXPECT_EQ(progress.book().ranges(), (Ranges{{Fate::kDroppedRetries, 12, 12, 1, 7}}));
}

TEST(Progress, ReadingOnMovesTheCheckpointOnlyWhenNothingIsOpen) {
  Progress progress = from(1);
  progress.read_to({5});
  EXPECT_EQ(progress.checkpoint().index, 5u);
  const auto open = progress.take({5});
  progress.read_to({9});
  EXPECT_EQ(progress.checkpoint().index, 5u);
  EXPECT_EQ(progress.next().index, 9u);
  progress.succeed(open);
  EXPECT_EQ(progress.checkpoint().index, 9u);
}

TEST(Progress, WhatLeftTheStreamUnreadIsCountedOneByOne) {
  Progress progress = from(1);
  const auto open = progress.take({1});
  progress.expire_to({11}, 5);
  progress.expire_to({11}, 6);
  EXPECT_EQ(progress.next().index, 11u);
  EXPECT_EQ(progress.book().expired_unread, 0u) << "it lies behind an open record";
  progress.succeed(open);
  EXPECT_EQ(progress.book().expired_unread, 9u);
  EXPECT_EQ(progress.book().ranges(), (Ranges{{Fate::kExpiredUnread, 2, 10, 9, 5}}));
}

TEST(Progress, WhatWasGivenUpAheadOfTheCheckpointIsToBeStored) {
  Progress progress = from(1);
  progress.take({1});
  for (const std::uint64_t at : {2u, 3u, 4u, 5u, 6u}) {
    const auto place = progress.take({at});
    if (at == 4) {
      progress.succeed(place);
    } else if (at == 5) {
      progress.settle(place, Fate::kFiltered, 50);
    } else {
      progress.settle(place, Fate::kDelivered, static_cast<std::int64_t>(at));
    }
  }
  EXPECT_EQ(progress.ahead(),
            (Ranges{{Fate::kDelivered, 2, 3, 2, 2}, {Fate::kDelivered, 6, 6, 1, 6}}))
      << "successes and filtered ones may be repeated";
}

TEST(Progress, ARestartDoesNotGiveUpTwice) {
  Progress again = from(1, {{Fate::kDelivered, 2, 3, 2, 20}, {Fate::kDroppedAge, 6, 6, 1, 60}});
  EXPECT_EQ(again.given_up_before({1}), nullptr);
  ASSERT_NE(again.given_up_before({3}), nullptr);
  EXPECT_EQ(again.given_up_before({3})->fate, Fate::kDelivered);
  EXPECT_EQ(again.given_up_before({4}), nullptr);
  const auto open = again.take({1});
  again.settle(again.take({2}), Fate::kDelivered, 20);
  EXPECT_EQ(again.ahead(), (Ranges{{Fate::kDelivered, 2, 2, 1, 20},
                                   {Fate::kDelivered, 3, 3, 1, 20},
                                   {Fate::kDroppedAge, 6, 6, 1, 60}}))
      << "what has not been read again is still known";
  again.succeed(open);
  EXPECT_EQ(again.checkpoint().index, 3u);
  EXPECT_EQ(again.book().delivered, 1u);
}

TEST(Progress, WhatWasGivenUpBeforeItLeftTheStreamKeepsItsFate) {
  Progress again = from(1, {{Fate::kDelivered, 3, 4, 2, 20}, {Fate::kDroppedAge, 8, 9, 2, 60}});
  again.expire_to({9}, 100);
  EXPECT_EQ(again.book().ranges(), (Ranges{{Fate::kExpiredUnread, 1, 2, 2, 100},
                                           {Fate::kDelivered, 3, 4, 2, 20},
                                           {Fate::kExpiredUnread, 5, 7, 3, 100},
                                           {Fate::kDroppedAge, 8, 8, 1, 60}}));
  EXPECT_EQ(again.book().settled(), 8u);
  EXPECT_EQ(again.ahead(), (Ranges{{Fate::kDroppedAge, 9, 9, 1, 60}}));

  Progress held = from(1, {{Fate::kDelivered, 3, 4, 2, 20}});
  held.take({1});
  held.expire_to({6}, 100);
  EXPECT_EQ(held.ahead(), (Ranges{{Fate::kDelivered, 3, 4, 2, 20}})) << "with its whole count";
}

TEST(Progress, WhatIsOpenGoesWithAShardThatLeavesTheStream) {
  Progress progress = from(1);
  progress.take({1});
  progress.succeed(progress.take({2}));
  progress.take({3});
  progress.expire_rest({6}, 100);
  EXPECT_TRUE(progress.all_settled());
  EXPECT_EQ(progress.checkpoint().index, 6u);
  EXPECT_EQ(progress.book().succeeded, 1u);
  EXPECT_EQ(progress.book().ranges(),
            (Ranges{{Fate::kExpiredUnread, 1, 1, 1, 100}, {Fate::kExpiredUnread, 3, 5, 3, 100}}));
}

TEST(ProgressDeath, ARecordIsSettledOnce) {
  Progress progress = from(1);
  progress.take({1});
  const auto place = progress.take({2});
  progress.succeed(place);
  EXPECT_DEATH(progress.settle(place, Fate::kDelivered, 0), "settled once");
}

TEST(ProgressDeath, RecordsAreReadInOrder) {
  Progress progress = from(5);
  EXPECT_DEATH(progress.take({4}), "in order");
}

}  // namespace
}  // namespace penstock::mapping
