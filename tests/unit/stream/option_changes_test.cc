#include "stream/option_changes.h"

#include "stream/errors.h"

#include <gtest/gtest.h>

namespace penstock::stream {
namespace {

constexpr ServiceTime kStart{Millis{1'790'000'000'000}};
constexpr std::string_view kKey = "1234abcd-12ab-34cd-56ef-1234567890ab";

StreamEntry active(StreamMode mode = StreamMode::kProvisioned) {
  return {.name = {{"000000000000", "us-east-1"}, "orders"},
          .status = StreamStatus::kActive,
          .mode = mode};
}

EncryptionMoment at(Millis after) { return {.now = kStart + after, .from = kStart + after}; }

std::string types_at(const StreamEntry& entry, std::initializer_list<std::int64_t> millis) {
  std::string out;
  for (const std::int64_t ms : millis) {
    out += entry.options.encryption.holds_at(kStart + Millis{ms}) ? 'K' : '-';
  }
  return out;
}

TEST(Retention, WhatHasLeftStaysGoneWhenItGrows) {
  StreamEntry entry = active();
  const auto hours = [](int count) { return std::chrono::hours(count); };
  const ServiceTime later = kStart + hours(100);
  ASSERT_TRUE(change_retention(entry, RetentionChange::kIncrease, 72, later).ok());
  EXPECT_EQ(entry.horizon(later), later - hours(24)) << "what had left before";
  EXPECT_EQ(entry.horizon(later + hours(48)), later - hours(24)) << "until that is 72 hours ago";
  EXPECT_EQ(entry.horizon(later + hours(49)), later - hours(23));
  ASSERT_TRUE(change_retention(entry, RetentionChange::kDecrease, 24, later + hours(50)).ok());
  EXPECT_EQ(entry.horizon(later + hours(50)), later + hours(26));
  ASSERT_TRUE(change_retention(entry, RetentionChange::kIncrease, 72, later + hours(50)).ok());
  EXPECT_EQ(entry.horizon(later + hours(60)), later + hours(26));
}

TEST(Encryption, ARecordsTypeIsThatOfItsArrival) {
  StreamEntry entry = active();
  EXPECT_EQ(types_at(entry, {0, 1'000}), "--");
  ASSERT_TRUE(start_encryption(entry, kKey, at(Millis{10})).ok());
  ASSERT_TRUE(stop_encryption(entry, kKey, at(Millis{20})).ok());
  ASSERT_TRUE(start_encryption(entry, kKey, at(Millis{30})).ok());
  EXPECT_EQ(types_at(entry, {0, 9, 10, 19, 20, 29, 30, 1'000'000}), "--KK--KK");
}

TEST(Encryption, HoldsFromTheMomentGivenNotFromTheCall) {
  StreamEntry entry = active();
  ASSERT_TRUE(start_encryption(entry, kKey, {.now = kStart, .from = kStart + Millis{500}}).ok());
  EXPECT_EQ(types_at(entry, {0, 499, 500}), "--K");
  EXPECT_TRUE(entry.options.encryption.is_on()) << "descriptions say so at once";
}

TEST(Encryption, AnotherKeyIsNoSwitch) {
  StreamEntry entry = active();
  ASSERT_TRUE(start_encryption(entry, kKey, at(Millis{10})).ok());
  ASSERT_TRUE(start_encryption(entry, "alias/other", at(Millis{20})).ok());
  EXPECT_EQ(entry.options.encryption.key_id, "alias/other");
  EXPECT_EQ(types_at(entry, {9, 10, 19, 20, 30}), "-KKKK");
}

TEST(Encryption, StoppingWhatIsOffIsNoSwitch) {
  StreamEntry entry = active();
  ASSERT_TRUE(stop_encryption(entry, kKey, at(Millis{10})).ok());
  EXPECT_TRUE(entry.options.encryption.switches_ms.empty());
}

TEST(Encryption, TwentyFiveStartsAndAsManyStopsFitIntoARollingDay) {
  StreamEntry entry = active();
  for (int i = 0; i < 25; ++i) {
    ASSERT_TRUE(start_encryption(entry, kKey, at(Millis{i * 10})).ok()) << i;
    ASSERT_TRUE(stop_encryption(entry, kKey, at(Millis{i * 10 + 5})).ok()) << i;
  }
  const StreamEntry before = entry;
  const Status refused = start_encryption(entry, kKey, at(Millis{1'000}));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, StreamErrc::kLimitExceeded);
  EXPECT_EQ(refused.error().message, "Rate exceeded for stream orders under account 000000000000.");
  EXPECT_EQ(entry, before) << "a refused call changes nothing";
  const Millis day = std::chrono::hours(24);
  EXPECT_FALSE(start_encryption(entry, kKey, at(day - Millis{1})).ok());
  EXPECT_TRUE(start_encryption(entry, kKey, at(day)).ok()) << "the first call is a day ago";
  EXPECT_FALSE(start_encryption(entry, kKey, at(day)).ok());
}

TEST(Encryption, WithoutLimitsCallsGoOnAndAreNotKept) {
  StreamEntry entry = active();
  for (int i = 0; i < 100; ++i) {
    EncryptionMoment moment = at(Millis{i});
    moment.calls_max = 0;
    ASSERT_TRUE(start_encryption(entry, kKey, moment).ok());
  }
  EXPECT_TRUE(entry.options.encryption.starts_ms.empty());
}

TEST(Encryption, SwitchesThatNoRecordCanTellApartAreForgotten) {
  StreamEntry entry = active();
  ASSERT_TRUE(start_encryption(entry, kKey, at(Millis{10})).ok());
  ASSERT_TRUE(stop_encryption(entry, kKey, at(Millis{20})).ok());
  ASSERT_TRUE(start_encryption(entry, kKey, at(Millis{30})).ok());
  const ServiceTime day_after = kStart + std::chrono::hours(24);
  forget_switches(entry, day_after + Millis{19});
  EXPECT_EQ(entry.options.encryption.switches_ms.size(), 3u);
  forget_switches(entry, day_after + Millis{20});
  EXPECT_EQ(types_at(entry, {20, 29, 30}), "--K");
  EXPECT_EQ(entry.options.encryption.switches_ms.size(), 1u);
  forget_switches(entry, day_after + std::chrono::hours(1'000));
  EXPECT_EQ(types_at(entry, {1'000'000}), "K") << "what is on stays on";
}

struct KeyCase {
  std::string_view text;
  bool is_one;
};

TEST(KeyId, TheFormsOfAKeysName) {
  for (const KeyCase& each : std::initializer_list<KeyCase>{
           {kKey, true},
           {"1234ABCD-12ab-34cd-56ef-1234567890ab", true},
           {"mrk-1234abcd12ab34cd56ef1234567890ab", true},
           {"alias/mine", true},
           {"alias/aws/kinesis", true},
           {"arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab", true},
           {"arn:aws-cn:kms:cn-north-1:000000000000:alias/mine", true},
           {"", false},
           {"mine", false},
           {"alias/", false},
           {"alias/with space", false},
           {"1234abcd-12ab-34cd-56ef-1234567890a", false},
           {"1234abcd-12ab-34cd-56ef-1234567890ag", false},
           {"arn:aws:kms:us-east-1:000000000000:key/mine", false},
           {"arn:aws:s3:us-east-1:000000000000:alias/mine", false},
           {"arn:aws:kms", false}}) {
    EXPECT_EQ(is_key_id(each.text), each.is_one) << each.text;
  }
}

TEST(Distribution, OnlyOnDemandStreamsPlaceRecordsThemselves) {
  StreamEntry provisioned = active();
  const Status refused = change_distribution(provisioned, Distribution::kAuto);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, StreamErrc::kInvalidArgument);
  EXPECT_TRUE(change_distribution(provisioned, Distribution::kUserPartitionKey).ok());
  StreamEntry on_demand = active(StreamMode::kOnDemand);
  ASSERT_TRUE(change_distribution(on_demand, Distribution::kAuto).ok());
  EXPECT_EQ(on_demand.options.distribution, Distribution::kAuto);
}

TEST(Metrics, NamesAndSetsAreTheSame) {
  EXPECT_EQ(metric_set({"ALL"}), kAllShardMetrics);
  EXPECT_EQ(metric_set({"OutgoingBytes", "ALL"}), kAllShardMetrics);
  EXPECT_EQ(metric_set({"Colour"}), std::nullopt);
  EXPECT_TRUE(metric_names(0).empty());
  EXPECT_EQ(metric_names(kAllShardMetrics).size(), 7u);
  for (const std::string_view name : kShardMetrics) {
    EXPECT_EQ(metric_names(*metric_set({std::string(name)})), std::vector{std::string(name)});
  }
}

TEST(Metrics, AreAddedAndTakenAway) {
  StreamEntry entry = active();
  const MetricSet two = *metric_set({"IncomingBytes", "OutgoingBytes"});
  const MetricSet one = *metric_set({"IncomingBytes"});
  MetricsChange change = change_metrics(entry, two, Switch::kOn);
  EXPECT_EQ(change.before, 0);
  EXPECT_EQ(change.after, two);
  change = change_metrics(entry, one, Switch::kOff);
  EXPECT_EQ(change.before, two);
  EXPECT_EQ(metric_names(change.after), std::vector<std::string>{"OutgoingBytes"});
  change = change_metrics(entry, one, Switch::kOff);
  EXPECT_EQ(change.before, change.after);
}

TEST(StreamOptions, AreReadBackAsTheyWereStored) {
  StreamOptions options;
  EXPECT_EQ(encode(options), "") << "a stream that was told nothing costs nothing";
  options.distribution = Distribution::kAuto;
  options.metrics = 0b1010;
  options.encryption = {.key_id = "alias/\"mine\"",
                        .switches_ms = {1, 20, 1'790'000'000'000},
                        .starts_ms = {1, 1'790'000'000'000},
                        .stops_ms = {20}};
  options.policy = R"({"Version":"2012-10-17"})";
  const Result<StreamOptions> read = decode_options(encode(options));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, options);
}

TEST(StreamOptions, WhatIsNoneIsCorrupt) {
  for (const char* text : {"{", "[]", R"({"metrics":128})", R"({"switches_ms":"x"})"}) {
    EXPECT_FALSE(decode_options(text).ok()) << text;
  }
}

}  // namespace
}  // namespace penstock::stream
