#include "load/fan_out.h"

#include "base/base64.h"
#include "base/event_stream.h"
#include "load/calls.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <poll.h>
#include <string.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace penstock::bench {
namespace {

using Clock = SignedRequest::Clock;

double microseconds(Clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

void send_whole(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) fail("cannot send a request");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

/// An event stream over HTTP/1.1 as it comes in.
class Subscription {
 public:
  Subscription(std::uint16_t port, const std::string& consumer_arn, std::size_t shard)
      : socket_(connect_to(port)) {
    SignedRequest request =
        kinesis_request("SubscribeToShard", R"({"ConsumerARN":")" + consumer_arn +
                                                R"(","ShardId":"shardId-)" + std::to_string(shard) +
                                                R"(","StartingPosition":{"Type":"LATEST"}})");
    send_whole(socket_, request.bytes(Clock::now()));
  }
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  ~Subscription() { ::close(socket_); }
  int socket() const { return socket_; }

  /// Takes what has come; how many events it was, and how many of them had records.
  struct Came {
    int events = 0;
    int with_records = 0;
  };
  Came receive() {
    char bytes[64 << 10];
    const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
    if (got <= 0) fail("a subscription ended");
    raw_.append(bytes, static_cast<std::size_t>(got));
    if (!has_head_) take_head();
    if (has_head_) take_chunks();
    return take_events();
  }

 private:
  void take_head() {
    const std::size_t end = raw_.find("\r\n\r\n");
    if (end == raw_.npos) return;
    if (!raw_.starts_with("HTTP/1.1 200")) fail("no subscription: " + raw_.substr(0, 600));
    raw_.erase(0, end + 4);
    has_head_ = true;
  }
  void take_chunks() {
    while (true) {
      const std::size_t line = raw_.find("\r\n");
      if (line == raw_.npos) return;
      std::size_t size = 0;
      std::from_chars(raw_.data(), raw_.data() + line, size, 16);
      if (size == 0) fail("a subscription ended");
      if (raw_.size() < line + 2 + size + 2) return;
      events_.append(raw_, line + 2, size);
      raw_.erase(0, line + 2 + size + 2);
    }
  }
  Came take_events() {
    Came came;
    while (true) {
      const auto event = read_event(events_);
      if (!event.ok()) fail(event.error().message);
      if (!event->has_value()) return came;
      if ((*event)->text(":message-type") != "event") fail("an exception ends a subscription");
      ++came.events;
      if ((*event)->payload.starts_with(R"({"Records":[{)")) ++came.with_records;
      events_.erase(0, (*event)->bytes);
    }
  }

  int socket_;
  bool has_head_ = false;
  std::string raw_;     ///< As it came, from the next chunk on.
  std::string events_;  ///< From the next event on.
};
using Subscriptions = std::vector<std::unique_ptr<Subscription>>;

std::string register_consumer(Connection& connection, std::string_view stream, std::size_t number) {
  SignedRequest summary = kinesis_request("DescribeStreamSummary",
                                          R"({"StreamName":")" + std::string(stream) + R"("})");
  const std::string arn = member_of(connection.exchange(summary.bytes(Clock::now())), "StreamARN");
  SignedRequest request = kinesis_request(
      "RegisterStreamConsumer",
      R"({"StreamARN":")" + arn + R"(","ConsumerName":"reader)" + std::to_string(number) + R"("})");
  return member_of(connection.exchange(request.bytes(Clock::now())), "ConsumerARN");
}

/// Until each of them has told where it stands.
void wait_for_first_events(const Subscriptions& subscriptions) {
  for (const auto& one : subscriptions) {
    for (int events = 0; events < 2;) events += one->receive().events;
  }
}

/// Takes what the idle ones were sent meanwhile.
void drain(const Subscriptions& subscriptions) {
  std::vector<pollfd> waiting;
  for (const auto& one : subscriptions) waiting.push_back({one->socket(), POLLIN, 0});
  if (::poll(waiting.data(), waiting.size(), 0) <= 0) return;
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    if (waiting[i].revents != 0) subscriptions[i]->receive();
  }
}

/// One put and its frames, by one poll over all sockets.
class Round {
 public:
  Round(int put_socket, const Subscriptions& readers) : put_socket_(put_socket), readers_(readers) {
    waiting_.push_back({put_socket, POLLIN, 0});
    for (const auto& one : readers) waiting_.push_back({one->socket(), POLLIN, 0});
  }
  void run(std::string_view request, FanOutFigures* figures) {
    std::vector<Clock::time_point> frames(readers_.size());
    Clock::time_point acknowledged{};
    in_.clear();
    const Clock::time_point begun = Clock::now();
    send_whole(put_socket_, request);
    std::size_t missing = readers_.size() + 1;
    while (missing != 0) {
      if (::poll(waiting_.data(), waiting_.size(), 20'000) <= 0) fail("a frame did not come");
      const Clock::time_point now = Clock::now();
      if (waiting_[0].revents != 0 && take_reply()) {
        acknowledged = now;
        --missing;
      }
      for (std::size_t i = 0; i < readers_.size(); ++i) {
        if (waiting_[i + 1].revents == 0 || readers_[i]->receive().with_records == 0) continue;
        frames[i] = now;
        --missing;
      }
    }
    if (figures == nullptr) return;
    figures->put_us.push_back(microseconds(acknowledged - begun));
    for (const Clock::time_point frame : frames) {
      figures->frame_us.push_back(std::max(0.0, microseconds(frame - acknowledged)));
      figures->whole_us.push_back(microseconds(frame - begun));
    }
  }

 private:
  bool take_reply() {
    char* const into = in_.tail();
    const ssize_t got = ::recv(put_socket_, into, in_.room(), 0);
    if (got <= 0) fail("the server closed a connection");
    const auto reply = in_.received(static_cast<std::size_t>(got));
    if (reply && reply->status != 200) fail("a put failed: " + std::string(reply->body));
    return reply.has_value();
  }

  int put_socket_;
  const Subscriptions& readers_;
  std::vector<pollfd> waiting_;
  ReplyBuffer in_;
};

}  // namespace

FanOutFigures measure_fan_out(const FanOut& fan_out) {
  constexpr std::size_t kDataBytes = 100;
  Connection calls(fan_out.port);
  Subscriptions readers;
  Subscriptions idle;
  for (std::size_t i = 0; i < fan_out.readers; ++i) {
    const std::string arn = register_consumer(calls, fan_out.stream, i);
    readers.push_back(std::make_unique<Subscription>(fan_out.port, arn, 0));
    if (fan_out.idle_shards == 0) continue;
    const std::string idle_arn = register_consumer(calls, fan_out.idle_stream, i);
    for (std::size_t shard = 0; shard < fan_out.idle_shards; ++shard) {
      idle.push_back(std::make_unique<Subscription>(fan_out.port, idle_arn, shard));
    }
  }
  wait_for_first_events(readers);
  wait_for_first_events(idle);
  FanOutFigures figures;
  figures.subscriptions = readers.size() + idle.size();
  const int put_socket = connect_to(fan_out.port);
  Round round(put_socket, readers);
  for (int number = -fan_out.warm_up; number < fan_out.measured; ++number) {
    SignedRequest request =
        kinesis_request("PutRecord", R"({"StreamName":")" + std::string(fan_out.stream) +
                                         R"(","PartitionKey":"k","ExplicitHashKey":"0","Data":")" +
                                         base64_encode(std::string(kDataBytes, 'x')) + R"("})");
    round.run(request.bytes(Clock::now()), number < 0 ? nullptr : &figures);
    drain(idle);
    std::this_thread::sleep_for(fan_out.pause);
  }
  ::close(put_socket);
  for (std::vector<double>* one : {&figures.put_us, &figures.frame_us, &figures.whole_us}) {
    std::sort(one->begin(), one->end());
  }
  return figures;
}

}  // namespace penstock::bench
