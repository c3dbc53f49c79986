#include "mapping/shard_work.h"

#include "base/md5.h"

#include <algorithm>

namespace penstock::mapping {
namespace {

constexpr std::size_t kLookAheadMin = 1'000;
constexpr std::size_t kLookAheadBytes = 20u << 20;
/// Read at a time beyond the look-ahead. What can be read so is bounded by the stored batches.
constexpr std::size_t kRoomForStored = 100;

}  // namespace

ShardWork::ShardWork(LaneRules rules, std::size_t lanes, ServiceTime now, ShardState stored)
    : look_ahead_(std::max(kLookAheadMin, 2 * lanes * rules.batch_size)),
      progress_(stored.checkpoint, std::move(stored.book), std::move(stored.ahead)),
      end_of_shard_(stored.drained) {
  const bool fits = stored.lanes.size() == lanes;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    lanes_.emplace_back(rules, now,
                        fits ? std::move(stored.lanes[lane]) : std::vector<StoredBatch>{});
  }
}

std::size_t ShardWork::room() const {
  std::size_t bytes = 0;
  for (const Lane& lane : lanes_) bytes += lane.bytes();
  if (bytes < kLookAheadBytes && progress_.held() < look_ahead_) {
    return look_ahead_ - progress_.held();
  }
  const bool awaited = std::any_of(lanes_.begin(), lanes_.end(),
                                   [](const Lane& lane) { return lane.awaits_records(); });
  return awaited ? kRoomForStored : 0;
}

std::size_t ShardWork::lane_of(const Item& item) const {
  if (lanes_.size() == 1) return 0;
  // Without a key there is no order to be kept: such records go around.
  if (item.key.empty()) return item.number.index % lanes_.size();
  const auto digest = md5(item.key);
  std::uint64_t low = 0;
  for (std::size_t i = 8; i < 16; ++i) low = low << 8 | digest[i];
  return low % lanes_.size();
}

void ShardWork::take(Item item, bool passes, ServiceTime now) {
  const ledger::FateRange* known = progress_.given_up_before(item.at());
  const ledger::Fate known_fate = known == nullptr ? ledger::Fate::kFiltered : known->fate;
  const std::int64_t at_ms = known == nullptr ? unix_millis(now) : known->at_ms;
  const bool is_settled = known != nullptr || !passes;
  item.place = progress_.take(item.at());
  if (is_settled) {
    progress_.settle(item.place, known_fate, at_ms);
    return;
  }
  Lane& lane = lanes_[lane_of(item)];
  lane.add(std::move(item));
}

void ShardWork::expire_to(engine::Position to, ServiceTime now) {
  progress_.expire_to(to, unix_millis(now));
}

void ShardWork::read_to(engine::Position to, bool end_of_shard) {
  progress_.read_to(to);
  end_of_shard_ = end_of_shard;
  for (Lane& lane : lanes_) lane.read_to(progress_.next(), end_of_shard);
}

void ShardWork::expire_rest(engine::Position end, ServiceTime now) {
  progress_.expire_rest(end, unix_millis(now));
  end_of_shard_ = true;
  lanes_.clear();
}

void ShardWork::change_retention(Millis retention) {
  for (Lane& lane : lanes_) lane.change_retention(retention);
}

Lane::Decision ShardWork::decide(std::size_t lane, ServiceTime now) {
  const Lane::Decision decision = lanes_[lane].decide(now);
  if (decision.step == Lane::Step::kExpired) {
    given_up(lane, decision.count, ledger::Fate::kExpiredUnread, now);
  }
  return decision;
}

void ShardWork::invoked(std::size_t lane, Invoked outcome, ServiceTime now) {
  for (const Item& item : lanes_[lane].invoked(std::move(outcome), now))
    progress_.succeed(item.place);
}

void ShardWork::given_up(std::size_t lane, std::size_t count, ledger::Fate fate, ServiceTime now) {
  for (const Item& item : lanes_[lane].given_up(count))
    progress_.settle(item.place, fate, unix_millis(now));
}

ShardState ShardWork::state() const {
  ShardState out{.checkpoint = progress_.checkpoint(),
                 .drained = drained(),
                 .book = progress_.book(),
                 .ahead = progress_.ahead(),
                 .lanes = {}};
  for (const Lane& lane : lanes_) out.lanes.push_back(lane.stored());
  return out;
}

Invoked outcome_of(const ItemFailures& failures) {
  switch (failures.kind) {
    case ItemFailures::Kind::kNone: return {.kind = Invoked::Kind::kSucceeded};
    case ItemFailures::Kind::kFrom:
      return {.kind = Invoked::Kind::kFailedFrom, .first = failures.first};
    case ItemFailures::Kind::kBatch: return {.kind = Invoked::Kind::kFailed};
  }
  return {.kind = Invoked::Kind::kFailed};
}

}  // namespace penstock::mapping
