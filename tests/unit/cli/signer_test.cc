#include "cli/signer.h"

#include "base/sigv4.h"

#include <gtest/gtest.h>

namespace penstock::cli {
namespace {

TEST(SharedCredentials, AreThoseOfTheNamedProfile) {
  const std::string file =
      "# comment\n[default]\naws_access_key_id = A\naws_secret_access_key=S\n\n"
      "[ other ]\r\nAWS_ACCESS_KEY_ID=B\r\naws_secret_access_key = T=U/+\r\naws_session_token=V\r\n"
      "; [default]\nregion = x\n#aws_access_key_id = C\n";
  EXPECT_EQ(profile_in(file, "default").access_key, "A");
  EXPECT_EQ(profile_in(file, "default").secret_key, "S");
  EXPECT_EQ(profile_in(file, "default").session_token, "");
  EXPECT_EQ(profile_in(file, "other").access_key, "B");
  EXPECT_EQ(profile_in(file, "other").secret_key, "T=U/+");
  EXPECT_EQ(profile_in(file, "other").session_token, "V");
  EXPECT_EQ(profile_in(file, "absent").access_key, "");
  EXPECT_EQ(profile_in("", "default").access_key, "");
}

TEST(Sign, GivesTheSignatureOfAwssPublishedExample) {
  const Endpoint endpoint{.url = {},
                          .region = "us-east-1",
                          .access_key = "AKIDEXAMPLE",
                          .secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                          .session_token = {}};
  const auto headers = sign(endpoint,
                            {.service = "iam",
                             .method = "GET",
                             .host = "iam.amazonaws.com",
                             .target = "/?Action=ListUsers&Version=2010-05-08",
                             .body = "",
                             .now = *sigv4::parse_basic_time("20150830T123600Z")},
                            {"Content-Type: application/x-www-form-urlencoded; charset=utf-8"});
  ASSERT_EQ(headers.size(), 4u);
  EXPECT_EQ(headers[1], "Host: iam.amazonaws.com");
  EXPECT_EQ(headers[2], "X-Amz-Date: 20150830T123600Z");
  EXPECT_EQ(headers[3],
            "Authorization: AWS4-HMAC-SHA256 "
            "Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

TEST(Sign, CoversTheSessionToken) {
  const Endpoint endpoint{
      .url = {}, .region = "r", .access_key = "ASIA", .secret_key = "s", .session_token = "token"};
  const auto headers = sign(endpoint,
                            {.service = "kinesis",
                             .method = "POST",
                             .host = "h",
                             .target = "/",
                             .body = "{}",
                             .now = *sigv4::parse_basic_time("20150830T123600Z")},
                            {"X-Amz-Target: T"});
  ASSERT_EQ(headers.size(), 5u);
  EXPECT_EQ(headers[3], "X-Amz-Security-Token: token");
  EXPECT_NE(headers[4].find("SignedHeaders=host;x-amz-date;x-amz-security-token;x-amz-target, "),
            std::string::npos)
      << headers[4];
}

}  // namespace
}  // namespace penstock::cli
