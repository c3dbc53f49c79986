#include "stream/consumer_entry.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace penstock::stream {
namespace {

ConsumerEntry consumer(ConsumerStatus status) {
  return {.id = {{{"123456789012", "eu-west-1"}, "orders"}, "billing", 1'790'000'000},
          .log = LogId{~0ull},
          .status = status,
          .due = service_time(1'790'000'000'500),
          .tags = {{"team", "a \"b\""}},
          .policy = R"({"Version":"2012-10-17"})"};
}

class StoredConsumer : public testing::TestWithParam<ConsumerStatus> {};
TEST_P(StoredConsumer, ComesBackAsItWas) {
  const ConsumerEntry entry = consumer(GetParam());
  const Result<ConsumerEntry> read = decode_consumer("key", encode(entry));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, entry);
}
INSTANTIATE_TEST_SUITE_P(States, StoredConsumer,
                         testing::Values(ConsumerStatus::kCreating, ConsumerStatus::kActive,
                                         ConsumerStatus::kDeleting));

TEST(StoredConsumer, WhatIsNoneIsCorruptAndNamed) {
  for (const std::string_view text :
       {"", "{}", "[]", R"({"status":"ACTIVE","log":"x"})", R"({"status":"GONE","log":"1"})"}) {
    const Result<ConsumerEntry> read = decode_consumer("stream-consumer/x", text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code, Errc::kCorrupt) << text;
    EXPECT_NE(read.error().message.find("stream-consumer/x"), std::string::npos);
  }
}

TEST(ConsumerArn, SaysStreamNameAndSecond) {
  const ConsumerName id = consumer(ConsumerStatus::kActive).id;
  const std::string arn = consumer_arn(id);
  EXPECT_EQ(arn,
            "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/billing:1790000000");
  EXPECT_EQ(parse_consumer_arn(arn), id);
}

TEST(ConsumerArn, EverythingElseIsNone) {
  for (const std::string_view arn :
       {"", "arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
        "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/",
        "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/c",
        "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/:1",
        "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/c:",
        "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/c:-1",
        "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/c:1x",
        "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/c:99999999999999999999",
        "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/c/d:1",
        "arn:aws:kinesis:eu-west-1:123456789012:stream//consumer/c:1",
        "arn:aws:sqs:eu-west-1:123456789012:stream/orders/consumer/c:1",
        "arn:aws:kinesis:eu-west-1:12345678901:stream/orders/consumer/c:1"}) {
    EXPECT_FALSE(parse_consumer_arn(arn)) << arn;
  }
}

}  // namespace
}  // namespace penstock::stream
