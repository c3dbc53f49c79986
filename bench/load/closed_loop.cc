#include "load/closed_loop.h"

#include "load/http2_loop.h"
#include "load/wire.h"

#include <algorithm>
#include <memory>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

namespace penstock::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Line {
  std::size_t number = 0;
  std::unique_ptr<Wire> wire;
  std::string_view out;  ///< What is left to be sent.
  ReplyBuffer in;
  Clock::time_point begun;
  bool waits_to_send = false;
};

class Loop {
 public:
  Loop(const Load& load, Work& work)
      : load_(load), work_(work), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (std::size_t i = 0; i < load.connections; ++i) {
      lines_.push_back(std::make_unique<Line>());
      Line& line = *lines_.back();
      line.number = i;
      line.wire =
          std::make_unique<Wire>(load.port, load.tls ? Wire::Kind::kTls : Wire::Kind::kPlain);
      epoll_event event{.events = EPOLLIN, .data = {.ptr = &line}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, line.wire->socket(), &event);
    }
  }
  ~Loop() { ::close(epoll_); }

  /// Goes on until `until`, then waits for the replies that are still to come.
  void drive(Clock::time_point until, std::vector<std::uint32_t>* latencies) {
    latencies_ = latencies;
    until_ = until;
    for (const auto& line : lines_) begin(*line, Clock::now());
    epoll_event ready[64];
    while (in_flight_ > 0) {
      const int count = ::epoll_wait(epoll_, ready, 64, 30'000);
      if (count == 0) fail("no reply for thirty seconds");
      for (int i = 0; i < count; ++i) {
        Line& line = *static_cast<Line*>(ready[i].data.ptr);
        if ((ready[i].events & EPOLLOUT) != 0) send(line);
        if ((ready[i].events & ~static_cast<unsigned>(EPOLLOUT)) != 0) receive(line);
      }
    }
  }

  std::uint64_t records() const { return records_; }

 private:
  void begin(Line& line, Clock::time_point now) {
    if (now >= until_ || requests_ == load_.requests_max) return;
    line.out = work_.next(line.number, now);
    if (line.out.empty()) return;
    ++requests_;
    ++in_flight_;
    line.in.clear();
    line.begun = now;
    send(line);
  }

  void send(Line& line) {
    line.out.remove_prefix(line.wire->send(line.out));
    if (line.waits_to_send == !line.out.empty()) return;
    line.waits_to_send = !line.out.empty();
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &line}};
    if (line.waits_to_send) event.events |= EPOLLOUT;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, line.wire->socket(), &event);
  }

  void receive(Line& line) {
    do {
      receive_some(line);
    } while (line.wire->has_more());
  }

  void receive_some(Line& line) {
    char* const into = line.in.tail();
    const std::size_t got = line.wire->receive(into, line.in.room());
    if (got == 0) return;
    const auto reply = line.in.received(got);
    if (!reply) return;
    const auto now = Clock::now();
    if (latencies_ != nullptr) {
      latencies_->push_back(static_cast<std::uint32_t>(
          std::chrono::duration_cast<std::chrono::nanoseconds>(now - line.begun).count() / 100));
    }
    records_ += work_.check(line.number, *reply);
    --in_flight_;
    begin(line, now);
  }

  const Load& load_;
  Work& work_;
  int epoll_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::vector<std::uint32_t>* latencies_ = nullptr;
  Clock::time_point until_;
  std::size_t in_flight_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t records_ = 0;
};

double own_cpu_s() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

CpuTime server_cpu(const Load& load) {
  return load.server_pid == 0 ? CpuTime{} : cpu_time_of(load.server_pid);
}

template <class AnyLoop>
Figures run_in(AnyLoop& loop, const Load& load) {
  if (load.warm_up.count() > 0) loop.drive(Clock::now() + load.warm_up, nullptr);
  Figures figures;
  const std::uint64_t records_before = loop.records();
  const double own_before = own_cpu_s();
  const CpuTime before = server_cpu(load);
  const auto begun = Clock::now();
  loop.drive(begun + load.measured, &figures.latencies_us_tenths);
  figures.seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  figures.server = server_cpu(load) - before;
  figures.own_cpu_s = own_cpu_s() - own_before;
  figures.records = loop.records() - records_before;
  figures.requests = figures.latencies_us_tenths.size();
  std::sort(figures.latencies_us_tenths.begin(), figures.latencies_us_tenths.end());
  return figures;
}

}  // namespace

double Figures::latency_us(double quantile) const {
  if (latencies_us_tenths.empty()) return 0;
  const auto last = static_cast<double>(latencies_us_tenths.size() - 1);
  return latencies_us_tenths[static_cast<std::size_t>(quantile * last)] / 10.0;
}

Figures run(const Load& load, Work& work) {
  if (load.streams != 0) {
    Http2Loop loop(load, work);
    return run_in(loop, load);
  }
  Loop loop(load, work);
  return run_in(loop, load);
}

}  // namespace penstock::bench
