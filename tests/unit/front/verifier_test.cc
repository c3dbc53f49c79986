#include "front/verifier.h"

#include "front/keyring.h"
#include "support/seeds.h"
#include "support/slow_sigv4.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <set>
#include <thread>

namespace penstock::front {
namespace {

using penstock::testing::slow_canonical_request;
using penstock::testing::slow_encode;
using penstock::testing::slow_hex;
using penstock::testing::slow_sha256;
using penstock::testing::slow_signature;

const std::string kId = "AKIAIOSFODNN7EXAMPLE";
const std::string kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const std::string kTime = "20261124T160000Z";
const std::string kMismatch =
    "InvalidSignatureException: The request signature we calculated does not match the signature "
    "you provided. Check your AWS Secret Access Key and signing method. Consult the service "
    "documentation for details.";

WallTime at(const std::string& time) { return *sigv4::parse_basic_time(time); }

/// A request with its own memory, signed by the slow reference.
struct Signed {
  std::string method = "POST";
  std::string path = "/";
  std::string query;
  std::string body = R"({"Limit":3})";
  std::vector<std::pair<std::string, std::string>> headers{
      {"host", "127.0.0.1:4566"},
      {"content-type", "application/x-amz-json-1.1"},
      {"x-amz-target", "Kinesis_20131202.ListStreams"},
      {"user-agent", "a b/1"}};
  std::string list = "content-type;host;x-amz-date;x-amz-target";
  std::string id = kId;
  std::string secret = kSecret;
  std::string time = kTime;
  std::string date = "20261124";
  std::string region = "eu-west-1";
  std::string service = "kinesis";
  std::string terminator = "aws4_request";
  std::string algorithm = "AWS4-HMAC-SHA256";

  std::string scope() const { return date + "/" + region + "/" + service + "/" + terminator; }
  std::string* header(const std::string& name) {
    for (auto& [key, value] : headers) {
      if (key == name) return &value;
    }
    return nullptr;
  }
  Request view() const {
    Request request;
    request.method = method;
    request.path = path;
    request.query = query;
    request.body = body;
    for (const auto& [name, value] : headers) request.headers.emplace_back(name, value);
    return request;
  }
  /// Adds date and signature as headers.
  Signed& sign() {
    headers.emplace_back("x-amz-date", time);
    headers.emplace_back("authorization", algorithm + " Credential=" + id + "/" + scope() +
                                              ", SignedHeaders=" + list +
                                              ", Signature=" + signature());
    return *this;
  }
  /// Adds date and signature as query parameters.
  Signed& presign(const std::string& more = {}) {
    query += (query.empty() ? "" : "&") + std::string("X-Amz-Algorithm=") + algorithm +
             "&X-Amz-Credential=" + slow_encode(id + "/" + scope()) + "&X-Amz-Date=" + time +
             "&X-Amz-SignedHeaders=" + slow_encode(list) + more;
    query += "&X-Amz-Signature=" + signature();
    return *this;
  }
  std::string signature() const {
    return slow_signature(secret, time, scope(), slow_canonical_request(view(), list));
  }
};

class Verification : public ::testing::Test {
 protected:
  Verification() : keyring(SessionKeys::Seed{1, 2, 3}), verifier(keyring) {
    keyring.replace({{kId, {.secret = kSecret, .account = "123456789012", .is_admin = true}}},
                    true);
  }
  /// "ok" or the complaint.
  std::string outcome(const Signed& sent, const std::string& now = kTime,
                      const std::string& service = "kinesis") {
    const Request request = sent.view();
    std::vector<std::string> storage;
    const AuthResult parsed = parse_credentials(request, storage);
    if (parsed.error) return parsed.error->type + ": " + parsed.error->message;
    who = {};
    const auto error = verifier.verify(request, *parsed.credentials, service, at(now), who);
    return error ? error->type + ": " + error->message : "ok";
  }
  Keyring keyring;
  Verifier verifier;
  Identity who;
};

TEST_F(Verification, ARequestSignedWithAKnownKeyIsItsAccounts) {
  EXPECT_EQ(outcome(Signed().sign()), "ok");
  EXPECT_EQ(who.account, "123456789012");
  EXPECT_TRUE(who.is_admin);
}

TEST_F(Verification, TheSecondRequestUsesTheKeptSigningKey) {
  EXPECT_EQ(outcome(Signed().sign()), "ok");
  EXPECT_EQ(verifier.cached(), 1u);
  EXPECT_EQ(outcome(Signed{.body = "{}"}.sign()), "ok");
  EXPECT_EQ(verifier.cached(), 1u);
}

TEST_F(Verification, APresignedRequestIsVerifiedToo) {
  EXPECT_EQ(outcome(Signed{.list = "content-type;host;x-amz-target"}.presign()), "ok");
  EXPECT_EQ(outcome(Signed{.method = "GET",
                           .path = "/2015-03-31/functions/",
                           .query = "MaxItems=3",
                           .body = "",
                           .headers = {{"host", "h"}},
                           .list = "host",
                           .service = "lambda"}
                        .presign("&X-Amz-Expires=60"),
                    kTime, "lambda"),
            "ok");
}

TEST_F(Verification, TheDateHeaderWillDo) {
  Signed sent{.list = "content-type;date;host;x-amz-target"};
  sent.headers.emplace_back("date", "Tue, 24 Nov 2026 16:00:00 GMT");
  sent.headers.emplace_back("authorization", "AWS4-HMAC-SHA256 Credential=" + kId + "/" +
                                                 sent.scope() + ", SignedHeaders=" + sent.list +
                                                 ", Signature=" + sent.signature());
  EXPECT_EQ(outcome(sent), "ok");
}

// --- Every part that is signed
// --------------------------------------------------------------------

struct Change {
  const char* name;
  std::function<void(Signed&)> apply;
};
const std::vector<Change>& changes() {
  static const std::vector<Change> all{
      {"method", [](Signed& s) { s.method = "PUT"; }},
      {"path", [](Signed& s) { s.path = "/x"; }},
      {"query", [](Signed& s) { s.query = "a=c"; }},
      {"another parameter", [](Signed& s) { s.query += "&b="; }},
      {"body", [](Signed& s) { s.body.back() = ' '; }},
      {"longer body", [](Signed& s) { s.body += " "; }},
      {"empty body", [](Signed& s) { s.body.clear(); }},
      {"host", [](Signed& s) { *s.header("host") += "0"; }},
      {"content type", [](Signed& s) { *s.header("content-type") += "x"; }},
      {"target", [](Signed& s) { *s.header("x-amz-target") = "Kinesis_20131202.DeleteStream"; }},
      {"second header of a name",
       [](Signed& s) { s.headers.emplace_back("x-amz-target", "Kinesis_20131202.DeleteStream"); }},
      {"time", [](Signed& s) { *s.header("x-amz-date") = "20261124T160001Z"; }},
      {"a signed header gone", [](Signed& s) { s.headers.erase(s.headers.begin() + 1); }},
      {"shorter list",
       [](Signed& s) {
         std::string& text = *s.header("authorization");
         text.replace(text.find("content-type;"), 13, "");
       }},
      {"first digit of the signature",
       [](Signed& s) {
         char& digit =
             s.header("authorization")->at(s.header("authorization")->find("Signature=") + 10);
         digit = digit == '0' ? '1' : '0';
       }},
      {"last digit of the signature",
       [](Signed& s) {
         char& digit = s.header("authorization")->back();
         digit = digit == '0' ? '1' : '0';
       }},
      {"shorter signature", [](Signed& s) { s.header("authorization")->pop_back(); }},
      {"signature in capitals",
       [](Signed& s) {
         std::string& text = *s.header("authorization");
         for (std::size_t i = text.find("Signature=") + 10; i < text.size(); ++i) {
           text[i] = static_cast<char>(std::toupper(text[i]));
         }
       }},
      {"region",
       [](Signed& s) {
         std::string& text = *s.header("authorization");
         text.replace(text.find("eu-west-1"), 9, "eu-west-2");
       }},
  };
  return all;
}
class Tampering : public Verification, public ::testing::WithParamInterface<int> {};
TEST_P(Tampering, WithAnyPartThatIsSignedIsSeen) {
  const Change& change = changes()[static_cast<std::size_t>(GetParam())];
  Signed sent{.query = "a=b"};
  sent.sign();
  ASSERT_EQ(outcome(sent), "ok") << "and the signing key is kept from here on";
  change.apply(sent);
  EXPECT_EQ(outcome(sent), kMismatch) << change.name;
}
INSTANTIATE_TEST_SUITE_P(All, Tampering, ::testing::Range(0, 19));
TEST(Changes, AreAllTried) { EXPECT_EQ(changes().size(), 19u); }

TEST_F(Verification, WhatIsNotSignedMayChangeOnTheWay) {
  Signed sent;
  sent.sign();
  *sent.header("user-agent") = "another";
  sent.headers.emplace_back("x-amzn-trace-id", "Root=1");
  sent.headers.emplace_back("accept-encoding", "identity");
  EXPECT_EQ(outcome(sent), "ok");
}

TEST_F(Verification, AStatedBodyHashMustBeTheBodys) {
  const auto stating = [&](const std::string& hash) {
    Signed sent{.list = "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-target"};
    sent.headers.emplace_back("x-amz-content-sha256", hash);
    return outcome(sent.sign());
  };
  EXPECT_EQ(stating(slow_hex(slow_sha256(Signed().body))), "ok");
  EXPECT_EQ(stating(slow_hex(slow_sha256("other"))), kMismatch);
  EXPECT_EQ(stating("UNSIGNED-PAYLOAD"), kMismatch) << "S3 takes it; services with JSON do not";
  EXPECT_EQ(stating("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), kMismatch);
}

// --- Complaints, in their order
// -------------------------------------------------------------------

TEST_F(Verification, ATimeInAnotherFormIsNamed) {
  EXPECT_EQ(outcome(Signed{.time = "2026-11-24T16:00:00Z"}.sign()),
            "IncompleteSignatureException: Date must be in ISO-8601 'basic format'. Got "
            "'2026-11-24T16:00:00Z'. See http://en.wikipedia.org/wiki/ISO_8601");
}

TEST_F(Verification, TheClockMayDifferByFiveMinutesAndNotByASecondMore) {
  const Signed sent = Signed().sign();
  EXPECT_EQ(outcome(sent, "20261124T160500Z"), "ok");
  EXPECT_EQ(outcome(sent, "20261124T155500Z"), "ok");
  EXPECT_EQ(outcome(sent, "20261124T160501Z"),
            "InvalidSignatureException: Signature expired: 20261124T160000Z is now earlier than "
            "20261124T160001Z (20261124T160501Z - 5 min.)");
  EXPECT_EQ(outcome(sent, "20261124T155459Z"),
            "InvalidSignatureException: Signature not yet current: 20261124T160000Z is still later "
            "than 20261124T155959Z (20261124T155459Z + 5 min.)");
}

TEST_F(Verification, APresignedRequestLastsAsLongAsItSays) {
  const auto lasting = [](const std::string& seconds) {
    return Signed{.list = "content-type;host;x-amz-target"}.presign("&X-Amz-Expires=" + seconds);
  };
  EXPECT_EQ(outcome(lasting("60"), "20261124T160100Z"), "ok");
  EXPECT_EQ(outcome(lasting("60"), "20261124T160101Z"),
            "InvalidSignatureException: Signature expired: 20261124T160000Z is now earlier than "
            "20261124T160001Z (20261124T160101Z - 60 sec.)");
  EXPECT_EQ(outcome(lasting("604800"), "20261201T160000Z"), "ok");
  EXPECT_NE(outcome(lasting("604800"), "20261201T160001Z"), "ok");
  EXPECT_NE(outcome(lasting("60"), "20261124T155459Z"), "ok") << "not before its time either";
  for (const char* bad : {"0", "-1", "604801", "x", "6 0"}) {
    EXPECT_NE(outcome(lasting(slow_encode(bad))), "ok") << bad;
  }
}

TEST_F(Verification, HostMustBeSigned) {
  EXPECT_EQ(outcome(Signed{.list = "content-type;x-amz-date;x-amz-target"}.sign()),
            "InvalidSignatureException: 'Host' or ':authority' must be a 'SignedHeader' in the AWS "
            "Authorization.");
}

TEST_F(Verification, AnAuthorityIsTheHostByAnotherName) {
  Signed sent{.list = ":authority;content-type;x-amz-date;x-amz-target"};
  sent.sign();
  EXPECT_EQ(outcome(sent), "ok");
  *sent.header("host") = "127.0.0.1:4567";
  EXPECT_EQ(outcome(sent), kMismatch);
}

TEST_F(Verification, EveryAmzHeaderMustBeSigned) {
  EXPECT_EQ(outcome(Signed{.list = "content-type;host;x-amz-date"}.sign()),
            "InvalidSignatureException: 'x-amz-target' must be a 'SignedHeader' in the AWS "
            "Authorization.");
  EXPECT_EQ(outcome(Signed{.list = "content-type;host;x-amz-target"}.sign()),
            "InvalidSignatureException: 'x-amz-date' must be a 'SignedHeader' in the AWS "
            "Authorization.");
}

TEST_F(Verification, ThereIsOneAlgorithm) {
  EXPECT_EQ(outcome(Signed{.algorithm = "AWS4-HMAC-SHA1"}.sign()),
            "IncompleteSignatureException: Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1' (only "
            "AWS4-HMAC-SHA256 for now). ");
  EXPECT_NE(
      outcome(Signed{.list = "content-type;host;x-amz-target", .algorithm = "AWS4"}.presign()),
      "ok");
}

TEST_F(Verification, ACredentialHasFiveParts) {
  EXPECT_EQ(
      outcome(Signed{.id = "a/b"}.sign()),
      "IncompleteSignatureException: Credential must have exactly 5 slash-delimited elements, "
      "e.g. keyid/date/region/service/term, got 'a/b/20261124/eu-west-1/kinesis/aws4_request'");
}

TEST_F(Verification, EverythingThatIsWrongWithAScopeIsSaidAtOnce) {
  EXPECT_EQ(
      outcome(Signed{
          .date = "20261123", .region = "EU!", .service = "sqs", .terminator = "aws5_request"}
                  .sign()),
      "InvalidSignatureException: Credential should be scoped to a valid region, not 'EU!'. "
      "Credential should be scoped to correct service: 'kinesis'. Credential should be scoped "
      "with a valid terminator: 'aws4_request', not 'aws5_request'. Date in Credential scope "
      "does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20261123' != "
      "'20261124', from '20261124T160000Z'.");
  EXPECT_EQ(
      outcome(Signed{.service = "lambda"}.sign()),
      "InvalidSignatureException: Credential should be scoped to correct service: 'kinesis'. ");
}

TEST_F(Verification, AnUnknownKeyIsAnInvalidToken) {
  EXPECT_EQ(outcome(Signed{.id = "AKIAIOSFODNN7ANOTHER"}.sign()),
            "UnrecognizedClientException: The security token included in the request is invalid.");
}

TEST_F(Verification, AWrongSecretIsAMismatchAndIsNotKept) {
  EXPECT_EQ(outcome(Signed{.secret = "another"}.sign()), kMismatch);
  EXPECT_EQ(verifier.cached(), 0u);
}

// --- Temporary keys
// -------------------------------------------------------------------------------

TEST_F(Verification, ATemporaryKeyCountsUntilItExpires) {
  const auto issued = keyring.sessions().issue("210987654321", at("20261124T160200Z"), 7);
  Signed sent{.list = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
              .id = issued.id,
              .secret = issued.secret};
  sent.headers.emplace_back("x-amz-security-token", issued.token);
  sent.sign();
  EXPECT_EQ(outcome(sent, "20261124T160159Z"), "ok");
  EXPECT_EQ(who.account, "210987654321");
  EXPECT_FALSE(who.is_admin);
  EXPECT_EQ(outcome(sent, "20261124T160200Z"),
            "ExpiredTokenException: The security token included in the request is expired");
}

TEST_F(Verification, ATemporaryKeyPresignsWithItsTokenInTheQuery) {
  const auto issued = keyring.sessions().issue("210987654321", at("20261124T160200Z"), 7);
  const std::string token = "&X-Amz-Security-Token=" + slow_encode(issued.token);
  Signed sent{.list = "content-type;host;x-amz-target", .id = issued.id, .secret = issued.secret};
  EXPECT_EQ(outcome(sent.presign(token)), "ok");
  EXPECT_EQ(who.account, "210987654321");
}

TEST_F(Verification, TokensThatWereNotIssuedTogetherAreInvalid) {
  const std::string invalid =
      "UnrecognizedClientException: The security token included in the request is invalid.";
  const auto one = keyring.sessions().issue("111111111111", at("20261124T170000Z"), 1);
  const auto two = keyring.sessions().issue("222222222222", at("20261124T170000Z"), 2);
  const auto with = [&](const std::string& id, const std::string& secret,
                        const std::string& token) {
    Signed sent{.list = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
                .id = id,
                .secret = secret};
    sent.headers.emplace_back("x-amz-security-token", token);
    return outcome(sent.sign());
  };
  EXPECT_EQ(with(one.id, one.secret, one.token), "ok");
  EXPECT_EQ(with(one.id, one.secret, two.token), invalid);
  EXPECT_EQ(with(one.id, two.secret, one.token), kMismatch);
  EXPECT_EQ(with(kId, kSecret, one.token), invalid) << "a lasting key has no token";
  std::string forged = one.token;
  forged[50] = forged[50] == 'A' ? 'B' : 'A';
  EXPECT_EQ(with(one.id, one.secret, forged), invalid);
  EXPECT_EQ(with(one.id, one.secret, "x"), invalid);
  EXPECT_EQ(outcome(Signed{.id = one.id, .secret = one.secret}.sign()), invalid) << "no token";
  const SessionKeys another(SessionKeys::Seed{9});
  EXPECT_FALSE(another.find(one.id, one.token)) << "of a server that has ended";
}

TEST(SessionKeys, LookLikeAwsAndDiffer) {
  const SessionKeys sessions(SessionKeys::Seed{1});
  std::set<std::string> ids;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const auto issued = sessions.issue("111111111111", at(kTime), i);
    EXPECT_EQ(issued.id.size(), 20u);
    EXPECT_TRUE(issued.id.starts_with("ASIA"));
    EXPECT_EQ(issued.secret.size(), 40u);
    EXPECT_TRUE(ids.insert(issued.id).second);
  }
}

// --- Changes of the keyring
// -----------------------------------------------------------------------

TEST_F(Verification, ARemovedKeyIsRefusedByTheNextRequest) {
  EXPECT_EQ(outcome(Signed().sign()), "ok");
  keyring.replace({}, true);
  EXPECT_EQ(outcome(Signed().sign()),
            "UnrecognizedClientException: The security token included in the request is invalid.");
  EXPECT_EQ(verifier.cached(), 0u);
}

TEST_F(Verification, ANewSecretOfAKeyCountsAtOnce) {
  EXPECT_EQ(outcome(Signed().sign()), "ok");
  keyring.replace({{kId, {.secret = "the new one", .account = "1"}}}, true);
  EXPECT_EQ(outcome(Signed().sign()), kMismatch);
  EXPECT_EQ(outcome(Signed{.secret = "the new one"}.sign()), "ok");
}

TEST_F(Verification, KeptSigningKeysAreBounded) {
  for (std::size_t i = 0; i < 2 * Verifier::kCacheMax; ++i) {
    ASSERT_EQ(outcome(Signed().sign()), "ok");
    ASSERT_EQ(outcome(Signed{.region = "r-" + std::to_string(i)}.sign()), "ok");
    ASSERT_LE(verifier.cached(), Verifier::kCacheMax);
  }
  EXPECT_EQ(verifier.cached(), Verifier::kCacheMax);
}

TEST_F(Verification, KeysMayBeRemovedWhileOtherLoopsVerify) {
  const Signed sent = Signed().sign();
  std::atomic<bool> is_over{false};
  std::atomic<int> accepted{0};
  std::vector<std::thread> loops;
  for (int i = 0; i < 2; ++i) {
    loops.emplace_back([&] {
      Verifier own(keyring);
      const Request request = sent.view();
      std::vector<std::string> storage;
      const AuthResult parsed = parse_credentials(request, storage);
      Identity identity;
      bool is_last = false;
      while (!is_last) {
        is_last = is_over.load();
        const auto error = own.verify(request, *parsed.credentials, "kinesis", at(kTime), identity);
        if (!error) ++accepted;
        // What was removed before this round began must not count in it.
        if (is_last) EXPECT_TRUE(error.has_value());
      }
    });
  }
  const auto state = keyring.state();
  for (int i = 0; i < 500; ++i) {
    keyring.replace(i % 2 == 0 ? AccessKeys{} : state->keys, true);
  }
  keyring.replace(state->keys, true);
  while (accepted.load() == 0) std::this_thread::yield();
  keyring.replace({}, true);
  is_over = true;
  for (std::thread& loop : loops) loop.join();
}

// --- Against the slow reference
// -------------------------------------------------------------------

TEST(CanonicalRequest, IsThatOfTheSlowReferenceWhateverTheRequest) {
  const std::string alphabet = "abAB09 \t%+&=/.:;~-_$?\"\\2Fff";
  for (const std::uint64_t seed : penstock::testing::seeds(3'000)) {
    std::mt19937_64 random(seed);
    const auto text = [&](std::size_t max) {
      std::string out;
      for (std::size_t i = random() % (max + 1); i > 0; --i)
        out += alphabet[random() % alphabet.size()];
      return out;
    };
    Signed sent{.path = "/" + text(20), .query = text(40), .body = text(30), .headers = {}};
    if (random() % 4 == 0) sent.query += "&X-Amz-Signature=" + text(5);
    if (random() % 4 == 0) sent.path += "/../" + text(4) + "//./";
    sent.list.clear();
    for (std::uint64_t i = 0; i < 1 + random() % 5; ++i) {
      const std::string name(1, static_cast<char>('a' + random() % 4));
      sent.headers.emplace_back(name, text(12));
      sent.list +=
          (sent.list.empty() ? "" : ";") +
          std::string(1, static_cast<char>((random() % 8 == 0 ? 'A' : 'a') + random() % 5));
    }
    const Request request = sent.view();
    std::string quick;
    const bool is_whole = append_canonical_request(request, {.signed_headers = sent.list},
                                                   slow_hex(slow_sha256(sent.body)), quick);
    const std::string slow = slow_canonical_request(request, sent.list);
    ASSERT_EQ(is_whole, !slow.empty()) << seed << " " << sent.list;
    if (is_whole) {
      ASSERT_EQ(quick, slow) << seed;
    }
  }
}

}  // namespace
}  // namespace penstock::front
