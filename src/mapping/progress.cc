#include "mapping/progress.h"

#include "base/check.h"

#include <algorithm>

namespace penstock::mapping {
namespace {

// Of more than these a restart may repeat the delivery.
constexpr std::size_t kAheadMax = 1'000;

bool is_given_up(ledger::Fate fate) {
  return fate != ledger::Fate::kFiltered && fate != ledger::Fate::kExpiredUnread;
}

}  // namespace

Progress::Progress(engine::Position checkpoint, ledger::ConsumerBook book,
                   std::vector<ledger::FateRange> ahead)
    : next_(checkpoint), book_(std::move(book)), ahead_(std::move(ahead)) {}

Progress::Place Progress::take(engine::Position at) {
  PENSTOCK_CHECK(at >= next_, "records are read in order");
  slots_.push_back({.first = at.index, .last = at.index});
  next_ = {at.index + 1};
  return base_ + slots_.size() - 1;
}

const ledger::FateRange* Progress::given_up_before(engine::Position at) const {
  const auto found =
      std::find_if(ahead_.begin(), ahead_.end(), [&](const ledger::FateRange& range) {
        return range.first <= at.index && at.index <= range.last;
      });
  return found == ahead_.end() ? nullptr : &*found;
}

void Progress::expire_to(engine::Position to, std::int64_t at_ms) {
  while (next_ < to) {
    Slot gone{.first = next_.index, .last = to.index - 1, .state = Slot::State::kFate};
    if (const ledger::FateRange* known = given_up_before(next_)) {
      gone.last = std::min(gone.last, known->last);
      gone.fate = known->fate;
      gone.at_ms = known->at_ms;
    } else {
      const auto following =
          std::find_if(ahead_.begin(), ahead_.end(),
                       [&](const ledger::FateRange& range) { return range.first > next_.index; });
      if (following != ahead_.end()) gone.last = std::min(gone.last, following->first - 1);
      gone.fate = ledger::Fate::kExpiredUnread;
      gone.at_ms = at_ms;
    }
    next_ = {gone.last + 1};
    slots_.push_back(gone);
  }
  advance();
}

void Progress::expire_rest(engine::Position to, std::int64_t at_ms) {
  for (Slot& slot : slots_) {
    if (slot.state != Slot::State::kOpen) continue;
    slot.state = Slot::State::kFate;
    slot.fate = ledger::Fate::kExpiredUnread;
    slot.at_ms = at_ms;
  }
  expire_to(to, at_ms);
  advance();
}

void Progress::read_to(engine::Position to) { next_ = std::max(next_, to); }

Progress::Slot& Progress::slot(Place place) {
  PENSTOCK_CHECK(place >= base_ && place - base_ < slots_.size(), "a place is settled once");
  Slot& found = slots_[place - base_];
  PENSTOCK_CHECK(found.state == Slot::State::kOpen, "a record is settled once");
  return found;
}

void Progress::succeed(Place place) {
  slot(place).state = Slot::State::kSucceeded;
  advance();
}

void Progress::settle(Place place, ledger::Fate fate, std::int64_t at_ms) {
  Slot& found = slot(place);
  found.state = Slot::State::kFate;
  found.fate = fate;
  found.at_ms = at_ms;
  advance();
}

void Progress::advance() {
  while (!slots_.empty() && slots_.front().state != Slot::State::kOpen) {
    const Slot& done = slots_.front();
    if (done.state == Slot::State::kSucceeded) {
      book_.count_succeeded(1);
    } else {
      book_.count(done.fate, done.first, done.last, done.last - done.first + 1, done.at_ms);
    }
    const std::uint64_t last = done.last;
    slots_.pop_front();
    ++base_;
    while (!ahead_.empty() && ahead_.front().last <= last) ahead_.erase(ahead_.begin());
  }
}

engine::Position Progress::checkpoint() const {
  return slots_.empty() ? next_ : engine::Position{slots_.front().first};
}

std::vector<ledger::FateRange> Progress::ahead() const {
  std::vector<ledger::FateRange> out;
  for (const Slot& slot : slots_) {
    if (out.size() >= kAheadMax) return out;
    if (slot.state != Slot::State::kFate || !is_given_up(slot.fate)) continue;
    const std::uint64_t count = slot.last - slot.first + 1;
    if (!out.empty() && out.back().fate == slot.fate && out.back().last + 1 == slot.first) {
      out.back().last = slot.last;
      out.back().count += count;
    } else {
      out.push_back({slot.fate, slot.first, slot.last, count, slot.at_ms});
    }
  }
  // What was known before the restart and has not been read again yet.
  for (const ledger::FateRange& range : ahead_) {
    if (range.last >= next_.index && out.size() < kAheadMax) {
      ledger::FateRange rest = range;
      rest.first = std::max(rest.first, next_.index);
      rest.count = rest.last - rest.first + 1;
      out.push_back(rest);
    }
  }
  return out;
}

}  // namespace penstock::mapping
