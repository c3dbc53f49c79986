#include "base/task.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <list>
#include <map>

namespace penstock {
namespace asio = boost::asio;

void post(const Executor& executor, std::function<void()> work) {
  asio::post(executor, std::move(work));
}

// --- Gate -------------------------------------------------------------------------------

/// The suspended coroutine, type-erased. Destroying it without resuming it destroys the coroutine's
/// frame, which is how an abandoned simulation is taken down.
class SuspendedCoroutine {
 public:
  virtual ~SuspendedCoroutine() = default;
  virtual void resume_later() = 0;
  virtual void resume_now() = 0;
};

namespace {

template <class Handler>
class SuspendedHandler final : public SuspendedCoroutine {
 public:
  explicit SuspendedHandler(Handler handler) : handler_(std::move(handler)) {}
  void resume_later() override {
    auto executor = asio::get_associated_executor(handler_);
    asio::post(executor, std::move(handler_));
  }
  void resume_now() override {
    auto executor = asio::get_associated_executor(handler_);
    asio::dispatch(executor, std::move(handler_));
  }

 private:
  Handler handler_;
};

}  // namespace

struct Gate::State {
  std::mutex mutex;
  bool released = false;
  std::unique_ptr<SuspendedCoroutine> waiter;

  /// Gates with a waiter in the order they began to wait; null outside the simulator.
  using Tracked = std::list<std::weak_ptr<State>>;
  static thread_local std::unique_ptr<Tracked> tracked;
  std::optional<Tracked::iterator> tracked_at;
  ~State() {
    if (tracked_at.has_value() && tracked != nullptr) tracked->erase(*tracked_at);
  }
};
thread_local std::unique_ptr<Gate::State::Tracked> Gate::State::tracked;

void Gate::track_suspended(bool tracking) {
  if (!tracking) {
    State::tracked.reset();
  } else if (State::tracked == nullptr) {
    State::tracked = std::make_unique<State::Tracked>();
  }
}

void Gate::destroy_suspended() {
  while (State::tracked != nullptr && !State::tracked->empty()) {
    const auto state = State::tracked->front().lock();
    State::tracked->pop_front();
    if (state == nullptr) continue;
    state->tracked_at.reset();
    const auto waiter = std::move(state->waiter);
  }
}

Gate::Gate() : state_(std::make_shared<State>()) {}

Task<> Gate::wait() { return wait_in(state_); }

Task<> Gate::wait_in(std::shared_ptr<State> state) {
  {
    const std::lock_guard lock(state->mutex);
    PENSTOCK_CHECK(state->waiter == nullptr, "a gate has one waiter at a time");
    if (state->released) {
      state->released = false;
      co_return;
    }
  }
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [&state](auto handler) {
        auto waiter = std::make_unique<SuspendedHandler<decltype(handler)>>(std::move(handler));
        {
          const std::lock_guard lock(state->mutex);
          if (!state->released) {
            state->waiter = std::move(waiter);
            if (State::tracked != nullptr) [[unlikely]] {
              state->tracked_at = State::tracked->insert(State::tracked->end(), state);
            }
            return;
          }
          state->released = false;
        }
        waiter->resume_later();
      },
      asio::use_awaitable);
}

/// Null: nobody waits yet, and the release is remembered.
std::unique_ptr<SuspendedCoroutine> Gate::take_waiter() const {
  const std::lock_guard lock(state_->mutex);
  if (state_->waiter == nullptr) {
    state_->released = true;
    return nullptr;
  }
  if (state_->tracked_at.has_value()) [[unlikely]] {
    State::tracked->erase(*state_->tracked_at);
    state_->tracked_at.reset();
  }
  return std::move(state_->waiter);
}

void Gate::release() const {
  if (const auto waiter = take_waiter()) waiter->resume_later();
}

void Gate::release_now() const {
  if (const auto waiter = take_waiter()) waiter->resume_now();
}

// --- Cancellation ------------------------------------------------------------------------

struct CancelState {
  bool cancelled = false;
  std::uint64_t last_id = 0;
  std::map<std::uint64_t, std::function<void()>> callbacks;
};

bool CancelToken::cancelled() const { return state_ != nullptr && state_->cancelled; }

CancelToken::Registration CancelToken::on_cancel(std::function<void()> callback) const {
  Registration registration;
  if (state_ == nullptr) return registration;
  if (state_->cancelled) {
    callback();
    return registration;
  }
  registration.state_ = state_;
  registration.id_ = ++state_->last_id;
  state_->callbacks.emplace(registration.id_, std::move(callback));
  return registration;
}

CancelToken::Registration::Registration(Registration&& other) noexcept
    : state_(std::move(other.state_)), id_(std::exchange(other.id_, 0)) {}

CancelToken::Registration& CancelToken::Registration::operator=(Registration&& other) noexcept {
  if (this != &other) {
    this->~Registration();
    state_ = std::move(other.state_);
    id_ = std::exchange(other.id_, 0);
  }
  return *this;
}

CancelToken::Registration::~Registration() {
  if (id_ == 0) return;
  if (const auto state = state_.lock()) state->callbacks.erase(id_);
}

CancelSource::CancelSource() : state_(std::make_shared<CancelState>()) {}

CancelToken CancelSource::token() const {
  CancelToken token;
  token.state_ = state_;
  return token;
}

bool CancelSource::cancelled() const { return state_->cancelled; }

void CancelSource::cancel() {
  if (state_->cancelled) return;
  state_->cancelled = true;
  // A callback may drop other registrations: take one at a time.
  const auto keep = state_;
  while (!keep->callbacks.empty()) {
    auto node = keep->callbacks.extract(keep->callbacks.begin());
    node.mapped()();
  }
}

// --- Scope -------------------------------------------------------------------------------

namespace {
thread_local bool abandoning_world = false;
}  // namespace

struct Scope::State {
  Executor executor;
  std::size_t running = 0;
  bool joining = false;
  Gate empty;
  CancelSource cancel;
};

Scope::Scope(Executor executor) : state_(std::make_shared<State>()) {
  state_->executor = std::move(executor);
}

Scope::~Scope() {
  PENSTOCK_CHECK(state_->running == 0 || abandoning_world,
                 "a Scope is joined before it is destroyed");
}

void Scope::set_abandoning(bool abandoning) { abandoning_world = abandoning; }

void Scope::spawn(Task<> task) {
  ++state_->running;
  asio::co_spawn(state_->executor, std::move(task), [state = state_](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
    if (--state->running == 0 && state->joining) state->empty.release();
  });
}

void Scope::cancel() { state_->cancel.cancel(); }
CancelToken Scope::token() const { return state_->cancel.token(); }
std::size_t Scope::running() const { return state_->running; }
const Executor& Scope::executor() const { return state_->executor; }

Task<> Scope::join() {
  const auto state = state_;
  while (state->running != 0) {
    state->joining = true;
    co_await state->empty.wait();
    state->joining = false;
  }
}

void start(const Executor& executor, Task<> task) {
  asio::co_spawn(executor, std::move(task), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

}  // namespace penstock
