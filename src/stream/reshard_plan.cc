#include "stream/reshard_plan.h"

#include "base/check.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace penstock::stream {
namespace {

bool can_split(const OpenShard& shard) { return shard.range.start < shard.range.end; }

/// Less than the number of its keys by one, which is 2^128 at most.
Uint128 width_of(const OpenShard& shard) { return shard.range.end.value - shard.range.start.value; }

std::optional<std::uint32_t> shard_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string to_text(const ReshardStep& step) {
  std::string text = std::to_string(step.shard);
  if (step.merged_with) text.append("+").append(std::to_string(*step.merged_with));
  return text;
}

std::optional<ReshardStep> parse_step(std::string_view text) {
  const std::size_t plus = text.find('+');
  const auto shard = shard_number(text.substr(0, plus));
  if (!shard) return std::nullopt;
  if (plus == text.npos) return ReshardStep{.shard = *shard};
  const auto other = shard_number(text.substr(plus + 1));
  if (!other) return std::nullopt;
  return ReshardStep{.shard = *shard, .merged_with = other};
}

HashKey middle_of(const HashKeyRange& range) {
  PENSTOCK_CHECK(range.start < range.end, "a range of one key has no middle");
  return {range.start.value + (range.end.value - range.start.value) / 2 + 1};
}

void ReshardPlan::split(std::size_t index) {
  const OpenShard parent = open_[index];
  const HashKey middle = middle_of(parent.range);
  steps_.push_back({.shard = parent.number});
  open_[index] = {next_, {parent.range.start, {middle.value - 1}}};
  open_.insert(open_.begin() + static_cast<std::ptrdiff_t>(index) + 1,
               {next_ + 1, {middle, parent.range.end}});
  next_ += 2;
  open_peak_ = std::max(open_peak_, open_.size());
}

void ReshardPlan::merge(std::size_t index) {
  OpenShard& lower = open_[index];
  const OpenShard upper = open_[index + 1];
  steps_.push_back({.shard = lower.number, .merged_with = upper.number});
  lower = {next_++, {lower.range.start, upper.range.end}};
  open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(index) + 1);
}

void ReshardPlan::scale_to(std::size_t target) {
  PENSTOCK_CHECK(target > 0 && !open_.empty(), "a stream has an open shard");
  if (target > open_.size()) {
    // From the left, so that children are numbered in the order of their keys.
    for (std::size_t i = 0; i < open_.size(); ++i) {
      if (can_split(open_[i])) split(i++);
    }
    split_widest_to(target);
  }
  while (open_.size() > target) merge_pairs_to(target);
}

/// One round: each shard is merged with its neighbour, from the left, until `target` are left.
void ReshardPlan::merge_pairs_to(std::size_t target) {
  for (std::size_t i = 0; i + 1 < open_.size() && open_.size() > target; ++i) merge(i);
}

void ReshardPlan::split_widest_to(std::size_t count) {
  while (open_.size() < count) {
    // A round splits the widest ones that there are, so that the work grows with the shards and
    // not with their square.
    std::vector<std::uint32_t> widest;
    for (std::size_t i = 0; i < open_.size(); ++i) {
      if (can_split(open_[i])) widest.push_back(static_cast<std::uint32_t>(i));
    }
    const std::size_t wanted = std::min(count - open_.size(), widest.size());
    PENSTOCK_CHECK(wanted > 0, "there are fewer shards than keys");
    std::sort(widest.begin(), widest.end(), [this](std::uint32_t a, std::uint32_t b) {
      const Uint128 of_a = width_of(open_[a]);
      const Uint128 of_b = width_of(open_[b]);
      return of_a != of_b ? of_a > of_b : a < b;
    });
    // Of a round only those at least half as wide as the widest: their halves are the next round's.
    const Uint128 least = width_of(open_[widest.front()]) / 2;
    std::erase_if(widest, [&](std::uint32_t i) { return width_of(open_[i]) < least; });
    widest.resize(std::min(wanted, widest.size()));
    std::sort(widest.begin(), widest.end());
    for (std::size_t done = 0; done < widest.size(); ++done) split(widest[done] + done);
  }
}

void ReshardPlan::merge_narrowest_to(std::size_t count) {
  PENSTOCK_CHECK(count > 0, "a stream has an open shard");
  while (open_.size() > count) {
    // A round merges each shard at most once, and pairs at most twice as wide as the narrowest.
    std::vector<std::size_t> pairs;
    for (std::size_t i = 0; i + 1 < open_.size(); ++i) pairs.push_back(i);
    const auto width = [this](std::size_t i) {
      return open_[i + 1].range.end.value - open_[i].range.start.value;
    };
    // Of pairs as narrow as each other, first those that a split may have made.
    const auto is_half_and_half = [&](std::size_t i) {
      return width(i) != HashKey::max().value && open_[i].range.start.value % (width(i) + 1) == 0;
    };
    std::sort(pairs.begin(), pairs.end(), [&](std::size_t a, std::size_t b) {
      if (width(a) != width(b)) return width(a) < width(b);
      if (is_half_and_half(a) != is_half_and_half(b)) return is_half_and_half(a);
      return a < b;
    });
    const Uint128 narrowest = width(pairs.front());
    std::vector<bool> taken(open_.size(), false);
    std::vector<std::size_t> chosen;
    for (const std::size_t i : pairs) {
      if (chosen.size() == open_.size() - count || width(i) / 2 > narrowest) break;
      if (taken[i] || taken[i + 1]) continue;
      taken[i] = taken[i + 1] = true;
      chosen.push_back(i);
    }
    std::sort(chosen.begin(), chosen.end());
    for (std::size_t done = 0; done < chosen.size(); ++done) merge(chosen[done] - done);
  }
}

}  // namespace penstock::stream
