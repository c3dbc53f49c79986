#include "mapping/sqs_destination.h"

#include "support/queue_stand.h"

#include <gtest/gtest.h>

namespace penstock::mapping {
namespace {

const Tenant kTenant{"000000000000", "us-east-1"};
const std::string kArn = "arn:aws:sqs:us-east-1:000000000000:failed";

struct Stand {
  Stand() { EXPECT_TRUE(queues.create("failed").ok()); }
  Status send(const std::string& id, const std::string& body) {
    return queues.world().run(destination.send(kTenant, kArn, id, body));
  }
  testing::QueueStand queues{1};
  SqsDestination destination{queues.queues()};
};

TEST(SqsDestination, AcceptsTheTenantsQueuesAndNoOthers) {
  Stand stand;
  const auto code = [&](const std::string& arn) -> std::string {
    const Status accepted = stand.destination.accepts(kTenant, arn);
    return accepted.ok() ? "ok" : std::string(accepted.error().code.name());
  };
  EXPECT_EQ(code(kArn), "ok");
  EXPECT_EQ(code(kArn + "-none"), "not_found");
  EXPECT_EQ(code("arn:aws:sqs:eu-west-1:000000000000:failed"), "invalid");
  EXPECT_EQ(code("arn:aws:sqs:us-east-1:111122223333:failed"), "invalid");
  EXPECT_EQ(code("arn:aws:sns:us-east-1:000000000000:failed"), "invalid");
  EXPECT_EQ(code(kArn + ".fifo"), "invalid");
}

TEST(SqsDestination, DeliversAnIdOnce) {
  Stand stand;
  EXPECT_TRUE(stand.send("a", "first").ok());
  EXPECT_TRUE(stand.send("a", "first").ok());
  EXPECT_TRUE(stand.send("b", "second").ok());
  const auto received = stand.queues.receive("failed");
  ASSERT_TRUE(received.ok());
  ASSERT_EQ(received->size(), 2u);
  EXPECT_EQ(received->at(0).message.body, "first");
  EXPECT_EQ(received->at(1).message.body, "second");
}

TEST(SqsDestination, SaysInTheWordsOfMappingsWhyItDoesNot) {
  Stand stand;
  EXPECT_EQ(stand.send("a", std::string(2u << 20, 'x')).error().code, Errc::kLimit);
  ASSERT_TRUE(stand.queues.world().run(stand.queues.queues().remove({kTenant, "failed"})).ok());
  EXPECT_EQ(stand.send("b", "x").error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace penstock::mapping
