#pragma once

#include "base/result.h"
#include "base/task.h"
#include "engine/log.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::engine {

/// Grows with every commit; 0 means "does not exist".
struct Version {
  std::uint64_t value = 0;
  auto operator<=>(const Version&) const = default;
  bool operator==(const Version&) const = default;
};

struct Document {
  std::string key;
  Version version;
  std::string value;
};

/// One step of a commit. `expected` must be the key's present version (0: it must not exist).
struct Change {
  enum class Op { kPut, kErase, kCheck };
  Op op = Op::kPut;
  std::string key;
  Version expected;
  std::string value;
};

/// Small versioned documents: the control plane. Reads are of applied state, from memory.
/// Keys are paths such as "stream/000000000000/us-east-1/orders"; values at most 1 MiB.
class Meta {
 public:
  virtual ~Meta() = default;
  /// All or nothing, durable when it completes. kConflict names the key that did not match.
  virtual Task<Result<Version>> commit(std::vector<Change> changes) = 0;
  virtual std::optional<Document> get(std::string_view key) const = 0;
  /// Every document whose key starts with `prefix`, in the order of keys.
  virtual std::vector<Document> list(std::string_view prefix) const = 0;
  /// Completes when every commit made before, on any node, has been applied here.
  virtual Task<Status> barrier() = 0;
  /// Calls on the calling loop after a commit that touched a key with this prefix.
  virtual std::unique_ptr<Subscription> watch(std::string prefix,
                                              std::function<void()> changed) = 0;
};

/// High-rate small state, where the last write under a valid fence wins: checkpoints with their
/// counters, queue receipts. Values at most 1 MiB; no version, no conflict.
class Marks {
 public:
  virtual ~Marks() = default;
  struct Mark {
    std::string key;
    std::optional<std::string> value;  ///< nullopt erases.
  };
  /// All of them together or none, durable when it completes, in the order of the calls.
  virtual Task<Status> put(Fence fence, std::vector<Mark> marks) = 0;
  virtual std::optional<std::string> get(std::string_view key) const = 0;
  virtual std::vector<std::pair<std::string, std::string>> list(std::string_view prefix) const = 0;
};

/// Which node owns a slot. The local engine always owns everything; its epoch is the boot count.
class Leases {
 public:
  virtual ~Leases() = default;
  /// The fence for writes to this shard, or nothing when another node owns it.
  virtual std::optional<Fence> mine(ShardRef shard) const = 0;
  /// The fence for the control loop's own state (mappings, queues).
  virtual Fence node() const = 0;
  virtual bool valid(Fence fence) const = 0;
};

}  // namespace penstock::engine
