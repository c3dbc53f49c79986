#include "mapping/lane.h"

#include "base/check.h"
#include "mapping/event_json.h"

#include <algorithm>
#include <iterator>

namespace penstock::mapping {

Lane::Lane(LaneRules rules, ServiceTime now, std::vector<StoredBatch> stored)
    : rules_(rules), window_start_(now) {
  for (const StoredBatch& facts : stored) restored_.push_back({.facts = facts, .items = {}});
}

// --- Records in ----------------------------------------------------------------------------------

void Lane::add(Item item) {
  bytes_ += item.event_bytes;
  if (!restored_.empty() && item.at().index < restored_.front().facts.first) {
    before_.push_back(std::move(item));
    return;
  }
  for (Restored& restored : restored_) {
    if (!restored.complete && item.at().index <= restored.facts.last) {
      restored.items.push_back(std::move(item));
      return;
    }
  }
  queue_.push_back(std::move(item));
}

void Lane::read_to(engine::Position next, bool end_of_shard) {
  end_of_shard_ = end_of_shard;
  for (Restored& restored : restored_) {
    if (restored.facts.last < next.index) restored.complete = true;
  }
}

bool Lane::awaits_records() const {
  return std::any_of(restored_.begin(), restored_.end(),
                     [](const Restored& restored) { return !restored.complete; });
}

// --- What to do now
// --------------------------------------------------------------------------------

Lane::Decision Lane::decide(ServiceTime now) {
  Decision decision;
  if (busy()) return decision;
  if (stack_.empty() && !form_batch(now, decision)) return decision;

  Batch& batch = stack_.back();
  const auto prefix = [&](auto is_over) {
    const auto first_good = std::find_if_not(batch.items.begin(), batch.items.end(), is_over);
    return static_cast<std::size_t>(first_good - batch.items.begin());
  };
  if (const std::size_t gone =
          prefix([&](const Item& item) { return item.arrival + rules_.retention < now; });
      gone > 0) {
    return {.step = Step::kExpired, .count = gone};
  }
  const auto give_up = [&](ledger::DropCause cause, std::size_t count, std::uint32_t invoke_count) {
    doing_ = Doing::kGivingUp;
    return Decision{
        .step = Step::kGiveUp, .count = count, .cause = cause, .invoke_count = invoke_count};
  };
  if (rules_.max_age) {
    const std::size_t old =
        prefix([&](const Item& item) { return now - item.arrival > *rules_.max_age; });
    if (old > 0) return give_up(ledger::DropCause::kAge, old, batch.attempts + 1);
  }
  if (batch.items.front().event_bytes + kEventFrameBytes > kEventBytesMax) {
    return give_up(ledger::DropCause::kTooLarge, 1, 1);
  }
  if (attempts_spent(batch)) {
    return give_up(ledger::DropCause::kRetries, batch.items.size(), std::max(batch.attempts, 1u));
  }
  if (now < batch.retry_at) {
    decision.step = Step::kWait;
    decision.until = std::min(batch.retry_at, must_look_at(batch.items.front()));
    return decision;
  }
  doing_ = Doing::kInvoking;
  decision.step = Step::kInvoke;
  return decision;
}

/// Whether there is one; if not, `wait` says until when.
bool Lane::form_batch(ServiceTime now, Decision& wait) {
  if (!before_.empty()) {
    stack_.push_back(cut_prefix(before_));
    return true;
  }
  while (!restored_.empty() && restored_.front().complete) {
    Restored& oldest = restored_.front();
    if (oldest.items.empty()) {
      restored_.pop_front();
      continue;
    }
    // As large as it was, unless the filters let more through now or the batch size was reduced.
    Batch batch = cut_prefix(oldest.items);
    batch.attempts = oldest.facts.attempts;
    batch.interrupted = oldest.facts.interrupted;
    stack_.push_back(std::move(batch));
    if (oldest.items.empty()) {
      restored_.pop_front();
    } else {
      oldest.facts.first = oldest.items.front().at().index;
    }
    return true;
  }
  if (!restored_.empty() || queue_.empty()) return false;

  const std::size_t count = prefix_that_fits(queue_);
  const bool is_full = count == rules_.batch_size || count < queue_.size() || end_of_shard_;
  if (!is_full && rules_.window > Millis{0}) {
    const ServiceTime look_at = std::min(window_end(now), must_look_at(queue_.front()));
    if (now < look_at) {
      wait.step = Step::kWait;
      wait.until = look_at;
      return false;
    }
  }
  stack_.push_back(cut_prefix(queue_));
  return true;
}

/// One batch's worth from the front.
Lane::Batch Lane::cut_prefix(std::deque<Item>& items) {
  Batch batch;
  const auto end = items.begin() + static_cast<std::ptrdiff_t>(prefix_that_fits(items));
  batch.items.assign(std::make_move_iterator(items.begin()), std::make_move_iterator(end));
  items.erase(items.begin(), end);
  return batch;
}

/// At least 1: a record that is too large by itself goes alone, to be given up.
std::size_t Lane::prefix_that_fits(const std::deque<Item>& items) const {
  std::size_t bytes = kEventFrameBytes;
  std::size_t count = 0;
  for (const Item& item : items) {
    bytes += item.event_bytes;
    if (count == rules_.batch_size || (count > 0 && bytes > kEventBytesMax)) break;
    ++count;
  }
  return count;
}

/// A window starts when the invocation before it ended; one that ends with nothing in it is
/// followed by the next.
ServiceTime Lane::window_end(ServiceTime now) {
  const ServiceTime oldest_added = std::min(queue_.front().arrival, now);
  if (window_start_ + rules_.window <= oldest_added) {
    window_start_ += (oldest_added - window_start_) / rules_.window * rules_.window;
  }
  return window_start_ + rules_.window;
}

/// The first interruption is not held against a batch, since servers are stopped for many reasons;
/// one that is in flight whenever the server dies runs out of attempts like any other.
bool Lane::attempts_spent(const Batch& batch) const {
  if (!rules_.max_retries) return false;
  const std::uint32_t counted =
      batch.attempts + (batch.interrupted > 1 ? batch.interrupted - 1 : 0);
  return counted > *rules_.max_retries;
}

/// When age or retention end a wait for this record.
ServiceTime Lane::must_look_at(const Item& oldest) const {
  const Millis kept =
      rules_.max_age ? std::min(rules_.retention, *rules_.max_age) : rules_.retention;
  return oldest.arrival + kept + Millis{1};
}

Millis Lane::pause(std::uint32_t failures) const {
  Millis made = rules_.retry_pause;
  for (std::uint32_t i = 1; i < failures && made < rules_.retry_pause_max; ++i) made *= 2;
  return std::min(made, rules_.retry_pause_max);
}

// --- How it went
// -----------------------------------------------------------------------------------

std::vector<Item> Lane::invoked(Invoked outcome, ServiceTime now) {
  PENSTOCK_CHECK(doing_ == Doing::kInvoking, "an invocation ends once");
  doing_ = Doing::kNothing;
  window_start_ = now;
  Batch& batch = stack_.back();
  if (outcome.kind == Invoked::Kind::kNotInvoked) {
    ++not_invoked_;
    batch.retry_at = now + pause(not_invoked_);
    return {};
  }
  not_invoked_ = 0;
  if (outcome.kind == Invoked::Kind::kSucceeded) return take_prefix(batch.items.size());

  const bool has_progress = outcome.kind == Invoked::Kind::kFailedFrom && outcome.first > 0;
  const std::size_t succeeded = has_progress ? outcome.first : 0;
  batch.last = std::move(outcome);
  if (!has_progress) {
    fail(now);
    return {};
  }
  // Another batch now: it starts afresh, at once.
  batch.attempts = 0;
  batch.interrupted = 0;
  batch.retry_at = now;
  return take_prefix(succeeded);
}

void Lane::fail(ServiceTime now) {
  Batch& batch = stack_.back();
  if (rules_.bisect && batch.items.size() > 1) return split(now);
  ++batch.attempts;
  batch.retry_at = now + pause(batch.attempts);
}

/// Both halves start afresh; the first is finished, with all its splits, before the second.
void Lane::split(ServiceTime now) {
  Batch whole = std::move(stack_.back());
  stack_.pop_back();
  const auto middle = whole.items.begin() + static_cast<std::ptrdiff_t>(whole.items.size() / 2);
  Batch first, second;
  first.retry_at = second.retry_at = now;
  first.last = second.last = whole.last;
  first.items.assign(std::make_move_iterator(whole.items.begin()), std::make_move_iterator(middle));
  second.items.assign(std::make_move_iterator(middle), std::make_move_iterator(whole.items.end()));
  stack_.push_back(std::move(second));
  stack_.push_back(std::move(first));
}

std::vector<Item> Lane::given_up(std::size_t count) {
  doing_ = Doing::kNothing;
  return take_prefix(count);
}

std::vector<Item> Lane::take_prefix(std::size_t count) {
  Batch& batch = stack_.back();
  PENSTOCK_CHECK(count <= batch.items.size(), "no more than the batch is settled");
  const auto end = batch.items.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<Item> taken(std::make_move_iterator(batch.items.begin()),
                          std::make_move_iterator(end));
  batch.items.erase(batch.items.begin(), end);
  for (const Item& item : taken) bytes_ -= item.event_bytes;
  if (batch.items.empty()) stack_.pop_back();
  return taken;
}

// --- To be stored
// ------------------------------------------------------------------------------------

std::vector<StoredBatch> Lane::stored() const {
  std::vector<StoredBatch> out;
  for (auto batch = stack_.rbegin(); batch != stack_.rend(); ++batch) {
    const bool runs_now = doing_ == Doing::kInvoking && batch == stack_.rbegin();
    out.push_back({.first = batch->items.front().at().index,
                   .last = batch->items.back().at().index,
                   .attempts = batch->attempts,
                   .interrupted = batch->interrupted + (runs_now ? 1 : 0)});
  }
  for (const Restored& restored : restored_) out.push_back(restored.facts);
  return out;
}

}  // namespace penstock::mapping
