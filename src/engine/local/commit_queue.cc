#include "engine/local/commit_queue.h"

#include "engine/local/commit.h"
#include "env/clocks.h"
#include "env/loop.h"

#include <algorithm>
#include <utility>

namespace penstock::engine::local {

namespace {

constexpr std::size_t kLaneBytesMax = 16u << 20;
constexpr std::size_t kLaneBytesKept = 4u << 20;
/// What the writer adds: padding, and a block of zeros.
constexpr std::size_t kWriterBytes = 2 * AlignedBuffer::kAlign;

std::size_t share_of(const Budget* budget, std::size_t part, std::size_t most) {
  return budget == nullptr ? most : std::min(most, budget->limit_bytes() / part);
}

}  // namespace

void LaneBatch::clear(std::size_t kept_bytes) {
  // What was needed just now is needed again; what is much more than that was a burst's.
  if (bytes.capacity() > kept_bytes && bytes.size() < bytes.capacity() / 4) {
    bytes.release();
    charge = {};
  }
  bytes.clear();
  publishes.clear();
  applies.clear();
  waiters.clear();
  records = 0;
  marks = 0;
  frames = 0;
}

bool Cut::empty() const {
  return std::all_of(lanes.begin(), lanes.end(),
                     [](const LaneBatch& lane) { return lane.empty(); });
}

CommitQueue::CommitQueue(std::vector<env::Loop*> loops, const env::Clocks& clocks,
                         std::function<void()> wake_writer, Budget* budget)
    : loops_(std::move(loops)),
      clocks_(clocks),
      wake_writer_(std::move(wake_writer)),
      budget_(budget),
      lane_bytes_max_(share_of(budget, 16, kLaneBytesMax)),
      lane_bytes_kept_(share_of(budget, 32, kLaneBytesKept)) {
  for (std::size_t i = 0; i < loops_.size(); ++i) lanes_.push_back(std::make_shared<Lane>());
}

std::size_t CommitQueue::current_lane() const {
  for (std::size_t i = 1; i < loops_.size(); ++i) {
    if (loops_[i]->is_current()) return i;
  }
  return 0;
}

namespace {

void publish(const LaneBatch& batch, Wakeups& wakeups) {
  for (const auto& [shard, next] : batch.publishes) shard->publish(next, wakeups);
}

void apply(const LaneBatch& batch, Wakeups& wakeups) {
  for (const auto& change : batch.applies) change(wakeups);
}

}  // namespace

// --- Staging --------------------------------------------------------------------------------

CommitQueue::Staging::Staging(CommitQueue& queue, std::size_t lane)
    : queue_(queue),
      lane_(lane),
      lock_(queue.lanes_[lane]->mutex),
      batch_(queue.lanes_[lane]->batch),
      frames_before_(batch_.frames) {
  if (queue_.wake_writer_ && batch_.bytes.size() == 0) batch_.bytes.resize(kCommitHeaderBytes);
}

bool CommitQueue::Staging::reserve(std::size_t bytes) {
  AlignedBuffer& held = batch_.bytes;
  const std::size_t needed = held.size() + bytes + kWriterBytes;
  if (needed <= held.capacity() || !queue_.wake_writer_) return true;
  std::size_t capacity =
      std::max(needed, std::min(2 * held.capacity(), held.capacity() + (4u << 20)));
  if (queue_.budget_ != nullptr) {
    // The old and the new one are there together for a moment, and so are their charges.
    Budget::Share share = queue_.budget_->try_take(capacity);
    if (!share) share = queue_.budget_->try_take(capacity = needed);
    if (!share) return false;
    held.reserve_exactly(capacity);
    batch_.charge = std::move(share);
    return true;
  }
  held.reserve_exactly(capacity);
  return true;
}

void CommitQueue::Staging::staged_records(std::shared_ptr<Shard> shard, Position next,
                                          std::uint64_t count) {
  ++batch_.frames;
  batch_.records += count;
  batch_.publishes.push_back({std::move(shard), next});
}

void CommitQueue::Staging::staged_state(std::span<const std::uint8_t> frame,
                                        std::function<void(Wakeups&)> apply) {
  ++batch_.frames;
  if (first_frame(frame)->kind == FrameKind::kMarks) ++batch_.marks;
  if (queue_.wake_writer_) batch_.bytes.append(frame);
  batch_.applies.push_back(std::move(apply));
}

std::shared_ptr<Waiter> CommitQueue::Staging::finish() {
  if (batch_.frames == frames_before_) {
    lock_.unlock();
    return nullptr;
  }
  if (!queue_.wake_writer_) {
    // Under the lane's lock, so that state is applied in the order it was staged.
    Wakeups wakeups;
    publish(batch_, wakeups);
    apply(batch_, wakeups);
    batch_.clear(queue_.lane_bytes_kept_);
    lock_.unlock();
    wakeups.send();
    return nullptr;
  }
  auto waiter = std::make_shared<Waiter>();
  waiter->loop = queue_.current_lane();
  batch_.waiters.push_back(waiter);
  const bool wake_now = must_wake_writer();
  lock_.unlock();
  if (wake_now) queue_.wake_writer_();
  return waiter;
}

/// Or the end of the loop's round will, unless it finds a reason to wait.
bool CommitQueue::Staging::must_wake_writer() {
  if (batch_.bytes.size() >= kWorthACommitBytes) return true;
  if (!queue_.loops_[lane_]->is_current()) return true;  // Its round may be long over.
  Lane& lane = *queue_.lanes_[lane_];
  if (!lane.awaits_round) {
    lane.rounds_since = queue_.clocks_.steady_now();
    queue_.await_round(lane_);
  }
  return false;
}

// --- The loop's round -----------------------------------------------------------------------

/// Under the lane's lock. What is posted now runs behind everything that is ready now.
void CommitQueue::await_round(std::size_t lane) {
  Lane& own = *lanes_[lane];
  own.awaits_round = true;
  own.frames_then = own.batch.frames;
  post(loops_[lane]->executor(), [this, lane, alive = std::weak_ptr(lanes_[lane])] {
    if (!alive.expired()) end_round(lane);
  });
}

void CommitQueue::end_round(std::size_t lane) {
  Lane& own = *lanes_[lane];
  {
    const std::lock_guard lock(own.mutex);
    own.awaits_round = false;
    if (own.batch.empty()) return;  // Another loop has woken the writer.
    const bool more_may_come =
        own.batch.frames != own.frames_then && clocks_.steady_now() - own.rounds_since < kRoundsMax;
    if (more_may_come) return await_round(lane);
  }
  wake_writer_();
}

Task<Status> CommitQueue::wait(std::shared_ptr<Waiter> waiter) {
  if (waiter == nullptr) co_return ok();
  co_await waiter->gate.wait();
  if (waiter->failure.has_value()) co_return *waiter->failure;
  co_return ok();
}

// --- The writer's side ----------------------------------------------------------------------

std::vector<std::unique_lock<std::mutex>> CommitQueue::lock_all() const {
  std::vector<std::unique_lock<std::mutex>> locks;
  locks.reserve(lanes_.size());
  for (const auto& lane : lanes_) locks.emplace_back(lane->mutex);
  return locks;
}

void CommitQueue::take(Cut& into) {
  into.lanes.resize(lanes_.size());
  const auto locks = lock_all();
  for (std::size_t i = 0; i < lanes_.size(); ++i) std::swap(into.lanes[i], lanes_[i]->batch);
}

bool CommitQueue::idle() const {
  const auto locks = lock_all();
  return std::all_of(lanes_.begin(), lanes_.end(),
                     [](const auto& lane) { return lane->batch.empty(); });
}

void CommitQueue::complete(Cut& cut, const Status& status) {
  Wakeups wakeups;
  if (status.ok()) {
    // Records first: a seal must not be seen before what it closes over.
    for (const LaneBatch& batch : cut.lanes) publish(batch, wakeups);
    for (const LaneBatch& batch : cut.lanes) apply(batch, wakeups);
  }
  answer(cut, status, wakeups);
  wakeups.send();
}

/// Lets everybody who waits for the cut go, and empties it.
void CommitQueue::answer(Cut& cut, const Status& status, Wakeups& wakeups) const {
  std::vector<std::vector<std::shared_ptr<Waiter>>> by_loop(loops_.size());
  for (LaneBatch& batch : cut.lanes) {
    for (auto& waiter : batch.waiters) {
      if (!status.ok()) waiter->failure = status.error();
      by_loop[waiter->loop].push_back(std::move(waiter));
    }
    batch.clear(lane_bytes_kept_);
  }
  for (std::size_t i = 0; i < by_loop.size(); ++i) {
    if (by_loop[i].empty()) continue;
    wakeups.add(i, loops_[i]->executor(), [waiters = std::move(by_loop[i])] {
      for (const auto& waiter : waiters) waiter->gate.release_now();
    });
  }
}

void CommitQueue::give_back(Cut& cut, const Error& error, const std::function<void()>& unstage) {
  Wakeups wakeups;
  answer(cut, error, wakeups);
  {
    const auto locks = lock_all();
    for (std::size_t i = 0; i < lanes_.size(); ++i) std::swap(cut.lanes[i], lanes_[i]->batch);
    unstage();
  }
  answer(cut, error, wakeups);
  wakeups.send();
}

void CommitQueue::refuse(Error error) {
  const auto locks = lock_all();
  if (!refusal_.has_value()) refusal_ = std::move(error);
}

void CommitQueue::decide(const std::function<void(Refusals&)>& change) {
  const auto locks = lock_all();
  change(refusals_);
}

}  // namespace penstock::engine::local
