#include "front/http_parse.h"
#include "support/seeds.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>

namespace penstock::front {
namespace {

using Reader = bool (*)(char*, std::size_t, RequestHead&);

/// A head in memory of exactly its size, so that a read past it is seen by the sanitizer.
struct ReadHead {
  ReadHead(std::string_view text, Reader reader) : bytes(std::make_unique<char[]>(text.size())) {
    std::memcpy(bytes.get(), text.data(), text.size());
    taken = reader(bytes.get(), text.size(), head);
  }
  std::unique_ptr<char[]> bytes;
  RequestHead head;
  bool taken;
};

const std::string kSdk =
    "POST / HTTP/1.1\r\nHost: kinesis.us-east-1.amazonaws.com\r\nAccept-Encoding: identity\r\n"
    "X-Amz-Target: Kinesis_20131202.PutRecords\r\nContent-Type: application/x-amz-json-1.1\r\n"
    "User-Agent: Boto3/1.43.14 md/Botocore#1.43.14 ua/2.1 os/linux#6.1 lang/python#3.11\r\n"
    "X-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AK/20260101/"
    "us-east-1/kinesis/aws4_request, SignedHeaders=content-type;host, Signature=00\r\n"
    "amz-sdk-request: attempt=1\r\nContent-Length: 12345\r\n\r\n";

bool usual(std::string_view text) { return ReadHead(text, &detail::parse_usual_head).taken; }

/// Where the hand-written reader takes the head, Beast must take it with the same result.
void expect_agreement(const std::string& text, int& taken) {
  const ReadHead by_hand(text, &detail::parse_usual_head);
  if (!by_hand.taken) return;
  ++taken;
  const ReadHead by_beast(text, &detail::parse_any_head);
  ASSERT_TRUE(by_beast.taken) << text;
  const RequestHead& a = by_hand.head;
  const RequestHead& b = by_beast.head;
  ASSERT_EQ(a.method, b.method) << text;
  ASSERT_EQ(a.path, b.path) << text;
  ASSERT_EQ(a.query, b.query) << text;
  ASSERT_EQ(a.headers, b.headers) << text;
  ASSERT_EQ(a.head_bytes, b.head_bytes) << text;
  ASSERT_EQ(a.content_length, b.content_length) << text;
  ASSERT_EQ(a.chunked, b.chunked) << text;
  ASSERT_EQ(a.keep_alive, b.keep_alive) << text;
  ASSERT_EQ(a.expects_continue, b.expects_continue) << text;
}

TEST(UsualHead, TakesWhatAnSdkSends) {
  int taken = 0;
  expect_agreement(kSdk, taken);
  EXPECT_EQ(taken, 1);
}

struct Unusual {
  const char* what;
  std::string text;
};
class UnusualHead : public ::testing::TestWithParam<Unusual> {};
TEST_P(UnusualHead, IsLeftToBeast) { EXPECT_FALSE(usual(GetParam().text)) << GetParam().what; }

std::string with_line(const std::string& line) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + line + "\r\nContent-Length: 1\r\n\r\n";
}
INSTANTIATE_TEST_SUITE_P(
    All, UnusualHead,
    ::testing::Values(
        Unusual{"no length", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"},
        Unusual{"an older version", "POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\n"},
        Unusual{"a method in small letters", "post / HTTP/1.1\r\nContent-Length: 1\r\n\r\n"},
        Unusual{"no target", "POST  HTTP/1.1\r\nContent-Length: 1\r\n\r\n"},
        Unusual{"a space in the target", "POST /a b HTTP/1.1\r\nContent-Length: 1\r\n\r\n"},
        Unusual{"two lengths", with_line("Content-Length: 1")},
        Unusual{"an empty length", "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n"},
        Unusual{"a signed length", "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n"},
        Unusual{"a negative length", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"},
        Unusual{"a listed length", "POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n"},
        Unusual{"a length beyond everything",
                "POST / HTTP/1.1\r\nContent-Length: 1234567890123456789\r\n\r\n"},
        Unusual{"chunks", with_line("Transfer-Encoding: chunked")},
        Unusual{"a word on the connection", with_line("CONNECTION: close")},
        Unusual{"the same to a proxy", with_line("Proxy-Connection: close")},
        Unusual{"another protocol", with_line("Upgrade: h2c")},
        Unusual{"an expectation", with_line("Expect: 100-continue")},
        Unusual{"a folded line", with_line("A: b\r\n c")}, Unusual{"a tab", with_line("A:\tb")},
        Unusual{"no name", with_line(": b")}, Unusual{"no colon", with_line("A b")},
        Unusual{"a space behind the name", with_line("A : b")},
        Unusual{"a bare line feed", with_line("A: b\nC: d")},
        Unusual{"a bare return", with_line("A: b\rC: d")},
        Unusual{"a zero", with_line(std::string("A: \0", 4))},
        Unusual{"a deletion", with_line("A: \x7F")},
        Unusual{"bytes beyond ASCII", with_line("A: \xC3\xA9")}));

TEST(UsualHead, IsReadAsBeastReadsItHoweverItIsMutated) {
  static const std::string kPieces[] = {"\r\n",
                                        "\r",
                                        "\n",
                                        " ",
                                        "\t",
                                        ":",
                                        "?",
                                        "a",
                                        ": ",
                                        "\r\n\r\n",
                                        "Content-Length: 7\r\n",
                                        "\0",
                                        "HTTP/1.1",
                                        "-",
                                        "9",
                                        "Connection: close\r\n",
                                        "\xE9",
                                        ","};
  int taken = 0;
  for (const std::uint64_t seed : penstock::testing::seeds(20'000)) {
    std::mt19937_64 random(seed);
    std::string text = kSdk;
    for (std::uint64_t i = 1 + random() % 3; i > 0; --i) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0: text[at] = static_cast<char>(random()); break;
        case 1: text.insert(at, kPieces[random() % std::size(kPieces)]); break;
        case 2: text.erase(at, 1 + random() % 4); break;
        default: text[at] = kPieces[random() % std::size(kPieces)][0]; break;
      }
    }
    // As parse_head hands it on: up to the first empty line.
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    expect_agreement(text.substr(0, end + 4), taken);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(taken, 20);
}

}  // namespace
}  // namespace penstock::front
