#include "stream/account_settings.h"

#include "base/error.h"
#include "stream/day_quota.h"

#include <gtest/gtest.h>

namespace penstock::stream {
namespace {

using namespace std::chrono_literals;
using Status = CommitmentView::Status;

constexpr ServiceTime kStart{Millis{1'790'000'000'000}};

TEST(BillingCommitment, NeverMadeIsDisabledWithoutTimes) {
  const CommitmentView view = BillingCommitment{}.view(kStart);
  EXPECT_EQ(view.status, Status::kDisabled);
  EXPECT_FALSE(view.started || view.ended || view.earliest_end);
}

TEST(BillingCommitment, LastsADayAtLeast) {
  BillingCommitment commitment;
  commitment.enable(kStart);
  EXPECT_EQ(commitment.view(kStart).status, Status::kEnabled);
  EXPECT_EQ(commitment.view(kStart).earliest_end, kStart + 24h);
  commitment.disable(kStart + 1h);
  EXPECT_EQ(commitment.view(kStart + 1h).status, Status::kEnabledUntilEarliestAllowedEnd);
  EXPECT_TRUE(commitment.is_on(kStart + 24h - 1ms));
  EXPECT_FALSE(commitment.is_on(kStart + 24h)) << "it ends by itself";
  const CommitmentView ended = commitment.view(kStart + 30h);
  EXPECT_EQ(ended.status, Status::kDisabled);
  EXPECT_EQ(ended.started, kStart);
  EXPECT_EQ(ended.ended, kStart + 24h);
}

TEST(BillingCommitment, EnablingAgainTakesTheEndBack) {
  BillingCommitment commitment;
  commitment.enable(kStart);
  commitment.disable(kStart + 1h);
  commitment.enable(kStart + 2h);
  EXPECT_EQ(commitment.view(kStart + 2h).status, Status::kEnabled);
  EXPECT_EQ(commitment.view(kStart + 2h).started, kStart) << "it is the same one";
  EXPECT_TRUE(commitment.is_on(kStart + 100h));
}

TEST(BillingCommitment, AfterADayItEndsAtOnceAndANewOneBeginsADay) {
  BillingCommitment commitment;
  commitment.enable(kStart);
  commitment.disable(kStart + 25h);
  EXPECT_EQ(commitment.view(kStart + 25h).status, Status::kDisabled);
  EXPECT_EQ(commitment.view(kStart + 25h).ended, kStart + 25h);
  commitment.enable(kStart + 26h);
  EXPECT_EQ(commitment.view(kStart + 26h).earliest_end, kStart + 50h);
  EXPECT_FALSE(commitment.view(kStart + 26h).ended);
}

TEST(BillingCommitment, DisablingTwiceKeepsTheFirstEnd) {
  BillingCommitment commitment;
  commitment.disable(kStart);
  EXPECT_EQ(commitment, BillingCommitment{});
  commitment.enable(kStart);
  commitment.disable(kStart + 30h);
  commitment.disable(kStart + 40h);
  EXPECT_EQ(commitment.view(kStart + 41h).ended, kStart + 30h);
}

TEST(BillingCommitment, ComesBackFromItsDocument) {
  BillingCommitment commitment;
  EXPECT_EQ(*decode_commitment(encode(commitment)), commitment);
  commitment.enable(kStart);
  EXPECT_EQ(*decode_commitment(encode(commitment)), commitment);
  commitment.disable(kStart + 5h);
  EXPECT_EQ(*decode_commitment(encode(commitment)), commitment);
  EXPECT_TRUE(decode_commitment("{").error().code == Errc::kCorrupt);
}

TEST(DayQuota, IsRollingAndTakesNothingWhenFull) {
  std::vector<ServiceTime> taken;
  EXPECT_TRUE(take_of_day(taken, 2, kStart));
  EXPECT_TRUE(take_of_day(taken, 2, kStart + 1h));
  EXPECT_FALSE(take_of_day(taken, 2, kStart + 24h - 1ms));
  EXPECT_EQ(taken.size(), 2u);
  EXPECT_TRUE(take_of_day(taken, 2, kStart + 24h));
  EXPECT_FALSE(take_of_day(taken, 2, kStart + 24h));
  EXPECT_TRUE(take_of_day(taken, 2, kStart + 25h));
}

}  // namespace
}  // namespace penstock::stream
