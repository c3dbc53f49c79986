#include "front/http_parse.h"

#include "base/budget.h"
#include "front/connection_buffer.h"
#include "support/seeds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>

namespace penstock::front {
namespace {

constexpr std::size_t kLimit = 16u << 10;

/// A head in memory of exactly its size, so that a read past it is seen by the sanitizer.
struct Parsed {
  explicit Parsed(std::string_view text, std::size_t limit = kLimit)
      : bytes(std::make_unique<char[]>(text.size())) {
    std::memcpy(bytes.get(), text.data(), text.size());
    state = parse_head(bytes.get(), text.size(), limit, head);
  }
  std::string_view header(std::string_view name) const {
    for (const auto& [key, value] : head.headers) {
      if (key == name) return value;
    }
    return "(absent)";
  }
  std::unique_ptr<char[]> bytes;
  RequestHead head;
  ParseState state;
};

const std::string kPut =
    "POST /path/a%20b?x=1&y HTTP/1.1\r\nHost: localhost:4566\r\nX-Amz-Target:  Kinesis.PutRecord "
    "\r\n"
    "Content-Length: 12\r\nEmpty:\r\n\r\n";

TEST(ParseHead, TakesARequestApart) {
  const Parsed parsed(kPut + "hello, world");
  ASSERT_EQ(parsed.state, ParseState::kDone);
  EXPECT_EQ(parsed.head.method, "POST");
  EXPECT_EQ(parsed.head.path, "/path/a%20b");
  EXPECT_EQ(parsed.head.query, "x=1&y");
  EXPECT_EQ(parsed.head.head_bytes, kPut.size());
  EXPECT_EQ(parsed.head.content_length, 12u);
  EXPECT_FALSE(parsed.head.chunked);
  EXPECT_TRUE(parsed.head.keep_alive);
  EXPECT_FALSE(parsed.head.expects_continue);
  ASSERT_EQ(parsed.head.headers.size(), 4u);
  EXPECT_EQ(parsed.header("host"), "localhost:4566");
  EXPECT_EQ(parsed.header("x-amz-target"), "Kinesis.PutRecord") << "without the spaces around it";
  EXPECT_EQ(parsed.header("empty"), "");
}

TEST(ParseHead, EveryCutOfAHeadNeedsMore) {
  for (std::size_t size = 1; size < kPut.size(); ++size) {
    ASSERT_EQ(Parsed(kPut.substr(0, size)).state, ParseState::kNeedMore) << size;
  }
}

TEST(ParseHead, AHeadOfExactlyTheLimitFitsAndOneByteMoreNot) {
  const std::string start = "GET / HTTP/1.1\r\nX: ";
  const std::string text = start + std::string(1'000 - start.size() - 4, 'x') + "\r\n\r\n";
  EXPECT_EQ(Parsed(text, 1'000).state, ParseState::kDone);
  EXPECT_EQ(Parsed(text, 999).state, ParseState::kTooLarge);
}

TEST(ParseHead, AHeadWithoutAnEndIsTooLargeOnceItPassesTheLimit) {
  EXPECT_EQ(Parsed(std::string(1'000, 'X'), 1'000).state, ParseState::kNeedMore);
  EXPECT_EQ(Parsed(std::string(1'001, 'X'), 1'000).state, ParseState::kTooLarge);
}

TEST(ParseHead, WhatBeginsNoRequestIsRefusedByItsFirstByte) {
  for (const char* text : {"\x16\x03\x01", " GET", "get", "\x80", "0"}) {
    EXPECT_EQ(Parsed(text).state, ParseState::kBad) << text;
  }
}

TEST(ParseHead, ABodyDoesNotCountForTheLimit) {
  EXPECT_EQ(Parsed(kPut + std::string(5'000, 'x'), 1'000).state, ParseState::kDone);
}

struct HeadCase {
  const char* name;
  std::string text;
};
std::ostream& operator<<(std::ostream& out, const HeadCase& one) { return out << one.name; }

class GoodHead : public ::testing::TestWithParam<HeadCase> {};
TEST_P(GoodHead, IsParsed) { EXPECT_EQ(Parsed(GetParam().text).state, ParseState::kDone); }
INSTANTIATE_TEST_SUITE_P(
    All, GoodHead,
    ::testing::Values(HeadCase{"no headers", "GET / HTTP/1.1\r\n\r\n"},
                      HeadCase{"1.0", "GET / HTTP/1.0\r\n\r\n"},
                      HeadCase{"star", "OPTIONS * HTTP/1.1\r\n\r\n"},
                      HeadCase{"absolute", "GET http://localhost/x HTTP/1.1\r\n\r\n"},
                      HeadCase{"unusual method", "PURGE / HTTP/1.1\r\n\r\n"},
                      HeadCase{"bytes beyond ASCII", "GET / HTTP/1.1\r\nX: \xC3\xA4\r\n\r\n"}),
    [](const auto& info) { return "n" + std::to_string(info.index); });

class BadHead : public ::testing::TestWithParam<HeadCase> {};
TEST_P(BadHead, IsRefused) { EXPECT_EQ(Parsed(GetParam().text).state, ParseState::kBad); }
INSTANTIATE_TEST_SUITE_P(
    All, BadHead,
    ::testing::Values(
        HeadCase{"folded behind nothing", "GET / HTTP/1.1\r\nA:\r\n b\r\nC: d\r\n\r\n"},
        HeadCase{"folded nothing", "GET / HTTP/1.1\r\nA: b\r\n \r\nC: d\r\n\r\n"},
        HeadCase{"newline before the method", "\nGET / HTTP/1.1\r\n\r\n"},
        HeadCase{"nothing", "\r\n\r\n"}, HeadCase{"garbage", "hello\r\n\r\n"},
        HeadCase{"2.0", "GET / HTTP/2.0\r\n\r\n"}, HeadCase{"0.9", "GET / HTTP/0.9\r\n\r\n"},
        HeadCase{"no version", "GET /\r\n\r\n"}, HeadCase{"TLS", "\x16\x03\x01\x02\r\n\r\n"},
        HeadCase{"space in name", "GET / HTTP/1.1\r\nA B: c\r\n\r\n"},
        HeadCase{"space before colon", "GET / HTTP/1.1\r\nA : c\r\n\r\n"},
        HeadCase{"no colon", "GET / HTTP/1.1\r\nAB\r\n\r\n"},
        HeadCase{"no name", "GET / HTTP/1.1\r\n: c\r\n\r\n"},
        HeadCase{"folded", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"},
        HeadCase{"zero byte", std::string("GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", 27)},
        HeadCase{"bare newline", "GET / HTTP/1.1\nA: b\r\n\r\n"},
        HeadCase{"bare newline between headers", "GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n"},
        HeadCase{"bare newline before the end", "GET / HTTP/1.1\r\nA: b\n\r\n\r\n"},
        HeadCase{"bare carriage return", "GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n"},
        HeadCase{"same length twice",
                 "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"},
        // Two readings of where the body ends are how requests are smuggled.
        HeadCase{"two lengths",
                 "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"},
        HeadCase{"length and chunked",
                 "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"},
        HeadCase{"chunked and length",
                 "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"},
        HeadCase{"negative length", "POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"},
        HeadCase{"hexadecimal length", "POST / HTTP/1.1\r\nContent-Length: 0x5\r\n\r\n"},
        HeadCase{"length with a tail", "POST / HTTP/1.1\r\nContent-Length: 5 5\r\n\r\n"},
        HeadCase{"length beyond 64 bits",
                 "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"}),
    [](const auto& info) { return "n" + std::to_string(info.index); });

TEST(ParseHead, KnowsWhenTheConnectionEnds) {
  EXPECT_FALSE(Parsed("GET / HTTP/1.0\r\n\r\n").head.keep_alive);
  EXPECT_TRUE(Parsed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(Parsed("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(Parsed("GET / HTTP/1.1\r\nConnection: x, close\r\n\r\n").head.keep_alive);
}

TEST(ParseHead, KnowsChunksAndExpectations) {
  const Parsed parsed(
      "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(parsed.head.chunked);
  EXPECT_TRUE(parsed.head.expects_continue);
  EXPECT_FALSE(parsed.head.content_length);
}

TEST(ParseHead, RefusesCodingsThatLeaveTheBodysLengthOpen) {
  for (const char* coding :
       {"Transfer-Encoding: chunked\t", "Transfer-Encoding:\tchunked\t", "Transfer-Encoding: gzip",
        "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity"}) {
    EXPECT_EQ(Parsed("POST / HTTP/1.1\r\n" + std::string(coding) + "\r\n\r\n").state,
              ParseState::kBad)
        << coding;
  }
}

TEST(ParseHead, RefusesMoreHeadersThanAnybodySends) {
  const auto with = [](int count) {
    std::string text = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < count; ++i) text += i % 2 == 0 ? "a:\r\n" : "a: b\r\n";
    return Parsed(text + "\r\n").state;
  };
  EXPECT_EQ(with(128), ParseState::kDone);
  EXPECT_EQ(with(129), ParseState::kBad);
}

TEST(ParseHead, AQuestionMarkWithoutAQueryIsAnEmptyQuery) {
  EXPECT_EQ(Parsed("GET /a? HTTP/1.1\r\n\r\n").head.path, "/a");
  EXPECT_EQ(Parsed("GET /a? HTTP/1.1\r\n\r\n").head.query, "");
  EXPECT_EQ(Parsed("GET /a?b?c HTTP/1.1\r\n\r\n").head.query, "b?c");
}

TEST(ParseHead, MutatedHeadsAreJudgedAndTheirViewsLieInside) {
  std::uint64_t done = 0;
  const auto seeds = penstock::testing::seeds(3'000);
  for (const std::uint64_t seed : seeds) {
    std::mt19937_64 random(seed);
    std::string text = kPut;
    for (std::uint64_t i = 1 + random() % 3; i > 0; --i)
      text[random() % text.size()] = static_cast<char>(random());
    const Parsed parsed(text);
    if (parsed.state != ParseState::kDone) continue;
    ++done;
    const auto inside = [&](std::string_view view) {
      return view.empty() || (view.data() >= parsed.bytes.get() &&
                              view.data() + view.size() <= parsed.bytes.get() + text.size());
    };
    ASSERT_TRUE(inside(parsed.head.method) && inside(parsed.head.path) &&
                inside(parsed.head.query));
    for (const auto& [name, value] : parsed.head.headers)
      ASSERT_TRUE(inside(name) && inside(value));
  }
  EXPECT_GE(done, penstock::testing::share_of(100, seeds.size(), 3'000));
}

TEST(Rebase, MovesEveryViewWithTheBytes) {
  Parsed parsed(kPut);
  const std::string copy(parsed.bytes.get(), kPut.size());
  rebase(parsed.head, parsed.bytes.get(), copy.data());
  parsed.bytes.reset();
  EXPECT_EQ(parsed.head.method, "POST");
  EXPECT_EQ(parsed.head.path, "/path/a%20b");
  EXPECT_EQ(parsed.head.query, "x=1&y");
  EXPECT_EQ(parsed.header("content-length"), "12");
}

// --- Chunks
// -----------------------------------------------------------------------------------------

using State = ChunkedBody::State;

/// Feeds `text` in pieces of `piece` bytes, as a connection does: what was not consumed comes
/// again.
State feed_all(ChunkedBody& body, const std::string& text, std::size_t piece, std::size_t& used) {
  used = 0;
  State state = State::kNeedMore;
  for (std::size_t have = 0; have < text.size() && state == State::kNeedMore;) {
    have = std::min(text.size(), have + piece);
    std::size_t consumed = 0;
    state = body.feed(std::string_view(text).substr(used, have - used), consumed);
    used += consumed;
  }
  return state;
}

std::string chunked(std::string_view body, std::mt19937_64& random) {
  std::string out;
  while (!body.empty()) {
    const std::size_t size = std::min<std::size_t>(body.size(), 1 + random() % 40);
    char head[32];
    std::snprintf(head, sizeof head, random() % 2 == 0 ? "%zx" : "%zX", size);
    out += head;
    if (random() % 4 == 0) out += ";name=value";
    out += "\r\n";
    out += body.substr(0, size);
    out += "\r\n";
    body.remove_prefix(size);
  }
  out += random() % 2 == 0 ? "0\r\n" : "000\r\n";
  for (std::uint64_t i = random() % 3; i > 0; --i) out += "Trailer: x\r\n";
  return out + "\r\n";
}

TEST(ChunkedBody, ComesOutWholeHoweverItIsCut) {
  for (const std::uint64_t seed : penstock::testing::seeds(100)) {
    std::mt19937_64 random(seed);
    std::string body(random() % 300, '\0');
    for (char& c : body)
      c = static_cast<char>(random() % 8 == 0 ? '\r' : random() % 8 == 1 ? '\n' : random());
    const std::string text = chunked(body, random);
    for (std::size_t piece = 1; piece <= text.size(); piece = piece * 2 + random() % 3) {
      ChunkedBody reader(1'000);
      std::size_t used = 0;
      ASSERT_EQ(feed_all(reader, text, piece, used), State::kDone)
          << "seed " << seed << " piece " << piece;
      ASSERT_EQ(reader.body(), body);
      ASSERT_EQ(used, text.size());
    }
  }
}

TEST(ChunkedBody, LeavesTheNextRequestAlone) {
  ChunkedBody reader(100);
  std::size_t consumed = 0;
  EXPECT_EQ(reader.feed("3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n", consumed), State::kDone);
  EXPECT_EQ(reader.body(), "abc");
  EXPECT_EQ(consumed, 13u);
}

TEST(ChunkedBody, StopsAtTheLimitBeforeTheBytesCome) {
  std::size_t consumed = 0;
  ChunkedBody exact(10);
  EXPECT_EQ(exact.feed("a\r\n0123456789\r\n0\r\n\r\n", consumed), State::kDone);
  ChunkedBody one_more(10);
  EXPECT_EQ(one_more.feed("b\r\n", consumed), State::kTooLarge);
  ChunkedBody sum(10);
  EXPECT_EQ(sum.feed("8\r\n01234567\r\n3\r\n", consumed), State::kTooLarge);
  ChunkedBody huge(10);
  EXPECT_EQ(huge.feed("fffffffffffffff\r\n", consumed), State::kTooLarge);
}

class BadChunks : public ::testing::TestWithParam<std::string> {};
TEST_P(BadChunks, AreRefused) {
  for (std::size_t piece = 1; piece <= GetParam().size(); ++piece) {
    ChunkedBody reader(1u << 20);
    std::size_t used = 0;
    EXPECT_EQ(feed_all(reader, GetParam(), piece, used), State::kBad) << piece;
  }
}
INSTANTIATE_TEST_SUITE_P(All, BadChunks,
                         ::testing::Values(
                             "\r\n", "x\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", " 1\r\n", ";a\r\n",
                             "1g\r\n", "1111111111111111\r\n", "10000000000000001\r\n",
                             "3\r\nabcd\r\n", "3\r\nabcx\r\n\r\n", "0" + std::string(300, ';'),
                             "0\r\n" + std::string(300, 'x'), "0\r\n" + [] {
                               std::string lines;
                               for (int i = 0; i < 100; ++i)
                                 lines += "Trailer: " + std::string(100, 'x') + "\r\n";
                               return lines;
                             }()));

TEST(ChunkedBody, ALineIsTooLongOrNotHoweverItIsCut) {
  const auto state_of = [](const std::string& text, std::size_t piece) {
    ChunkedBody reader(100);
    std::size_t used = 0;
    return feed_all(reader, text, piece, used);
  };
  for (std::size_t piece : {std::size_t{1}, std::size_t{100}, std::size_t{1'000}}) {
    const std::string longest = "1;" + std::string(254, 'x') + "\r\na\r\n0\r\n\r\n";
    EXPECT_EQ(state_of(longest, piece), State::kDone) << piece;
    EXPECT_EQ(state_of("1;x" + longest.substr(2), piece), State::kBad) << piece;
    EXPECT_EQ(state_of("0\r\n" + std::string(256, 't') + "\r\n\r\n", piece), State::kDone) << piece;
    EXPECT_EQ(state_of("0\r\n" + std::string(257, 't') + "\r\n\r\n", piece), State::kBad) << piece;
  }
}

// --- Buffer
// -----------------------------------------------------------------------------------------

TEST(ConnectionBuffer, KeepsItsBytesWhileItGrowsAndMoves) {
  Budget budget(1u << 20);
  BufferShelf shelf(budget);
  ConnectionBuffer buffer(shelf);
  std::mt19937_64 random(1);
  std::string model;
  for (int i = 0; i < 2'000; ++i) {
    if (random() % 2 == 0) {
      const std::size_t more = random() % 500;
      ASSERT_TRUE(buffer.reserve(buffer.size() + more));
      ASSERT_GE(buffer.room(), more);
      for (std::size_t k = 0; k < more; ++k) {
        buffer.tail()[k] = static_cast<char>(i);
        model.push_back(static_cast<char>(i));
      }
      buffer.received(more);
    } else {
      const std::size_t less = std::min<std::size_t>(buffer.size(), random() % 600);
      buffer.consume(less);
      model.erase(0, less);
    }
    ASSERT_EQ(std::string_view(buffer.data(), buffer.size()), model);
  }
}

TEST(ConnectionBuffer, HasSixtyFourReadableBytesBehindWhatItHolds) {
  Budget budget(1u << 20);
  BufferShelf shelf(budget);
  ConnectionBuffer buffer(shelf);
  ASSERT_TRUE(buffer.reserve(8'128));
  std::memset(buffer.tail(), 'x', buffer.room());
  buffer.received(buffer.room());
  char copy[ConnectionBuffer::kSpare];
  std::memcpy(copy, buffer.data() + buffer.size(), sizeof copy);  // The sanitizer judges.
  EXPECT_EQ(buffer.room(), 0u);
}

TEST(ConnectionBuffer, IsChargedToTheBudgetAndRefusedBeyondIt) {
  Budget budget(64u << 10);
  BufferShelf shelf(budget);
  ConnectionBuffer buffer(shelf);
  ASSERT_TRUE(buffer.reserve(10'000));
  EXPECT_GE(budget.used_bytes(), 20'000u) << "for the bytes, and for what is made of them";
  EXPECT_FALSE(buffer.reserve(100'000));
  EXPECT_GE(buffer.room(), 10'000u) << "a refusal takes nothing away";
  buffer.received(5);
  buffer.consume(5);
  EXPECT_EQ(buffer.capacity(), 0u) << "between requests it holds nothing";
  shelf.clear();
  EXPECT_EQ(budget.used_bytes(), 0u);
}

TEST(BufferShelf, APieceGoesFromOneConnectionToTheNext) {
  Budget budget(1u << 20);
  BufferShelf shelf(budget);
  ConnectionBuffer one(shelf);
  ConnectionBuffer other(shelf);
  ASSERT_TRUE(one.reserve(20'000));
  const char* const memory = one.data();
  one.received(1);
  one.consume(1);
  ASSERT_TRUE(other.reserve(20'000));
  EXPECT_EQ(other.data(), memory);
}

TEST(BufferShelf, KeptPiecesGoWhenTheBudgetIsSpent) {
  Budget budget(256u << 10);
  BufferShelf shelf(budget);
  shelf.give_back(shelf.take(16u << 10));
  EXPECT_EQ(budget.used_bytes(), 32u << 10);
  EXPECT_NE(shelf.take(128u << 10).bytes, nullptr) << "it needs the whole budget";
}

TEST(BufferShelf, KeptPiecesGoWhenNobodyWantsThem) {
  Budget budget(1u << 20);
  BufferShelf shelf(budget);
  shelf.give_back(shelf.take(16u << 10));
  shelf.drop_unused(SteadyTime(std::chrono::seconds(100)));
  EXPECT_NE(budget.used_bytes(), 0u) << "one was wanted since the last look";
  shelf.drop_unused(SteadyTime(std::chrono::seconds(103)));
  EXPECT_NE(budget.used_bytes(), 0u);
  shelf.drop_unused(SteadyTime(std::chrono::seconds(106)));
  EXPECT_EQ(budget.used_bytes(), 0u);
}

}  // namespace
}  // namespace penstock::front
