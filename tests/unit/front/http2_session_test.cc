#include "front/http2_session.h"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

// The session alone: bytes in, requests out.

namespace penstock::front {
namespace {

class Alone : public ::testing::Test, public Http2Session::Owner {
 protected:
  Alone() { EXPECT_TRUE(receive(std::string(NGHTTP2_CLIENT_MAGIC) + frame(4, 0, 0, ""))); }

  std::shared_ptr<Http2Stream> make_stream(std::int32_t id) override {
    if (refuses) return nullptr;
    return std::make_shared<Http2Stream>(id, Executor(), shelf, budget.take(1));
  }
  bool has_reserved(ConnectionBuffer& body, std::size_t total) override {
    return body.reserve(total);
  }
  bool fits_ever(std::size_t) const override { return true; }
  bool has_charged_head(Http2Stream&) override { return has_room_for_heads; }
  void wait_for_room(std::shared_ptr<Http2Stream>, std::size_t) override {}
  void serve(std::shared_ptr<Http2Stream> stream) override { served.push_back(stream); }
  std::string_view date() override { return "Thu, 26 Nov 2026 00:00:00 GMT"; }

  static std::string frame(char type, int flags, std::int32_t id, std::string_view payload) {
    std::string out(3, '\0');
    out[1] = static_cast<char>(payload.size() >> 8);
    out[2] = static_cast<char>(payload.size());
    out += type;
    out += static_cast<char>(flags);
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(id >> shift);
    return out.append(payload);
  }
  /// GET / over http, whose body may be still to come.
  static std::string head(std::int32_t id, int flags = 0) {
    return frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | flags, id, "\x82\x86\x84\x41\x01x");
  }
  bool receive(std::string_view bytes) {
    std::size_t consumed = 0;
    return session.receive(bytes, consumed);
  }
  /// Sends such heads until they are too many; how many there were.
  int heads_until_the_end(int most) {
    for (int i = 0; i < most; ++i) {
      if (!receive(head(next_id))) return i;
      next_id += 2;
    }
    return most;
  }

  Budget budget{64u << 20};
  BufferShelf shelf{budget};
  const std::function<std::size_t(const RequestHead&)> body_max = [](const RequestHead&) {
    return std::size_t{1} << 20;
  };
  std::vector<std::shared_ptr<Http2Stream>> served;
  bool refuses = false;
  bool has_room_for_heads = true;
  std::int32_t next_id = 1;
  Http2Session session{*this, {.head_bytes_max = 16u << 10, .body_bytes_max = body_max}};
};
using Http2SessionAlone = Alone;

TEST_F(Http2SessionAlone, HeadsBeyondWhatMayBeOpenAreCounted) {
  constexpr int kOpen = static_cast<int>(Http2Session::kStreamsMax);
  EXPECT_EQ(heads_until_the_end(kOpen), kOpen);
  EXPECT_EQ(session.streams().size(), Http2Session::kStreamsMax);
  // nghttp2 refuses these by itself, and nothing is ever sent.
  EXPECT_LE(heads_until_the_end(50'000), 10'000);
}

TEST_F(Http2SessionAlone, HeadsThatWeRefuseAreCounted) {
  refuses = true;
  EXPECT_LE(heads_until_the_end(50'000), 10'001);
}

TEST_F(Http2SessionAlone, WhatWaitsToBeSentIsBounded) {
  refuses = true;
  int sent = 0;
  for (int i = 0; i < 100; ++i) {
    session.forgive();  // As time has it.
    const int some = heads_until_the_end(1'000);
    sent += some;
    if (some < 1'000) break;
  }
  EXPECT_LE(sent, 20'000);
}

TEST_F(Http2SessionAlone, WhatIsRefusedHoldsNothingUntilThatIsRead) {
  EXPECT_TRUE(receive(head(1)));
  EXPECT_TRUE(receive(frame(NGHTTP2_DATA, 0, 1, std::string(5'000, 'x'))));
  EXPECT_GT(session.streams().at(1)->body.capacity(), 5'000u);
  session.refuse(*session.streams().at(1), 503);
  has_room_for_heads = false;
  EXPECT_TRUE(receive(head(3, NGHTTP2_FLAG_END_STREAM)));
  EXPECT_TRUE(served.empty());
  for (const std::int32_t id : {1, 3}) {
    const Http2Stream& stream = *session.streams().at(id);
    EXPECT_TRUE(stream.is_answered);
    EXPECT_EQ(stream.reply.status, 503);
    EXPECT_LT(stream.head_held_bytes(), 100u);
    EXPECT_EQ(stream.body.capacity(), 0u);
  }
}

TEST_F(Http2SessionAlone, RequestsAndTrailersAreNotCounted) {
  Http2Output output;
  const std::string trailer("\x40\x01x\x01y", 5);
  for (int i = 0; i < 15'000; ++i) {
    ASSERT_TRUE(receive(head(next_id)));
    ASSERT_TRUE(receive(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM,
                              next_id, trailer)));
    next_id += 2;
    ASSERT_EQ(served.size(), 1u);
    session.answer(*served.back(), Reply{}, false, date());
    served.clear();
    ASSERT_TRUE(session.fill(output));
    output.clear();
  }
}

TEST_F(Http2SessionAlone, WhatComesAfterTheEndWasSaidIsNotServed) {
  session.begin_end();  // And has not been sent.
  EXPECT_TRUE(receive(head(next_id, NGHTTP2_FLAG_END_STREAM)));
  EXPECT_TRUE(served.empty());
}

}  // namespace
}  // namespace penstock::front
