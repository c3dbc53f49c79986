// Verifying a signature asks for no memory once its key is kept.

#include "front/verifier.h"
#include "support/slow_sigv4.h"
#include "unit/api/allocations/counted_new.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock::front {
namespace {

TEST(Verifying, AsksForNoMemoryOnceTheSigningKeyIsKept) {
  const std::string time = "20261124T160000Z";
  const std::string scope = "20261124/eu-west-1/kinesis/aws4_request";
  const std::string list = "content-type;host;x-amz-date;x-amz-target";
  Keyring keyring(SessionKeys::Seed{});
  keyring.replace({{"AKIAIOSFODNN7EXAMPLE", {.secret = "secret", .account = "123456789012"}}},
                  true);
  Verifier verifier(keyring);
  Request request;
  request.method = "POST";
  request.path = "/";
  request.body = R"({"StreamName":"s"})";
  request.headers = {{"host", "127.0.0.1:4566"},
                     {"content-type", "application/x-amz-json-1.1"},
                     {"x-amz-target", "Kinesis_20131202.PutRecord"},
                     {"x-amz-date", time}};
  const std::string authorization =
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/" + scope + ", SignedHeaders=" + list +
      ", Signature=" +
      penstock::testing::slow_signature("secret", time, scope,
                                        penstock::testing::slow_canonical_request(request, list));
  request.headers.emplace_back("authorization", authorization);
  const WallTime now = *sigv4::parse_basic_time(time);
  std::vector<std::string> storage;
  Identity who;
  const auto verify = [&] {
    const AuthResult read = parse_credentials(request, storage);
    return read.credentials && verifier.is_required() &&
           !verifier.verify(request, *read.credentials, "kinesis", now, who);
  };
  ASSERT_TRUE(verify());
  const std::size_t before = test::allocations();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(verify());
  EXPECT_EQ(test::allocations(), before);
}

}  // namespace
}  // namespace penstock::front
