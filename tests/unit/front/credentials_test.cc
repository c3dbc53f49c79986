#include "front/credentials.h"

#include "front/query.h"
#include "support/seeds.h"

#include <gtest/gtest.h>

#include <random>

namespace penstock::front {
namespace {

const std::string kHeader =
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/eu-west-1/kinesis/aws4_request, "
    "SignedHeaders=host;x-amz-date, "
    "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";

struct Signed {
  explicit Signed(std::string authorization, std::string query_text = {}, bool dated = true)
      : header(std::move(authorization)), query(std::move(query_text)) {
    if (!header.empty()) request.headers.emplace_back("authorization", header);
    if (dated) request.headers.emplace_back("x-amz-date", "20261124T000000Z");
    request.query = query;
    result = parse_credentials(request, storage);
  }
  std::string header;
  std::string query;
  Request request;
  std::vector<std::string> storage;
  AuthResult result;
};

TEST(Authorization, IsTakenApart) {
  const Signed sent(kHeader);
  ASSERT_TRUE(sent.result.credentials);
  EXPECT_FALSE(sent.result.error);
  EXPECT_EQ(sent.result.credentials->access_key, "AKIDEXAMPLE");
  EXPECT_EQ(sent.result.credentials->date, "20261124");
  EXPECT_EQ(sent.result.credentials->region, "eu-west-1");
  EXPECT_EQ(sent.result.credentials->service, "kinesis");
  EXPECT_EQ(sent.result.credentials->signed_headers, "host;x-amz-date");
  EXPECT_EQ(sent.result.credentials->signature.size(), 64u);
}

class Separators : public ::testing::TestWithParam<const char*> {};
TEST_P(Separators, BetweenParametersMayBeCommasOrSpacesOrBoth) {
  const std::string between = GetParam();
  const Signed sent("AWS4-HMAC-SHA256 Signature=abc" + between + "SignedHeaders=host" + between +
                    "Credential=AK/20261124/us-east-1/sqs/aws4_request");
  ASSERT_TRUE(sent.result.credentials);
  EXPECT_EQ(sent.result.credentials->access_key, "AK");
  EXPECT_EQ(sent.result.credentials->region, "us-east-1");
  EXPECT_EQ(sent.result.credentials->signature, "abc");
  EXPECT_EQ(sent.result.credentials->signed_headers, "host");
}
INSTANTIATE_TEST_SUITE_P(All, Separators, ::testing::Values(",", " ", ", ", " ,", " , "));

TEST(Authorization, AnAccessKeyMayHoldSlashes) {
  const Signed sent(
      "AWS4-HMAC-SHA256 Credential=a/b/c/20261124/us-east-1/sqs/aws4_request, SignedHeaders=h, "
      "Signature=s");
  ASSERT_TRUE(sent.result.credentials);
  EXPECT_EQ(sent.result.credentials->access_key, "a/b/c");
  EXPECT_EQ(sent.result.credentials->region, "us-east-1");
}

TEST(Authorization, AShortScopeLeavesTheRegionEmpty) {
  const Signed sent("AWS4-HMAC-SHA256 Credential=AK, SignedHeaders=h, Signature=s");
  ASSERT_TRUE(sent.result.credentials);
  EXPECT_EQ(sent.result.credentials->access_key, "AK");
  EXPECT_EQ(sent.result.credentials->region, "");
}

struct Missing {
  const char* header;
  bool dated;
  std::vector<std::string> named;
};
class Incomplete : public ::testing::TestWithParam<Missing> {};
TEST_P(Incomplete, SignaturesNameEachPartThatIsMissing) {
  const Signed sent(GetParam().header, "", GetParam().dated);
  ASSERT_TRUE(sent.result.error);
  EXPECT_EQ(sent.result.error->type, "IncompleteSignatureException");
  std::string expected;
  for (const std::string& name : GetParam().named) {
    expected += name == "date"
                    ? "Authorization header requires existence of either a 'X-Amz-Date' or a "
                      "'Date' header. "
                    : "Authorization header requires '" + name + "' parameter. ";
  }
  EXPECT_EQ(sent.result.error->message, expected + "Authorization=" + GetParam().header);
}
INSTANTIATE_TEST_SUITE_P(
    All, Incomplete,
    ::testing::Values(Missing{"X", false, {"Credential", "Signature", "SignedHeaders", "date"}},
                      Missing{"X", true, {"Credential", "Signature", "SignedHeaders"}},
                      Missing{"AWS4 Credential=a", true, {"Signature", "SignedHeaders"}},
                      Missing{"AWS4 Credential=a Signature=b", true, {"SignedHeaders"}},
                      Missing{"AWS4 Credential=a Signature=b SignedHeaders=c", false, {"date"}},
                      Missing{"AWS4 Credential= Signature=b SignedHeaders=c", true, {"Credential"}},
                      Missing{
                          "AWS4 XCredential=a Signature=b SignedHeaders=c", true, {"Credential"}}));

TEST(Authorization, NoneIsAMissingToken) {
  const Signed sent("");
  ASSERT_TRUE(sent.result.error);
  EXPECT_EQ(sent.result.error->type, "MissingAuthenticationTokenException");
  EXPECT_EQ(sent.result.error->message, "Missing Authentication Token");
}

const std::string kQuery =
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20261124%2Fus-east-1%2Fkinesis%2Faws4_"
    "request"
    "&X-Amz-Date=20261124T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=abc";

TEST(PresignedQuery, IsTakenApart) {
  const Signed sent("", kQuery);
  ASSERT_TRUE(sent.result.credentials);
  EXPECT_EQ(sent.result.credentials->access_key, "AK");
  EXPECT_EQ(sent.result.credentials->region, "us-east-1");
  EXPECT_EQ(sent.result.credentials->signature, "abc");
}

TEST(PresignedQuery, NamesEachMissingParameter) {
  const Signed sent("", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=x");
  ASSERT_TRUE(sent.result.error);
  EXPECT_EQ(sent.result.error->type, "IncompleteSignatureException");
  EXPECT_EQ(
      sent.result.error->message,
      "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters "
      "must include 'X-Amz-Signature'. AWS query-string parameters must include "
      "'X-Amz-SignedHeaders'. Re-examine the query-string parameters.");
}

TEST(PresignedQuery, AndAHeaderTogetherAreRefused) {
  const Signed sent(kHeader, kQuery);
  ASSERT_TRUE(sent.result.error);
  EXPECT_EQ(sent.result.error->type, "InvalidSignatureException");
}

TEST(Authorization, AnyTextGivesCredentialsOrAnErrorAndNeverBoth) {
  for (const std::uint64_t seed : penstock::testing::seeds(3'000)) {
    std::mt19937_64 random(seed);
    std::string header = kHeader;
    for (std::uint64_t i = 1 + random() % 6; i > 0; --i) {
      const std::size_t at = random() % header.size();
      if (random() % 2 == 0)
        header.erase(at, 1 + random() % 20);
      else
        header[at] = static_cast<char>(32 + random() % 95);
      if (header.empty()) header = "x";
    }
    const Signed sent(header);
    ASSERT_NE(sent.result.credentials.has_value(), sent.result.error.has_value()) << header;
  }
}

TEST(Tenant, IsTheAccessKeyWhenThatIsAnAccount) {
  EXPECT_EQ(tenant_of({.access_key = "123456789012", .region = "eu-west-1"}, "us-east-1"),
            (Tenant{"123456789012", "eu-west-1"}));
  EXPECT_EQ(tenant_of({.access_key = "AKIDEXAMPLE", .region = "eu-west-1"}, "us-east-1"),
            (Tenant{"000000000000", "eu-west-1"}));
  EXPECT_EQ(tenant_of({.access_key = "12345678901x"}, "us-east-1"),
            (Tenant{"000000000000", "us-east-1"}));
  EXPECT_EQ(tenant_of({.access_key = "1234567890123"}, "us-east-1").account, "000000000000");
}

// --- Query parameters
// ---------------------------------------------------------------------------------

TEST(QueryParameter, IsTheFirstOfItsNameDecoded) {
  EXPECT_EQ(query_parameter("a=1&b=x%20y+z&b=2", "b"), "x y z");
  EXPECT_EQ(query_parameter("a=1", "a"), "1");
  EXPECT_EQ(query_parameter("%61=1", "a"), "1") << "names may be encoded too";
}

TEST(QueryParameter, WithoutAValueIsEmptyAndWithoutAnEqualsSignToo) {
  EXPECT_EQ(query_parameter("a=&b", "a"), "");
  EXPECT_EQ(query_parameter("a=&b", "b"), "");
  EXPECT_TRUE(has_query_parameter("a=&b", "b"));
}

TEST(QueryParameter, AbsentOrBadlyEncodedIsNothing) {
  EXPECT_EQ(query_parameter("", "a"), std::nullopt);
  EXPECT_EQ(query_parameter("aa=1&&=2", "a"), std::nullopt);
  EXPECT_EQ(query_parameter("a=%4", "a"), std::nullopt);
  EXPECT_FALSE(has_query_parameter("b=a", "a"));
}

}  // namespace
}  // namespace penstock::front
