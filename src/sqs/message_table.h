#pragma once

#include "base/result.h"
#include "base/time.h"

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::sqs {

/// Receipts are stored in blocks of this many positions, one mark each.
inline constexpr std::uint64_t kBlockPositions = 256;

/// A message handed out by claim().
struct Claim {
  std::uint64_t index = 0;          ///< Its position in the log.
  std::uint32_t receive_count = 0;  ///< This one included.
  ServiceTime first_received;
  ServiceTime visible_at;  ///< When it comes again unless deleted.
};

/// Which messages of a queue exist and when each may be received. No I/O, no clock: every decision
/// about visibility, delays, counts and deletion, and nothing else.
///
///            add, delayed              add
///                 │                     │
///                 ▼      time passes    ▼     claim
///              waiting ─────────────▶ ready ─────────▶ waiting (in flight)
///                 ▲                     ▲                  │ time passes, or visibility 0
///                 └─ visibility changed ┴──────────────────┘
///     anywhere: erase, expire, drop_below
///
/// Invariants: a message is in `ready_` or in `waiting_`, never both; what was erased does not come
/// back by add(); nothing below the low-water mark is here.
class MessageTable {
 public:
  /// A message that lies in the log; `sent` may be earlier than that of messages before it. Ignored
  /// when its receipts say that it was deleted, or below the mark.
  void add(std::uint64_t index, ServiceTime sent, ServiceTime visible_at);

  /// Up to `max` visible messages, the oldest first; each is hidden until now + `visibility`.
  std::vector<Claim> claim(ServiceTime now, std::size_t max, Millis visibility);
  /// Takes a claim back that never reached its receiver: visible at once, not counted.
  void unclaim(const Claim& claim);

  bool has(std::uint64_t index) const { return messages_.contains(index); }
  /// False when a later claim was made, so that this receipt no longer decides; true also when the
  /// message is gone.
  bool is_latest(std::uint64_t index, std::uint32_t receive_count) const;
  bool is_in_flight(std::uint64_t index, ServiceTime now) const;

  /// False when it was gone already.
  bool erase(std::uint64_t index);
  void erase_below(std::uint64_t index);
  /// Hides an existing message until `visible_at`, or shows it when that is not after `now`.
  void set_visible_at(std::uint64_t index, ServiceTime visible_at, ServiceTime now);

  /// Drops every message that was sent before `oldest`; how many.
  std::size_t expire(ServiceTime oldest);
  /// Drops everything below `index`, receipts included; later add()s below it are ignored.
  std::size_t drop_below(std::uint64_t index);

  /// The first message's index, or nothing.
  std::optional<std::uint64_t> first() const;
  /// When the next message becomes visible by itself. Nothing while one is visible already.
  std::optional<ServiceTime> next_visible(ServiceTime now);
  /// When the oldest message was sent.
  std::optional<ServiceTime> oldest_sent() const;

  struct Counts {
    std::size_t visible = 0;
    std::size_t in_flight = 0;
    std::size_t delayed = 0;
  };
  Counts counts(ServiceTime now);

  /// Receipts of one block: which are deleted, and the state of those received before.
  std::string encode_block(std::uint64_t block) const;
  /// Before the add()s of its messages. Errors: Errc::kCorrupt.
  Status restore_block(std::uint64_t block, std::string_view value);
  /// Blocks with receipts, all below `index`.
  std::vector<std::uint64_t> blocks_below(std::uint64_t index) const;

 private:
  struct State {
    ServiceTime sent;
    ServiceTime visible_at;
    ServiceTime first_received;
    std::uint32_t receive_count = 0;
  };
  void advance(ServiceTime now);
  void hide(std::uint64_t index, State& state, ServiceTime until);
  void forget(std::uint64_t index, const State& state);
  void take_out(std::map<std::uint64_t, State>::iterator message);

  std::map<std::uint64_t, State> messages_;
  /// Those sent earlier than one that stands before them: moved here from another queue.
  std::set<std::pair<ServiceTime, std::uint64_t>> moved_;
  ServiceTime newest_sent_{};
  std::set<std::uint64_t> ready_;
  std::set<std::pair<ServiceTime, std::uint64_t>> waiting_;
  std::size_t in_flight_ = 0;  ///< Of `waiting_`: received at least once.
  std::map<std::uint64_t, std::bitset<kBlockPositions>>
      deleted_;                              ///< By block; every block with receipts.
  std::map<std::uint64_t, State> restored_;  ///< Receipts of messages not yet added.
  std::uint64_t low_ = 0;
};

}  // namespace penstock::sqs
