#include "engine/local/local_log.h"

#include "engine/errors.h"
#include "env/clocks.h"
#include "env/fault_points.h"
#include "env/loop.h"

#include <algorithm>
#include <utility>

namespace penstock::engine::local {

namespace {

Error no_such_shard(ShardRef ref) {
  return Error{EngineErrc::kNoSuchShard, "log " + std::to_string(ref.log.value) + " has no shard " +
                                             std::to_string(ref.shard)};
}

}  // namespace

Result<std::shared_ptr<Shard>> LocalLog::find(ShardRef ref) const {
  auto shard = core_.shards.find(ref);
  if (shard == nullptr) return no_such_shard(ref);
  return shard;
}

LocalLog::LocalLog(Core& core)
    : core_(core), lines_(core.env.loops.size()), helped_at_(core.env.loops.size()) {}
LocalLog::~LocalLog() = default;

// --- Append ---------------------------------------------------------------------------------

/// A place in the line of a shard: whoever comes later to that shard waits behind it.
class LocalLog::Place {
 public:
  Place(Lines& lines, ShardRef shard) : lines_(lines), shard_(shard) {
    lines_[shard_].push_back(this);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    const auto line = lines_.find(shard_);
    std::erase(line->second, this);
    if (line->second.empty()) lines_.erase(line);
  }
  bool is_first() const { return lines_.at(shard_).front() == this; }

 private:
  Lines& lines_;
  ShardRef shard_;
};

namespace {

bool must_wait(const Append& append) {
  return !append.outcome.ok() && append.outcome.error().code == EngineErrc::kUnavailable;
}

}  // namespace

void LocalLog::stage(CommitQueue::Staging& staging, Append& append, std::shared_ptr<Shard> shard,
                     std::vector<std::span<const std::uint8_t>>& frames, bool is_behind) {
  append.outcome = [&]() -> Result<Appended> {
    if (staging.refusal().has_value()) return *staging.refusal();
    if (staging.record_refusal().has_value()) return *staging.record_refusal();
    TRY_OK(core_.check(append.fence));
    if (shard == nullptr) return no_such_shard(append.shard);
    if (is_behind) return Error{EngineErrc::kUnavailable, "earlier records of the shard wait"};
    if (staging.is_crowded()) return Error{EngineErrc::kUnavailable, "the disk is behind"};
    AlignedBuffer* bytes = staging.bytes();
    if (bytes != nullptr && !staging.reserve(frames_bytes_max(append.records))) {
      return Error{EngineErrc::kUnavailable, "the memory budget is spent"};
    }
    frames.clear();
    TRY(const Appended appended, shard->stage(append.records, append.arrival, *core_.pool,
                                              bytes == nullptr ? nullptr : &frames));
    for (const auto frame : frames) bytes->append(frame);
    if (!append.records.empty()) {
      staging.staged_records(std::move(shard),
                             Position{appended.first.index + append.records.size()},
                             append.records.size());
    }
    return appended;
  }();
}

/// `places`: one for each append that has waited already, or none.
std::shared_ptr<Waiter> LocalLog::stage_all(std::span<Append> appends, Places& places) {
  // Reused by every request of this loop's thread: no allocation per request.
  static thread_local std::vector<std::span<const std::uint8_t>> frames;
  static thread_local std::vector<std::shared_ptr<Shard>> shards;
  const std::size_t lane = core_.queue.current_lane();
  Lines& lines = lines_[lane];
  shards.clear();
  core_.shards.find_each(appends, shards);
  CommitQueue::Staging staging(core_.queue, lane);
  for (std::size_t i = 0; i < appends.size(); ++i) {
    const Place* place = places.empty() ? nullptr : places[i].get();
    const bool is_behind =
        place != nullptr ? !place->is_first() : !lines.empty() && lines.contains(appends[i].shard);
    stage(staging, appends[i], std::move(shards[i]), frames, is_behind);
    if (!must_wait(appends[i])) {
      if (place != nullptr) places[i].reset();
    } else if (place == nullptr) {
      places.resize(appends.size());
      places[i] = std::make_unique<Place>(lines, appends[i].shard);
    }
  }
  return staging.finish();
}

Task<> LocalLog::append(std::span<Append> appends) {
  Places places;
  if (const auto waiter = stage_all(appends, places); waiter != nullptr) {
    co_await waiter->gate.wait();
    if (waiter->failure.has_value()) {
      for (Append& append : appends) {
        if (append.outcome.ok()) append.outcome = *waiter->failure;
      }
      co_return;
    }
  }
  if (!places.empty()) co_await append_slowly(appends, std::move(places));
}

/// Memory is spent, or the disk is behind: those that could not be staged try again for a while.
Task<> LocalLog::append_slowly(std::span<Append> appends, Places places) {
  env::Loop& loop = core_.current_loop();
  const SteadyTime give_up = core_.env.clocks.steady_now() + core_.options.memory_wait_max;
  for (std::size_t i = 0; i < appends.size(); ++i) {
    if (places[i] == nullptr) continue;
    if (core_.wake_store) core_.wake_store();
    Places own;
    own.push_back(std::move(places[i]));
    while (must_wait(appends[i])) {
      const SteadyTime now = core_.env.clocks.steady_now();
      if (now >= give_up) co_return;
      co_await env::sleep_until(loop, std::min(now + Millis{2}, give_up), {});
      help_to_release(now);
      const auto waiter = stage_all(appends.subspan(i, 1), own);
      const Status status = co_await CommitQueue::wait(waiter);
      if (!status.ok()) appends[i].outcome = status.error();
    }
  }
}

/// The store may be at something longer. One waiting put on a loop is enough, and the store is
/// told: it may have looked at the segments before the last of their records went.
void LocalLog::help_to_release(SteadyTime now) {
  SteadyTime& helped = helped_at_[core_.queue.current_lane()];
  if (now - helped < Millis{2}) return;
  helped = now;
  if (core_.release_some() && core_.wake_store) core_.wake_store();
}

// --- Read -----------------------------------------------------------------------------------

Task<Result<Slice>> LocalLog::read(ShardRef ref, Position from, ReadLimits limits) {
  CO_TRY(const auto shard, find(ref));
  if (core_.env.faults.hit(env::FaultPoint::kShortRead)) {
    limits.records_max = std::max<std::size_t>(1, limits.records_max / 16);
  }
  CO_TRY(auto found, shard->read(from, limits));
  if (auto* slice = std::get_if<Slice>(&found)) co_return std::move(*slice);
  co_return co_await core_.reader->read(shard, std::get<Shard::BlockRead>(std::move(found)),
                                        limits);
}

Task<Result<Position>> LocalLog::locate(ShardRef ref, ServiceTime at) {
  CO_TRY(const auto shard, find(ref));
  auto found = shard->locate(at);
  if (const auto* position = std::get_if<Position>(&found)) {
    co_return shard->before_fence(*position);
  }
  CO_TRY(const Position position,
         co_await core_.reader->locate(shard, std::get<Shard::BlockRead>(std::move(found)), at));
  co_return shard->before_fence(position);
}

Result<Bounds> LocalLog::bounds(ShardRef ref) const {
  TRY(const auto shard, find(ref));
  return shard->bounds();
}

std::unique_ptr<Subscription> LocalLog::watch(ShardRef ref, Position from,
                                              std::function<void()> wake) {
  auto watcher = make_watcher(core_.current_loop(), std::move(wake));
  const auto shard = core_.shards.find(ref);
  if (shard == nullptr || shard->watch(watcher, from)) {
    Wakeups wakeups;
    wakeups.add(watcher);
    wakeups.send();
  }
  return std::make_unique<WatchSubscription<Shard>>(shard, std::move(watcher));
}

std::vector<ShardRef> LocalLog::shards() const {
  std::vector<ShardRef> refs;
  for (const auto& shard : core_.shards.all()) refs.push_back(shard->ref());
  return refs;
}

// --- Changes of state: all through lane 0, so that the journal has them in one order ----------

Task<Status> LocalLog::trim(ShardRef ref, Position before) {
  std::vector<std::uint8_t> frame;
  CO_TRY(const auto shard, find(ref));
  std::shared_ptr<Waiter> waiter;
  {
    CommitQueue::Staging staging(core_.queue, 0);
    if (staging.refusal().has_value()) co_return *staging.refusal();
    const Bounds bounds = shard->bounds();
    const Position horizon = std::min(before, bounds.next);
    if (horizon <= bounds.horizon) co_return ok();
    encode(frame, FrameKind::kTrim, ShardFrame{ref, horizon});
    staging.staged_state(frame, [&core = core_, shard, horizon](Wakeups&) {
      shard->apply_trim(horizon);
      core.let_go({shard});
    });
    waiter = staging.finish();
  }
  CO_TRY_OK(co_await CommitQueue::wait(waiter));
  co_await release();
  co_return ok();
}

Task<Status> LocalLog::ensure(LogId log, std::uint32_t shard_count) {
  std::vector<std::uint8_t> frame;
  std::shared_ptr<Waiter> waiter;
  {
    CommitQueue::Staging staging(core_.queue, 0);
    if (staging.refusal().has_value()) co_return *staging.refusal();
    if (core_.shards.count(log) >= shard_count) co_return ok();
    encode(frame, EnsureFrame{log, shard_count});
    staging.staged_state(frame, [&core = core_, log, shard_count](Wakeups&) {
      core.shards.ensure(log, shard_count);
    });
    waiter = staging.finish();
  }
  co_return co_await CommitQueue::wait(waiter);
}

Task<Status> LocalLog::open(ShardRef ref, Fence fence) {
  CO_TRY_OK(core_.check(fence));
  CO_TRY_OK(find(ref));
  co_return ok();
}

Task<Result<Position>> LocalLog::seal(ShardRef ref, Fence fence) {
  CO_TRY_OK(core_.check(fence));
  CO_TRY(const auto shard, find(ref));
  std::vector<std::uint8_t> frame;
  std::shared_ptr<Waiter> waiter;
  Position end;
  {
    CommitQueue::Staging staging(core_.queue, 0);
    if (staging.refusal().has_value()) co_return *staging.refusal();
    end = shard->stage_seal();
    encode(frame, FrameKind::kSeal, ShardFrame{ref, end});
    staging.staged_state(frame,
                         [shard, end](Wakeups& wakeups) { shard->apply_seal(end, wakeups); });
    waiter = staging.finish();
  }
  CO_TRY_OK(co_await CommitQueue::wait(waiter));
  co_return end;
}

Task<Status> LocalLog::drop(LogId log) {
  std::vector<std::uint8_t> frame;
  std::shared_ptr<Waiter> waiter;
  {
    CommitQueue::Staging staging(core_.queue, 0);
    if (staging.refusal().has_value()) co_return *staging.refusal();
    const auto shards = core_.shards.of(log);
    if (shards.empty()) co_return ok();
    for (const auto& shard : shards) shard->stage_drop();
    encode(frame, DropFrame{log});
    staging.staged_state(frame, [&core = core_, log](Wakeups& wakeups) {
      const auto dropped = core.shards.remove(log);
      for (const auto& shard : dropped) shard->apply_drop(wakeups);
      core.let_go(dropped);
    });
    waiter = staging.finish();
  }
  CO_TRY_OK(co_await CommitQueue::wait(waiter));
  co_await release();
  co_return ok();
}

/// Without a store it is done here, and whoever else is on this loop has a turn in between.
Task<> LocalLog::release() {
  if (core_.wake_store) co_return;
  env::Loop& loop = core_.current_loop();
  while (core_.release_some()) {
    co_await env::sleep_until(loop, core_.env.clocks.steady_now(), {});
  }
}

}  // namespace penstock::engine::local
