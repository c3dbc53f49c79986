#include "api/lambda/event_source_mapping_members.h"
#include "api/lambda/members.h"

#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

namespace penstock::api::lambda {
namespace {

/// The predicates are written by hand so that no std::regex runs for a request; here each is held
/// against the pattern that is printed when it refuses.
struct Case {
  const char* name;
  std::string_view pattern;
  bool (*matches)(std::string_view);
  std::vector<std::string> texts;
};

const std::vector<std::string> kFunctionNames{
    "f",
    "my-fn_2",
    "my.fn",
    "my fn",
    "",
    ":",
    "f:",
    "f:1",
    "f:$LATEST",
    "f:$LATEST.PUBLISHED",
    "f:$LATEST.OTHER",
    "f:a.b",
    "my.fn:PROD",
    "f:1:2",
    "function:f",
    "000000000000:function:f",
    "00000000000:function:f:q:r",
    "us-east-1:000000000000:function:f",
    "arn:aws:lambda:us-east-1:000000000000:function:f",
    "arn:aws:lambda:us-east-1:000000000000:function:my.fn:$LATEST.PUBLISHED",
    "arn:aws-cn:lambda:cn-north-1:000000000000:function:f:1",
    "arn:aws:lambda:eusc-de-east-1:000000000000:function:f",
    "arn:aws:lambda:us-isob-east-1:000000000000:function:f",
    "arn:aws:lambda:us-isobb-east-1:000000000000:function:f",
    "arn:aws:lambda:us-north-east-1:000000000000:function:f",
    "arn:aws2:lambda:us-east-1:000000000000:function:f",
    "arn::lambda:us-east-1:000000000000:function:f",
    "arn:aws:lambda:us-east-1:function:f",
    "arn:aws:lambda:000000000000:f",
    "arn:aws:lambda:f",
    "lambda:f",
    "us-east-1:f",
    "arn:aws:s3:us-east-1:000000000000:function:f",
    "arn:other:lambda:us-east-1:000000000000:function:f",
    "ünïcode",
};

const std::vector<std::string> kArns{
    "",
    "arn:aws:kinesis:us-east-1:000000000000:stream/s",
    "arn:aws:kinesis:us-gov-west-1:000000000000:stream/s",
    "arn:aws:kinesis:us-iso-east-1:000000000000:stream/s",
    "arn:aws:kinesis:us-isob-east-1:000000000000:stream/s",
    "arn:aws:kinesis:us-isobb-east-1:000000000000:stream/s",
    "arn:aws:kinesis:eusc-de-east-1:000000000000:stream/s",
    "arn:aws:kinesis:us-iso-1:000000000000:stream/s",
    "arn:aws:kinesis:us-gov-1:000000000000:stream/s",
    "arn:aws:kinesis:us-isolde-1:000000000000:stream/s",
    "arn:aws:kinesis:eusc-us-gov-west-1:000000000000:stream/s",
    "arn:aws:kinesis:us-east-12:000000000000:stream/s",
    "arn:aws:kinesis:useast1:000000000000:stream/s",
    "arn:aws:kinesis:us-east-1:00000000000:stream/s",
    "arn:aws:kinesis:us-east-1:00000000000x:stream/s",
    "arn:aws:s3:::bucket",
    "arn:aws2-x:sqs:us-east-1:000000000000:a:b:c",
    "arn:gcp:kinesis:us-east-1:000000000000:stream/s",
    "arn:aws::us-east-1:000000000000:stream/s",
    "arn:aws:kinesis:us-east-1",
    "arn:aws:kinesis:us-east-1:000000000000:",
    "kafka://topic",
    "kafka://a",
    "kafka://.topic",
    "kafka://",
    "kafka://to pic",
    "kafka://" + std::string(249, 't'),
    "kafka://" + std::string(250, 't'),
    "kafka:/topic",
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"FunctionName", kFunctionNamePattern, &is_function_name, kFunctionNames},
      {"NamespacedFunctionName", kNamespacedFunctionNamePattern, &is_namespaced_function_name,
       kFunctionNames},
      {"SourceArn", kArnPattern, &is_source_arn, kArns},
      {"Destination", kDestinationPattern, &is_destination, kArns},
      {"ResourceArn",
       kResourceArnPattern,
       &is_resource_arn,
       {"", "arn:aws:kms:us-east-1:000000000000:key/k", "arn:aws:kms:", "arn:aws:kms", "arn::sqs:x",
        "arn:aws-us-gov:a.b-c1:x", "arn:aws1:sqs:x", "arn:aws:SQS:x", "arn:aws::x",
        "arn:other:sqs:x", "key", "arn:aws:sqs:a\nb"}},
      {"Role",
       kRolePattern,
       &is_role_arn,
       {"arn:aws:iam::000000000000:role/any", "arn:aws:iam::000000000000:role/a/b+=,.@-_",
        "arn:aws:iam::000000000000:role/", "arn:aws:iam::000000000000:role",
        "arn:aws:iam::00000000000:role/any", "arn:aws:iam::000000000000:user/any",
        "arn::iam::000000000000:role/any", "arn:aws:iam::000000000000:role/a b", "any", ""}},
      {"Qualifier",
       kQualifier.find(shape::Rule::Type::kPattern)->text,
       &is_qualifier,
       {"$LATEST", "$LATEST.PUBLISHED", "$LATEST.X", "1", "PROD-1_$", "a.b", "", "a b"}},
      {"LogGroup",
       "[\\.\\-_/#A-Za-z0-9]+",
       &is_log_group,
       {"/aws/lambda/f", "a#b.c-d_e", "", "a b", "a:b"}},
  };
  return all;
}

/// A '-' between a class's ranges stands for itself in Java; C++ wants it last.
std::string in_cpp(std::string_view pattern) {
  std::string text(pattern);
  for (const std::string_view tail : {"-_\\.]", "-_$]", "-_]", "-.]"}) {
    const std::string moved = std::string(tail.substr(1, tail.size() - 2)) + "-]";
    for (std::size_t at = 0; (at = text.find(tail, at)) != std::string::npos; at += moved.size()) {
      text.replace(at, tail.size(), moved);
    }
  }
  return text;
}

TEST(LambdaPatterns, PredicatesDecideAsTheirPrintedPatternsDo) {
  for (const Case& one : cases()) {
    const std::regex pattern(in_cpp(one.pattern));
    for (const std::string& text : one.texts) {
      EXPECT_EQ(one.matches(text), std::regex_match(text, pattern))
          << one.name << " of \"" << text << '"';
    }
  }
}

}  // namespace
}  // namespace penstock::api::lambda
