#include "stream/texts.h"

#include "stream/errors.h"
#include "stream/observer.h"
#include "stream/tags.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace penstock::stream {
namespace {

const Tenant kTenant{"123456789012", "eu-west-1"};
const StreamName kOrders{kTenant, "orders"};
const Caller kCaller{.tenant = kTenant};

TEST(ResolveTarget, ANameIsInTheCallersAccountAndRegion) {
  const auto name = resolve_target(kCaller, {.name = "orders"});
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(*name, kOrders);
}

TEST(ResolveTarget, AnArnDecidesAccountAndRegion) {
  const auto name =
      resolve_target(kCaller, {.arn = "arn:aws:kinesis:us-west-2:999999999999:stream/other"});
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(*name, (StreamName{{"999999999999", "us-west-2"}, "other"}));
}

TEST(ResolveTarget, NameAndArnMustAgree) {
  const std::string arn = stream_arn(kTenant, "orders");
  EXPECT_TRUE(resolve_target(kCaller, {.name = "orders", .arn = arn}).ok());
  const auto differ = resolve_target(kCaller, {.name = "order", .arn = arn});
  ASSERT_FALSE(differ.ok());
  EXPECT_TRUE(differ.error().code == StreamErrc::kInvalidArgument);
}

TEST(ResolveTarget, NeitherIsAnInvalidArgument) {
  const auto none = resolve_target(kCaller, {});
  ASSERT_FALSE(none.ok());
  EXPECT_TRUE(none.error().code == StreamErrc::kInvalidArgument);
}

TEST(StreamArn, ParsesWhatItWrites) {
  const auto parsed = parse_stream_arn(stream_arn(kTenant, "a.b-c_D"));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, (StreamName{kTenant, "a.b-c_D"}));
}

class NoStreamArn : public testing::TestWithParam<std::string> {};
TEST_P(NoStreamArn, IsRefused) { EXPECT_FALSE(parse_stream_arn(GetParam())); }
INSTANTIATE_TEST_SUITE_P(
    Garbage, NoStreamArn,
    testing::Values("", "arn", "arn:aws:kinesis:us-east-1:000000000000:stream/",
                    "arn:aws:kinesis:us-east-1:000000000000:streams/a",
                    "arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/b:1",
                    "arn:aws:kinesis:us-east-1:00000000000:stream/a",
                    "arn:aws:kinesis:us-east-1:0000000000000:stream/a",
                    "arn:aws:kinesis:us-east-1:00000000000x:stream/a",
                    "arn:aws:sqs:us-east-1:000000000000:stream/a",
                    "nra:aws:kinesis:us-east-1:000000000000:stream/a",
                    "arn:kinesis:us-east-1:000000000000:stream/a"));

struct ShardIdCase {
  const char* text;
  std::optional<std::uint32_t> number;
};
class ShardId : public testing::TestWithParam<ShardIdCase> {};
TEST_P(ShardId, IsReadAsTheServiceReadsIt) {
  EXPECT_EQ(parse_shard_id(GetParam().text), GetParam().number) << GetParam().text;
}
INSTANTIATE_TEST_SUITE_P(
    All, ShardId,
    testing::Values(ShardIdCase{"shardId-000000000005", 5u}, ShardIdCase{"shardId-5", 5u},
                    ShardIdCase{"x-5", 5u}, ShardIdCase{"5", 5u}, ShardIdCase{"-5", 5u},
                    ShardIdCase{"shardId-2147483647", 2147483647u},
                    ShardIdCase{"shardId-2147483648", std::nullopt},
                    ShardIdCase{"shardId-4294967296", std::nullopt},
                    ShardIdCase{"shardId-", std::nullopt}, ShardIdCase{"", std::nullopt},
                    ShardIdCase{"shardId--1", std::nullopt},
                    ShardIdCase{"shardId-5x", std::nullopt},
                    ShardIdCase{"shardId-0x5", std::nullopt}, ShardIdCase{"a-b-5", std::nullopt}));

TEST(ShardIdText, HasTwelveDigitsAndParsesBack) {
  EXPECT_EQ(shard_id_text(0), "shardId-000000000000");
  EXPECT_EQ(shard_id_text(2147483647), "shardId-002147483647");
  for (const std::uint32_t number : {0u, 1u, 999u, 2147483647u}) {
    EXPECT_EQ(parse_shard_id(shard_id_text(number)), number);
  }
}

TEST(Texts, NameStreamAndAccount) {
  EXPECT_EQ(stream_not_found(kOrders).message,
            "Stream orders under account 123456789012 not found.");
  EXPECT_TRUE(stream_not_found(kOrders).code == StreamErrc::kNotFound);
  EXPECT_EQ(could_not_find_shard("shardId-7", kOrders).message,
            "Could not find shard shardId-7 in stream orders under account 123456789012.");
  EXPECT_EQ(
      shard_does_not_exist(7, kOrders).message,
      "Shard shardId-000000000007 in stream orders under account 123456789012 does not exist");
  EXPECT_EQ(stream_not_active(kOrders, StreamStatus::kCreating).message,
            "Stream orders under account 123456789012 not ACTIVE, instead in state CREATING");
  EXPECT_TRUE(stream_not_active(kOrders, StreamStatus::kCreating).code == StreamErrc::kInUse);
}

TEST(Texts, PutErrorsHaveTheServicesSentences) {
  PutRecordsReply reply;
  reply.stream = kOrders;
  EXPECT_EQ(put_error_message(reply, {.fate = PutFate::kStored}), "");
  EXPECT_EQ(put_error_message(reply, {.fate = PutFate::kThrottled, .shard = 3}),
            "Rate exceeded for shard shardId-000000000003 in stream orders under account "
            "123456789012.");
  EXPECT_EQ(put_error_message(reply, {.fate = PutFate::kFailed}), "Internal Service Failure");
}

TEST(TagRules, LettersDigitsSpacesAndTheNamedSignsPass) {
  EXPECT_TRUE(check_new_tags(kOrders, {}, {{"aZ09 _./=+-@:", " x"}}, 50).ok());
  EXPECT_TRUE(check_new_tags(kOrders, {}, {{"Gr\u00F6\u00DFe", "\u6771\u4EAC"}}, 50).ok());
  EXPECT_TRUE(check_new_tags(kOrders, {}, {{"k", ""}}, 50).ok());
}

class WrongTag : public testing::TestWithParam<std::string> {};
TEST_P(WrongTag, IsAnInvalidArgumentAsKeyAndAsValue) {
  for (const Tags& tags : {Tags{{GetParam(), "v"}}, Tags{{"k", GetParam()}}}) {
    const Status status = check_new_tags(kOrders, {}, tags, 50);
    ASSERT_FALSE(status.ok());
    EXPECT_TRUE(status.error().code == StreamErrc::kInvalidArgument);
  }
  EXPECT_FALSE(check_tag_keys(kOrders, {"good", GetParam()}).ok());
}
INSTANTIATE_TEST_SUITE_P(Signs, WrongTag,
                         testing::Values("a!", "a#b", "$", "a,b", "<", "a\nb", "a\tb", "a%b", "(",
                                         "\x01", "\u2603", "\u00BF", "\u2030", "\U0001F600"));

TEST(TagRules, CountTogetherWithThosePresent) {
  Tags present;
  for (int i = 0; i < 49; ++i) present["k" + std::to_string(i)] = "v";
  EXPECT_TRUE(check_new_tags(kOrders, present, {{"new", "v"}}, 50).ok());
  EXPECT_FALSE(check_new_tags(kOrders, present, {{"new", "v"}, {"newer", "v"}}, 50).ok());
  EXPECT_TRUE(check_new_tags(kOrders, present, {{"k0", "w"}, {"new", "v"}}, 50).ok())
      << "a tag that is overwritten does not count twice";
}

TEST(Fingerprint, IsTheSameForTheSameRecord) {
  EXPECT_EQ(fingerprint("key", "data"), fingerprint("key", "data"));
}

TEST(Fingerprint, TellsWhereTheKeyEnds) {
  EXPECT_NE(fingerprint("ab", "c"), fingerprint("a", "bc"));
  EXPECT_NE(fingerprint("", "abc"), fingerprint("abc", ""));
  EXPECT_NE(fingerprint("a", std::string(1, '\0')), fingerprint("a", ""));
  EXPECT_NE(fingerprint("a", std::string(8, '\0')), fingerprint("a", std::string(16, '\0')));
}

TEST(Fingerprint, EveryFlippedBitChangesIt) {
  std::string data(100, 'x');
  const std::uint64_t before = fingerprint("key", data);
  for (std::size_t i = 0; i < data.size() * 8; ++i) {
    data[i / 8] = static_cast<char>(data[i / 8] ^ (1 << i % 8));
    EXPECT_NE(fingerprint("key", data), before) << "bit " << i;
    data[i / 8] = static_cast<char>(data[i / 8] ^ (1 << i % 8));
  }
}

TEST(Fingerprint, AHundredThousandRecordsDoNotCollide) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 100'000; ++i) seen.insert(fingerprint("key", "record " + std::to_string(i)));
  EXPECT_EQ(seen.size(), 100'000u);
}

}  // namespace
}  // namespace penstock::stream
