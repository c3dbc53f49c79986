#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "ledger/audit.h"
#include "ledger/books.h"
#include "ledger/fingerprints.h"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace penstock::ledger {

/// Which row: a stream of a tenant, and who puts into it.
struct RowKey {
  Tenant tenant;
  std::string stream;
  std::string access_key;
  std::string address;
  std::string agent;
  auto operator<=>(const RowKey&) const = default;
};

/// The same without copies: rows are looked up twice for every put.
struct RowKeyView {
  const Tenant& tenant;
  std::string_view stream;
  std::string_view access_key;
  std::string_view address;
  std::string_view agent;
};

template <class Key>
auto members_of(const Key& key) {
  return std::tuple<const Tenant&, std::string_view, std::string_view, std::string_view,
                    std::string_view>(key.tenant, key.stream, key.access_key, key.address,
                                      key.agent);
}

struct RowKeyOrder {
  using is_transparent = void;
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return members_of(a) < members_of(b);
  }
};

/// One producer's entries into one stream, with those that may still come back.
struct ProducerRow {
  explicit ProducerRow(std::size_t fingerprints_max) : waiting(fingerprints_max) {}

  ProducerBook book;
  std::uint64_t recovered = 0;
  std::uint64_t probably_lost = 0;
  std::uint64_t unknown = 0;  ///< Refused, and there was no room to remember it.
  Fingerprints waiting;
  std::deque<Waiting> lost;  ///< The newest kLostKept, in the order found.
  /// Received and never decided when the server stopped in order, with nothing in flight: a fault
  /// of ours, which no later crash may take for interrupted entries.
  std::uint64_t stranded = 0;
  bool changed = false;  ///< Since it was last stored.

  std::uint64_t undecided() const;
  /// What the run before, of which this row was read, leaves undecided is explained.
  void begin_run(bool was_stopped);

  static constexpr std::size_t kLostKept = 1'000;
  void lose(const Waiting& entry);

  ProducerAudit audit(const RowKey& key) const;
};

/// What producers, all together, stored in one log: against the log's own count.
struct LogBook {
  LogId log;
  std::uint64_t stored = 0;
  std::uint64_t failed = 0;  ///< Since the last crash: these may have been stored or not.
  std::uint64_t unattributed = 0;
  /// What the log had beyond all this after an orderly stop: no later crash may explain it.
  std::uint64_t unexplained = 0;
  bool changed = false;  ///< Since it was last stored.

  void begin_after_stop(std::uint64_t logged);
  /// The books' last moments are gone. What the log has beyond them is unattributed.
  void begin_after_crash(std::uint64_t logged);
};
std::string encode_log_book(const LogBook& book);
/// fails     Errc::kCorrupt
Result<LogBook> decode_log_book(std::string_view bytes);

/// How far the law of a stream is from holding: stored = what producers stored + unattributed.
/// Both books are of one log, one from before `logged` was counted and one from after;
/// `perhaps` more entries than these may be in the log: those on their way.
std::uint64_t unaccounted(const LogBook& before, const LogBook& after, std::uint64_t logged,
                          std::uint64_t perhaps);

/// The row as it is stored, with its key.
std::string encode_row(const RowKey& key, const ProducerRow& row);
/// fails     Errc::kCorrupt
Result<RowKey> decode_row(std::string_view bytes, ProducerRow& row);

}  // namespace penstock::ledger
