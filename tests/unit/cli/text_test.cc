#include "base/percent.h"
#include "cli/api_client.h"
#include "cli/commands.h"
#include "cli/event_source_mapping.h"
#include "cli/record_writer.h"
#include "cli/terminal.h"

#include <gtest/gtest.h>

namespace penstock::cli {
namespace {

TEST(Duration, KnowsItsUnits) {
  EXPECT_EQ(*parse_duration_millis("250ms"), 250);
  EXPECT_EQ(*parse_duration_millis("90s"), 90'000);
  EXPECT_EQ(*parse_duration_millis("15m"), 900'000);
  EXPECT_EQ(*parse_duration_millis("24h"), 86'400'000);
  EXPECT_EQ(*parse_duration_millis("7d"), 604'800'000);
}

TEST(Duration, RefusesWhatIsNone) {
  for (const char* text : {"", "5", "h", "-5m", "5 m", "5w", "1.5h"}) {
    const auto parsed = parse_duration_millis(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_NE(parsed.error().message.find("24h"), std::string::npos)
        << "it says what would be right";
  }
}

TEST(Backoff, StaysWithinItsGrowingBoundAndTheCap) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Backoff backoff(std::chrono::milliseconds(50), std::chrono::milliseconds(2000), seed);
    for (int attempt = 0; attempt < 12; ++attempt) {
      const auto bound = std::min<long long>(2000, 50LL << attempt);
      EXPECT_LE(backoff.next().count(), bound) << "attempt " << attempt << ", seed " << seed;
    }
  }
}

TEST(Backoff, TwoProducersThatFailedTogetherDoNotComeBackTogether) {
  int same = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Backoff one(std::chrono::milliseconds(1000), std::chrono::milliseconds(2000), seed);
    Backoff other(std::chrono::milliseconds(1000), std::chrono::milliseconds(2000), seed + 1000);
    same += one.next() == other.next() ? 1 : 0;
  }
  EXPECT_LT(same, 5);
}

TEST(Backoff, BeginsAnewAfterReset) {
  Backoff backoff(std::chrono::milliseconds(1), std::chrono::milliseconds(1 << 20), 7);
  for (int i = 0; i < 15; ++i) backoff.next();
  backoff.reset();
  EXPECT_LE(backoff.next().count(), 1);
}

TEST(Table, AlignsNumbersRightAndTextLeft) {
  Table table({"shard", "records"});
  table.row({"shardId-000000000000", "1,272"});
  table.row({"all", "5"});
  EXPECT_EQ(table.text(),
            "shard                 records\n"
            "─────────────────────────────\n"
            "shardId-000000000000    1,272\n"
            "all                         5\n");
}

TEST(Table, CountsCharactersNotBytes) {
  Table table({"a", "b"});
  table.row({"é", "x"});
  EXPECT_EQ(table.text(), "a  b\n────\né  x\n");
}

TEST(Numbers, GetCommas) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1707), "1,707");
  EXPECT_EQ(with_commas(-1234567), "-1,234,567");
}

TEST(PercentEncoding, LeavesOnlyUnreservedCharacters) {
  EXPECT_EQ(percent_encode("arn:aws:lambda:x:1:function:f"),
            "arn%3Aaws%3Alambda%3Ax%3A1%3Afunction%3Af");
  EXPECT_EQ(percent_encode("a-b_c.d~e /é"), "a-b_c.d~e%20%2F%C3%A9");
}

TEST(Arn, LastPartIsTheName) {
  EXPECT_EQ(last_part("arn:aws:lambda:us-east-1:000000000000:function:hello"), "hello");
  EXPECT_EQ(last_part("arn:aws:kinesis:us-east-1:000000000000:stream/orders"), "orders");
  EXPECT_EQ(last_part("plain"), "plain");
}

TEST(Arn, SourceIsAStreamOrItsConsumer) {
  EXPECT_EQ(source_name("arn:aws:kinesis:us-east-1:000000000000:stream/s"), "s");
  EXPECT_EQ(source_name("arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1795752313"),
            "s/consumer/c");
  EXPECT_EQ(source_name("arn:aws:sqs:us-east-1:000000000000:q"), "q");
}

}  // namespace
}  // namespace penstock::cli
