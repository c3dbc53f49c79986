#pragma once

#include "unit/front/served.h"

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace penstock::front::testing {

/// A handler that waits until the test lets it go.
struct Held {
  std::promise<void> entered;
  Gate release;
  HttpListener::Handler handler() {
    return [this](Request&) -> Task<Reply> {
      entered.set_value();
      co_await release.wait();
      Reply reply;
      reply.body = "released";
      co_return reply;
    };
  }
};

/// A handler that waits until its peer has gone, and says so.
struct Watching {
  std::promise<void> entered;
  std::promise<void> left;
  HttpListener::Handler handler() {
    return [this](Request& request) -> Task<Reply> {
      const CancelToken gone = request.peer_gone();
      const env::Signal signal;
      const auto registration = gone.on_cancel([signal] { signal.notify(); });
      entered.set_value();
      co_await signal.wait({});
      left.set_value();
      Reply reply;
      reply.body = "nobody waits";
      co_return reply;
    };
  }
};

/// What a test hands to a stream, piece by piece, and what it sees of it.
class Tap {
 public:
  void give(std::string piece) {
    {
      const std::lock_guard lock(mutex_);
      pieces_.push_back(std::move(piece));
    }
    changed_.notify();
  }
  /// How often the next piece was asked for.
  int asked() const { return asked_; }
  void await_asked(int times) const {
    while (asked_ < times) std::this_thread::yield();
  }
  bool has_ended() const { return ended_; }
  void await_end() const {
    while (!ended_) std::this_thread::yield();
  }
  bool was_gone() const { return was_gone_; }
  std::string farewell;  ///< Given when the wait for a piece is cancelled.

 private:
  friend class TapStream;
  std::mutex mutex_;
  std::vector<std::string> pieces_;
  env::Signal changed_;
  std::atomic<int> asked_ = 0;
  std::atomic<bool> ended_ = false;
  std::atomic<bool> was_gone_ = false;
};

class TapStream final : public BodyStream {
 public:
  explicit TapStream(Tap& tap) : tap_(tap) {}
  ~TapStream() override { tap_.ended_ = true; }
  Task<std::string> next(CancelToken gone) override {
    ++tap_.asked_;
    while (true) {
      if (gone.cancelled()) {
        tap_.was_gone_ = true;
        co_return tap_.farewell;
      }
      {
        const std::lock_guard lock(tap_.mutex_);
        if (!tap_.pieces_.empty()) {
          std::string piece = std::move(tap_.pieces_.front());
          tap_.pieces_.erase(tap_.pieces_.begin());
          co_return piece;
        }
      }
      co_await tap_.changed_.wait(gone);
    }
  }

 private:
  Tap& tap_;
};

/// GET /tap streams what the test gives; everything else is echoed.
inline HttpListener::Handler streaming(Tap& tap, std::string body = {}) {
  return [&tap, body](Request& request) -> Task<Reply> {
    if (request.path != "/tap") co_return co_await echo(request);
    Reply reply;
    reply.content_type = "application/x-pieces";
    reply.body = body;
    reply.stream = std::make_unique<TapStream>(tap);
    co_return reply;
  };
}
}  // namespace penstock::front::testing
