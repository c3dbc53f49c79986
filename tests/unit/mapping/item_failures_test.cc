#include "mapping/item_failures.h"

#include "unit/mapping/items.h"

#include <gtest/gtest.h>

#include <vector>

namespace penstock::mapping {
namespace {

using test::item_at;
using test::number_at;
using Kind = ItemFailures::Kind;

/// Five records with gaps between their numbers.
std::vector<Item> batch() {
  std::vector<Item> items;
  for (const std::uint64_t index : {10u, 20u, 30u, 40u, 50u}) items.push_back(item_at(index, "x"));
  return items;
}

std::string reply_naming(std::initializer_list<std::string> identifiers) {
  std::string reply = R"({"batchItemFailures":[)";
  for (const std::string& identifier : identifiers) {
    if (reply.back() == '}') reply += ",";
    reply += R"({"itemIdentifier":)" + identifier + "}";
  }
  return reply + "]}";
}
std::string quoted(std::uint64_t index) { return '"' + number_at(index).to_string() + '"'; }

class SuccessReply : public testing::TestWithParam<const char*> {};
TEST_P(SuccessReply, SettlesTheWholeBatch) {
  EXPECT_EQ(read_item_failures(GetParam(), batch()).kind, Kind::kNone);
}
INSTANTIATE_TEST_SUITE_P(Replies, SuccessReply,
                         testing::Values("", "\"\"", "null", "{}", "[]", " {} ",
                                         R"({"batchItemFailures":[]})",
                                         R"({"batchItemFailures":null})", R"({"statusCode":200})"));

class FailureReply : public testing::TestWithParam<const char*> {};
TEST_P(FailureReply, FailsTheWholeBatch) {
  EXPECT_EQ(read_item_failures(GetParam(), batch()).kind, Kind::kBatch);
}
INSTANTIATE_TEST_SUITE_P(
    Replies, FailureReply,
    testing::Values(R"({"batchItemFailures":[{"itemIdentifier":""}]})",
                    R"({"batchItemFailures":[{"itemIdentifier":null}]})",
                    R"({"batchItemFailures":[{"itemIdentifier":123}]})",
                    R"({"batchItemFailures":[{"itemIdentifier":"123"}]})",
                    R"({"batchItemFailures":[{"itemIdentifier":"seven"}]})",
                    R"({"batchItemFailures":[{"itemIdentifier":"-1"}]})",
                    R"({"batchItemFailures":[{"itemIdentifier":"0"}]})",
                    R"({"batchItemFailures":[{"itemIdentifier":["x"]}]})",
                    R"({"batchItemFailures":[{"foo":"x"}]})", R"({"batchItemFailures":[{}]})",
                    R"({"batchItemFailures":["x"]})", R"({"batchItemFailures":[null]})",
                    R"({"batchItemFailures":{}})", R"({"batchItemFailures":"x"})",
                    R"({"batchItemFailures":false})", R"("abc")", "5", "true", "[1]",
                    "no json at all", "{"));

TEST(ItemFailures, StartAtTheOnlyRecordNamed) {
  const ItemFailures failures = read_item_failures(reply_naming({quoted(30)}), batch());
  EXPECT_EQ(failures.kind, Kind::kFrom);
  EXPECT_EQ(failures.first, 2u);
}

TEST(ItemFailures, StartAtTheLowestOfSeveral) {
  const ItemFailures failures =
      read_item_failures(reply_naming({quoted(50), quoted(20), quoted(40)}), batch());
  EXPECT_EQ(failures.kind, Kind::kFrom);
  EXPECT_EQ(failures.first, 1u);
}

TEST(ItemFailures, MayStartAtTheFirstAndAtTheLastRecord) {
  EXPECT_EQ(read_item_failures(reply_naming({quoted(10)}), batch()).first, 0u);
  EXPECT_EQ(read_item_failures(reply_naming({quoted(10)}), batch()).kind, Kind::kFrom);
  EXPECT_EQ(read_item_failures(reply_naming({quoted(50)}), batch()).first, 4u);
}

TEST(ItemFailures, CompareNumbersNotTexts) {
  const std::string padded = "\"000" + number_at(30).to_string() + '"';
  const ItemFailures failures = read_item_failures(reply_naming({padded}), batch());
  EXPECT_EQ(failures.kind, Kind::kFrom);
  EXPECT_EQ(failures.first, 2u);
}

TEST(ItemFailures, CountARecordNamedTwiceOnce) {
  const ItemFailures failures = read_item_failures(reply_naming({quoted(40), quoted(40)}), batch());
  EXPECT_EQ(failures.kind, Kind::kFrom);
  EXPECT_EQ(failures.first, 3u);
}

TEST(ItemFailures, FailTheBatchForANumberBetweenItsRecords) {
  EXPECT_EQ(read_item_failures(reply_naming({quoted(35)}), batch()).kind, Kind::kBatch);
}

TEST(ItemFailures, FailTheBatchForANumberOfAnotherShard) {
  stream::SequenceNumber other = number_at(30);
  other.shard = 1;
  EXPECT_EQ(read_item_failures(reply_naming({'"' + other.to_string() + '"'}), batch()).kind,
            Kind::kBatch);
}

TEST(ItemFailures, FailTheBatchForOneInvalidEntryAmongValidOnes) {
  EXPECT_EQ(read_item_failures(reply_naming({quoted(20), "\"\"", quoted(30)}), batch()).kind,
            Kind::kBatch);
}

TEST(ItemFailures, ReadTheLastOfRepeatedMembers) {
  const std::string reply =
      R"({"batchItemFailures":"x","batchItemFailures":[{"itemIdentifier":)" + quoted(20) + "}]}";
  EXPECT_EQ(read_item_failures(reply, batch()).first, 1u);
}

}  // namespace
}  // namespace penstock::mapping
