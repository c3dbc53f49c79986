#include "engine/local/durable.h"

#include "base/log.h"
#include "engine/local/recovery.h"
#include "env/clocks.h"

#include <utility>

namespace penstock::engine::local {

Durable::Durable(Core& core)
    : core_(core),
      store_worker_(core.env.workers.make("store")),
      journal_worker_(core.env.workers.make("journal")) {}

Task<Result<OpenReport>> Durable::open() {
  CO_TRY(const OpenReport report,
         co_await env::run_blocking(*store_worker_, [this] { return open_files(); }));
  // The store makes the next journal file, when the server's start no longer needs the disk.
  opened_.store(true);
  arm(retry_, core_.options.idle_commit_after, &Durable::wake_store);
  co_return report;
}

Result<OpenReport> Durable::open_files() {
  TRY(folder_, DataFolder::open(core_.env.disk, core_.options.folder, core_.env.random));
  files_.emplace(*folder_, core_.options);
  journal_.emplace(core_.queue, *files_, folder_->salt(), core_.options.durability,
                   core_.env.faults, [this] {
                     if (opened_.load()) wake_store();
                   });
  journal_->on_unstage([this] { core_.unstage(); });
  store_.emplace(core_, *folder_, *files_, *journal_,
                 [this](Millis after) { arm(retry_, after, &Durable::wake_store); });
  TRY(OpenReport report, recover(core_, *folder_, *files_, *journal_, *store_));
  report.through_page_cache = !core_.env.disk.goes_past_cache(core_.options.folder + "/format");
  if (report.through_page_cache) {
    log::warn(
        "the file system of the data folder has no O_DIRECT: commits are written through the page "
        "cache and synced one by one, which is as safe and slower",
        {{"data", core_.options.folder}});
  }
  return report;
}

// --- The journal ----------------------------------------------------------------------------

void Durable::wake_journal() {
  // Whatever is staged from the exchange on is seen by the job, which lowers the flag first.
  if (journal_woken_.exchange(true)) return;
  journal_worker_->post([this] { write_commit(); });
}

void Durable::write_commit() {
  journal_woken_.store(false);
  journal_->commit();
  if (store_->is_memory_short()) wake_store();
  if (core_.options.durability == Durability::kSync && !idle_.armed.load()) await_idleness();
}

void Durable::await_idleness() {
  useful_when_armed_ = journal_->useful();
  arm(idle_, core_.options.idle_commit_after, &Durable::prove_last_commit);
}

/// An empty commit shows the reader after a crash that the one before it was whole: if that is
/// damaged later, it is damage and not a torn tail.
void Durable::prove_last_commit() {
  journal_worker_->post([this] {
    if (stopped_.load()) return;
    if (journal_->useful() == useful_when_armed_) {
      journal_->write_alone({}, 0).ignore("the journal has failed and said so");
      return;
    }
    await_idleness();
  });
}

// --- The store ------------------------------------------------------------------------------

void Durable::wake_store() {
  if (stopped_.load() || store_woken_.exchange(true)) return;
  store_worker_->post([this] {
    store_woken_.store(false);
    if (!stopped_.load() && !journal_->has_failed()) store_->maintain();
  });
}

// --- Timers and the end ---------------------------------------------------------------------

void Durable::arm(Timer& timer, Millis after, void (Durable::*fire)()) {
  if (stopped_.load() || timer.armed.exchange(true)) return;
  post(core_.env.loops.front()->executor(), [weak = weak_from_this(), &timer, after, fire] {
    const auto self = weak.lock();
    if (self == nullptr || self->stopped_.load()) return;
    const SteadyTime at = self->core_.env.clocks.steady_now() + after;
    timer.id = self->core_.env.loops.front()->arm(at, [weak, &timer, fire] {
      const auto still = weak.lock();
      if (still == nullptr || still->stopped_.load()) return;
      timer.armed.store(false);
      (still.get()->*fire)();
    });
  });
}

Task<> Durable::stop() {
  if (!journal_.has_value()) co_return;  // It never opened.
  stopped_.store(true);
  env::Loop& loop = *core_.env.loops.front();
  for (const Timer* timer : {&idle_, &retry_}) {
    if (timer->armed.load() && timer->id != 0) loop.disarm(timer->id);
  }
  const Status ended = co_await env::run_blocking(*journal_worker_, [this]() -> Status {
    journal_->commit();
    return journal_->write_alone({}, kCommitLast);
  });
  ended.ignore("the journal has failed and said so");
  // Behind the store's last job.
  (co_await env::run_blocking(*store_worker_, [] { return ok(); })).ignore("it only waits");
}

}  // namespace penstock::engine::local
