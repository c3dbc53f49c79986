#include "function/name.h"

#include "function/errors.h"

#include <gtest/gtest.h>

namespace penstock::function {
namespace {

const Tenant kCaller{"000000000000", "us-east-1"};

TEST(FunctionName, EveryFormIsRead) {
  const auto read = [](std::string_view text) { return parse_reference(text).value(); };
  EXPECT_EQ(read("f"), (FunctionReference{"", "", "f", ""}));
  EXPECT_EQ(read("f:PROD"), (FunctionReference{"", "", "f", "PROD"}));
  EXPECT_EQ(read("f:$LATEST"), (FunctionReference{"", "", "f", "$LATEST"}));
  EXPECT_EQ(read("f:$LATEST.PUBLISHED"), (FunctionReference{"", "", "f", "$LATEST.PUBLISHED"}));
  EXPECT_EQ(read("function:f"), (FunctionReference{"", "", "f", ""}));
  EXPECT_EQ(read("123456789012:function:f"), (FunctionReference{"", "123456789012", "f", ""}));
  EXPECT_EQ(read("123456789012:f:7"), (FunctionReference{"", "123456789012", "f", "7"}));
  EXPECT_EQ(read("us-east-1:123456789012:function:f"),
            (FunctionReference{"us-east-1", "123456789012", "f", ""}));
  EXPECT_EQ(read("arn:aws:lambda:eu-west-1:123456789012:function:f:7"),
            (FunctionReference{"eu-west-1", "123456789012", "f", "7"}));
  EXPECT_EQ(read("arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f"),
            (FunctionReference{"us-gov-west-1", "123456789012", "f", ""}));
  EXPECT_EQ(read("a.b"), (FunctionReference{"", "", "a.b", ""}));
  // A name that could be something else is a name when nothing follows it.
  EXPECT_EQ(read("arn:aws:lambda:us-east-1"), (FunctionReference{"", "", "us-east-1", ""}));
  EXPECT_EQ(read("function"), (FunctionReference{"", "", "function", ""}));
  EXPECT_EQ(read("123456789012"), (FunctionReference{"", "", "123456789012", ""}));
}

TEST(FunctionName, WhatIsNoneOfTheForms) {
  for (const std::string_view text :
       {"", ":", "f:", ":f", "a b", "f:a.b", "f:$latest", "f:1:2", "arn:aws:lambda",
        "arn:aws:kinesis:us-east-1:123456789012:function:f", "12345:function:f",
        "us-east:123456789012:function:f", "f/g", "\xC3\xBC"}) {
    EXPECT_EQ(parse_reference(text), std::nullopt) << text;
  }
}

TEST(FunctionName, IsHeldAgainstTheCaller) {
  const auto code = [](std::string_view text, std::string_view qualifier = {}) -> std::string {
    const auto found = resolve_reference(kCaller, text, qualifier);
    return found.ok() ? "ok" : std::string(found.error().code.name());
  };
  EXPECT_EQ(code("f"), "ok");
  EXPECT_EQ(code("us-east-1:000000000000:function:f"), "ok");
  EXPECT_EQ(code("eu-west-1:000000000000:function:f"), "not_found");
  EXPECT_EQ(code("123456789012:function:f"), "access_denied");
  EXPECT_EQ(code(std::string(64, 'n')), "ok");
  EXPECT_EQ(code(std::string(65, 'n')), "invalid_parameter");
  EXPECT_EQ(code("a b"), "invalid_parameter");
  EXPECT_EQ(code("f:7", "7"), "ok");
  EXPECT_EQ(code("f:7", "8"), "invalid_parameter");
}

TEST(FunctionName, TheQualifierBesideTheNameCounts) {
  EXPECT_EQ(resolve_reference(kCaller, "f", "PROD")->qualifier, "PROD");
  EXPECT_EQ(resolve_reference(kCaller, "f:PROD")->qualifier, "PROD");
}

TEST(FunctionName, AnArnIsReadAsItWasMade) {
  for (const std::string_view qualifier : {"", "7", "$LATEST"}) {
    const std::string arn = function_arn(kCaller, "f", qualifier);
    EXPECT_EQ(parse_reference(arn),
              (FunctionReference{kCaller.region, kCaller.account, "f", std::string(qualifier)}));
  }
  EXPECT_EQ(function_arn(kCaller, "f"), "arn:aws:lambda:us-east-1:000000000000:function:f");
}

}  // namespace
}  // namespace penstock::function
