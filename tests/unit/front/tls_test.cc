#include "front/tls.h"

#include "front/http_listener.h"
#include "unit/front/handlers.h"
#include "unit/front/http2_client.h"
#include "unit/front/served.h"
#include "unit/front/tls_client.h"

#include <future>
#include <vector>

// TLS in front of both protocols, with OpenSSL's client on the other side.

namespace penstock::front {
namespace {

using testing::Client;
using testing::echo;
using testing::expected;
using testing::Http2Client;
using testing::post_of;
using testing::Served;
using testing::streaming;
using testing::Tap;
using testing::TlsClient;
using testing::Watching;

constexpr std::string_view kH2("\x2h2", 3);
constexpr std::string_view kBoth("\x8http/1.1\x2h2", 12);

/// One for all tests: making keys takes a while.
const SelfSigned& certificates() {
  static const SelfSigned made = make_self_signed({"localhost", "127.0.0.1", "::1"});
  return made;
}

const TlsKeys& keys() {
  static TlsKeys held;
  static const bool is_set = [] {
    held.replace(TlsContext::make(certificates().certificate, certificates().key).value());
    return true;
  }();
  (void)is_set;
  return held;
}

HttpLimits with_tls() {
  HttpLimits limits;
  limits.tls = &keys();
  return limits;
}
TlsClient::Options trusting() { return {.ca = certificates().ca}; }

std::string pattern(std::size_t bytes) {
  std::string body(bytes, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7 + i / 4'096);
  return body;
}

TEST(Tls, AnswersRequestsOfHttp11AndBesideThemThoseWithoutTls) {
  Served server(&echo, with_tls());
  TlsClient client(server, trusting());
  ASSERT_TRUE(client.is_agreed());
  Client plain(server);
  for (int i = 0; i < 5; ++i) {
    const std::string body(static_cast<std::size_t>(i) * 1'000, 'x');
    client.send(post_of("/a", body));
    EXPECT_EQ(client.body(), expected("POST", "/a", body));
    plain.send(post_of("/b", body));
    EXPECT_EQ(plain.body(), expected("POST", "/b", body));
  }
}

TEST(Tls, ItsCertificateIsForTheNamesItWasMadeFor) {
  Served server(&echo, with_tls());
  for (const char* host : {"localhost", "127.0.0.1", "::1"}) {
    EXPECT_TRUE(TlsClient(server, {.ca = certificates().ca, .host = host}).is_agreed()) << host;
  }
  for (const char* host : {"example.com", "127.0.0.2"}) {
    EXPECT_FALSE(TlsClient(server, {.ca = certificates().ca, .host = host}).is_agreed()) << host;
  }
  EXPECT_TRUE(is_usable(certificates(), {"localhost", "::1"}));
  EXPECT_FALSE(is_usable(certificates(), {"localhost", "10.0.0.1"}));
  EXPECT_FALSE(is_usable({}, {}));
  const SelfSigned another = make_self_signed({"localhost"});
  EXPECT_FALSE(TlsClient(server, {.ca = another.ca}).is_agreed()) << "who trusts another CA";
  SelfSigned mixed = certificates();
  mixed.ca = another.ca;
  EXPECT_FALSE(is_usable(mixed, {})) << "what a crash in the middle of writing leaves";
  mixed = certificates();
  mixed.key = another.key;
  EXPECT_FALSE(is_usable(mixed, {}));
}

TEST(Tls, Versions12And13AreSpokenAndOlderOnesAreNot) {
  Served server(&echo, with_tls());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(server, {.ca = certificates().ca, .version_max = version});
    ASSERT_TRUE(client.is_agreed());
    EXPECT_EQ(client.version(), version);
    client.send(post_of("/", "x"));
    EXPECT_EQ(client.body(), expected("POST", "/", "x"));
  }
  EXPECT_FALSE(
      TlsClient(server, {.ca = certificates().ca, .version_max = TLS1_1_VERSION}).is_agreed());
}

TEST(Tls, ASessionIsResumedByItsTicket) {
  Served server(&echo, with_tls());
  TlsClient first(server, trusting());
  first.send(post_of("/", "x"));
  EXPECT_EQ(first.body(), expected("POST", "/", "x"));
  EXPECT_FALSE(first.is_resumed());
  SSL_SESSION* const session = first.session();
  TlsClient second(server, {.ca = certificates().ca, .session = session});
  SSL_SESSION_free(session);
  EXPECT_TRUE(second.is_resumed());
  second.send(post_of("/", "y"));
  EXPECT_EQ(second.body(), expected("POST", "/", "y"));
}

TEST(Tls, LargeBodiesAndRepliesPassWhole) {
  Served server(
      [](Request& request) -> Task<Reply> {
        Reply reply;
        reply.body = std::string(request.body);
        co_return reply;
      },
      with_tls(), 256u << 20);
  TlsClient client(server, trusting());
  for (const std::size_t size : {0u, 1u, 16'000u, 16'384u, 16'385u, 33'000u, 9u << 20}) {
    const std::string body = pattern(size);
    client.send(post_of("/", body));
    EXPECT_TRUE(client.body() == body) << size;
  }
}

TEST(Tls, ARequestInSingleBytesIsRead) {
  Served server(&echo, with_tls());
  TlsClient client(server, trusting());
  for (const char& byte : post_of("/slow", "hello, world")) client.send({&byte, 1});
  EXPECT_EQ(client.body(), expected("POST", "/slow", "hello, world"));
}

TEST(Tls, Http2IsChosenByAlpnOrByItsPreface) {
  Served server(&echo, with_tls());
  for (const std::string_view protocols : {kH2, kBoth, std::string_view()}) {
    auto wire = std::make_unique<TlsClient>(
        server, TlsClient::Options{.ca = certificates().ca, .protocols = protocols});
    ASSERT_TRUE(wire->is_agreed());
    EXPECT_EQ(wire->protocol(), protocols.empty() ? "" : "h2");
    Http2Client client(std::move(wire), {});
    const std::string body = pattern(300'000);
    const std::int32_t large = client.post("/large", body);
    EXPECT_EQ(client.body(client.post("/small", "x")), expected("POST", "/small", "x"));
    EXPECT_EQ(client.body(large), expected("POST", "/large", body));
  }
  TlsClient old(server, {.ca = certificates().ca, .protocols = std::string_view("\x8http/1.1", 9)});
  EXPECT_EQ(old.protocol(), "http/1.1");
  TlsClient other(server, {.ca = certificates().ca, .protocols = std::string_view("\x3xyz", 4)});
  EXPECT_EQ(other.protocol(), "");
  other.send(post_of("/", "x"));
  EXPECT_EQ(other.body(), expected("POST", "/", "x"));
}

TEST(Tls, ASlowReaderOfALargeReplyGetsItWhole) {
  constexpr std::size_t kLarge = 24u << 20;
  Served server(
      [](Request&) -> Task<Reply> {
        Reply reply;
        reply.body = pattern(kLarge);
        co_return reply;
      },
      with_tls());
  TlsClient client(server, trusting());
  client.send("GET / HTTP/1.1\r\n\r\n");
  while (server.budget_used() < kLarge) std::this_thread::yield();  // The socket is full.
  EXPECT_TRUE(client.body() == pattern(kLarge));
}

TEST(Tls, AHandlerThatWaitsHearsOfTheEndAndNotOfRecordsThatHoldNothing) {
  Watching watching;
  HttpListener::Handler watch = watching.handler();
  Served server(
      [&](Request& request) { return request.path == "/" ? watch(request) : echo(request); },
      with_tls());
  TlsClient client(server, trusting());
  TlsClient another(server, trusting());
  client.send(post_of("/", "x"));
  watching.entered.get_future().get();
  std::future<void> left = watching.left.get_future();
  client.update_keys();
  for (int i = 0; i < 10; ++i) {  // Meanwhile the loop sees what has come before.
    another.send(post_of("/echo", "x"));
    EXPECT_EQ(another.body(), expected("POST", "/echo", "x"));
  }
  EXPECT_EQ(left.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  client.say_goodbye();
  left.get();
}

TEST(Tls, AStreamGoesOutAndHearsThatItsPeerHasGone) {
  Tap tap;
  Served server(streaming(tap), with_tls());
  TlsClient client(server, trusting());
  client.send("GET /tap HTTP/1.1\r\n\r\n");
  client.until("\r\n\r\n");
  tap.give("a");
  EXPECT_EQ(client.until("a\r\n"), "1\r\na\r\n");
  tap.await_asked(2);
  client.say_goodbye();
  tap.await_end();
  EXPECT_TRUE(tap.was_gone());
}

TEST(Tls, WhoDoesNotComeToAnAgreementIsClosedInTime) {
  HttpLimits limits = with_tls();
  limits.dormant_after = Millis{1};  // Sweeps often.
  Served server(&echo, limits);
  Client begun(server);
  begun.send(std::string_view("\x16\x03\x01\x02", 4));
  Client silent(server);
  Client garbled(server);
  garbled.send(std::string_view("\x16nonsense, and enough of it to be a record"));
  garbled.until("(until it ends)");
  server.on_loop([](HttpListener&) {});
  server.let_pass(limits.greeting_max + std::chrono::seconds(1));
  begun.until("(until it ends)");
  silent.send(post_of("/", "x"));
  EXPECT_EQ(silent.body(), expected("POST", "/", "x")) << "who has said nothing is idle";
}

TEST(Tls, WithoutACertificateItIsNotSpoken) {
  const TlsKeys none;
  HttpLimits limits;
  limits.tls = &none;
  Served server(&echo, limits);
  Client begins(server);
  begins.send("\x16\x03\x01 and what is no request either\r\n\r\n");
  EXPECT_TRUE(begins.reply().starts_with("HTTP/1.1 400"));
  Client plain(server);
  plain.send(post_of("/", "x"));
  EXPECT_EQ(plain.body(), expected("POST", "/", "x"));
}

TEST(Tls, WhoIsQuietMakesRoomForItsMemory) {
  Served server(&echo, with_tls(), 4u << 20);
  TlsClient quiet(server, trusting());
  quiet.send(post_of("/", "x"));
  EXPECT_EQ(quiet.body(), expected("POST", "/", "x"));
  server.on_loop([](HttpListener&) {});  // It has noted when it answered.
  const Budget::Share spent = server.spend_memory(12u << 10);
  server.stand_still(std::chrono::seconds(5));
  EXPECT_TRUE(TlsClient(server, trusting()).is_agreed());
}

TEST(Tls, NewConnectionsGetTheCertificateThatCountsThen) {
  TlsKeys changing;
  const SelfSigned next = make_self_signed({"localhost"});
  changing.replace(keys().current());
  HttpLimits limits;
  limits.tls = &changing;
  Served server(&echo, limits);
  TlsClient before(server, trusting());
  ASSERT_TRUE(before.is_agreed());
  changing.replace(TlsContext::make(next.certificate, next.key).value());
  EXPECT_TRUE(TlsClient(server, {.ca = next.ca}).is_agreed());
  EXPECT_FALSE(TlsClient(server, trusting()).is_agreed());
  before.send(post_of("/", "x"));
  EXPECT_EQ(before.body(), expected("POST", "/", "x"));
}

TEST(Tls, WhatIsWrongWithItsFilesIsSaid) {
  const SelfSigned other = make_self_signed({"localhost"});
  const auto message = [](const std::string& certificate, const std::string& key) {
    const auto made = TlsContext::make(certificate, key);
    return made.ok() ? std::string("(nothing)") : made.error().message;
  };
  EXPECT_TRUE(message("nonsense", other.key).starts_with("the certificate's file holds no"));
  EXPECT_TRUE(message(other.certificate, "nonsense").starts_with("the key's file holds no key"));
  EXPECT_TRUE(message(other.certificate, certificates().key)
                  .starts_with("the key is not that of the certificate"));
  EXPECT_EQ(message(other.certificate + other.ca, other.key), "(nothing)") << "with its chain";
  EXPECT_EQ(message(other.certificate + "\nand a word\n", other.key), "(nothing)");
  std::string damaged = other.ca;
  damaged.erase(damaged.size() / 2, 40);
  EXPECT_TRUE(message(other.certificate + damaged, other.key)
                  .starts_with("the certificate's file holds a chain that cannot be used"));
}

}  // namespace
}  // namespace penstock::front
