#include "env/posix/runtime.h"

#include "env/posix/clocks.h"
#include "env/posix/event_loop.h"

#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdlib>
#include <thread>

namespace penstock::env::posix {

struct Runtime::Parts {
  explicit Parts(Millis service_offset) : clocks(service_offset) {}
  PosixClocks clocks;
  std::vector<std::unique_ptr<EventLoop>> loops;
  std::vector<std::thread> threads;
  std::unique_ptr<boost::asio::signal_set> signals;
  std::function<void()> stop_asked;
};

Runtime::Runtime(std::size_t loops, Millis service_offset)
    : parts_(std::make_unique<Parts>(service_offset)) {
  PENSTOCK_CHECK(loops > 0, "a runtime has at least the control loop");
  for (std::size_t i = 0; i < loops; ++i) {
    parts_->loops.push_back(std::make_unique<EventLoop>(i, parts_->clocks));
  }
  parts_->clocks.on_advance([parts = parts_.get()] {
    for (const auto& loop : parts->loops) loop->look_at_service_timers();
  });
}

Runtime::~Runtime() {
  parts_->signals.reset();
  PENSTOCK_CHECK(parts_->threads.empty(), "run() has returned before the runtime goes");
}

Clocks& Runtime::clocks() { return parts_->clocks; }

std::vector<Loop*> Runtime::loops() const {
  std::vector<Loop*> all;
  for (const auto& loop : parts_->loops) all.push_back(loop.get());
  return all;
}

namespace {

void wait_for_signal(boost::asio::signal_set& signals, std::function<void()> first) {
  signals.async_wait(
      [&signals, first = std::move(first)](const boost::system::error_code& error, int) {
        if (error) return;
        if (!first) std::_Exit(130);  // Asked twice: somebody is in a hurry.
        first();
        wait_for_signal(signals, nullptr);
      });
}

}  // namespace

void Runtime::on_stop_signal(std::function<void()> stop) {
  parts_->signals =
      std::make_unique<boost::asio::signal_set>(parts_->loops.front()->context(), SIGINT, SIGTERM);
  wait_for_signal(*parts_->signals, std::move(stop));
}

void Runtime::run() {
  for (std::size_t i = 1; i < parts_->loops.size(); ++i) {
    parts_->threads.emplace_back([loop = parts_->loops[i].get()] { loop->run(); });
  }
  parts_->loops.front()->run();
  for (std::thread& thread : parts_->threads) thread.join();
  parts_->threads.clear();
}

void Runtime::stop() {
  for (const auto& loop : parts_->loops) loop->stop();
}

}  // namespace penstock::env::posix
