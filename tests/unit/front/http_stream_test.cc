#include "front/http_listener.h"
#include "unit/front/handlers.h"
#include "unit/front/served.h"

#include <future>

// Bodies that are made while they are sent.

namespace penstock::front {
namespace {

using testing::Client;
using testing::expected;
using testing::post_of;
using testing::Served;
using testing::streaming;
using testing::Tap;

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
