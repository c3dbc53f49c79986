#include "cli/stream_api.h"
#include "cli/stream_commands.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace penstock::cli {
namespace {

struct SplitRequest {
  std::optional<std::string> name;
  std::optional<std::string> arn;
  std::string shard;
  std::string at;
  static constexpr auto shape() {
    using Self = SplitRequest;
    return std::array{shape::member<&Self::name>("StreamName"),
                      shape::member<&Self::arn>("StreamARN"),
                      shape::member<&Self::shard>("ShardToSplit"),
                      shape::member<&Self::at>("NewStartingHashKey")};
  }
};

struct MergeRequest {
  std::optional<std::string> name;
  std::optional<std::string> arn;
  std::string lower;
  std::string upper;
  static constexpr auto shape() {
    using Self = MergeRequest;
    return std::array{shape::member<&Self::name>("StreamName"),
                      shape::member<&Self::arn>("StreamARN"),
                      shape::member<&Self::lower>("ShardToMerge"),
                      shape::member<&Self::upper>("AdjacentShardToMerge")};
  }
};

struct ResizeRequest {
  std::optional<std::string> name;
  std::optional<std::string> arn;
  std::int64_t target = 0;
  std::string scaling = "UNIFORM_SCALING";
  static constexpr auto shape() {
    using Self = ResizeRequest;
    return std::array{shape::member<&Self::name>("StreamName"),
                      shape::member<&Self::arn>("StreamARN"),
                      shape::member<&Self::target>("TargetShardCount"),
                      shape::member<&Self::scaling>("ScalingType")};
  }
};

struct ResizeReply {
  std::int64_t current = 0;
  std::int64_t target = 0;
  static constexpr auto shape() {
    return std::array{shape::member<&ResizeReply::current>("CurrentShardCount"),
                      shape::member<&ResizeReply::target>("TargetShardCount")};
  }
};

struct ResizeFlags : StreamFlags {
  std::int64_t shards = 0;
};

struct SplitFlags : StreamFlags {
  std::string shard;
  std::string at;
  std::string at_key;
};

struct MergeFlags : StreamFlags {
  std::string one;
  std::string other;
};

std::string open_ones(const std::vector<wire::Shard>& shards) {
  constexpr std::size_t kNamed = 10;
  std::string names;
  std::size_t count = 0;
  for (const wire::Shard& shard : shards) {
    if (!is_open(shard) || ++count > kNamed) continue;
    names += (names.empty() ? "" : ", ") + std::to_string(shard_number(shard.id));
  }
  if (count > kNamed) names += " and " + std::to_string(count - kNamed) + " more";
  return names;
}

/// The shard that "3" or "shardId-000000000003" means.
Result<wire::Shard> shard_of(const std::vector<wire::Shard>& shards, const std::string& text,
                             const std::string& stream) {
  const std::string id = shard_id(text);
  for (const wire::Shard& shard : shards) {
    if (shard.id == id) return shard;
  }
  return Error{CliErrc::kUsage, "stream " + stream + " has no shard " + text +
                                    "; its open shards are " + open_ones(shards)};
}

Result<std::string> split_point(const SplitFlags& flags, const wire::Shard& shard) {
  if (!flags.at.empty()) return flags.at;
  if (!flags.at_key.empty()) return HashKey::of_partition_key(flags.at_key).to_string();
  TRY(const HashKeyRange range, range_of(shard.hash_keys));
  return HashKey{range.start.value + (range.end.value - range.start.value) / 2 + 1}.to_string();
}

/// The open shards that the two listings do not share, by number.
std::string made_since(const std::vector<wire::Shard>& before,
                       const std::vector<wire::Shard>& after) {
  std::string made;
  for (const wire::Shard& shard : after) {
    const bool is_new = std::none_of(before.begin(), before.end(),
                                     [&](const wire::Shard& old) { return old.id == shard.id; });
    if (!is_new) continue;
    made += (made.empty() ? "" : " and ") + std::to_string(shard_number(shard.id));
  }
  return made;
}

/// Waits for what was begun, and says which shards it made.
Result<int> settle_reshard(StreamApi& api, const StreamFlags& flags,
                           const std::vector<wire::Shard>& before, const std::string& begun,
                           const std::string& done) {
  if (flags.no_wait) return settle(api, flags, begun);
  TRY_OK(api.wait_until_active(flags.stream, flags));
  TRY(const auto after, api.shards(flags.stream));
  return settle(api, flags, done + made_since(before, after));
}

Result<int> split(const Context& context, const SplitFlags& flags) {
  StreamApi api(context);
  TRY(const auto before, api.shards(flags.stream));
  TRY(const wire::Shard shard, shard_of(before, flags.shard, flags.stream));
  TRY(const std::string at, split_point(flags, shard));
  const auto target = wire::StreamTarget::of(flags.stream);
  TRY_OK(
      api.body("SplitShard",
               SplitRequest{.name = target.name, .arn = target.arn, .shard = shard.id, .at = at}));
  const std::string which = "shard " + std::to_string(shard_number(shard.id));
  return settle_reshard(api, flags, before, which + " is being split", which + " was split into ");
}

Result<int> merge(const Context& context, const MergeFlags& flags) {
  StreamApi api(context);
  TRY(const auto before, api.shards(flags.stream));
  TRY(wire::Shard lower, shard_of(before, flags.one, flags.stream));
  TRY(wire::Shard upper, shard_of(before, flags.other, flags.stream));
  TRY(const HashKeyRange one, range_of(lower.hash_keys));
  TRY(const HashKeyRange other, range_of(upper.hash_keys));
  // The service wants the lower range first and says of the other order that they are no pair.
  if (other.start < one.start) std::swap(lower, upper);
  const auto target = wire::StreamTarget::of(flags.stream);
  TRY_OK(api.body(
      "MergeShards",
      MergeRequest{.name = target.name, .arn = target.arn, .lower = lower.id, .upper = upper.id}));
  const std::string which = "shards " + std::to_string(shard_number(lower.id)) + " and " +
                            std::to_string(shard_number(upper.id));
  return settle_reshard(api, flags, before, which + " are being merged",
                        which + " were merged into ");
}

Result<int> resize(const Context& context, const ResizeFlags& flags) {
  StreamApi api(context);
  const auto target = wire::StreamTarget::of(flags.stream);
  TRY(const std::string body,
      api.body("UpdateShardCount",
               ResizeRequest{.name = target.name, .arn = target.arn, .target = flags.shards}));
  TRY(const auto reply, shape::from_json<ResizeReply>(body));
  if (flags.json) {
    if (!flags.no_wait) TRY_OK(api.wait_until_active(flags.stream, flags));
    std::printf("%s\n", body.c_str());
    return 0;
  }
  return settle(api, flags,
                std::string(flags.no_wait ? "going" : "went") + " from " +
                    std::to_string(reply.current) + " to " + counted(reply.target, "shard"));
}

}  // namespace

void add_stream_shards(CLI::App& stream, Context& context, Action& action) {
  auto splitting = std::make_shared<SplitFlags>();
  CLI::App* cut = add_stream_command(stream, *splitting, "split", "Split a shard into two");
  cut->add_option("shard", splitting->shard, "3, or shardId-000000000003")->required();
  auto* at = cut->add_option("--at", splitting->at,
                             "Hash key (decimal) with which the upper half begins; the middle "
                             "without it");
  cut->add_option("--at-key", splitting->at_key,
                  "Partition key whose hash key the upper half begins with")
      ->excludes(at);
  add_wait_flags(*cut, *splitting);
  cut->callback([&context, &action, splitting] {
    action = [&context, splitting] { return split(context, *splitting); };
  });

  auto resizing = std::make_shared<ResizeFlags>();
  CLI::App* sizing = add_stream_command(
      stream, *resizing, "resize",
      "Change how many shards there are: to twice as many at most, to half at least");
  sizing->add_option("shards", resizing->shards, "Open shards that there are to be")->required();
  add_wait_flags(*sizing, *resizing);
  sizing->callback([&context, &action, resizing] {
    action = [&context, resizing] { return resize(context, *resizing); };
  });

  auto merging = std::make_shared<MergeFlags>();
  CLI::App* join = add_stream_command(stream, *merging, "merge", "Merge two neighbouring shards");
  join->add_option("shard", merging->one, "3, or shardId-000000000003")->required();
  join->add_option("other", merging->other, "Its neighbour, on either side")->required();
  add_wait_flags(*join, *merging);
  join->callback([&context, &action, merging] {
    action = [&context, merging] { return merge(context, *merging); };
  });
}

}  // namespace penstock::cli
