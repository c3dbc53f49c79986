#pragma once

#include "cli/api_client.h"
#include "cli/shard_map.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace penstock::cli {

/// What the server counted of each shard up to a moment. AWS has no such call.
struct LoadSample {
  struct Counts {
    std::int64_t records = 0;
    std::int64_t bytes = 0;
    std::int64_t refused = 0;
  };
  std::map<std::string, Counts> shards;
  ShardLimits limits;
  std::chrono::steady_clock::time_point at;
};

/// Where the server tells more of a stream than AWS would: "shards", "limits", "scaling". By name
/// or ARN; an ARN's account and region are asked for.
std::string admin_path(const std::string& stream, const std::string& what);

Result<LoadSample> sample_load(ApiClient& client, const std::string& stream);

/// Of each shard that both samples have, between them.
std::map<std::string, ShardLoad> load_between(const LoadSample& first, const LoadSample& second);

}  // namespace penstock::cli
