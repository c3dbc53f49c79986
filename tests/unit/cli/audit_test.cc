#include "cli/audit_api.h"

#include <gtest/gtest.h>

namespace penstock::cli {
namespace {

wire::AuditReport report() {
  wire::AuditStream orders{.stream = "orders"};
  orders.producers.push_back({.access_key = "AKIDA",
                              .agent = "boto3",
                              .received = 1'707,
                              .stored = 1'500,
                              .throttled = 207,
                              .probably_lost = 2});
  orders.producers.push_back({.agent = "curl", .received = 1, .stored = 1});
  wire::AuditConsumer consumer{.function = "arn:aws:lambda:us-east-1:000000000000:function:f"};
  consumer.shards.push_back(
      {.shard = "shardId-000000000000", .stored = 5, .succeeded = 3, .dropped = 2});
  consumer.shards.push_back(
      {.shard = "shardId-000000000001", .stored = 4, .delivered = 1, .pending = 3});
  orders.consumers.push_back(consumer);
  orders.probably_lost.push_back(
      {.access_key = "AKIDA", .agent = "boto3", .shard = "s0", .refused_at_ms = 1'000});
  orders.probably_lost.push_back(
      {.access_key = "AKIDA", .agent = "boto3", .shard = "s0", .refused_at_ms = 61'000});
  wire::AuditStream clicks{.stream = "clicks"};
  clicks.producers.push_back({.access_key = "AKIDB", .agent = "sdk", .received = 9, .stored = 9});
  return {.streams = {orders, clicks}};
}

TEST(AuditTables, OneLineForEachProducer) {
  const std::string table = producers_table(report(), "");
  EXPECT_NE(table.find("AKIDA boto3"), std::string::npos) << table;
  EXPECT_NE(table.find("1,707"), std::string::npos) << table;
  EXPECT_NE(table.find("(unsigned) curl"), std::string::npos) << table;
  EXPECT_NE(table.find("AKIDB"), std::string::npos) << table;
}

TEST(AuditTables, OnlyTheStreamThatIsNamed) {
  EXPECT_EQ(producers_table(report(), "clicks").find("AKIDA"), std::string::npos);
  EXPECT_EQ(producers_table(report(), "none"), "No producer has put a record yet.\n");
  EXPECT_EQ(consumers_table(report(), "clicks"), "No mapping reads a stream.\n");
  EXPECT_EQ(loss_table(report(), "clicks"), "No producer left a refused entry unsent.\n");
}

TEST(AuditTables, ConsumersByShardUnderTheNameOfTheirFunction) {
  const std::string table = consumers_table(report(), "orders");
  EXPECT_NE(table.find("orders  f "), std::string::npos) << table;
  EXPECT_NE(table.find("shardId-000000000001"), std::string::npos) << table;
  EXPECT_EQ(table.find("arn:"), std::string::npos) << table;
}

TEST(AuditTables, LossesAreAddedUpByProducerAndShard) {
  const std::string table = loss_table(report(), "");
  EXPECT_NE(table.find("00:00:01"), std::string::npos) << table;
  EXPECT_NE(table.find("00:01:01"), std::string::npos) << table;
  EXPECT_EQ(table.find("AKIDA"), table.rfind("AKIDA")) << "one line\n" << table;
}

TEST(AuditTotals, AreOverEverythingOfAStream) {
  const auto producers = producer_totals(report(), "orders");
  EXPECT_EQ(producers.received, 1'708);
  EXPECT_EQ(producers.stored, 1'501);
  EXPECT_EQ(producers.probably_lost, 2);
  EXPECT_EQ(producer_totals(report(), "").received, 1'717);
  const auto consumers = consumer_totals(report(), "orders");
  EXPECT_EQ(consumers.stored, 9);
  EXPECT_EQ(consumers.pending, 3);
  EXPECT_EQ(consumers.lost(), 2);
}

}  // namespace
}  // namespace penstock::cli
