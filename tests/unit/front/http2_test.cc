#include "front/http2_session.h"
#include "front/http_listener.h"
#include "unit/front/handlers.h"
#include "unit/front/http2_client.h"
#include "unit/front/served.h"

#include <atomic>
#include <future>
#include <mutex>
#include <vector>

// HTTP/2 by prior knowledge, through the listener, with nghttp2's client on the other side.

namespace penstock::front {
namespace {

using testing::Client;
using testing::echo;
using testing::expected;
using testing::Held;
using testing::Http2Client;
using testing::post_of;
using testing::Served;
using testing::streaming;
using testing::Tap;
using testing::Watching;

std::string pattern(std::size_t bytes) {
  std::string body(bytes, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7 + i / 4'096);
  return body;
}

/// "/N" is answered with N bytes.
Task<Reply> bytes_asked_for(Request& request) {
  Reply reply;
  reply.body = pattern(std::stoul(std::string(request.path.substr(1))));
  co_return reply;
}

/// For clients that read to the end, and do not close.
const HttpLimits kLingersBriefly{.linger_max = Millis{50}};

TEST(Http2, AnswersRequestsOneAfterTheOther) {
  Served server(&echo);
  Http2Client client(server);
  for (int i = 0; i < 5; ++i) {
    const std::string body(static_cast<std::size_t>(i) * 1'000, 'x');
    EXPECT_EQ(client.body(client.post("/a", body)), expected("POST", "/a", body));
  }
}

TEST(Http2, IsSpokenBesideHttp11OnOnePort) {
  Served server(&echo);
  Http2Client client(server);
  Client old(server);
  old.send(post_of("/old", "x"));
  EXPECT_EQ(old.body(), expected("POST", "/old", "x"));
  EXPECT_EQ(client.body(client.post("/new", "y")), expected("POST", "/new", "y"));
}

TEST(Http2, ReadsWhatComesByteByByte) {
  Served server(&echo);
  Http2Client client(server);
  client.send_in_single_bytes();
  const std::string body = pattern(3'000);
  EXPECT_EQ(client.body(client.post("/slow", body)), expected("POST", "/slow", body));
}

TEST(Http2, ThePrefaceMayComeByteByByte) {
  Served server(&echo);
  Client client(server);
  for (const char& byte : std::string_view(NGHTTP2_CLIENT_MAGIC)) client.send({&byte, 1});
  client.send(std::string_view("\0\0\0\4\0\0\0\0\0", 9));   // Its settings: none.
  client.until(std::string_view("\0\0\0\4\1\0\0\0\0", 9));  // They are agreed to.
}

TEST(Http2, TellsTheHandlerWhatHttp11WouldTell) {
  Served server([](Request& request) -> Task<Reply> {
    Reply reply;
    reply.headers.emplace_back("X-Mixed", "Case");
    reply.content_type = "text/plain";
    reply.body = request.caller.peer + " " + std::string(request.host) + " " +
                 std::string(request.header("host")) + " " + std::string(request.header("x-a")) +
                 " " + std::string(request.path) + " " + std::string(request.query) + " " +
                 std::string(request.header(":path"));
    co_return reply;
  });
  Http2Client client(server);
  Http2Client::Headers head = Http2Client::head_of("GET", "/p/a?q=1&r");
  head.emplace_back("x-a", "b");
  const Http2Client::Answer answer = client.await(client.request(head));
  EXPECT_EQ(answer.body, "127.0.0.1 x x b /p/a q=1&r ");
  EXPECT_EQ(answer.headers.at("x-mixed"), "Case");
  EXPECT_EQ(answer.headers.at("content-type"), "text/plain");
  EXPECT_EQ(answer.headers.at("content-length"), std::to_string(answer.body.size()));
  EXPECT_TRUE(answer.headers.contains("date"));
}

TEST(Http2, ManyRequestsAreInHandAtOnceAndNoneWaitsForAnother) {
  Held held;
  HttpListener::Handler hold = held.handler();
  Served server(
      [&](Request& request) { return request.path == "/held" ? hold(request) : echo(request); });
  Http2Client client(server);
  const std::int32_t first = client.get("/held");
  held.entered.get_future().get();
  std::vector<std::int32_t> others;
  for (int i = 0; i < 300; ++i) others.push_back(client.post("/" + std::to_string(i), "x"));
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(client.body(others[static_cast<std::size_t>(i)]),
              expected("POST", "/" + std::to_string(i), "x"));
  }
  held.release.release();
  EXPECT_EQ(client.body(first), "released");
}

TEST(Http2, ReadsLargeBodiesOfSeveralRequestsAtOnce) {
  Served server(&echo, {}, 256u << 20);
  Http2Client client(server);
  const std::string body = pattern(9u << 20);
  std::vector<std::int32_t> large;
  for (int i = 0; i < 3; ++i) large.push_back(client.post("/large", body));
  const std::int32_t small = client.post("/small", "x");
  for (const std::int32_t id : large) EXPECT_EQ(client.body(id), expected("POST", "/large", body));
  EXPECT_EQ(client.body(small), expected("POST", "/small", "x"));
}

TEST(Http2, ReadsABodyWhoseLengthIsNotTold) {
  Served server(&echo);
  Http2Client client(server);
  for (const std::size_t size : {1u, 65'535u, 65'536u, 3u << 20}) {
    const std::string body = pattern(size);
    const std::int32_t id = client.request(Http2Client::head_of("POST", "/u"), body);
    EXPECT_EQ(client.body(id), expected("POST", "/u", body)) << size;
  }
}

TEST(Http2, SendsNoBodyForHead) {
  Served server(&echo);
  Http2Client client(server);
  const auto& answer = client.await(client.request(Http2Client::head_of("HEAD", "/h")));
  EXPECT_EQ(answer.status(), "200");
  EXPECT_NE(answer.headers.at("content-length"), "0");
  EXPECT_EQ(answer.body, "");
}

// --- What is refused ----------------------------------------------------------------------------

TEST(Http2, WhatIsTooLargeIsRefusedAndTheConnectionGoesOn) {
  HttpLimits limits;
  limits.head_bytes_max = 1'000;
  limits.body_bytes_max = [](const RequestHead& head) {
    return head.path == "/more" ? std::size_t{200'000} : std::size_t{100'000};
  };
  Served server(&echo, limits);
  Http2Client client(server);
  EXPECT_EQ(client.await(client.post("/", std::string(100'001, 'x'))).status(), "413");
  EXPECT_EQ(
      client.await(client.request(Http2Client::head_of("POST", "/"), std::string(100'001, 'x')))
          .status(),
      "413")
      << "its length was not told";
  Http2Client::Headers head = Http2Client::head_of("GET", "/");
  head.emplace_back("x", std::string(2'000, 'x'));
  EXPECT_EQ(client.await(client.request(head)).status(), "431");
  const std::string body(100'001, 'x');
  EXPECT_EQ(client.body(client.post("/more", body)), expected("POST", "/more", body));
}

TEST(Http2, ABodyThatNeverFitsIntoTheBudgetIs413) {
  Served server(&echo, {}, 1u << 20);
  Http2Client client(server);
  EXPECT_EQ(client.await(client.post("/", std::string(900'000, 'x'))).status(), "413");
}

TEST(Http2, TwoHostsThatDifferAreNoRequest) {
  Served server(&echo);
  Http2Client client(server);
  Http2Client::Headers head = Http2Client::head_of("GET", "/");
  head.emplace_back("host", "x");
  EXPECT_EQ(client.await(client.request(head)).status(), "200");
  head.back().second = "y";
  EXPECT_EQ(client.await(client.request(head)).status(), "400");
}

TEST(Http2, AHeadThatRefersToItsTableAThousandTimesEndsTheConnection) {
  HttpLimits limits;
  limits.head_bytes_max = 1'000;
  Served server(&echo, limits);
  Http2Client client(server);
  Http2Client::Headers head = Http2Client::head_of("GET", "/");
  for (int i = 0; i < 1'000; ++i) head.emplace_back("x", std::string(3'000, 'x'));
  client.request(head);
  client.await_end();
}

/// Handlers that wait until the test lets all of them go.
class Crowd {
 public:
  HttpListener::Handler handler() {
    return [this](Request&) -> Task<Reply> {
      const Gate own;
      {
        const std::lock_guard lock(mutex_);
        gates_.push_back(own);
      }
      ++entered;
      co_await Gate(own).wait();
      co_return Reply{};
    };
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    for (const Gate& gate : gates_) gate.release();
  }
  std::atomic<std::size_t> entered = 0;

 private:
  std::mutex mutex_;
  std::vector<Gate> gates_;
};

TEST(Http2, RequestsThatWereResetCountUntilTheirHandlersEnd) {
  Crowd crowd;
  HttpListener::Handler wait = crowd.handler();
  Served server(
      [&](Request& request) { return request.path == "/wait" ? wait(request) : echo(request); });
  Http2Client client(server);
  std::vector<std::int32_t> waiting;
  for (std::size_t i = 0; i < Http2Session::kStreamsMax; ++i)
    waiting.push_back(client.get("/wait"));
  client.send_until([&] { return crowd.entered == Http2Session::kStreamsMax; });
  for (const std::int32_t id : waiting) client.reset(id);
  EXPECT_EQ(client.await(client.post("/", "x")).error,
            static_cast<std::uint32_t>(NGHTTP2_REFUSED_STREAM));
  crowd.let_go();
  client.send_until(
      [&] { return client.body(client.post("/", "x")) == expected("POST", "/", "x"); });
}

TEST(Http2, FramesThatAskForNothingEndTheConnectionWhenTheyAreTooMany) {
  Served server(&echo);
  const std::string_view kPing("\0\0\x8\6\0\0\0\0\0abcdefgh", 17);
  const std::string_view kPriority("\0\0\5\2\0\0\0\0\1\0\0\0\0\1", 14);
  const std::string_view kSettings("\0\0\0\4\0\0\0\0\0", 9);
  for (const std::string_view frame : {kPing, kPriority, kSettings}) {
    Client client(server);
    client.send(std::string(NGHTTP2_CLIENT_MAGIC) + std::string(kSettings));
    std::string many;
    for (int i = 0; i < 100; ++i) many += frame;
    for (int i = 0; i < 200; ++i) client.send(many);
    client.until("(until it ends)");
  }
  Http2Client client(server);
  EXPECT_EQ(client.body(client.post("/", "x")), expected("POST", "/", "x"));
}

TEST(Http2, WhoOpensAndResetsStreamsWithoutEndIsSentAway) {
  Served server(&echo);
  Http2Client client(server);
  for (int i = 0; i < 5'000; ++i) client.reset(client.get("/"));
  client.await_end();
  EXPECT_GE(client.goaways(), 1);
}

// --- Peers that leave, and the end --------------------------------------------------------------

TEST(Http2, AHandlerThatWaitsHearsThatItsStreamWasReset) {
  Watching watching;
  Served server(watching.handler());
  Http2Client client(server);
  const std::int32_t id = client.post("/", "x");
  watching.entered.get_future().get();
  client.reset(id);
  watching.left.get_future().get();
}

TEST(Http2, AHandlerThatWaitsHearsThatTheConnectionHasEnded) {
  Watching watching;
  Served server(watching.handler());
  {
    Http2Client client(server);
    client.post("/", "x");
    watching.entered.get_future().get();
  }
  watching.left.get_future().get();
}

TEST(Http2, StopWaitsForTheRequestInProgressAndSaysGoAway) {
  Held held;
  Served server(held.handler(), kLingersBriefly);
  Http2Client busy(server);
  Http2Client idle(server);
  idle.ping();
  idle.await_that([&] { return idle.pings() > 0; });
  const std::int32_t id = busy.post("/", "x");
  held.entered.get_future().get();
  std::future<void> stopped = server.begin_stop();
  idle.await_end();
  EXPECT_EQ(idle.goaways(), 1);
  EXPECT_EQ(stopped.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  held.release.release();
  EXPECT_EQ(busy.body(id), "released");
  busy.await_end();
  EXPECT_EQ(busy.goaways(), 1);
  stopped.get();
}

TEST(Http2, WhatWasSaidLastArrivesThoughItsPeerGoesOnSending) {
  constexpr std::size_t kReply = 512u << 10;  // Within the server's side of the connection.
  Served server(&bytes_asked_for, {.linger_max = std::chrono::minutes(5)});
  std::future<void> stopped;
  {
    Http2Client client(std::make_unique<Client>(server, 8 << 10),
                       {.stream_window = 16u << 20, .connection_window = 16 << 20});
    const std::int32_t id = client.get("/" + std::to_string(kReply));
    client.await_bytes(id, 1);
    stopped = server.begin_stop();
    while (server.budget_used() >= kReply) std::this_thread::yield();
    server.on_loop([](HttpListener&) {});
    // Nothing of the last bytes has been read when these come.
    for (int i = 0; i < 100; ++i) client.ping();
    client.await_end();
    EXPECT_TRUE(client.so_far(id).is_closed);
    EXPECT_TRUE(client.body(id) == pattern(kReply));
    EXPECT_EQ(client.goaways(), 1);
  }
  stopped.get();
}

TEST(Http2, AbortClosesTheConnectionAndHandlersEndInTheirOwnTime) {
  Held held;
  Served server(held.handler());
  Http2Client busy(server);
  busy.post("/", "x");
  held.entered.get_future().get();
  server.on_loop([](HttpListener& listener) { listener.abort(); });
  busy.await_end();
  held.release.release();
}

TEST(Http2, AnIdleConnectionIsEndedAndOneThatPingsIsNot) {
  HttpLimits limits;
  limits.dormant_after = Millis{1};
  Served server(&echo, limits);
  Http2Client idle(server);
  Http2Client pinging(server);
  EXPECT_EQ(idle.body(idle.post("/", "x")), expected("POST", "/", "x"));
  EXPECT_EQ(pinging.body(pinging.post("/", "x")), expected("POST", "/", "x"));
  server.let_pass(std::chrono::seconds(60));
  pinging.ping();
  pinging.await_that([&] { return pinging.pings() > 0; });
  server.let_pass(std::chrono::seconds(60));
  idle.await_end();
  EXPECT_EQ(idle.goaways(), 1);
  EXPECT_EQ(pinging.body(pinging.post("/", "x")), expected("POST", "/", "x"));
}

TEST(Http2, ARequestThatDoesNotComeToItsEndIsResetInTime) {
  HttpLimits limits;
  limits.dormant_after = Millis{1};
  Served server(&echo, limits);
  Http2Client client(server);
  const std::int32_t id =
      client.request(Http2Client::head_of("POST", "/"), "the beginning", /*is_whole=*/false);
  EXPECT_EQ(client.body(client.post("/", "x")), expected("POST", "/", "x"));
  server.let_pass(limits.request_read_max + std::chrono::seconds(1));
  EXPECT_EQ(client.await(id).error, static_cast<std::uint32_t>(NGHTTP2_CANCEL));
}

// --- Replies ------------------------------------------------------------------------------------

TEST(Http2, LargeRepliesArriveWholeWhileOthersPassThem) {
  Served server(&bytes_asked_for);
  Http2Client client(server);
  std::vector<std::pair<std::int32_t, std::size_t>> asked;
  for (const std::size_t size : {5u << 20, 100u, 1u << 20, 2'047u, 2'048u, 16'384u, 16'385u, 0u}) {
    asked.emplace_back(client.get("/" + std::to_string(size)), size);
  }
  for (const auto& [id, size] : asked) EXPECT_TRUE(client.body(id) == pattern(size)) << size;
}

TEST(Http2, ASmallReplyDoesNotWaitForALargeOneToEnd) {
  Served server(&bytes_asked_for);
  Http2Client client(server, {.stream_window = 64u << 20, .connection_window = 64 << 20});
  const std::int32_t large = client.get("/" + std::to_string(32u << 20));
  client.await_bytes(large, 1);
  EXPECT_TRUE(client.body(client.get("/100")) == pattern(100));
  EXPECT_FALSE(client.so_far(large).is_closed);
  EXPECT_TRUE(client.body(large) == pattern(32u << 20));
}

TEST(Http2, AReplyIsChargedUntilItsPeerHasTakenIt) {
  constexpr std::size_t kLarge = 8u << 20;
  Served server(&bytes_asked_for);
  Http2Client client(server, {.opens_windows = false});
  const std::int32_t id = client.get("/" + std::to_string(kLarge));
  client.await_bytes(id, 65'535);
  EXPECT_GE(server.budget_used(), kLarge);
  client.open_window(id, kLarge);
  EXPECT_TRUE(client.body(id) == pattern(kLarge));
  while (server.budget_used() >= kLarge) std::this_thread::yield();
}

TEST(Http2, WhoResetsAReplyFreesItsMemory) {
  constexpr std::size_t kLarge = 8u << 20;
  Served server(&bytes_asked_for);
  Http2Client client(server, {.opens_windows = false});
  const std::int32_t id = client.get("/" + std::to_string(kLarge));
  client.await_bytes(id, 65'535);
  client.reset(id);
  while (server.budget_used() >= kLarge) std::this_thread::yield();
}

TEST(Http2, AStreamGoesOutPieceByPieceAndOthersPassIt) {
  Tap tap;
  Served server(streaming(tap, "first "));
  Http2Client client(server);
  const std::int32_t id = client.get("/tap");
  EXPECT_EQ(client.await_bytes(id, 6).body, "first ");
  EXPECT_EQ(client.await(client.post("/", "x")).body, expected("POST", "/", "x"));
  tap.give("second ");
  EXPECT_EQ(client.await_bytes(id, 13).body, "first second ");
  const std::string large = pattern(300'000);
  tap.give(large);
  tap.give("");
  const auto& answer = client.await(id);
  EXPECT_TRUE(answer.body == "first second " + large);
  EXPECT_EQ(answer.headers.at("content-type"), "application/x-pieces");
  EXPECT_FALSE(answer.headers.contains("content-length"));
  EXPECT_FALSE(tap.was_gone());
}

TEST(Http2, TheNextPieceIsAskedForWhenThePeerHasRoomForTheLast) {
  Tap tap;
  Served server(streaming(tap));
  Http2Client client(server, {.opens_windows = false});
  const std::int32_t id = client.get("/tap");
  const std::string large = pattern(300'000);
  tap.give(large);
  tap.give("the end");
  client.await_bytes(id, 65'535);
  EXPECT_EQ(tap.asked(), 1);
  client.open_window(id, 300'000);
  EXPECT_TRUE(client.await_bytes(id, 300'007).body == large + "the end");
  tap.await_asked(3);
  client.reset(id);
  tap.await_end();
  EXPECT_TRUE(tap.was_gone());
}

TEST(Http2, AStreamHearsThatItsConnectionHasEnded) {
  Tap tap;
  Served server(streaming(tap));
  {
    Http2Client client(server);
    client.get("/tap");
    tap.await_asked(1);
  }
  tap.await_end();
  EXPECT_TRUE(tap.was_gone());
}

TEST(Http2, AStopCancelsAStreamsWaitAndWhatIsGivenThenIsStillSent) {
  Tap tap;
  tap.farewell = "good-bye";
  Served server(streaming(tap), kLingersBriefly);
  Http2Client client(server);
  const std::int32_t id = client.get("/tap");
  tap.await_asked(1);
  server.begin_stop().get();
  const auto& answer = client.await(id);
  EXPECT_EQ(answer.body, "good-bye");
  EXPECT_EQ(answer.error, static_cast<std::uint32_t>(NGHTTP2_NO_ERROR));
  EXPECT_EQ(client.goaways(), 1);
}

TEST(Http2, WhoWaitsForNothingButItsPeerMakesRoomForOthers) {
  Served server(&echo, {.connections_max = 1});
  Http2Client quiet(server);
  EXPECT_EQ(quiet.body(quiet.post("/", "x")), expected("POST", "/", "x"));
  quiet.request(Http2Client::head_of("POST", "/"), "the beginning", /*is_whole=*/false);
  quiet.ping();
  quiet.await_that([&] { return quiet.pings() > 0; });
  server.on_loop([](HttpListener&) {});  // It has noted when it answered.
  server.stand_still(std::chrono::seconds(5));
  Client another(server);
  another.send(post_of("/", "y"));
  EXPECT_EQ(another.body(), expected("POST", "/", "y"));
}

TEST(Http2, AStreamIsNeitherIdleNorQuietHoweverLongItsNextPieceTakes) {
  Tap tap;
  HttpLimits limits;
  limits.dormant_after = Millis{1};
  limits.connections_max = 1;
  Served server(streaming(tap), limits);
  Http2Client client(server);
  const std::int32_t id = client.get("/tap");
  tap.await_asked(1);
  server.let_pass(std::chrono::hours(1));
  Client another(server);
  EXPECT_TRUE(another.reply().starts_with("HTTP/1.1 503")) << "it does not make room for others";
  tap.give("still here");
  EXPECT_EQ(client.await_bytes(id, 10).body, "still here");
}

}  // namespace
}  // namespace penstock::front
