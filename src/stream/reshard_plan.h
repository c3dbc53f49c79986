#pragma once

#include "base/hash_key.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::stream {

/// One step from one layout of a stream to another. Children get the next numbers, so that a list
/// of steps may name shards that its own earlier steps make.
struct ReshardStep {
  std::uint32_t shard = 0;                   ///< Split in its middle, or the lower one of a merge.
  std::optional<std::uint32_t> merged_with;  ///< The shard that begins where it ends.
  bool operator==(const ReshardStep&) const = default;
};

/// "7" is a split, "7+8" a merge.
std::string to_text(const ReshardStep& step);
std::optional<ReshardStep> parse_step(std::string_view text);

struct OpenShard {
  std::uint32_t number = 0;
  HashKeyRange range;
  bool operator==(const OpenShard&) const = default;
};

/// Where the upper half begins. Only of a range with more than one key.
HashKey middle_of(const HashKeyRange& range);

/// A layout that is being changed step by step: what it would look like, and how it got there.
class ReshardPlan {
 public:
  /// open         every open shard, in the order of keys
  /// next_shard   the number of the next child
  ReshardPlan(std::vector<OpenShard> open, std::uint32_t next_shard)
      : open_(std::move(open)), next_(next_shard), open_peak_(open_.size()) {}

  /// The shard at `index`, of more than one key, becomes two.
  void split(std::size_t index);
  /// The shards at `index` and behind it become one.
  void merge(std::size_t index);

  /// What UpdateShardCount does, as far as it can be told from outside: upwards every shard is
  /// split and then neighbours are merged, from the left, until `target` are left; downwards
  /// neighbours are merged, in as many rounds as it takes.
  /// source  totals that users of AWS have counted, docs/decisions/0035-resharding-plan.md
  void scale_to(std::size_t target);
  /// The widest shards are split, in as many rounds as it takes to have `count`.
  void split_widest_to(std::size_t count);
  /// The neighbours that are narrowest together are merged, in as many rounds as it takes.
  void merge_narrowest_to(std::size_t count);

  const std::vector<OpenShard>& open() const { return open_; }
  /// The most shards that are open at once on the way.
  std::size_t open_peak() const { return open_peak_; }
  std::uint32_t next_shard() const { return next_; }
  const std::vector<ReshardStep>& steps() const { return steps_; }
  std::vector<ReshardStep> take() && { return std::move(steps_); }

 private:
  void merge_pairs_to(std::size_t target);

  std::vector<OpenShard> open_;
  std::uint32_t next_ = 0;
  std::size_t open_peak_ = 0;
  std::vector<ReshardStep> steps_;
};

}  // namespace penstock::stream
