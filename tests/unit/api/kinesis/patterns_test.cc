#include "api/kinesis/members.h"

#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

namespace penstock::api::kinesis {
namespace {

struct Case {
  const char* name;
  const shape::Rules* rules;
  std::vector<std::string> texts;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"StreamName", &kStreamName, {"s", "A-b_c.1", "", "a b", "a:b", "a/b", "é"}},
      {"StreamArn",
       &kStreamArn,
       {"arn:aws:kinesis:us-east-1:000000000000:stream/s",
        "arn:aws-cn:kinesis::000000000000:stream/s",
        "arn:aws:kinesis:us-east-1:00000000000:stream/s",
        "arn:aws:kinesis:us-east-1:000000000000:stream/",
        "arn:aws:kinesis:us-east-1:000000000000:stream/a b",
        "arn:aws:kinesis:us-east-1:000000000000:stream/a/b:c",
        "arn:aws:kinesis:us-east-1:000000000000:consumer/s",
        "arn:aws:kinesis:000000000000:stream/s", "arn:aws:kinesis::kinesis:x:000000000000:stream/s",
        "arn:aws:kinesis:x:stream/:000000000000:stream/s",
        "arn:aws:lambda:us-east-1:000000000000:stream/s", "arn:gcp:kinesis:r:000000000000:stream/s",
        "arn:aws:kinesis:us\neast:000000000000:stream/s", ""}},
      {"ResourceArn",
       &kRequiredResourceArn,
       {"arn:aws:kinesis:us-east-1:000000000000:stream/s",
        "arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1",
        "arn:aws:kinesis:us-east-1:000000000000:queue/q",
        "arn:aws-cn:kinesis:x:000000000000:channel/c",
        "arn:aws:kinesis:us-east-1:000000000000:anything before stream/s",
        "arn:aws:kinesis:us-east-1:000000000000:stream/a b",
        "arn:aws:kinesis:us-east-1:000000000000:stream/a queue/b",
        "arn:aws:kinesis:us-east-1:000000000000:upstream/a",
        "arn:aws:kinesis:us-east-1:000000000000:topic/a",
        "arn:aws:kinesis:us-east-1:000000000000:stream/",
        "arn:aws:kinesis:us-east-1:00000000000:stream/s", "arn:aws:kinesis:000000000000:stream/s",
        "arn:aws:kinesis:us-east-1:000000000000:\nstream/s",
        "arn:aws:kinesis:stream/s:000000000000:x", ""}},
      {"StreamId",
       &kStreamId,
       {std::string(20, 'a') + "-abc", std::string(20, 'A') + "-abc", std::string(19, 'a') + "-abc",
        std::string(20, '0') + "_abc", std::string(20, '0') + "-ab1", ""}},
      {"HashKey",
       &kHashKey,
       {"0", "1", "00", "01", "-1", "", "9" + std::string(38, '9'), "9" + std::string(39, '9'),
        "1x"}},
      {"SequenceNumber",
       &kSequenceNumber,
       {"0", "49", "00", "", "1" + std::string(128, '0'), "1" + std::string(129, '0'), "TRIM"}},
  };
  return all;
}

/// The predicates are written by hand so that no std::regex runs for a request; here each is held
/// against the pattern that is printed when it refuses.
TEST(KinesisPatterns, PredicatesDecideAsTheirPrintedPatternsDo) {
  for (const Case& one : cases()) {
    const shape::Rule& rule = *one.rules->find(shape::Rule::Type::kPattern);
    const std::regex pattern{std::string(rule.text)};
    for (const std::string& text : one.texts) {
      EXPECT_EQ(rule.matches(text), std::regex_match(text, pattern))
          << one.name << " of \"" << text << '"';
    }
  }
}

}  // namespace
}  // namespace penstock::api::kinesis
