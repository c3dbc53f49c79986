#include "front/http2_session.h"
#include "front/http_listener.h"
#include "unit/front/handlers.h"
#include "unit/front/http2_client.h"
#include "unit/front/served.h"

#include <algorithm>
#include <future>
#include <vector>

// Requests of HTTP/2 when memory is short.

namespace penstock::front {
namespace {

using testing::Client;
using testing::echo;
using testing::expected;
using testing::Held;
using testing::Http2Client;
using testing::post_of;
using testing::Served;

bool is_ready(const std::future<void>& future) {
  return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

/// Sweeps often; pieces that nobody has used for a while go.
void let_go_of_kept_pieces(Served& server) {
  for (int i = 0; i < 3; ++i) server.let_pass(std::chrono::seconds(6));
}

/// Whoever waits for memory gets it in the end, however long the machine stands still meanwhile.
const HttpLimits kPatient{.memory_wait_max = std::chrono::minutes(5)};

TEST(Http2Memory, ALargeRequestWaitsForMemoryAndSmallOnesPassIt) {
  Held held;
  HttpListener::Handler hold = held.handler();
  Served server(
      [&](Request& request) { return request.path == "/held" ? hold(request) : echo(request); },
      kPatient, 4u << 20);
  Http2Client holder(server);
  const std::int32_t holding = holder.post("/held", std::string(900'000, 'x'));
  std::future<void> entered = held.entered.get_future();
  holder.send_until([&] { return is_ready(entered); });
  Http2Client client(server);
  const std::string large(900'000, 'y');
  const std::int32_t waiting = client.post("/large", large);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(client.body(client.post("/small", "x")), expected("POST", "/small", "x"));
  }
  held.release.release();
  EXPECT_EQ(holder.body(holding), "released");
  EXPECT_EQ(client.body(waiting), expected("POST", "/large", large));
}

TEST(Http2Memory, ASmallRequestWaitsForMemoryToo) {
  Held held;
  HttpListener::Handler hold = held.handler();
  constexpr std::size_t kMemory = 4u << 20;
  Served server(
      [&](Request& request) { return request.path == "/held" ? hold(request) : echo(request); },
      kPatient, kMemory);
  Http2Client holder(server);
  Http2Client client(server);
  EXPECT_EQ(client.body(client.post("/", "x")), expected("POST", "/", "x"));
  const std::int32_t holding = holder.post("/held", std::string(900'000, 'x'));
  std::future<void> entered = held.entered.get_future();
  holder.send_until([&] { return is_ready(entered); });
  const std::string body(60'000, 'y');
  std::vector<std::int32_t> many;
  for (int i = 0; i < 30; ++i) many.push_back(client.post("/", body));  // More than is left.
  held.release.release();
  EXPECT_EQ(holder.body(holding), "released");
  for (const std::int32_t id : many) EXPECT_EQ(client.body(id), expected("POST", "/", body));
}

TEST(Http2Memory, WhoStoppedInTheMiddleGivesItsMemoryToThoseThatGoOn) {
  Served server(&echo, kPatient, 4u << 20);
  Http2Client stopped(server);
  Http2Client::Headers head = Http2Client::head_of("POST", "/");
  head.emplace_back("content-length", "900000");
  const std::int32_t id = stopped.request(head, std::string(60'000, 'x'), /*is_whole=*/false);
  while (server.budget_used() < 2'000'000) std::this_thread::yield();
  Http2Client client(server);
  const std::string body(900'000, 'y');
  EXPECT_EQ(client.body(client.post("/", body)), expected("POST", "/", body));
  EXPECT_EQ(stopped.await(id).error, static_cast<std::uint32_t>(NGHTTP2_CANCEL));
}

TEST(Http2Memory, WhenMemoryStaysSpentARequestIs503AndNamesItsError) {
  Held held;
  HttpListener::Handler hold = held.handler();
  HttpLimits limits;
  limits.memory_wait_max = Millis{50};
  Served server(
      [&](Request& request) { return request.path == "/held" ? hold(request) : echo(request); },
      limits, 4u << 20);
  Http2Client holder(server);
  const std::int32_t holding = holder.post("/held", std::string(900'000, 'x'));
  std::future<void> entered = held.entered.get_future();
  holder.send_until([&] { return is_ready(entered); });
  Http2Client client(server);
  const auto& answer = client.await(client.post("/", std::string(900'000, 'y')));
  EXPECT_EQ(answer.status(), "503");
  EXPECT_NE(answer.body.find("ServiceUnavailable"), std::string::npos);
  held.release.release();
  EXPECT_EQ(holder.body(holding), "released");
}

/// "/held" is echoed when the test lets it go, everything else at once.
HttpListener::Handler echo_or_hold(HttpListener::Handler& hold) {
  return [&hold](Request& request) -> Task<Reply> {
    if (request.path == "/held") co_await hold(request);
    co_return co_await echo(request);
  };
}

TEST(Http2Memory, ABodyThatHasComeWholeStaysWhereItIs) {
  Held held;
  HttpListener::Handler hold = held.handler();
  Served server(echo_or_hold(hold), kPatient, 4u << 20);
  Http2Client client(server);
  EXPECT_EQ(client.body(client.post("/", "x")), expected("POST", "/", "x"));
  Budget::Share spent = server.spend_memory(400u << 10);
  // Nobody has said how long it is: at its half room is asked for more than there is.
  const std::string body(40'000, 'a');
  const std::int32_t id = client.request(Http2Client::head_of("POST", "/held"), body);
  std::future<void> entered = held.entered.get_future();
  client.send_until([&] { return is_ready(entered); });
  Client behind(server);
  const std::string large(900'000, 'b');
  behind.send(post_of("/large", large));
  server.await_timers(3);
  spent = {};
  EXPECT_EQ(behind.body(), expected("POST", "/large", large)) << "in line behind the other";
  Http2Client next(server);
  const std::string others(40'000, 'c');  // Would lie where the first was before.
  EXPECT_EQ(next.body(next.post("/", others)), expected("POST", "/", others));
  held.release.release();
  EXPECT_EQ(client.body(id), expected("POST", "/held", body));
}

TEST(Http2Memory, ARequestThatIsHandledIsNotRefusedForWantOfMemory) {
  Held held;
  HttpListener::Handler hold = held.handler();
  Served server(echo_or_hold(hold), {.memory_wait_max = Millis{50}}, 4u << 20);
  Http2Client client(server);
  EXPECT_EQ(client.body(client.post("/", "x")), expected("POST", "/", "x"));
  const Budget::Share spent = server.spend_memory(400u << 10);
  const std::string body(40'000, 'a');
  const std::int32_t id = client.request(Http2Client::head_of("POST", "/held"), body);
  std::future<void> entered = held.entered.get_future();
  client.send_until([&] { return is_ready(entered); });
  Client behind(server);
  behind.send(post_of("/large", std::string(900'000, 'b')));
  EXPECT_TRUE(behind.reply().starts_with("HTTP/1.1 503")) << "its wait has ended later";
  held.release.release();
  EXPECT_EQ(client.await(id).status(), "200");
  EXPECT_EQ(client.body(id), expected("POST", "/held", body));
}

TEST(Http2Memory, WhoseRequestWaitsForUsIsNotQuiet) {
  Served server(&echo, {.dormant_after = Millis{1}, .memory_wait_max = std::chrono::minutes(5)},
                4u << 20);
  Http2Client client(server);
  EXPECT_EQ(client.body(client.get("/")), expected("GET", "/", ""));
  let_go_of_kept_pieces(server);
  // Enough for what is kept of a request, and not for its body.
  Budget::Share spent = server.spend_memory(14u << 10);
  const std::size_t before = server.budget_used();
  std::int32_t id = 0;
  client.send_together([&] { id = client.post("/", std::string(1'500, 'y')); });
  while (server.budget_used() == before) std::this_thread::yield();
  for (int i = 0; i < 3; ++i) {
    server.await_timers(700);  // Most are sweeps, the others those of who waits for memory.
    server.stand_still(std::chrono::seconds(2));
  }
  server.await_timers(700);
  spent = {};
  EXPECT_EQ(client.await(id).status(), "200");
  EXPECT_EQ(client.body(id), expected("POST", "/", std::string(1'500, 'y')));
}

TEST(Http2Memory, SmallRequestsThatFoundNoRoomAreRefusedTogether) {
  Served server(&echo, {.dormant_after = Millis{1}, .memory_wait_max = std::chrono::minutes(1)},
                4u << 20);
  Http2Client client(server);
  EXPECT_EQ(client.body(client.get("/")), expected("GET", "/", ""));
  let_go_of_kept_pieces(server);
  const Budget::Share spent = server.spend_memory(14u << 10);
  const std::size_t before = server.budget_used();
  std::vector<std::int32_t> small;
  client.send_together([&] {
    for (int i = 0; i < 3; ++i) small.push_back(client.post("/", std::string(500, 'y')));
  });
  while (server.budget_used() == before) std::this_thread::yield();
  server.await_timers(20);
  server.stand_still(std::chrono::seconds(61));
  for (const std::int32_t id : small) EXPECT_EQ(client.await(id).status(), "503");
}

TEST(Http2Memory, AConnectionGoesOnWhenThereIsNoRoomToReadInto) {
  HttpLimits limits;
  limits.dormant_after = Millis{1};  // Sweeps often.
  limits.memory_wait_max = Millis{50};
  Held held;
  Served server(held.handler(), limits, 4u << 20);
  Http2Client client(server);
  const std::int32_t id = client.post("/", "x");
  held.entered.get_future().get();
  const Budget::Share spent = server.spend_memory(0);
  client.ping();
  client.await_that([&] { return client.pings() == 1; });
  // What it has read into goes, and the memory is spent again.
  let_go_of_kept_pieces(server);
  const Budget::Share spent_too = server.spend_memory(0);
  client.ping();
  client.await_that([&] { return client.pings() == 2; });
  EXPECT_EQ(client.pings(), 2);
  held.release.release();
  EXPECT_EQ(client.body(id), "released");
}

TEST(Http2Memory, WhoIsGoneLeavesTheLine) {
  Served server(&echo, kPatient, 4u << 20);
  Http2Client client(server);
  EXPECT_EQ(client.body(client.post("/", "x")), expected("POST", "/", "x"));
  const Budget::Share spent = server.spend_memory(1u << 20);
  const std::size_t before = server.budget_used();
  Http2Client::Headers head = Http2Client::head_of("POST", "/");
  head.emplace_back("content-length", "900000");
  const std::int32_t gone = client.request(head, std::string(60'000, 'x'), /*is_whole=*/false);
  while (server.budget_used() < before + (64u << 10)) std::this_thread::yield();
  server.await_timers(3);
  client.reset(gone);
  Client behind(server);
  const std::string body(100'000, 'y');  // There is room for it.
  behind.send(post_of("/", body));
  EXPECT_EQ(behind.body(), expected("POST", "/", body));
}

TEST(Http2Memory, WhoOnlyAnnouncesABodyHoldsLittleForIt) {
  Served server(&echo);
  Http2Client client(server);
  Http2Client::Headers head = Http2Client::head_of("POST", "/");
  head.emplace_back("content-length", "60000");
  for (int i = 0; i < 50; ++i) client.request(head, "x", /*is_whole=*/false);
  client.ping();
  client.await_that([&] { return client.pings() == 1; });
  EXPECT_LT(server.budget_used(), 50u * (64u << 10)) << "each may send that much";
}

TEST(Http2Memory, HeadsAreChargedToo) {
  Served server(&echo);
  Http2Client client(server);
  Http2Client::Headers head = Http2Client::head_of("POST", "/");
  for (int i = 0; i < 4; ++i) head.emplace_back("x-same", std::string(3'500, 'x'));
  for (int i = 0; i < 100; ++i) client.request(head, "", /*is_whole=*/false);
  client.ping();
  client.await_that([&] { return client.pings() == 1; });
  EXPECT_GT(server.budget_used(), 100u * (14u << 10));
}

TEST(Http2Memory, AConnectionThatFindsNoneForItsSessionIsSentAway) {
  constexpr std::size_t kMemory = 4u << 20;
  Served server(&echo, {}, kMemory);
  auto wire = std::make_unique<Client>(server);
  while (server.budget_used() < HttpListener::kConnectionBytes) std::this_thread::yield();
  const Budget::Share spent = server.spend_memory(20u << 10);
  Http2Client client(std::move(wire), {});
  const std::int32_t id = client.post("/", "x");
  client.await_that([&] { return client.goaways() > 0; });
  EXPECT_EQ(client.goaways(), 1);
  EXPECT_EQ(client.so_far(id).status(), "(none)");
  EXPECT_LE(server.budget_used(), kMemory);
}

TEST(Http2Memory, RepliesThatTakeTurnsAreNotQuietWhileTheirPeerReads) {
  constexpr std::size_t kReply = 1u << 20;
  Served server(
      [](Request& request) -> Task<Reply> {
        if (request.method == "POST") co_return co_await echo(request);
        Reply reply;
        reply.body.assign(kReply, 'r');
        co_return reply;
      },
      kPatient, 64u << 20);
  Http2Client client(server, {.opens_windows = false, .stream_window = 16u << 20});
  std::vector<std::int32_t> replies;
  for (int i = 0; i < 4; ++i) replies.push_back(client.get("/"));
  const auto total = [&] {
    std::size_t bytes = 0;
    for (const std::int32_t id : replies) bytes += client.so_far(id).body.size();
    return bytes;
  };
  // All of them are made, and charged: what is left then stays so.
  const auto has_begun = [&](std::int32_t id) { return client.so_far(id).status() == "200"; };
  client.await_that(
      [&] { return total() >= 65'535 && std::all_of(replies.begin(), replies.end(), has_begun); });
  Budget::Share spent = server.spend_memory(1u << 20);
  Client waits(server);
  const std::string body(900'000, 'y');
  waits.send(post_of("/", body));  // So that it is looked for who is quiet.
  for (int i = 0; i < 5; ++i) {
    const std::size_t seen = total();
    client.open_window(1'000);
    client.await_that([&] { return total() >= seen + 1'000; });
    server.stand_still(std::chrono::seconds(1));
    server.await_looks_at_quiet();
  }
  client.open_window(16 << 20);
  for (const std::int32_t id : replies) EXPECT_EQ(client.body(id).size(), kReply);
  spent = {};
  EXPECT_EQ(waits.body(), expected("POST", "/", body));
}

}  // namespace
}  // namespace penstock::front
