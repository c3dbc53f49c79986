#pragma once

#include "mapping/event_json.h"
#include "mapping/lane.h"
#include "unit/mapping/items.h"

#include <algorithm>
#include <string>
#include <vector>

namespace penstock::mapping::test {

/// "1-3" for a run, "1,3,4" otherwise.
inline std::string positions(std::span<const Item> items) {
  if (items.empty()) return "none";
  const std::uint64_t first = items.front().at().index;
  const std::uint64_t last = items.back().at().index;
  if (items.size() == 1) return std::to_string(first);
  if (last - first + 1 == items.size()) return std::to_string(first) + "-" + std::to_string(last);
  std::string out;
  for (const Item& item : items) out += (out.empty() ? "" : ",") + std::to_string(item.at().index);
  return out;
}

/// A lane with a clock of its own. What it decides and settles is told in words:
///
///     "invoke 1-3", "wait 500", "give up 1-2 by retries after 3", "expired 1", "nothing"
class LaneProbe {
 public:
  explicit LaneProbe(LaneRules rules = {}, std::vector<StoredBatch> stored = {})
      : rules_(rules), lane_(std::move(rules), now_, std::move(stored)) {}

  Lane& lane() { return lane_; }
  ServiceTime now() const { return now_; }
  void pass(Millis time) { now_ += time; }

  /// Records at the next positions that arrive now, and were read.
  LaneProbe& put(std::size_t count, std::size_t event_bytes = 400) {
    for (; count > 0; --count) put_at(next_, event_bytes);
    return read();
  }
  /// One record that arrived `age` ago.
  LaneProbe& put_aged(Millis age) {
    Item item = made(next_, 400);
    item.arrival = now_ - age;
    lane_.add(std::move(item));
    return read();
  }
  /// Records at these positions; those between them belong to other lanes.
  LaneProbe& put_only(const std::vector<std::uint64_t>& at) {
    for (const std::uint64_t position : at) put_at(position, 400);
    return read();
  }
  LaneProbe& read(bool end_of_shard = false) {
    lane_.read_to({next_}, end_of_shard);
    return *this;
  }
  LaneProbe& read_to(std::uint64_t next) {
    next_ = next;
    return read();
  }

  std::string decide() {
    const Lane::Decision decision = lane_.decide(now_);
    if (decision.step != Lane::Step::kNothing) decision_ = decision;
    switch (decision.step) {
      case Lane::Step::kNothing: return "nothing";
      case Lane::Step::kWait: return "wait " + std::to_string((decision_.until - now_).count());
      case Lane::Step::kInvoke: return "invoke " + positions(lane_.batch());
      case Lane::Step::kGiveUp:
        return "give up " + positions(lane_.batch().first(decision_.count)) + " by " +
               std::string(ledger::drop_cause_name(decision_.cause)) + " after " +
               std::to_string(decision_.invoke_count);
      case Lane::Step::kExpired:
        return "expired " + positions(lane_.batch().first(decision_.count));
    }
    return "?";
  }
  /// What is settled by it.
  std::string succeed() { return ended({.kind = Invoked::Kind::kSucceeded}); }
  std::string fail() {
    return ended({.kind = Invoked::Kind::kFailed, .function_error = "Unhandled"});
  }
  std::string fail_from(std::size_t first) {
    return ended({.kind = Invoked::Kind::kFailedFrom, .first = first});
  }
  std::string throttle() { return ended({.kind = Invoked::Kind::kNotInvoked}); }
  std::string settle() { return positions(lane_.given_up(decision_.count)); }

  /// decide(), which must say "invoke", then fail; what it said.
  std::string decide_and_fail() {
    const std::string said = decide();
    if (lane_.busy()) fail();
    return said;
  }

  /// The lane as a server finds it that was stopped now, and starts again at `from`.
  LaneProbe restarted() const {
    LaneProbe again(rules_, lane_.stored());
    again.now_ = now_;
    return again;
  }

 private:
  Item made(std::uint64_t at, std::size_t event_bytes) {
    Item item = item_at(at, "data");
    item.arrival = now_;
    item.event_bytes = event_bytes;
    next_ = at + 1;
    return item;
  }
  void put_at(std::uint64_t at, std::size_t event_bytes) { lane_.add(made(at, event_bytes)); }
  std::string ended(Invoked outcome) { return positions(lane_.invoked(std::move(outcome), now_)); }

  LaneRules rules_;
  ServiceTime now_ = service_time((kCreated + 60) * 1'000);
  Lane lane_;
  Lane::Decision decision_;
  std::uint64_t next_ = 1;
};

}  // namespace penstock::mapping::test
