#include "stream/call_rates.h"

#include <gtest/gtest.h>

namespace penstock::stream {
namespace {

constexpr ServiceTime kStart{Millis{1'790'000'000'000}};
const Tenant kOne{"000000000000", "us-east-1"};
const Tenant kOther{"111111111111", "us-east-1"};

int calls(CallRates& rates, std::string_view operation, std::string_view stream = {},
          ServiceTime now = kStart, const Tenant& tenant = kOne) {
  int admitted = 0;
  while (admitted < 5'000 && rates.admit(tenant, operation, stream, now)) ++admitted;
  return admitted;
}

TEST(CallRates, EveryOperationOfTheTableIsAdmittedAsOftenAsItSays) {
  for (const CallRate& rate : aws_call_rates()) {
    CallRates rates(true, {});
    EXPECT_EQ(calls(rates, rate.operation, "a"), rate.per_second) << rate.operation;
    const bool is_per_stream = rate.per == CallRate::Per::kStream;
    EXPECT_EQ(calls(rates, rate.operation, "b"), is_per_stream ? rate.per_second : 0)
        << rate.operation;
    EXPECT_EQ(calls(rates, rate.operation, "a", kStart + Seconds(1)), rate.per_second)
        << rate.operation;
    EXPECT_EQ(calls(rates, rate.operation, "a", kStart + Seconds(1), kOther), rate.per_second)
        << "accounts do not share a rate";
  }
}

TEST(CallRates, OperationsDoNotShareARate) {
  CallRates rates(true, {});
  EXPECT_EQ(calls(rates, "CreateStream"), 5);
  EXPECT_EQ(calls(rates, "DeleteStream"), 5);
}

TEST(CallRates, WhatHasNoRateIsNotCounted) {
  CallRates rates(true, {});
  EXPECT_FALSE(rates.has("PutRecord"));
  EXPECT_EQ(calls(rates, "PutRecord"), 5'000);
  EXPECT_EQ(rates.counted(), 0u);
}

TEST(CallRates, ARateIsChangedOrTakenAway) {
  CallRates rates(true, {{"ListStreams", 7}, {"CreateStream", 0}});
  EXPECT_EQ(calls(rates, "ListStreams"), 7);
  EXPECT_FALSE(rates.has("CreateStream"));
  EXPECT_EQ(calls(rates, "DeleteStream"), 5);
}

TEST(CallRates, WithoutAwsOnlyTheChangesHold) {
  CallRates rates(false, {{"ListStreams", 2}});
  EXPECT_EQ(calls(rates, "ListStreams"), 2);
  EXPECT_FALSE(rates.has("DeleteStream"));
}

TEST(CallRates, NamesAtRandomAreForgotten) {
  CallRates rates(true, {});
  std::size_t most = 0;
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_TRUE(rates.admit(kOne, "ListShards", "s" + std::to_string(i), kStart + Millis(i)));
    most = std::max(most, rates.counted());
  }
  EXPECT_LE(most, 2'048u);
}

}  // namespace
}  // namespace penstock::stream
