#pragma once

#include "env/loop.h"
#include "env/posix/runtime.h"
#include "front/http_listener.h"
#include "support/moved_clocks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <cerrno>
#include <future>
#include <memory>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

// Real sockets on a real loop: what only a connection can show. Ports are picked by the system.

namespace penstock::front::testing {

/// Time as the test moves it on, for the listener; the real loop is told the real one.
class MovedTime final : public penstock::testing::MovedClocks, public env::Loop {
 public:
  explicit MovedTime(env::posix::Runtime& real)
      : MovedClocks(real.clocks()), loop_(real.control()) {}
  /// Of the listener's sweeps, mostly.
  int timers_armed() const { return armed_; }

  const Executor& executor() const override { return loop_.executor(); }
  bool is_current() const override { return loop_.is_current(); }
  std::size_t index() const override { return loop_.index(); }
  TimerId arm(SteadyTime at, std::function<void()> fire) override {
    ++armed_;
    return loop_.arm(at - steady_ahead(), std::move(fire));
  }
  TimerId arm(ServiceTime at, std::function<void()> fire) override {
    return loop_.arm(at, std::move(fire));
  }
  void disarm(TimerId id) override { loop_.disarm(id); }

 private:
  env::Loop& loop_;
  std::atomic<int> armed_ = 0;
};

/// A listener on a loop of its own, until it goes.
class Served {
 public:
  explicit Served(HttpListener::Handler handler, HttpLimits limits = {},
                  std::size_t budget_bytes = 64u << 20)
      : budget_(budget_bytes),
        runtime_(1, Millis{0}),
        time_(runtime_),
        thread_([this] { runtime_.run(); }) {
    std::promise<std::uint16_t> listening;
    post(runtime_.control().executor(), [&] {
      listener_ = std::make_unique<HttpListener>(time_, time_, budget_, std::move(handler),
                                                 std::move(limits));
      listening.set_value(listener_->listen("127.0.0.1", 0, false).value());
    });
    port_ = listening.get_future().get();
  }
  ~Served() {
    if (!stopped_) stop();
    runtime_.stop();
    thread_.join();
  }
  void stop() {
    stopped_ = true;
    begin_stop().get();
  }
  std::future<void> begin_stop() {
    stopped_ = true;
    auto done = std::make_shared<std::promise<void>>();
    std::future<void> ended = done->get_future();
    start(runtime_.control().executor(),
          [](HttpListener& listener, std::shared_ptr<std::promise<void>> out) -> Task<> {
            co_await listener.stop();
            out->set_value();
          }(*listener_, done));
    return ended;
  }
  /// Runs `work` on the loop and waits for it.
  void on_loop(std::function<void(HttpListener&)> work) {
    std::promise<void> done;
    post(runtime_.control().executor(), [&] {
      work(*listener_);
      done.set_value();
    });
    done.get_future().get();
  }
  std::uint16_t port() const { return port_; }
  std::size_t budget_used() const { return budget_.used_bytes(); }
  /// Takes what is left of the memory, but for `spare` bytes, until the share goes.
  Budget::Share spend_memory(std::size_t spare) {
    return budget_.take(budget_.limit_bytes() - budget_.used_bytes() - spare);
  }
  /// Lets time pass, and the listener look at it.
  void let_pass(Nanos time) {
    time_.move_steady(time);
    await_sweeps();
  }
  /// On the loop: it stood still for as long.
  void stand_still(Nanos time) { time_.move_steady(time); }
  void await_sweeps() { await_timers(2); }
  /// Until the loop has begun to wait for so many points in time.
  void await_timers(int count) {
    const int seen = time_.timers_armed();
    while (time_.timers_armed() < seen + count) std::this_thread::yield();
  }
  /// Whoever waits for memory makes the listener look twice at who is quiet.
  void await_looks_at_quiet() { await_timers(60); }

 private:
  Budget budget_;
  env::posix::Runtime runtime_;
  MovedTime time_;
  std::unique_ptr<HttpListener> listener_;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
  std::thread thread_;
};

class Client {
 public:
  /// `receive_bytes`: what its side of the connection holds, roughly; 0: as the system likes.
  explicit Client(const Served& server, int receive_bytes = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{20, 0};
    const int on = 1;
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (receive_bytes != 0)
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  virtual ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Ends its own side only; or the whole, so that the peer is told at once.
  void end_sending() { ::shutdown(socket_, SHUT_WR); }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send_some(bytes);
      if (sent <= 0) return;  // The server has closed; what it said is still to be read.
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// Head and body of the next reply; empty when the connection ends first.
  std::string reply(bool with_body = true) {
    while (received_.find("\r\n\r\n") == std::string::npos) {
      if (!read_more()) return {};
    }
    std::size_t size = received_.find("\r\n\r\n") + 4;
    const std::size_t length = received_.substr(0, size).find("Content-Length: ");
    if (with_body && length != std::string::npos) size += std::stoul(received_.substr(length + 16));
    while (received_.size() < size) {
      if (!read_more()) return {};
    }
    const bool in_chunks =
        received_.substr(0, size).find("Transfer-Encoding: chunked") != std::string::npos;
    std::string out = received_.substr(0, size);
    received_.erase(0, size);
    return in_chunks && with_body ? out + until("0\r\n\r\n") : out;
  }
  static std::string body_of(const std::string& reply) {
    const std::size_t end = reply.find("\r\n\r\n");
    return end == std::string::npos ? "(no reply)" : reply.substr(end + 4);
  }
  std::string body() { return body_of(reply()); }
  /// Bytes up to and with `end`; what has come when the connection ends first.
  std::string until(std::string_view end) {
    std::size_t at = received_.find(end);
    while (at == std::string::npos) {
      const std::size_t seen = received_.size();
      if (!read_more()) return std::exchange(received_, {});
      at = received_.find(end, seen - std::min(seen, end.size() - 1));
    }
    std::string out = received_.substr(0, at + end.size());
    received_.erase(0, at + end.size());
    return out;
  }
  /// Goes without a word, so that the server's next send fails.
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::shutdown(socket_, SHUT_RDWR);
  }
  /// Until something of a reply is there.
  void await_reply() { EXPECT_TRUE(!received_.empty() || read_more()); }
  /// What has come and was not taken; waits for it. Empty: the connection has ended.
  std::string some() {
    if (received_.empty()) read_more();
    return std::exchange(received_, {});
  }
  bool is_closed() { return received_.empty() && !read_more(); }

 protected:
  virtual ssize_t send_some(std::string_view bytes) {
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  virtual ssize_t receive_some(char* into, std::size_t room) {
    return ::recv(socket_, into, room, 0);
  }
  int socket() const { return socket_; }

 private:
  bool read_more() {
    char bytes[65'536];
    ssize_t got = 0;
    do {
      errno = 0;
      got = receive_some(bytes, sizeof bytes);
    } while (got < 0 && errno == EINTR);  // The machine stood still, and goes on.
    if (got < 0 && errno == EAGAIN) ADD_FAILURE() << "neither bytes nor the end have come";
    if (got <= 0) return false;
    received_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }
  int socket_;
  std::string received_;
};

/// Says what it got: method, path, query, size and a sum of the body.
inline Task<Reply> echo(Request& request) {
  std::uint64_t sum = 0;
  for (const char c : request.body) sum = sum * 31 + static_cast<unsigned char>(c);
  Reply reply;
  reply.body = std::string(request.method) + " " + std::string(request.path) + " " +
               std::string(request.query) + " " + std::to_string(request.body.size()) + " " +
               std::to_string(sum);
  co_return reply;
}
inline std::string expected(std::string_view method, std::string_view path, std::string_view body) {
  std::uint64_t sum = 0;
  for (const char c : body) sum = sum * 31 + static_cast<unsigned char>(c);
  return std::string(method) + " " + std::string(path) + "  " + std::to_string(body.size()) + " " +
         std::to_string(sum);
}
inline std::string post_of(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

}  // namespace penstock::front::testing
