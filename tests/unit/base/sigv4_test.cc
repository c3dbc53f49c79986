#include "base/sigv4.h"

#include "base/hex.h"

#include <gtest/gtest.h>

namespace penstock::sigv4 {
namespace {

std::string path_of(std::string_view path) {
  std::string out;
  append_canonical_path(path, out);
  return out;
}
std::string query_of(std::string_view query) {
  std::string out;
  append_canonical_query(query, out);
  return out;
}
std::string value_of(std::string_view value) {
  std::string out;
  append_canonical_value(value, out);
  return out;
}

// --- AWS's published test suite: its requests, with the signatures computed anew by botocore
// ------

struct Vector {
  const char* name;
  std::string method;
  std::string path;
  std::string query;
  std::vector<std::pair<std::string_view, std::string_view>> more;
  std::string body;
  std::string signed_headers;
  std::string signature;
};

const std::vector<Vector>& vectors() {
  static const std::string kAll =
      "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  static const std::string kPlain = "host;x-amz-date";
  static const std::vector<Vector> all{
      {"get-vanilla",
       "GET",
       "/",
       "",
       {},
       "",
       kPlain,
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"post-vanilla",
       "POST",
       "/",
       "",
       {},
       "",
       kPlain,
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"get-vanilla-query-order-key-case",
       "GET",
       "/",
       "Param2=value2&Param1=value1",
       {},
       "",
       kPlain,
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"get-vanilla-query-order-value",
       "GET",
       "/",
       "Param1=value2&Param1=value1",
       {},
       "",
       kPlain,
       "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
      {"get-vanilla-query-order-key",
       "GET",
       "/",
       "Param1=value2&Param1=Value1",
       {},
       "",
       kPlain,
       "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
      {"get-vanilla-query-order-encoded",
       "GET",
       "/",
       "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
       {},
       "",
       kPlain,
       "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
      {"get-vanilla-query-unreserved",
       "GET",
       "/",
       kAll + "=" + kAll,
       {},
       "",
       kPlain,
       "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
      {"get-relative",
       "GET",
       "/example/..",
       "",
       {},
       "",
       kPlain,
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-relative-relative",
       "GET",
       "/example1/example2/../..",
       "",
       {},
       "",
       kPlain,
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-slash-dot-slash",
       "GET",
       "/./",
       "",
       {},
       "",
       kPlain,
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-slash-pointless-dot",
       "GET",
       "/./example",
       "",
       {},
       "",
       kPlain,
       "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
      {"get-slash",
       "GET",
       "//",
       "",
       {},
       "",
       kPlain,
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-slashes",
       "GET",
       "//example//",
       "",
       {},
       "",
       kPlain,
       "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
      {"an ARN, encoded",
       "GET",
       "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af",
       "",
       {},
       "",
       kPlain,
       "7fd0e6115513189d6bf88ebc1e1e2e6e6484032892be1d979c28ea8b496ad21c"},
      {"an ARN as it is",
       "GET",
       "/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f",
       "",
       {},
       "",
       kPlain,
       "a0b5249b0e606b31b55daa0955c97ec6552b0880f9729136b8c2e279872cb701"},
      {"UTF-8 in the path",
       "GET",
       "/%E1%88%B4",
       "",
       {},
       "",
       kPlain,
       "697b34846207a3f72246f99d74ae1ee4fe54f44bb06730c58a0d339eb079596d"},
      {"a space in the path",
       "GET",
       "/a%20b/",
       "",
       {},
       "",
       kPlain,
       "f7dc2731c19b96b2337741791f6c314eec0634bfd8fffa4a728dcf08db3b755e"},
      {"get-header-value-trim",
       "GET",
       "/",
       "",
       {{"my-header1", " value1"}, {"my-header2", " \"a   b   c\""}},
       "",
       "host;my-header1;my-header2;x-amz-date",
       "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
      {"post-x-www-form-urlencoded",
       "POST",
       "/",
       "",
       {{"content-type", "application/x-www-form-urlencoded"}},
       "Param1=value1",
       "content-type;host;x-amz-date",
       "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
  };
  return all;
}

class Published : public ::testing::TestWithParam<int> {};
TEST_P(Published, RequestsGetTheSignaturesThatAwsAndBotocoreGiveThem) {
  const Vector& vector = vectors()[static_cast<std::size_t>(GetParam())];
  auto headers = vector.more;
  headers.emplace_back("x-amz-date", "20150830T123600Z");
  headers.emplace_back("host", "example.amazonaws.com");
  const HexDigest body = hex_of(sha256(vector.body));
  std::string canonical;
  ASSERT_TRUE(append_canonical_request({.method = vector.method,
                                        .path = vector.path,
                                        .query = vector.query,
                                        .headers = headers,
                                        .signed_headers = vector.signed_headers,
                                        .payload_hash = text_of(body)},
                                       canonical));
  const HmacSha256 key =
      signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "service");
  std::string scratch;
  const HexDigest signature = sigv4::signature(
      key, "20150830T123600Z", "20150830/us-east-1/service/aws4_request", canonical, scratch);
  EXPECT_EQ(text_of(signature), vector.signature) << vector.name << "\n" << canonical;
}
INSTANTIATE_TEST_SUITE_P(All, Published, ::testing::Range(0, 19));
TEST(PublishedVectors, AreAllTried) { EXPECT_EQ(vectors().size(), 19u); }

// --- The parts
// ------------------------------------------------------------------------------------

TEST(CanonicalPath, IsEncodedOnceMoreThanItIs) {
  EXPECT_EQ(path_of("/a:b"), "/a%3Ab");
  EXPECT_EQ(path_of("/a%3Ab"), "/a%253Ab");
  EXPECT_EQ(path_of("/$LATEST~"), "/%24LATEST~");
}

TEST(CanonicalPath, HasNoDotsAndNoEmptySegments) {
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"", "/"},
                                                        {"/", "/"},
                                                        {"//", "/"},
                                                        {"/.", "/"},
                                                        {"/..", "/"},
                                                        {"/../..", "/"},
                                                        {"/a/./b", "/a/b"},
                                                        {"/a/../b", "/b"},
                                                        {"/a/..", "/"},
                                                        {"/a/b/..", "/a"},
                                                        {"/a//b/", "/a/b/"},
                                                        {"/a/.", "/a"},
                                                        {"/a/./", "/a/"},
                                                        {"/...", "/..."},
                                                        {"/%2e%2e/a", "/%252e%252e/a"}}) {
    EXPECT_EQ(path_of(from), to) << from;
  }
}

TEST(CanonicalQuery, IsSortedByNameAndThenValue) {
  EXPECT_EQ(query_of("b=2&a=2&b=1"), "a=2&b=1&b=2");
  EXPECT_EQ(query_of("a-b=1&a=2"), "a=2&a-b=1") << "not by the text with its equals sign";
  EXPECT_EQ(query_of("a&&b="), "a=&b=");
  EXPECT_EQ(query_of("a=b=c"), "a=b%3Dc");
}

TEST(CanonicalQuery, SaysTheSameOfWhatMeansTheSame) {
  EXPECT_EQ(query_of("a=x%2Fy&b=%c3%a4"), query_of("b=%C3%A4&a=x/y"));
  EXPECT_EQ(query_of("a=x+y"), "a=x%20y") << "whoever reads it reads a space";
  EXPECT_EQ(query_of("a=%2B"), "a=%2B");
  EXPECT_EQ(query_of("a=%zz%4"), "a=%25zz%254") << "what is no escape stands for itself";
}

TEST(CanonicalQuery, LeavesTheSignatureOut) {
  EXPECT_EQ(query_of("X-Amz-Signature=abc&X-Amz-Date=d"), "X-Amz-Date=d");
  EXPECT_EQ(query_of("X%2DAmz%2DSignature=abc"), "");
}

TEST(CanonicalValue, HasNoSpacesAroundItAndOneForEachRun) {
  EXPECT_EQ(value_of("  a  b \t c "), "a b c");
  EXPECT_EQ(value_of("   "), "");
  EXPECT_EQ(value_of(""), "");
  EXPECT_EQ(value_of("a,b"), "a,b");
}

std::string canonical_of(std::string_view signed_headers) {
  const std::vector<std::pair<std::string_view, std::string_view>> headers{
      {"b", "2"}, {"a", "1"}, {"b", " 3 "}};
  std::string out;
  const bool is_whole = append_canonical_request({.method = "GET",
                                                  .path = "/",
                                                  .query = "",
                                                  .headers = headers,
                                                  .signed_headers = signed_headers,
                                                  .payload_hash = "h"},
                                                 out);
  return is_whole ? out : "(refused)";
}

TEST(CanonicalRequest, JoinsHeadersOfOneNameByCommas) {
  EXPECT_EQ(canonical_of("a;b"), "GET\n/\n\na:1\nb:2,3\n\na;b\nh");
}

TEST(CanonicalRequest, PutsTheListInOrderAndLowerCase) {
  EXPECT_EQ(canonical_of("B;a"), canonical_of("a;b"));
  EXPECT_EQ(canonical_of("a;a;b"), canonical_of("a;b"));
}

TEST(CanonicalRequest, NeedsEverySignedHeader) {
  for (const char* list : {"", "c", "a;c", "a;;b", "a;b;", ";a"}) {
    EXPECT_EQ(canonical_of(list), "(refused)") << list;
  }
}

TEST(Times, AreReadInBothForms) {
  const auto basic = parse_basic_time("20261124T160102Z");
  ASSERT_TRUE(basic);
  EXPECT_EQ(basic_time(*basic), "20261124T160102Z");
  EXPECT_EQ(parse_http_time("Tue, 24 Nov 2026 16:01:02 GMT"), basic);
  EXPECT_EQ(unix_millis(*parse_basic_time("19700101T000000Z")), 0);
  EXPECT_TRUE(parse_basic_time("20240229T000000Z")) << "a leap day";
}

TEST(Scopes, NameARegion) {
  for (const char* text : {"eu-west-1", "us-gov-east-1", "a", "7"}) EXPECT_TRUE(is_region(text));
  for (const char* text : {"", "eu west", "EU-WEST-1", "eu/west", "eu_west"}) {
    EXPECT_FALSE(is_region(text)) << text;
  }
}

TEST(Times, ThatAreNoneAreNone) {
  for (const char* text :
       {"", "20261124", "20261124T160102", "20261124T160102z", "20261324T160102Z",
        "20261132T160102Z", "20230229T000000Z", "20261124T240000Z", "20261124T006000Z",
        "20261124T000060Z", "2026112xT160102Z", "-0261124T160102Z", "20261124T160102ZZ"}) {
    EXPECT_FALSE(parse_basic_time(text)) << text;
  }
  for (const char* text : {"", "Tue, 24 Nov 2026 16:01:02", "Tue, 24 Nox 2026 16:01:02 GMT",
                           "Tue, 24 ovD 2026 16:01:02 GMT", "Tue, 31 Feb 2026 16:01:02 GMT",
                           "Tuesday, 24-Nov-26 16:01:02 GMT"}) {
    EXPECT_FALSE(parse_http_time(text)) << text;
  }
}

}  // namespace
}  // namespace penstock::sigv4
