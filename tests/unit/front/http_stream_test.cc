#include "front/http_listener.h"
#include "unit/front/served.h"

#include <atomic>
#include <future>
#include <mutex>
#include <vector>

// Bodies that are made while they are sent.

namespace penstock::front {
namespace {

using testing::Client;
using testing::echo;
using testing::expected;
using testing::post_of;
using testing::Served;

/// What a test hands to a stream, piece by piece, and what it sees of it.
class Tap {
 public:
  void give(std::string piece) {
    {
      const std::lock_guard lock(mutex_);
      pieces_.push_back(std::move(piece));
    }
    changed_.notify();
  }
  /// How often the next piece was asked for.
  int asked() const { return asked_; }
  void await_asked(int times) const {
    while (asked_ < times) std::this_thread::yield();
  }
  bool has_ended() const { return ended_; }
  void await_end() const {
    while (!ended_) std::this_thread::yield();
  }
  bool was_gone() const { return was_gone_; }
  std::string farewell;  ///< Given when the wait for a piece is cancelled.

 private:
  friend class TapStream;
  std::mutex mutex_;
  std::vector<std::string> pieces_;
  env::Signal changed_;
  std::atomic<int> asked_ = 0;
  std::atomic<bool> ended_ = false;
  std::atomic<bool> was_gone_ = false;
};

class TapStream final : public BodyStream {
 public:
  explicit TapStream(Tap& tap) : tap_(tap) {}
  ~TapStream() override { tap_.ended_ = true; }
  Task<std::string> next(CancelToken gone) override {
    ++tap_.asked_;
    while (true) {
      if (gone.cancelled()) {
        tap_.was_gone_ = true;
        co_return tap_.farewell;
      }
      {
        const std::lock_guard lock(tap_.mutex_);
        if (!tap_.pieces_.empty()) {
          std::string piece = std::move(tap_.pieces_.front());
          tap_.pieces_.erase(tap_.pieces_.begin());
          co_return piece;
        }
      }
      co_await tap_.changed_.wait(gone);
    }
  }

 private:
  Tap& tap_;
};

/// GET /tap streams what the test gives; everything else is echoed.
HttpListener::Handler streaming(Tap& tap, std::string body = {}) {
  return [&tap, body](Request& request) -> Task<Reply> {
    if (request.path != "/tap") co_return co_await echo(request);
    Reply reply;
    reply.content_type = "application/x-pieces";
    reply.body = body;
    reply.stream = std::make_unique<TapStream>(tap);
    co_return reply;
  };
}
constexpr std::string_view kTap = "GET /tap HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(HttpStream, GoesOutInChunksAndTheNextRequestIsServed) {
  Tap tap;
  Served server(streaming(tap, "first"));
  Client client(server);
  client.send(std::string(kTap) + post_of("/next", "z"));
  const std::string head = client.until("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_NE(head.find("Content-Type: application/x-pieces\r\n"), std::string::npos);
  EXPECT_EQ(head.find("Content-Length"), std::string::npos);
  EXPECT_EQ(client.until("\r\nfirst\r\n"), "5\r\nfirst\r\n") << "before anything else is known";
  tap.give("and the second");
  EXPECT_EQ(client.until("second\r\n"), "e\r\nand the second\r\n");
  tap.give(std::string(300, 'x'));
  EXPECT_EQ(client.until("x\r\n"), "12c\r\n" + std::string(300, 'x') + "\r\n");
  tap.give("");
  EXPECT_EQ(client.until("0\r\n\r\n"), "0\r\n\r\n");
  EXPECT_EQ(client.body(), expected("POST", "/next", "z"));
  EXPECT_FALSE(tap.was_gone());
}

TEST(HttpStream, OfARequestThatComesByteByByteIsTheSame) {
  Tap tap;
  Served server(streaming(tap));
  Client client(server);
  for (const char byte : kTap) client.send({&byte, 1});
  client.until("\r\n\r\n");
  tap.give("a");
  tap.give("b");
  tap.give("");
  EXPECT_EQ(client.until("0\r\n\r\n"), "1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
}

TEST(HttpStream, WithoutBodyToHeadAndEndsWithTheConnectionForHttp10) {
  Tap tap;
  Served server(streaming(tap, "first "));
  Client head(server);
  head.send("HEAD /tap HTTP/1.1\r\n\r\n" + post_of("/", "z"));
  EXPECT_NE(head.until("\r\n\r\n").find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_EQ(head.body(), expected("POST", "/", "z"));
  EXPECT_EQ(tap.asked(), 0);

  Client old(server);
  old.send("GET /tap HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string answer = old.until("\r\n\r\n");
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  tap.give("and last");
  tap.give("");
  EXPECT_EQ(old.until("(the end)"), "first and last");
}

TEST(HttpStream, TheNextPieceIsAskedForWhenTheSocketHasTakenTheLast) {
  constexpr std::size_t kPiece = 24u << 20;  // More than sockets hold.
  Tap tap;
  Served server(streaming(tap));
  Client client(server);
  client.send(kTap);
  client.until("\r\n\r\n");
  tap.give(std::string(kPiece, 'x'));
  tap.give("y");
  while (server.budget_used() < kPiece) std::this_thread::yield();
  EXPECT_EQ(tap.asked(), 1) << "what a slow reader holds is one piece, and it is charged";
  client.until("x\r\n1\r\ny\r\n");
  tap.await_asked(3);
  EXPECT_LT(server.budget_used(), kPiece);
  tap.give("");
  EXPECT_EQ(client.until("0\r\n\r\n"), "0\r\n\r\n");
}

TEST(HttpStream, APeerThatLeavesIsNoticedWhileTheNextPieceIsWaitedFor) {
  Tap tap;
  Served server(streaming(tap));
  {
    Client client(server);
    client.send(kTap);
    client.until("\r\n\r\n");
    tap.await_asked(1);
  }
  tap.await_end();
  EXPECT_TRUE(tap.was_gone());
}

TEST(HttpStream, APeerThatLeavesInTheMiddleOfAPieceEndsTheStream) {
  Tap tap;
  Served server(streaming(tap));
  {
    Client client(server);
    client.send(kTap);
    client.until("\r\n\r\n");
    tap.give(std::string(24u << 20, 'x'));
    client.await_reply();
    client.reset();
  }
  tap.await_end();
  Client other(server);
  other.send(post_of("/", "z"));
  EXPECT_EQ(other.body(), expected("POST", "/", "z"));
}

TEST(HttpStream, AnAbortEndsIt) {
  Tap tap;
  Served server(streaming(tap));
  Client client(server);
  client.send(kTap);
  client.until("\r\n\r\n");
  tap.await_asked(1);
  server.on_loop([](HttpListener& listener) { listener.abort(); });
  tap.await_end();
  EXPECT_TRUE(client.is_closed());
}

TEST(HttpStream, AStopCancelsTheWaitAndWhatIsGivenThenIsStillSent) {
  Tap tap;
  tap.farewell = "good-bye";
  Served server(streaming(tap));
  Client client(server);
  client.send(kTap);
  client.until("\r\n\r\n");
  tap.await_asked(1);
  server.begin_stop().get();
  EXPECT_EQ(client.until("0\r\n\r\n"), "8\r\ngood-bye\r\n0\r\n\r\n");
  EXPECT_TRUE(client.is_closed());
  EXPECT_TRUE(tap.was_gone());
}

TEST(HttpStream, AStopInTheMiddleOfAPieceLetsItArriveAndAsksOnceMore) {
  constexpr std::size_t kPiece = 24u << 20;
  Tap tap;
  tap.farewell = "good-bye";
  Served server(streaming(tap));
  Client client(server);
  client.send(kTap);
  client.until("\r\n\r\n");
  tap.give(std::string(kPiece, 'x'));
  while (server.budget_used() < kPiece) std::this_thread::yield();
  std::future<void> stopped = server.begin_stop();
  client.until("x\r\n");
  EXPECT_EQ(client.until("0\r\n\r\n"), "8\r\ngood-bye\r\n0\r\n\r\n");
  stopped.get();
}

TEST(HttpStream, IsNeitherIdleNorQuietHoweverLongItsNextPieceTakes) {
  Tap tap;
  HttpLimits limits;
  limits.dormant_after = Millis{1};  // Sweeps often.
  limits.connections_max = 1;
  Served server(streaming(tap), limits);
  Client client(server);
  client.send(kTap);
  client.until("\r\n\r\n");
  tap.await_asked(1);
  server.let_pass(std::chrono::hours(1));
  Client another(server);
  EXPECT_TRUE(another.reply().starts_with("HTTP/1.1 503")) << "it does not make room for others";
  tap.give("still here");
  EXPECT_EQ(client.until("here\r\n"), "a\r\nstill here\r\n");
}

TEST(HttpStream, WhoTakesNothingOfAPieceForTooLongIsClosed) {
  constexpr std::size_t kPiece = 24u << 20;
  Tap tap;
  HttpLimits limits;
  limits.dormant_after = Millis{1};
  Served server(streaming(tap), limits);
  Client client(server);
  client.send(kTap);
  tap.give(std::string(kPiece, 'x'));
  while (server.budget_used() < kPiece) std::this_thread::yield();
  server.let_pass(limits.request_read_max + std::chrono::seconds(1));
  tap.await_end();
}

}  // namespace
}  // namespace penstock::front
