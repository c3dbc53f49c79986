#pragma once

#include "base/budget.h"
#include "base/result.h"
#include "env/loop.h"
#include "front/http_listener.h"
#include "function/environment.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace penstock::sandbox {

/// What the Runtime API tells the environment it belongs to. Called on its loop, from within the
/// request.
class RuntimeObserver {
 public:
  virtual ~RuntimeObserver() = default;
  /// The first call of `next`: initialisation is over.
  virtual void ready() = 0;
  /// The event goes out now. Gives the time at which its time-out strikes, as Unix milliseconds.
  virtual std::int64_t delivered() = 0;
  virtual void responded(std::string payload) = 0;
  virtual void response_too_large() = 0;
  virtual void failed(std::string payload, std::string type) = 0;
  virtual void init_failed(std::string payload, std::string type) = 0;
};

/// Lambda's Runtime API, version 2018-06-01, for one environment: an HTTP/1.1 listener of its own
/// on the loopback, because the protocol does not say which environment asks. Control loop only.
///
///   starting ─ next ─► waiting ─ give() ─► running ─ response, error ─► answered ─ next ─► waiting
class RuntimeApi {
 public:
  RuntimeApi(env::Loop& loop, env::Clocks& clocks, Budget& budget, RuntimeObserver& observer);

  /// Gives host:port.
  Result<std::string> listen();
  /// The next event; there is none yet. `next` takes it, now or when it is called.
  void give(function::Event event);
  /// Takes back an event that `next` has not taken; false when it has.
  bool take_back();
  /// The event is over, taken or not: an answer that comes now is refused and changes nothing.
  void withdraw();
  bool has_started() const { return state_ != State::kStarting; }
  /// Calls to `next` that wait end as broken connections.
  Task<> stop();

 private:
  enum class State : std::uint8_t { kStarting, kWaiting, kRunning, kAnswered };
  Task<front::Reply> serve(front::Request& request);
  Task<front::Reply> next();
  front::Reply post(front::Request& request, std::string_view id, std::string_view what);
  front::Reply init_error(front::Request& request);

  RuntimeObserver& observer_;
  State state_ = State::kStarting;
  std::optional<function::Event> event_;  ///< Given, or with the runtime.
  bool is_polled_ = false;                ///< A call to `next` waits.
  bool is_stopping_ = false;
  std::int64_t deadline_ms_ = 0;
  env::Signal given_;
  CancelSource stop_;
  front::HttpListener listener_;
};

}  // namespace penstock::sandbox
