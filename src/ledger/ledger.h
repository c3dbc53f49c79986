#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "env/loop.h"
#include "ledger/audit.h"
#include "ledger/books.h"
#include "ledger/consumers.h"
#include "ledger/fingerprints.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::env {
class Clocks;
}  // namespace penstock::env
namespace penstock::engine {
class Leases;
class Marks;
}  // namespace penstock::engine

namespace penstock::ledger {

struct LedgerSettings {
  /// A refused entry that is stored within this time is recovered; after it, probably lost.
  Millis recovery{5 * 60'000};
  /// Books are stored this often; what a crash takes is said in the README.
  Millis store_interval{1'000};
  /// Sooner after a refusal, and after a refused entry was stored: within this time, unless that
  /// would be more bytes a second than the next says.
  Millis store_soon{20};
  std::uint64_t store_soon_bytes_per_s = 4u << 20;
  std::size_t producers_max = 10'000;  ///< Rows; further producers share one.
  /// For each row: about 55 bytes each as they are stored, and a mark holds 1 MiB.
  std::size_t fingerprints_max = 15'000;
};

struct LedgerParts {
  env::Clocks& clocks;
  env::Loop& control_loop;
  engine::Marks& marks;
  engine::Leases& leases;
};

/// Who put. Views outlive the call.
struct Producer {
  const Tenant& tenant;  ///< Of the caller.
  std::string_view access_key;
  std::string_view address;
  std::string_view agent;  ///< The whole User-Agent; rows keep its first word.
};

/// An entry that was refused, or stored while fingerprints wait.
struct EntryFate {
  std::uint64_t fingerprint = 0;
  std::uint32_t shard = 0;
  bool stored = false;
};

struct CallOutcome {
  LogId log;  ///< Of the stream; 0 when there is none.
  std::uint64_t stored = 0;
  std::uint64_t throttled = 0;
  std::uint64_t rejected = 0;
  std::uint64_t failed = 0;
  std::span<const EntryFate> entries;
};

/// What became of every record a producer handed in, and the report over producers and consumers.
///
/// received() and decided() may be called on any loop (one short lock); the rest belongs on the
/// control loop. Invariants: each row's law is kept by two independent callers; a row is stored
/// with everything it says, in one Marks write.
class Ledger {
 public:
  /// Reads the books. When the last run did not stop in order, what it had received and not decided
  /// is interrupted from now on; otherwise such a difference is a fault of ours and stays
  /// unaccounted, also after later crashes.
  static Result<std::unique_ptr<Ledger>> open(LedgerParts parts, LedgerSettings settings);
  ~Ledger();
  /// Stores what changed, and that this was an orderly stop. Nothing may be called afterwards.
  Task<> stop();

  /// Once, when the streams are known and before anything is counted. After a crash, what the log
  /// has and no producer's book is unattributed from now on. Durable when it completes, and from
  /// then on a run that ends without stop() has crashed.
  Task<Status> compare(const StreamSource& streams);

  void received(const Producer& producer, std::string_view stream, std::uint64_t entries);
  void decided(const Producer& producer, std::string_view stream, const CallOutcome& outcome);
  /// Whether stored entries are worth a fingerprint now: only while refused ones wait.
  bool wants_stored_fingerprints() const { return waiting_.load(std::memory_order_relaxed) != 0; }

  /// The whole table. Entries whose time has passed become probably lost first.
  AuditReport audit(const StreamSource& streams, const ConsumerSource& consumers);

 private:
  struct Rows;
  Ledger(LedgerParts parts, LedgerSettings settings);
  Status load();
  void conclude(const std::vector<StreamCounts>& all);
  /// With the rows that changed: whether the last run stopped in order, when it is to be said anew.
  enum class StopMark { kKeep, kSet, kErase };
  Task<Status> store_changes(StopMark mark);
  Task<> run();
  void expire(ServiceTime now);
  /// From any loop: run() is to store soon.
  void hurry();

  LedgerParts parts_;
  LedgerSettings settings_;
  std::unique_ptr<Rows> rows_;
  bool was_stopped_ = false;  ///< The last run, in order.
  bool is_compared_ = false;
  std::atomic<std::size_t> waiting_{0};
  std::atomic<bool> is_hurried_{false};  ///< Since the last round of storing began.
  env::Signal hurried_;
  SteadyTime soon_from_{};  ///< Before this, storing early would exceed its bytes a second.
  Scope scope_;
};

}  // namespace penstock::ledger
