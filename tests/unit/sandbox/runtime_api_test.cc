#include "sandbox/runtime_api.h"

#include "env/posix/runtime.h"
#include "function/report.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <future>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

// Real sockets on a real loop, as a runtime's client uses them.

namespace penstock::sandbox {
namespace {

constexpr std::string_view kBase = "/2018-06-01/runtime/";

/// What the API told, in its order.
class Told final : public RuntimeObserver {
 public:
  void ready() override { calls.emplace_back("ready"); }
  std::int64_t delivered() override {
    calls.emplace_back("delivered");
    return 1'700'000'000'123;
  }
  void responded(std::string payload) override { calls.push_back("responded " + payload); }
  void response_too_large() override { calls.emplace_back("too large"); }
  void failed(std::string payload, std::string type) override {
    calls.push_back("failed " + type + " " + payload);
  }
  void init_failed(std::string payload, std::string type) override {
    calls.push_back("init failed " + type + " " + payload);
  }
  std::vector<std::string> calls;
};

struct Reply {
  int status = 0;
  std::string head;
  std::string body;
  std::string header(std::string_view name) const {
    const std::size_t at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return "(none)";
    const std::size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

/// One connection; status 0 when it broke.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Reply call(const std::string& method, std::string_view path, std::string_view body = {},
             const std::string& headers = {}) {
    std::string request = method + " " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n" + headers +
                          "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    request += body;
    for (std::size_t sent = 0; sent < request.size();) {
      const ssize_t now =
          ::send(socket_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      if (now <= 0) return {};
      sent += static_cast<std::size_t>(now);
    }
    std::string bytes;
    std::size_t end = std::string::npos, whole = std::string::npos;
    while (bytes.size() < whole) {
      char part[4096];
      const ssize_t now = ::recv(socket_, part, sizeof part, 0);
      if (now <= 0) return {};
      bytes.append(part, static_cast<std::size_t>(now));
      if (end == std::string::npos && (end = bytes.find("\r\n\r\n")) != std::string::npos) {
        const Reply head{0, bytes.substr(0, end + 2), {}};
        whole =
            end + 4 +
            std::stoul(head.header("content-length") == "(none)" ? head.header("Content-Length")
                                                                 : head.header("content-length"));
      }
    }
    return {std::stoi(bytes.substr(9, 3)), bytes.substr(0, end + 2), bytes.substr(end + 4)};
  }

 private:
  int socket_;
};

/// The API of one environment on a loop of its own.
class Served {
 public:
  Served() : budget_(256u << 20), runtime_(1, Millis{0}), thread_([this] { runtime_.run(); }) {
    on_loop([this] {
      api_ = std::make_unique<RuntimeApi>(runtime_.control(), runtime_.clocks(), budget_, told_);
      const Result<std::string> at = api_->listen();
      EXPECT_TRUE(at.ok() && at->starts_with("127.0.0.1:"));
      port_ = static_cast<std::uint16_t>(std::stoi(at->substr(10)));
    });
  }
  ~Served() {
    stop();
    on_loop([this] { api_.reset(); });
    runtime_.stop();
    thread_.join();
  }
  void stop() {
    std::promise<void> done;
    start(runtime_.control().executor(), [](RuntimeApi& api, std::promise<void>& out) -> Task<> {
      co_await api.stop();
      out.set_value();
    }(*api_, done));
    done.get_future().get();
  }
  void give(const std::string& id, const std::string& payload = "1",
            const std::string& client_context = {}) {
    on_loop([&] {
      api_->give({.request_id = id,
                  .payload = payload,
                  .invoked_arn = "arn",
                  .client_context = client_context,
                  .trace_id = "Root=1"});
    });
  }
  bool take_back() {
    bool taken = false;
    on_loop([&] { taken = api_->take_back(); });
    return taken;
  }
  void withdraw() {
    on_loop([&] { api_->withdraw(); });
  }
  bool has_started() {
    bool started = false;
    on_loop([&] { started = api_->has_started(); });
    return started;
  }
  std::vector<std::string> told() {
    std::vector<std::string> calls;
    on_loop([&] { calls = told_.calls; });
    return calls;
  }
  std::uint16_t port() const { return port_; }

 private:
  void on_loop(std::function<void()> work) {
    std::promise<void> done;
    post(runtime_.control().executor(), [&] {
      work();
      done.set_value();
    });
    done.get_future().get();
  }
  Budget budget_;
  env::posix::Runtime runtime_;
  Told told_;
  std::unique_ptr<RuntimeApi> api_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

std::string at(std::string_view path) { return std::string(kBase) + std::string(path); }

using Calls = std::vector<std::string>;

TEST(RuntimeApi, GivesTheEventWithItsHeaders) {
  Served served;
  served.give("id", "{\"a\":1}", "{\"client\":{}}");
  Client client(served.port());
  const Reply reply = client.call("GET", at("invocation/next"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "{\"a\":1}");
  EXPECT_EQ(reply.header("Lambda-Runtime-Aws-Request-Id"), "id");
  EXPECT_EQ(reply.header("Lambda-Runtime-Deadline-Ms"), "1700000000123");
  EXPECT_EQ(reply.header("Lambda-Runtime-Invoked-Function-Arn"), "arn");
  EXPECT_EQ(reply.header("Lambda-Runtime-Trace-Id"), "Root=1");
  EXPECT_EQ(reply.header("Lambda-Runtime-Client-Context"), "{\"client\":{}}");
  EXPECT_EQ(served.told(), (Calls{"ready", "delivered"}));
}

TEST(RuntimeApi, AnEmptyClientContextIsNoHeader) {
  Served served;
  served.give("id");
  Client client(served.port());
  EXPECT_EQ(client.call("GET", at("invocation/next")).header("Lambda-Runtime-Client-Context"),
            "(none)");
}

TEST(RuntimeApi, NextWaitsForTheEvent) {
  Served served;
  Client client(served.port());
  auto next =
      std::async(std::launch::async, [&] { return client.call("GET", at("invocation/next")); });
  while (!served.has_started()) std::this_thread::yield();
  served.give("id", "7");
  EXPECT_EQ(next.get().body, "7");
}

TEST(RuntimeApi, OneInvocationAfterTheOther) {
  Served served;
  Client client(served.port());
  for (const std::string id : {"one", "two"}) {
    served.give(id, "\"" + id + "\"");
    EXPECT_EQ(client.call("GET", at("invocation/next")).header("Lambda-Runtime-Aws-Request-Id"),
              id);
    EXPECT_EQ(client.call("POST", at("invocation/" + id + "/response"), "[" + id + "]").status,
              202);
  }
  EXPECT_EQ(served.told(),
            (Calls{"ready", "delivered", "responded [one]", "delivered", "responded [two]"}));
}

TEST(RuntimeApi, AnErrorComesWithItsType) {
  Served served;
  served.give("id");
  Client client(served.port());
  client.call("GET", at("invocation/next"));
  EXPECT_EQ(client
                .call("POST", at("invocation/id/error"), "{}",
                      "Lambda-Runtime-Function-Error-Type: Runtime.Mine\r\n")
                .status,
            202);
  served.give("other");
  client.call("GET", at("invocation/next"));
  client.call("POST", at("invocation/other/error"), "{}");
  EXPECT_EQ(served.told().at(2), "failed Runtime.Mine {}");
  EXPECT_EQ(served.told().at(4), "failed Runtime.Unknown {}");
}

TEST(RuntimeApi, AskedAgainBeforeAnAnswerItGivesTheSameEvent) {
  Served served;
  served.give("id", "7");
  Client client(served.port());
  EXPECT_EQ(client.call("GET", at("invocation/next")).body, "7");
  EXPECT_EQ(client.call("GET", at("invocation/next")).body, "7");
  EXPECT_EQ(served.told(), (Calls{"ready", "delivered"})) << "its time-out runs from the first";
}

TEST(RuntimeApi, OnlyTheRequestThatRunsCanBeAnsweredAndOnce) {
  Served served;
  Client client(served.port());
  EXPECT_EQ(client.call("POST", at("invocation/id/response"), "1").status, 403) << "none runs yet";
  served.give("id");
  client.call("GET", at("invocation/next"));
  const Reply other = client.call("POST", at("invocation/other/response"), "1");
  EXPECT_EQ(other.status, 400);
  EXPECT_EQ(other.body, R"({"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"})");
  EXPECT_EQ(client.call("POST", at("invocation/id/response"), "1").status, 202);
  EXPECT_EQ(client.call("POST", at("invocation/id/response"), "2").status, 400);
  EXPECT_EQ(client.call("POST", at("invocation/id/error"), "2").status, 400);
  EXPECT_EQ(served.told(), (Calls{"ready", "delivered", "responded 1"}));
}

TEST(RuntimeApi, AResponseThatIsTooLargeIsReadAndRefused) {
  Served served;
  served.give("id");
  Client client(served.port());
  client.call("GET", at("invocation/next"));
  const std::string body(function::kResponseBytesMax + 1, 'x');
  EXPECT_EQ(client.call("POST", at("invocation/id/response"), body).status, 413);
  EXPECT_EQ(served.told().back(), "too large");
  served.give("next", "2");
  EXPECT_EQ(client.call("GET", at("invocation/next")).body, "2") << "the connection goes on";
}

TEST(RuntimeApi, ALargestResponseIsTaken) {
  Served served;
  served.give("id");
  Client client(served.port());
  client.call("GET", at("invocation/next"));
  const std::string body(function::kResponseBytesMax, 'x');
  EXPECT_EQ(client.call("POST", at("invocation/id/response"), body).status, 202);
  EXPECT_EQ(served.told().back(), "responded " + body);
}

TEST(RuntimeApi, AFailedStartIsToldBeforeTheFirstNextOnly) {
  Served served;
  Client client(served.port());
  EXPECT_EQ(client
                .call("POST", at("init/error"), "{}",
                      "Lambda-Runtime-Function-Error-Type: Runtime.ImportModuleError\r\n")
                .status,
            202);
  EXPECT_EQ(served.told(), Calls{"init failed Runtime.ImportModuleError {}"});
  served.give("id");
  client.call("GET", at("invocation/next"));
  EXPECT_EQ(client.call("POST", at("init/error"), "{}").status, 403);
}

TEST(RuntimeApi, AnEventCanBeTakenBackUntilTheRuntimeHasIt) {
  Served served;
  EXPECT_FALSE(served.take_back()) << "there is none";
  served.give("id");
  EXPECT_TRUE(served.take_back());
  served.give("other", "2");
  Client client(served.port());
  EXPECT_EQ(client.call("GET", at("invocation/next")).body, "2");
  EXPECT_FALSE(served.take_back());
}

TEST(RuntimeApi, AnAnswerToAnEventThatIsOverChangesNothing) {
  Served served;
  Client client(served.port());
  served.give("id");
  client.call("GET", at("invocation/next"));
  served.withdraw();
  const std::string large(function::kResponseBytesMax + 1, 'x');
  EXPECT_EQ(client.call("POST", at("invocation/id/response"), "1").status, 400);
  EXPECT_EQ(client.call("POST", at("invocation/id/response"), large).status, 400);
  EXPECT_EQ(client.call("POST", at("invocation/id/error"), "{}").status, 400);
  EXPECT_EQ(served.told(), (Calls{"ready", "delivered"}));
  served.give("next", "2");
  EXPECT_EQ(client.call("GET", at("invocation/next")).body, "2") << "not the one that is over";
  EXPECT_EQ(client.call("POST", at("invocation/next/response"), "3").status, 202);
  EXPECT_EQ(served.told().back(), "responded 3");
}

TEST(RuntimeApi, AnEventThatIsOverBeforeItWasTakenIsNotGiven) {
  Served served;
  served.give("id");
  served.withdraw();
  served.give("other", "2");
  Client client(served.port());
  EXPECT_EQ(client.call("GET", at("invocation/next")).body, "2");
}

TEST(RuntimeApi, TwoCannotWaitAtOnce) {
  Served served;
  Client first(served.port()), second(served.port());
  auto next =
      std::async(std::launch::async, [&] { return first.call("GET", at("invocation/next")); });
  while (!served.has_started()) std::this_thread::yield();
  EXPECT_EQ(second.call("GET", at("invocation/next")).status, 403);
  served.give("id", "7");
  EXPECT_EQ(next.get().body, "7");
}

TEST(RuntimeApi, AStopEndsTheCallThatWaits) {
  Served served;
  Client client(served.port());
  auto next =
      std::async(std::launch::async, [&] { return client.call("GET", at("invocation/next")); });
  while (!served.has_started()) std::this_thread::yield();
  served.stop();
  EXPECT_NE(next.get().status, 200);
}

TEST(RuntimeApi, WhatIsNotThere) {
  Served served;
  Client client(served.port());
  for (const auto& [method, path] : std::vector<std::pair<std::string, std::string>>{
           {"GET", "/"},
           {"GET", "/2015-01-01/runtime/invocation/next"},
           {"POST", at("invocation/next")},
           {"GET", at("init/error")},
           {"POST", at("invocation/id/other")},
           {"POST", at("invocation/id")},
           {"GET", at("")}}) {
    EXPECT_EQ(client.call(method, path).status, 404) << method << " " << path;
  }
  EXPECT_EQ(client.call("GET", "/2018-06-01/ping").body, "pong");
  EXPECT_EQ(served.told(), Calls{});
}

}  // namespace
}  // namespace penstock::sandbox
