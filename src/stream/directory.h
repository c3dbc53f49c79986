#pragma once

#include "base/task.h"
#include "engine/log.h"
#include "engine/meta.h"
#include "stream/entry.h"
#include "stream/limiter.h"
#include "stream/notice.h"
#include "stream/traffic.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace penstock::stream {

/// What is counted of one shard while the server runs. Shared by all snapshots of its stream;
/// the limiters are reached under the mutex only, which is never held across a suspension.
struct ShardLane {
  ShardLane(const ShardLimits& limits, std::int64_t record_bytes_max)
      : write(record_bytes_max, limits), read(limits), iterators(limits) {}
  std::mutex mutex;
  WriteLimiter write;
  ReadLimiter read;
  IteratorLimiter iterators;
  bool hint_given = false;
  PutTrouble put_trouble;
  ReadTrouble read_trouble;
  std::atomic<bool> puts_fail = false;  ///< put_trouble.lasts(), to be seen without the mutex.
  ShardTraffic traffic;                 ///< Not under the mutex.
};

/// A stream at one moment, ready for the data plane. Immutable.
struct LiveStream {
  struct Shard {
    ShardEntry entry;
    engine::Fence fence;
    std::shared_ptr<ShardLane> lane;
  };
  struct Route {
    HashKey end;
    std::uint32_t index = 0;  ///< Into shards.
  };

  StreamEntry entry;  ///< Its shards stand in `shards`, too, with the same index.
  engine::Version version;
  std::string arn;
  ShardLimits limits;  ///< Of each shard: the server's, or the stream's own.
  std::vector<Shard> shards;
  std::vector<Route> routes;  ///< Open shards by the end of their range.
  /// Records that Distribution::kAuto has placed; shared by all snapshots of the stream.
  std::shared_ptr<std::atomic<std::uint32_t>> placed;

  ShardRef ref(const Shard& shard) const { return {entry.log, shard.entry.number}; }
  const Shard* find(std::uint32_t number) const;
  /// Index of the open shard that takes the key. Only with open shards, which cover every key.
  std::uint32_t route(HashKey key) const;
  bool takes_records() const {
    return entry.status == StreamStatus::kActive || entry.status == StreamStatus::kUpdating;
  }
};
using LiveStreamPtr = std::shared_ptr<const LiveStream>;

struct NameView {
  std::string_view account;
  std::string_view region;
  std::string_view name;
};
struct NameOrder {
  using is_transparent = void;
  static auto key(const StreamName& n) {
    return std::tie(n.tenant.account, n.tenant.region, n.name);
  }
  static auto key(const NameView& n) { return std::tie(n.account, n.region, n.name); }
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return key(a) < key(b);
  }
};

/// Every stream at one moment. Immutable.
struct Snapshot {
  std::map<StreamName, LiveStreamPtr, NameOrder> by_name;
  std::map<LogId, LiveStreamPtr> by_log;
};

/// Where the data plane finds streams: replaced whole on each change by the control loop, read
/// on any loop under a lock that is held for one copy of a pointer.
class Directory {
 public:
  std::shared_ptr<const Snapshot> snapshot() const;
  /// nullptr when there is none.
  LiveStreamPtr find(const StreamName& name) const;
  LiveStreamPtr find(LogId log) const;

  // Control loop only.
  void publish(LiveStreamPtr stream);  ///< Ignored when a newer version is known.
  void remove(const StreamName& name);
  std::unique_ptr<engine::Subscription> watch(std::function<void()> changed);
  void tell_watchers();  ///< Of something that belongs to a stream and stands elsewhere.

  /// Completes once the stream is no longer what `seen` says. Any loop.
  Task<> changed_since(LiveStreamPtr seen);

 private:
  struct Watcher;
  using Watchers = std::list<std::shared_ptr<std::function<void()>>>;
  void replace(std::shared_ptr<const Snapshot> next);

  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> current_ = std::make_shared<const Snapshot>();
  std::vector<OneShot<bool>> waiting_;
  std::shared_ptr<Watchers> watchers_ = std::make_shared<Watchers>();
};

/// Joins an entry to its shards' lanes, taking those of `before` over. `limits`: the server's.
LiveStreamPtr make_live(StreamEntry entry, engine::Version version, const engine::Leases& leases,
                        const ShardLimits& limits, const LiveStreamPtr& before);

}  // namespace penstock::stream
