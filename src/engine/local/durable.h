#pragma once

#include "base/result.h"
#include "base/task.h"
#include "engine/local/core.h"
#include "engine/local/data_folder.h"
#include "engine/local/journal.h"
#include "engine/local/journal_files.h"
#include "engine/local/store.h"
#include "env/loop.h"
#include "env/worker.h"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

namespace penstock::engine::local {

/// The half of the engine that has files: the journal's thread, the store's thread, and the two
/// timers that wake them. Made and stopped on the control loop.
class Durable : public std::enable_shared_from_this<Durable> {
 public:
  explicit Durable(Core& core);

  Task<Result<OpenReport>> open();
  /// Something was staged. Any thread.
  void wake_journal();
  /// Memory is short, a file was closed, something was dropped. Any thread.
  void wake_store();
  /// Commits what is staged, says so on disk, ends the threads' work. Nothing may be staged any
  /// more.
  Task<> stop();

 private:
  /// A timer on the control loop that calls a member once, and is armed from any thread.
  struct Timer {
    std::atomic<bool> armed{false};
    env::Loop::TimerId id = 0;
  };
  Result<OpenReport> open_files();
  void write_commit();
  void arm(Timer& timer, Millis after, void (Durable::*fire)());
  void await_idleness();
  void prove_last_commit();

  Core& core_;
  std::optional<DataFolder> folder_;
  std::optional<JournalFiles> files_;
  std::optional<Journal> journal_;
  std::optional<Store> store_;
  Timer idle_;
  Timer retry_;
  std::uint64_t useful_when_armed_ = 0;  ///< On the journal's thread.
  std::atomic<bool> journal_woken_{false};
  std::atomic<bool> store_woken_{false};
  std::atomic<bool> opened_{false};
  std::atomic<bool> stopped_{false};
  // Last: their threads end before what they work on goes.
  std::unique_ptr<env::Worker> store_worker_;
  std::unique_ptr<env::Worker> journal_worker_;
};

}  // namespace penstock::engine::local
