#include "sandbox/process_environment.h"

#include "base/check.h"
#include "env/clocks.h"
#include "env/loop.h"
#include "function/report.h"
#include "sandbox/child.h"
#include "sandbox/launch.h"
#include "sandbox/lines.h"
#include "sandbox/memory_use.h"
#include "sandbox/runtime_api.h"
#include "sandbox/site.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <optional>
#include <signal.h>
#include <unistd.h>

namespace penstock::sandbox {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;
using function::RunResult;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr Nanos kInitMax = std::chrono::seconds(10);
constexpr Nanos kMemoryInterval = std::chrono::milliseconds(100);
/// A sample of a shorter age is good enough for a report: it costs as much as the rest of an
/// invocation.
constexpr Nanos kMemorySampleAge = std::chrono::seconds(1);
/// What is read from a function that writes without end before others get their turn.
constexpr std::size_t kOutputTurnBytes = 256u << 10;
constexpr std::uint32_t kFirstUser = 40'000;
constexpr std::uint64_t kUsers = 20'000;
constexpr int kShellSignalBase = 128;  ///< bubblewrap reports a signal as shells do.

/// One process in the sandbox, with its Runtime API, its output and its time-outs.
///
/// Invariants: `current_` is the event whose `done` is still due, and the Runtime API has no other;
/// the process lives between start() and on_exit(); the tick is armed while it starts or has an
/// event.
class ProcessEnvironment final : public function::Environment, private RuntimeObserver {
 public:
  ProcessEnvironment(std::shared_ptr<SandboxHost::Site> site, function::EnvironmentSpec spec,
                     function::LogSink& log, std::function<void()> idle_end)
      : site_(std::move(site)),
        spec_(std::move(spec)),
        log_(log),
        idle_end_(std::move(idle_end)),
        loop_(site_->parts.control_loop),
        clocks_(site_->parts.clocks),
        api_(loop_, clocks_, site_->parts.budget, *this),
        output_(loop_.executor()),
        pidfd_(loop_.executor()),
        scope_(loop_.executor()) {}

  void run(function::Event event, std::function<void(RunResult)> done) override {
    PENSTOCK_CHECK(!current_, "one event at a time");
    current_.emplace(Current{
        .request_id = event.request_id, .done = std::move(done), .since = clocks_.steady_now()});
    if (phase_ == Phase::kNew) {
      phase_ = Phase::kStarting;
      scope_.spawn(start(std::move(event)));
    } else {
      // The runtime may be stuck after its last answer and never ask for this one.
      deadline_ = current_->since + spec_.timeout;
      arm_tick();
      api_.give(std::move(event));
    }
  }

  Task<> shutdown() override {
    is_ending_ = true;
    disarm_tick();  // What ends the event from here on is the shutdown.
    end_process();
    if (phase_ == Phase::kAlive) co_await exited_.wait();
    scope_.cancel();
    co_await api_.stop();
    boost::system::error_code ignored;
    output_.close(ignored);
    pidfd_.close(ignored);
    co_await scope_.join();
    if (current_)
      finish({.kind = RunResult::Kind::kUnavailable, .message = "the environment was shut down"});
  }

 private:
  enum class Phase : std::uint8_t { kNew, kStarting, kAlive, kEnded };
  struct Current {
    std::string request_id;
    std::function<void(RunResult)> done;
    bool is_delivered = false;
    SteadyTime since;  ///< It was given; once it is delivered, of that.
  };

  // Starting
  Task<> start(function::Event event);
  Status launch();
  bool is_lasting() const;
  bool has_bootstrap() const;

  // What the runtime says
  void ready() override;
  std::int64_t delivered() override;
  void responded(std::string payload) override;
  void response_too_large() override;
  void failed(std::string payload, std::string type) override;
  void init_failed(std::string payload, std::string type) override;

  // What the process does
  Task<> pump_output();
  void drain_output();
  Task<> watch_exit();
  void on_exit(Exit exit);
  void end_process();
  void fail_current(std::string type, const std::string& message);

  // Limits
  void arm_tick();
  void disarm_tick();
  void tick();
  void sample_memory();
  void time_out();

  /// Writes the last lines of the present event and gives its result; nothing when it has one.
  void finish(RunResult result, std::string_view status = {}, std::string_view error_type = {});

  const std::shared_ptr<SandboxHost::Site> site_;
  const function::EnvironmentSpec spec_;
  function::LogSink& log_;
  const std::function<void()> idle_end_;
  env::Loop& loop_;
  env::Clocks& clocks_;

  Phase phase_ = Phase::kNew;
  bool is_ending_ = false;
  std::optional<Current> current_;
  std::shared_ptr<OwnedFolder> code_;
  std::unique_ptr<OwnedFolder> temporary_;
  RuntimeApi api_;
  int pid_ = 0;
  Descriptor output_;
  Descriptor pidfd_;
  Lines lines_;
  Gate exited_;

  SteadyTime init_begin_;
  std::optional<Nanos> init_;  ///< Known once the runtime was ready; reported with the first event.
  bool is_init_reported_ = false;
  SteadyTime deadline_;
  std::optional<env::Loop::TimerId> tick_;
  std::optional<WallTime> replace_at_;
  std::uint64_t memory_bytes_ = 0;
  std::uint64_t memory_peak_ = 0;
  SteadyTime memory_sampled_;
  bool is_out_of_memory_ = false;
  Scope scope_;
};

// --- Starting ---------------------------------------------------------------------------------

Task<> ProcessEnvironment::start(function::Event event) {
  auto code = co_await site_->codes->get(spec_.package_sha256, spec_.package_path);
  Status launched = code.ok() ? ok() : Status(code.error());
  if (code.ok()) code_ = *code;
  if (launched.ok()) launched = co_await site_->protected_by();
  if (is_ending_) launched = Error{Errc::kCancelled, "the environment was shut down"};
  if (launched.ok() && is_provided(spec_.runtime) && !has_bootstrap()) {
    phase_ = Phase::kEnded;
    fail_current("Runtime.InvalidEntrypoint",
                 "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]");
    co_return;
  }
  if (launched.ok()) launched = launch();
  if (!launched.ok()) {
    phase_ = Phase::kEnded;
    finish({.kind = RunResult::Kind::kUnavailable, .message = launched.error().message});
    co_return;
  }
  phase_ = Phase::kAlive;
  log_.line(function::init_start_line(spec_.runtime, site_->found().unprotected));
  scope_.spawn(pump_output());
  scope_.spawn(watch_exit());
  deadline_ = init_begin_ + std::max<Nanos>(kInitMax, spec_.timeout);
  arm_tick();
  api_.give(std::move(event));
}

bool ProcessEnvironment::has_bootstrap() const {
  return ::access((code_->path() + "/bootstrap").c_str(), X_OK) == 0;
}

Status ProcessEnvironment::launch() {
  const Protection& protection = site_->found();
  if (is_python(spec_.runtime) && protection.runtime_folder.empty()) {
    return Error{Errc::kUnavailable, "Python's runtime client cannot be read from the sandbox"};
  }
  TRY(const std::string address, api_.listen());
  const std::uint64_t number = ++site_->last_number;
  LaunchSite place{.is_isolated = protection.is_isolated(),
                   .code_folder = code_->path(),
                   .runtime_folder = protection.runtime_folder,
                   .runtime_api = address,
                   .endpoint_url = site_->endpoint_url,
                   .has_system_call_filter = !protection.filter.empty()};
  if (site_->issue_credentials) {
    TemporaryCredentials issued = site_->issue_credentials(spec_.tenant);
    place.access_key = std::move(issued.access_key);
    place.secret_key = std::move(issued.secret_key);
    place.session_token = std::move(issued.session_token);
    replace_at_ = issued.replace_at;
  }
  ChildLimits limits{.file_bytes_max = static_cast<std::uint64_t>(spec_.ephemeral_mb) << 20};
  if (protection.has_own_users)
    limits.user = kFirstUser + static_cast<std::uint32_t>(number % kUsers);
  if (!protection.is_isolated()) {
    TRY(temporary_,
        make_folder(site_->scratch->path() + "/tmp-" + std::to_string(number), *site_->worker));
    place.temporary_folder = temporary_->path();
  }
  init_begin_ = clocks_.steady_now();
  TRY(const Child child, start_child(plan_launch(spec_, place), limits, protection.filter));
  pid_ = child.pid;
  output_.assign(child.output);
  pidfd_.assign(child.pidfd);
  return ok();
}

bool ProcessEnvironment::is_lasting() const {
  return !replace_at_ || clocks_.wall_now() < *replace_at_;
}

// --- What the runtime says --------------------------------------------------------------------

void ProcessEnvironment::ready() { init_ = clocks_.steady_now() - init_begin_; }

std::int64_t ProcessEnvironment::delivered() {
  drain_output();  // What it wrote before belongs to what was before.
  Current& current = *current_;
  current.is_delivered = true;
  current.since = clocks_.steady_now();
  deadline_ = current.since + spec_.timeout;
  arm_tick();
  log_.begin_invocation();
  log_.line(function::start_line(current.request_id, spec_.version));
  return unix_millis(clocks_.wall_now() + spec_.timeout);
}

void ProcessEnvironment::responded(std::string payload) {
  finish({.kind = RunResult::Kind::kResponse,
          .payload = std::move(payload),
          .is_reusable = is_lasting()});
}

void ProcessEnvironment::response_too_large() {
  finish({.kind = RunResult::Kind::kFunctionError,
          .payload = function::response_too_large_payload(),
          .is_reusable = is_lasting()},
         "error", "Function.ResponseSizeTooLarge");
}

void ProcessEnvironment::failed(std::string payload, std::string type) {
  finish({.kind = RunResult::Kind::kFunctionError,
          .payload = std::move(payload),
          .is_reusable = is_lasting()},
         "error", type);
}

void ProcessEnvironment::init_failed(std::string payload, std::string type) {
  if (!current_) return;
  finish({.kind = RunResult::Kind::kFunctionError, .payload = std::move(payload)}, "error", type);
}

// --- What the process does --------------------------------------------------------------------

Task<> ProcessEnvironment::pump_output() {
  while (output_.is_open()) {
    const auto [error] = co_await output_.async_wait(Descriptor::wait_read, kAsTuple);
    if (error) break;
    drain_output();
  }
}

void ProcessEnvironment::drain_output() {
  const auto take = [this](std::string_view line) { log_.line(line); };
  char buffer[16u << 10];
  for (std::size_t total = 0; output_.is_open() && total < kOutputTurnBytes;) {
    const ssize_t bytes = ::read(output_.native_handle(), buffer, sizeof buffer);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) return;  // Nothing more now.
    if (bytes == 0) {
      lines_.flush(take);
      boost::system::error_code ignored;
      output_.close(ignored);
      return;
    }
    lines_.feed({buffer, static_cast<std::size_t>(bytes)}, take);
    total += static_cast<std::size_t>(bytes);
  }
}

Task<> ProcessEnvironment::watch_exit() {
  const auto [error] = co_await pidfd_.async_wait(Descriptor::wait_read, kAsTuple);
  if (error) co_return;
  Exit exit = collect(pid_);
  if (site_->found().is_isolated() && exit.status > kShellSignalBase)
    exit = {.signal = exit.status - kShellSignalBase};
  on_exit(exit);
}

void ProcessEnvironment::on_exit(Exit exit) {
  phase_ = Phase::kEnded;
  drain_output();
  lines_.flush([this](std::string_view line) { log_.line(line); });
  exited_.release();
  if (!current_) {
    if (!is_ending_) idle_end_();
    return;
  }
  if (is_out_of_memory_) {
    exit = {.signal = SIGKILL};
  } else if (is_ending_) {
    return;  // The function did not fail: shutdown() tells.
  }
  const bool was_ready = init_.has_value();
  if (was_ready && api_.take_back()) {
    finish({.kind = RunResult::Kind::kNotDelivered,
            .message = "the process ended between two events"});
    return;
  }
  fail_current("Runtime.ExitError", function::exit_message(exit.status, exit.signal));
}

void ProcessEnvironment::fail_current(std::string type, const std::string& message) {
  std::string payload = function::failure_payload(current_->request_id, type, message);
  finish({.kind = RunResult::Kind::kFunctionError, .payload = std::move(payload)}, "error", type);
}

void ProcessEnvironment::end_process() {
  if (phase_ != Phase::kAlive) return;
  // bubblewrap takes its sandbox with it; a plain child leads a group of its own.
  ::kill(site_->found().is_isolated() ? pid_ : -pid_, SIGKILL);
}

// --- Limits -----------------------------------------------------------------------------------

void ProcessEnvironment::arm_tick() {
  disarm_tick();
  tick_ = loop_.arm(std::min(deadline_, clocks_.steady_now() + kMemoryInterval), [this] {
    tick_.reset();
    tick();
  });
}

void ProcessEnvironment::disarm_tick() {
  if (tick_) loop_.disarm(*tick_);
  tick_.reset();
}

void ProcessEnvironment::tick() {
  if (!current_ || phase_ != Phase::kAlive || is_out_of_memory_) return;
  sample_memory();
  if (memory_bytes_ > static_cast<std::uint64_t>(spec_.memory_mb) << 20) {
    is_out_of_memory_ = true;
    end_process();  // on_exit() tells the rest.
  } else if (clocks_.steady_now() >= deadline_) {
    time_out();
  } else {
    arm_tick();
  }
}

void ProcessEnvironment::sample_memory() {
  memory_sampled_ = clocks_.steady_now();
  memory_bytes_ = resident_bytes(pid_, site_->found().is_isolated());
  memory_peak_ = std::max(memory_peak_, memory_bytes_);
}

void ProcessEnvironment::time_out() {
  end_process();
  finish({.kind = RunResult::Kind::kFunctionError,
          .payload = function::timeout_payload(current_->request_id, spec_.timeout)},
         "timeout");
}

// --- The end of an event ------------------------------------------------------------------------

void ProcessEnvironment::finish(RunResult result, std::string_view status,
                                std::string_view error_type) {
  if (!current_) return;
  api_.withdraw();  // An answer that is still on its way comes too late.
  disarm_tick();
  drain_output();
  const SteadyTime now = clocks_.steady_now();
  Current current = std::move(*current_);
  current_.reset();
  const bool reached_function =
      result.kind == RunResult::Kind::kResponse || result.kind == RunResult::Kind::kFunctionError;
  if (reached_function) {
    if (!current.is_delivered) {
      if (init_) {
        log_.begin_invocation();
      } else {
        current.since = now;
        const Nanos init = phase_ == Phase::kStarting || pid_ == 0 ? Nanos{0} : now - init_begin_;
        log_.line(function::init_report_line(init, status, error_type));
      }
      log_.line(function::start_line(current.request_id, spec_.version));
    }
    if (phase_ == Phase::kAlive && now - memory_sampled_ > kMemorySampleAge) sample_memory();
    function::Report report{
        .request_id = current.request_id,
        .duration = now - current.since,
        .memory_mb = spec_.memory_mb,
        .memory_used_mb = static_cast<std::int64_t>((memory_peak_ + (1u << 20) - 1) >> 20),
        .status = status,
        .error_type = error_type};
    if (is_out_of_memory_) report.memory_used_mb = spec_.memory_mb;
    if (!is_init_reported_ && current.is_delivered) report.init = init_;
    is_init_reported_ = true;
    log_.line(function::end_line(current.request_id));
    log_.line(function::report_line(report));
  }
  current.done(std::move(result));
}

}  // namespace

std::unique_ptr<function::Environment> make_process_environment(
    std::shared_ptr<SandboxHost::Site> site, function::EnvironmentSpec spec, function::LogSink& log,
    std::function<void()> idle_end) {
  return std::make_unique<ProcessEnvironment>(std::move(site), std::move(spec), log,
                                              std::move(idle_end));
}

}  // namespace penstock::sandbox
