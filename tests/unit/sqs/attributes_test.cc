#include "sqs/attributes.h"

#include "sqs/errors.h"

#include <gtest/gtest.h>

namespace penstock::sqs {
namespace {

struct Bound {
  const char* name;
  const char* low;
  const char* below;
  const char* high;
  const char* above;
  const char* standard;
};
class AttributeBounds : public ::testing::TestWithParam<Bound> {};

TEST_P(AttributeBounds, AreTheServices) {
  const Bound& bound = GetParam();
  for (const char* value : {bound.low, bound.high, bound.standard}) {
    EXPECT_TRUE(parse_attributes({{bound.name, value}}).ok()) << value;
  }
  for (const char* value :
       {bound.below, bound.above, "", "x", "1.5", " 5", "99999999999999999999"}) {
    const auto parsed = parse_attributes({{bound.name, value}});
    ASSERT_FALSE(parsed.ok()) << value;
    EXPECT_TRUE(parsed.error().code == SqsErrc::kInvalidAttributeValue);
    EXPECT_EQ(parsed.error().message,
              "Invalid value for the parameter " + std::string(bound.name) + ".");
  }
  EXPECT_EQ(settable_text({}, bound.name), bound.standard);
  EXPECT_EQ(settable_text({{bound.name, bound.low}}, bound.name), bound.low);
}
INSTANTIATE_TEST_SUITE_P(
    Attributes, AttributeBounds,
    ::testing::Values(Bound{"VisibilityTimeout", "0", "-1", "43200", "43201", "30"},
                      Bound{"DelaySeconds", "0", "-1", "900", "901", "0"},
                      Bound{"MessageRetentionPeriod", "60", "59", "1209600", "1209601", "345600"},
                      Bound{"ReceiveMessageWaitTimeSeconds", "0", "-1", "20", "21", "0"},
                      Bound{"MaximumMessageSize", "1024", "1023", "1048576", "1048577", "1048576"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(SqsAttributes, MeanWhatTheySay) {
  const auto parsed = parse_attributes({{"VisibilityTimeout", "7"},
                                        {"DelaySeconds", "8"},
                                        {"MessageRetentionPeriod", "90"},
                                        {"ReceiveMessageWaitTimeSeconds", "10"},
                                        {"MaximumMessageSize", "2048"}});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed, (QueueAttributes{Seconds(7), Seconds(8), Seconds(90), Seconds(10), 2048, {}}));
}

TEST(SqsAttributes, UnknownReadOnlyAndFifoNamesAreRefused) {
  for (const char* name : {"Nonsense", "visibilitytimeout", "All", "QueueArn", "CreatedTimestamp",
                           "ApproximateNumberOfMessages", "ContentBasedDeduplication"}) {
    const auto parsed = parse_attributes({{name, "1"}});
    ASSERT_FALSE(parsed.ok()) << name;
    EXPECT_TRUE(parsed.error().code == SqsErrc::kInvalidAttributeName) << name;
  }
  const auto fifo = parse_attributes({{"FifoQueue", "true"}});
  ASSERT_FALSE(fifo.ok());
  EXPECT_TRUE(fifo.error().code == SqsErrc::kUnsupported);
}

TEST(SqsAttributes, KeepsWhatHasNoEffectHere) {
  const TextMap set{{"Policy", "{}"}, {"KmsMasterKeyId", "alias/aws/sqs"}};
  EXPECT_TRUE(parse_attributes(set).ok());
  EXPECT_EQ(settable_text(set, "Policy"), "{}");
  EXPECT_EQ(settable_text(set, "SqsManagedSseEnabled"), "false");
  EXPECT_EQ(settable_text({}, "SqsManagedSseEnabled"), "true");
  EXPECT_EQ(settable_text({}, "RedrivePolicy"), std::nullopt);
}

constexpr const char* kArn = "arn:aws:sqs:us-east-1:000000000000:dead";

TEST(SqsRedrivePolicy, TakesTheCountAsTextOrNumber) {
  for (const char* count : {"\"5\"", "5"}) {
    const auto parsed =
        parse_attributes({{"RedrivePolicy", std::string(R"({"deadLetterTargetArn":")") + kArn +
                                                R"(","maxReceiveCount":)" + count + "}"}});
    ASSERT_TRUE(parsed.ok()) << count;
    EXPECT_EQ(parsed->redrive, (RedrivePolicy{kArn, 5}));
  }
}

TEST(SqsRedrivePolicy, EmptyTextMeansNone) {
  const auto parsed = parse_attributes({{"RedrivePolicy", ""}});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->redrive, std::nullopt);
}

TEST(SqsRedrivePolicy, OtherFormsAreRefused) {
  for (const std::string& text :
       {std::string("no json"), std::string("[]"), std::string("{}"),
        std::string(R"({"maxReceiveCount":5})"),
        std::string(R"({"deadLetterTargetArn":")") + kArn + "\"}",
        std::string(R"({"deadLetterTargetArn":")") + kArn + R"(","maxReceiveCount":0})",
        std::string(R"({"deadLetterTargetArn":")") + kArn + R"(","maxReceiveCount":1001})",
        std::string(R"({"deadLetterTargetArn":"dead","maxReceiveCount":5})")}) {
    const auto parsed = parse_attributes({{"RedrivePolicy", text}});
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_TRUE(parsed.error().code == SqsErrc::kInvalidAttributeValue) << text;
  }
}

TEST(SqsQueueName, FollowsTheServicesRule) {
  for (const std::string& name :
       {std::string("a"), std::string("Queue_1-x"), std::string(80, 'q')}) {
    EXPECT_TRUE(check_queue_name(name).ok()) << name;
  }
  for (const std::string& name :
       {std::string(), std::string(81, 'q'), std::string("a b"), std::string("a.b"),
        std::string("a/b"), std::string("\xC3\xA9")}) {
    EXPECT_FALSE(check_queue_name(name).ok()) << name;
  }
  EXPECT_TRUE(check_queue_name("orders.fifo").error().code == SqsErrc::kUnsupported);
}

TEST(SqsQueueArn, ComesBackFromItsText) {
  const QueueTarget target{{"123456789012", "eu-west-1"}, "orders"};
  EXPECT_EQ(arn_of(target), "arn:aws:sqs:eu-west-1:123456789012:orders");
  EXPECT_EQ(parse_queue_arn(arn_of(target)), target);
  EXPECT_NE(parse_queue_arn("arn:aws-cn:sqs:cn-north-1:123456789012:orders"), std::nullopt);
}

TEST(SqsQueueArn, OtherArnsAreNone) {
  for (const char* arn :
       {"", "orders", "arn:aws:sns:eu-west-1:123456789012:orders",
        "arn:aws:sqs::123456789012:orders", "arn:aws:sqs:eu-west-1:12:orders",
        "arn:aws:sqs:eu-west-1:123456789012:", "arn:aws:sqs:eu-west-1:123456789012",
        "arn:aws:sqs:eu-west-1:123456789012:orders.fifo",
        "arn:aws:sqs:eu-west-1:123456789012:a:b"}) {
    EXPECT_EQ(parse_queue_arn(arn), std::nullopt) << arn;
  }
}

}  // namespace
}  // namespace penstock::sqs
