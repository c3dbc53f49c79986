#include "front/http_listener.h"

#include "unit/front/handlers.h"
#include "unit/front/served.h"

#include <atomic>
#include <future>

namespace penstock::front {
namespace {

using testing::Client;
using testing::echo;
using testing::expected;
using testing::Held;
using testing::post_of;
using testing::Served;
using testing::Watching;

TEST(HttpListener, AnswersRequestsOnOneConnectionOneAfterTheOther) {
  Served server(&echo);
  Client client(server);
  for (int i = 0; i < 5; ++i) {
    const std::string body(static_cast<std::size_t>(i) * 1'000, 'x');
    client.send(post_of("/a", body));
    EXPECT_EQ(client.body(), expected("POST", "/a", body));
  }
}

TEST(HttpListener, AnswersPipelinedRequestsInTheirOrder) {
  Served server(&echo);
  Client client(server);
  std::string all;
  for (int i = 0; i < 50; ++i)
    all += post_of("/" + std::to_string(i), std::string(static_cast<std::size_t>(i), 'y'));
  client.send(all);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.body(), expected("POST", "/" + std::to_string(i),
                                      std::string(static_cast<std::size_t>(i), 'y')));
  }
}

TEST(HttpListener, ReadsARequestThatComesByteByByte) {
  Served server(&echo);
  Client client(server);
  for (const char byte : post_of("/slow", "hello, world")) client.send({&byte, 1});
  EXPECT_EQ(client.body(), expected("POST", "/slow", "hello, world"));
}

TEST(HttpListener, ReadsALargeBodyWhole) {
  Served server(&echo);
  Client client(server);
  std::string body(9u << 20, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7 + i / 4'096);
  client.send(post_of("/large", body));
  EXPECT_EQ(client.body(), expected("POST", "/large", body));
  client.send(post_of("/small", "x"));
  EXPECT_EQ(client.body(), expected("POST", "/small", "x"));
}

TEST(HttpListener, ReadsABodyInChunksAndTheRequestBehindIt) {
  Served server(&echo);
  Client client(server);
  client.send(
      "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7;x=y\r\n, "
      "world\r\n0\r\n\r\n" +
      post_of("/next", "z"));
  EXPECT_EQ(client.body(), expected("POST", "/c", "hello, world"));
  EXPECT_EQ(client.body(), expected("POST", "/next", "z"));
}

TEST(HttpListener, ToleratesEmptyLinesBeforeARequest) {
  Served server(&echo);
  Client client(server);
  client.send("\r\n\r\n" + post_of("/", "z"));
  EXPECT_EQ(client.body(), expected("POST", "/", "z"));
}

TEST(HttpListener, InvitesABodyThatAsksToBeInvited) {
  Served server(&echo);
  Client client(server);
  client.send("PUT /e HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(client.reply(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  EXPECT_EQ(client.body(), expected("PUT", "/e", "abc"));
}

TEST(HttpListener, SendsNoBodyForHead) {
  Served server(&echo);
  Client client(server);
  client.send("HEAD /h HTTP/1.1\r\n\r\n");
  const std::string head = client.reply(false);
  EXPECT_NE(head.find("Content-Length: "), std::string::npos);
  client.send(post_of("/", "z"));
  EXPECT_EQ(client.body(), expected("POST", "/", "z")) << "nothing stands between the replies";
}

TEST(HttpListener, TellsTheHandlerWhoAsks) {
  Served server([](Request& request) -> Task<Reply> {
    Reply reply;
    reply.body = request.caller.peer + " " + std::string(request.host) + " " +
                 std::string(request.header("x-a"));
    co_return reply;
  });
  Client client(server);
  client.send("GET / HTTP/1.1\r\nHOST: me:1\r\nX-A: b\r\n\r\n");
  EXPECT_EQ(client.body(), "127.0.0.1 me:1 b");
}

TEST(HttpListener, ClosesAfterARequestThatAsksForIt) {
  Served server(&echo);
  for (const char* request :
       {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
    Client client(server);
    client.send(request);
    EXPECT_NE(client.reply().find("Connection: close"), std::string::npos);
    EXPECT_TRUE(client.is_closed());
  }
}

struct BadRequest {
  std::string request;
  const char* status;
};
class Unreadable : public ::testing::TestWithParam<BadRequest> {};
TEST_P(Unreadable, IsAnsweredWithItsStatusAndTheConnectionEnds) {
  HttpLimits limits;
  limits.head_bytes_max = 1'000;
  limits.body_bytes_max = [](const RequestHead&) { return std::size_t{100}; };
  Served server(&echo, limits);
  Client client(server);
  client.send(GetParam().request);
  EXPECT_TRUE(client.reply().starts_with(std::string("HTTP/1.1 ") + GetParam().status));
  EXPECT_TRUE(client.is_closed());
  Client other(server);
  other.send(post_of("/", "z"));
  EXPECT_EQ(other.body(), expected("POST", "/", "z")) << "the listener goes on";
}
INSTANTIATE_TEST_SUITE_P(
    All, Unreadable,
    ::testing::Values(
        BadRequest{"nonsense\r\n\r\n", "400"},
        BadRequest{"GET / HTTP/1.1\r\nX: " + std::string(2'000, 'x') + "\r\n\r\n", "431"},
        BadRequest{std::string(10'000, 'X'), "431"}, BadRequest{"\x16\x03\x01\x02", "400"},
        BadRequest{post_of("/", std::string(101, 'x')), "413"},
        BadRequest{"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "413"},
        BadRequest{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n", "413"},
        BadRequest{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"}),
    [](const auto& info) { return "n" + std::to_string(info.index); });

TEST(HttpListener, ABodyOfExactlyTheLimitPasses) {
  HttpLimits limits;
  limits.body_bytes_max = [](const RequestHead& head) {
    return head.path == "/big" ? std::size_t{200} : std::size_t{100};
  };
  Served server(&echo, limits);
  Client client(server);
  client.send(post_of("/", std::string(100, 'x')) + post_of("/big", std::string(200, 'x')));
  EXPECT_EQ(client.body(), expected("POST", "/", std::string(100, 'x')));
  EXPECT_EQ(client.body(), expected("POST", "/big", std::string(200, 'x')));
}

TEST(HttpListener, AConnectionTooManyGetsA503WhenNobodyIsQuiet) {
  HttpLimits limits;
  limits.connections_max = 2;
  Served server(&echo, limits);
  Client first(server);
  Client second(server);
  first.send(post_of("/", "a"));
  second.send(post_of("/", "b"));
  EXPECT_EQ(first.body(), expected("POST", "/", "a"));
  EXPECT_EQ(second.body(), expected("POST", "/", "b"));
  Client third(server);
  EXPECT_TRUE(third.reply().starts_with("HTTP/1.1 503"));
  EXPECT_TRUE(third.is_closed());
  first.send(post_of("/", "c"));
  EXPECT_EQ(first.body(), expected("POST", "/", "c"));
}

TEST(HttpListener, WhoHasSentSomethingWhileTheLoopStoodStillIsNotQuiet) {
  HttpLimits limits;
  limits.connections_max = 2;
  Served server(&echo, limits);
  Client quiet(server);
  quiet.send(post_of("/", "a"));
  EXPECT_EQ(quiet.body(), expected("POST", "/", "a"));
  Client other(server);
  other.send(post_of("/", "a"));
  EXPECT_EQ(other.body(), expected("POST", "/", "a"));
  std::unique_ptr<Client> newcomer;
  server.on_loop([&](HttpListener&) {
    server.stand_still(std::chrono::seconds(5));
    newcomer = std::make_unique<Client>(server);
    quiet.send(post_of("/", "b"));
  });
  EXPECT_EQ(quiet.body(), expected("POST", "/", "b"));
  newcomer->send(post_of("/", "c"));
  EXPECT_EQ(newcomer->body(), expected("POST", "/", "c"));
}

TEST(HttpListener, ListenersThatShareSlotsCountTogether) {
  HttpLimits limits;
  limits.slots = std::make_shared<ConnectionSlots>(1);
  Served server(&echo, limits);
  Served other(&echo, limits);
  {
    Client first(server);
    first.send(post_of("/", "a"));
    EXPECT_EQ(first.body(), expected("POST", "/", "a"));
    Client second(other);
    EXPECT_TRUE(second.reply().starts_with("HTTP/1.1 503"));
  }
  // The place is free when the server has seen the first one go.
  std::string answer;
  while (!answer.starts_with("HTTP/1.1 200")) {
    Client again(other);
    again.send(post_of("/", "b"));
    answer = again.reply();
  }
}

TEST(HttpListener, ABodyThatNeverFitsIntoTheBudgetIs413) {
  Served server(&echo, {}, 100'000);
  Client client(server);
  client.send("POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + std::string(5'000, 'x'));
  EXPECT_TRUE(client.reply().starts_with("HTTP/1.1 413"));
}

TEST(HttpListener, WhoOnlyAnnouncesALargeBodyHoldsNoMemoryForIt) {
  Served server(&echo);
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 50; ++i) {
    slow.push_back(std::make_unique<Client>(server));
    slow.back()->send("POST / HTTP/1.1\r\nContent-Length: 10000000\r\n\r\nx");
  }
  Client client(server);
  const std::string body(1'000'000, 'y');
  client.send(post_of("/", body));
  EXPECT_EQ(client.body(), expected("POST", "/", body));
  EXPECT_LT(server.budget_used(), 50u * (64u << 10) + (4u << 20));
}

TEST(HttpListener, IdleConnectionsHoldNoBuffers) {
  Served server(&echo, {.dormant_after = Millis{0}});
  std::vector<std::unique_ptr<Client>> clients;
  const std::string body(100'000, 'x');
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<Client>(server));
    clients.back()->send(post_of("/", body));
    EXPECT_EQ(clients.back()->body(), expected("POST", "/", body));
  }
  constexpr std::size_t kShelf = 1u << 20;  // What goes from one to the next.
  while (server.budget_used() > 100 * HttpListener::kConnectionBytes + kShelf) {
    std::this_thread::yield();  // The sweep is on its way.
  }
  for (auto& client : clients) {
    client->send(post_of("/", "again"));
    EXPECT_EQ(client->body(), expected("POST", "/", "again"));
  }
}

TEST(HttpListener, ManyWhoWaitForARequestLeaveHalfOfTheMemory) {
  constexpr std::size_t kMemory = 8u << 20;
  Served server(&echo, {}, kMemory);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 300; ++i) {
    clients.push_back(std::make_unique<Client>(server));
    clients.back()->send(post_of("/", "x"));
    EXPECT_EQ(clients.back()->body(), expected("POST", "/", "x"));
  }
  EXPECT_LE(server.budget_used(), kMemory / 2 + 300 * HttpListener::kConnectionBytes);
  clients.front()->send(post_of("/", std::string(100'000, 'y')));
  EXPECT_EQ(clients.front()->body(), expected("POST", "/", std::string(100'000, 'y')));
}

TEST(HttpListener, ThoseWhoWaitWithoutABufferBecauseMemoryIsShortStayConnected) {
  constexpr std::size_t kMemory = 4u << 20;
  Served server(&echo, {.dormant_after = Millis{1}}, kMemory);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 300; ++i) {  // Their connections alone are more than half of it.
    clients.push_back(std::make_unique<Client>(server));
    clients.back()->send(post_of("/", "x"));
    EXPECT_EQ(clients.back()->body(), expected("POST", "/", "x"));
  }
  EXPECT_GT(server.budget_used(), kMemory / 2);
  // Meanwhile it looks at who is idle, every millisecond.
  Client busy(server);
  for (int i = 0; i < 300; ++i) {
    busy.send(post_of("/", "y"));
    ASSERT_EQ(busy.body(), expected("POST", "/", "y"));
  }
  for (auto& client : clients) {
    client->send(post_of("/", "again"));
    EXPECT_EQ(client->body(), expected("POST", "/", "again"));
  }
}

TEST(HttpListener, OfAChunkedBodyOnlyWhatIsDecodedTakesMemory) {
  Served server(&echo, {}, 1u << 20);
  std::string request = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string extension = ";" + std::string(200, 'e');
  for (int i = 0; i < 20'000; ++i) request += "1" + extension + "\r\nx\r\n";
  request += "0\r\n\r\n";
  Client client(server);
  client.send(request);
  EXPECT_EQ(client.body(), expected("POST", "/", std::string(20'000, 'x')));
  client.send(post_of("/", "next"));
  EXPECT_EQ(client.body(), expected("POST", "/", "next"));
}

TEST(HttpListener, ALargeBodyFindsTheMemoryThatSmallerOnesLeftBehind) {
  constexpr std::size_t kMemory = 16u << 20;
  Served server(&echo, {}, kMemory);
  Client client(server);
  for (const std::size_t bytes : {1'900'000u, 900'000u, 400'000u, 200'000u}) {
    const std::string body(bytes, 'b');
    client.send(post_of("/", body));
    EXPECT_EQ(client.body(), expected("POST", "/", body));
  }
  const std::string large(6'000'000, 'l');
  client.send(post_of("/", large));
  EXPECT_EQ(client.body(), expected("POST", "/", large));
}

/// Whoever waits for memory gets it in the end, however long the machine stands still meanwhile.
const HttpLimits kPatient{.memory_wait_max = std::chrono::minutes(5)};

TEST(HttpListener, PeersThatStoppedInTheMiddleGiveTheirMemoryToThoseThatGoOn) {
  Served server(&echo, kPatient, 4u << 20);
  // Two hold what there is, and send no more.
  std::vector<std::unique_ptr<Client>> stopped;
  for (int i = 0; i < 2; ++i) {
    stopped.push_back(std::make_unique<Client>(server));
    stopped.back()->send("POST / HTTP/1.1\r\nContent-Length: 800000\r\n\r\n" +
                         std::string(400'000, 'x'));
  }
  Client client(server);
  const std::string body(900'000, 'y');
  client.send(post_of("/", body));
  EXPECT_EQ(client.body(), expected("POST", "/", body));
}

TEST(HttpListener, SmallRequestsPassThoseThatWaitForMemory) {
  Held held;
  HttpListener::Handler hold = held.handler();
  Served server(
      [&hold](Request& request) { return request.path == "/hold" ? hold(request) : echo(request); },
      {}, 4u << 20);
  Client large(server);
  large.send(post_of("/hold", std::string(1'000'000, 'x')));
  held.entered.get_future().get();
  Client waits(server);
  waits.send(post_of("/large", std::string(1'000'000, 'x')));
  Client small(server);
  for (int i = 0; i < 20; ++i) {
    small.send(post_of("/small", "s"));
    EXPECT_EQ(small.body(), expected("POST", "/small", "s"));
  }
  held.release.release();
  EXPECT_EQ(large.body(), "released");
  EXPECT_EQ(waits.body(), expected("POST", "/large", std::string(1'000'000, 'x')));
}

TEST(HttpListener, WhenMemoryStaysSpentALargeRequestIs503AndNamesItsError) {
  HttpLimits limits;
  limits.memory_wait_max = std::chrono::milliseconds(50);
  Held held;
  Served server(held.handler(), limits, 4u << 20);
  Client large(server);
  large.send(post_of("/hold", std::string(1'000'000, 'x')));
  held.entered.get_future().get();
  Client refused(server);
  refused.send(post_of("/large", std::string(1'000'000, 'x')));
  const std::string reply = refused.reply();
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 503"));
  EXPECT_NE(reply.find("ServiceUnavailable"), std::string::npos);
  held.release.release();
  EXPECT_EQ(large.body(), "released");
}

TEST(HttpListener, AHandlerThatWaitsHearsThatItsPeerHasGone) {
  Watching watching;
  Served server(watching.handler());
  {
    Client client(server);
    client.send(post_of("/", "x"));
    watching.entered.get_future().get();
  }
  watching.left.get_future().get();
}

TEST(HttpListener, WhoEndsOnlyItsOwnSideStillGetsTheAnswer) {
  Watching watching;
  Served server(watching.handler());
  Client client(server);
  client.send(post_of("/", "x"));
  watching.entered.get_future().get();
  client.end_sending();
  EXPECT_EQ(client.body(), "nobody waits");
}

TEST(HttpListener, ARequestBehindAWatchedOneIsNoEnd) {
  Held held;
  HttpListener::Handler hold = held.handler();
  std::atomic<bool> was_gone = false;
  Served server([&](Request& request) -> Task<Reply> {
    if (request.path == "/next") co_return co_await echo(request);
    const CancelToken gone = request.peer_gone();
    Reply reply = co_await hold(request);
    was_gone = gone.cancelled();
    co_return reply;
  });
  Client client(server);
  client.send(post_of("/", "x"));
  held.entered.get_future().get();
  client.send(post_of("/next", "y"));
  held.release.release();
  EXPECT_EQ(client.body(), "released");
  EXPECT_EQ(client.body(), expected("POST", "/next", "y"));
  EXPECT_FALSE(was_gone);
}

TEST(HttpListener, APeerThatGoesAwayInTheMiddleHurtsNobody) {
  Served server(&echo);
  const std::string request = post_of("/", "hello");
  for (std::size_t cut = 0; cut < request.size(); cut += 7) {
    Client client(server);
    client.send(request.substr(0, cut));
  }
  Client client(server);
  client.send(request);
  EXPECT_EQ(client.body(), expected("POST", "/", "hello"));
}

TEST(HttpListener, StopWaitsForTheRequestInProgressAndItsReplyGoesOut) {
  Held held;
  Served server(held.handler());
  Client busy(server);
  Client idle(server);
  busy.send(post_of("/", "x"));
  held.entered.get_future().get();
  std::future<void> stopped = server.begin_stop();
  EXPECT_TRUE(idle.is_closed()) << "an idle connection ends at once";
  EXPECT_EQ(stopped.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  held.release.release();
  const std::string reply = busy.reply();
  EXPECT_EQ(Client::body_of(reply), "released");
  EXPECT_NE(reply.find("Connection: close"), std::string::npos);
  stopped.get();
}

TEST(HttpListener, AbortClosesConnectionsAndHandlersEndInTheirOwnTime) {
  Held held;
  Served server(held.handler());
  Client busy(server);
  busy.send(post_of("/", "x"));
  held.entered.get_future().get();
  server.on_loop([](HttpListener& listener) { listener.abort(); });
  EXPECT_TRUE(busy.is_closed());
  held.release.release();
}

TEST(HttpListener, AnAddressThatIsNoneIsAnError) {
  Served server(&echo);
  server.on_loop([](HttpListener& listener) {
    const auto port = listener.listen("localhost", 0, false);
    ASSERT_FALSE(port.ok());
    EXPECT_TRUE(port.error().code == Errc::kInvalid);
  });
}

// --- Peers that read slowly ---------------------------------------------------------------------

constexpr std::size_t kLarge = 48u << 20;  // More than sockets hold.

/// "/N" is answered with N bytes.
Task<Reply> bytes_asked_for(Request& request) {
  Reply reply;
  reply.body.assign(std::stoul(std::string(request.path.substr(1))), 'x');
  co_return reply;
}
std::string get_of(std::size_t bytes) {
  return "GET /" + std::to_string(bytes) + " HTTP/1.1\r\n\r\n";
}

TEST(HttpListener, ALargeReplyIsChargedUntilItIsRead) {
  Served server(&bytes_asked_for);
  Client client(server);
  client.send(get_of(kLarge));
  while (server.budget_used() < kLarge) std::this_thread::yield();
  EXPECT_EQ(client.body().size(), kLarge);
  client.send(get_of(100));
  EXPECT_EQ(client.body().size(), 100u);
  EXPECT_LT(server.budget_used(), kLarge) << "what remains is the connection's buffer";
}

TEST(HttpListener, SmallRepliesThatAreNotReadAreChargedToo) {
  constexpr std::size_t kSmall = 60u << 10;
  Served server(&bytes_asked_for);
  std::string many;
  for (int i = 0; i < 800; ++i) many += get_of(kSmall);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<Client>(server));
    clients.back()->send(many);  // Its sockets fill with replies.
  }
  while (server.budget_used() < 20 * kSmall) std::this_thread::yield();
  for (int i = 0; i < 800; ++i) ASSERT_EQ(clients.front()->body().size(), kSmall);
}

TEST(HttpListener, WhoStoppedReadingGivesItsMemoryToThoseThatGoOn) {
  Served server(
      [](Request& request) {
        return request.method == "GET" ? bytes_asked_for(request) : echo(request);
      },
      kPatient, 4u << 20);
  Client client(server);
  Client stopped(server);
  stopped.send(get_of(kLarge));
  while (server.budget_used() < kLarge) std::this_thread::yield();
  const std::string body(900'000, 'y');
  client.send(post_of("/", body));
  EXPECT_EQ(client.body(), expected("POST", "/", body));
}

TEST(HttpListener, AConnectionIsIdleFromTheEndOfItsReplyOn) {
  const auto long_idle = std::chrono::minutes(2);
  Served server(&bytes_asked_for, {.idle_max = std::chrono::seconds(75),
                                   .dormant_after = Millis{1},
                                   .request_read_max = std::chrono::minutes(5)});
  Client client(server);
  client.send(get_of(kLarge));
  client.await_reply();
  server.let_pass(long_idle);  // The reply is on its way all the time.
  EXPECT_EQ(client.body().size(), kLarge);
  server.await_sweeps();
  client.send(get_of(100));
  EXPECT_EQ(client.body().size(), 100u);
  server.let_pass(long_idle);
  EXPECT_TRUE(client.is_closed());
}

}  // namespace
}  // namespace penstock::front
