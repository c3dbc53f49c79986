#include "base/budget.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(Budget, APartIsBoundedByItselfAndByTheWhole) {
  Budget whole(100);
  Budget part(60, whole);
  Budget other(60, whole);
  const Budget::Share first = part.try_take(60);
  ASSERT_TRUE(first);
  EXPECT_FALSE(part.try_take(1)) << "its own limit";
  EXPECT_FALSE(other.try_take(41)) << "the whole's";
  EXPECT_EQ(other.used_bytes(), 0u) << "a refusal takes nothing";
  const Budget::Share second = other.try_take(40);
  ASSERT_TRUE(second);
  EXPECT_EQ(whole.used_bytes(), 100u);
}

TEST(Budget, AShareGivesBackToThePartAndToTheWhole) {
  Budget whole(100);
  Budget part(60, whole);
  {
    Budget::Share share = part.try_take(50);
    const Budget::Share moved = std::move(share);
    EXPECT_EQ(whole.used_bytes(), 50u);
  }
  EXPECT_EQ(part.used_bytes(), 0u);
  EXPECT_EQ(whole.used_bytes(), 0u);
}

TEST(Budget, WhatMustGoOnIsCountedBeyondTheLimit) {
  Budget whole(100);
  Budget part(60, whole);
  const Budget::Share forced = part.take(200);
  EXPECT_EQ(part.used_bytes(), 200u);
  EXPECT_EQ(whole.used_bytes(), 200u);
  EXPECT_FALSE(part.try_take(1));
}

TEST(Budget, IsShortWhenItOrTheWholeIs) {
  Budget whole(100);
  Budget part(50, whole);
  EXPECT_FALSE(part.is_short());
  const Budget::Share others = whole.take(80);
  EXPECT_TRUE(part.is_short()) << "the whole is";
}

TEST(Budget, ExcessIsWhatIsMissingToHalfOfItselfAndOfTheWhole) {
  Budget whole(1'000);
  Budget part(400, whole);
  EXPECT_EQ(part.excess_bytes(), 0u);
  const auto mine = part.take(250);
  EXPECT_EQ(part.excess_bytes(), 50u);
  const auto others = whole.take(600);
  EXPECT_EQ(part.excess_bytes(), 350u);
}

TEST(Budget, WhatIsSpareIsNoExcess) {
  Budget budget(400);
  const auto mine = budget.take(310);
  EXPECT_EQ(budget.excess_bytes(10), 100u);
  EXPECT_EQ(budget.excess_bytes(400), 0u);
}

}  // namespace
}  // namespace penstock
