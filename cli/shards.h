#pragma once

#include "base/hash_key.h"
#include "cli/api_client.h"
#include "cli/wire.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace penstock::cli {

/// Every shard that is kept, closed ones too, in the order of their ids.
Result<std::vector<wire::Shard>> list_shards(ApiClient& client, const std::string& stream);

/// "3" or "shard-3" as "shardId-000000000003"; what has no number at its end as it is.
std::string shard_id(const std::string& text);
/// 3 of "shardId-000000000003"; 0 of what has no number at its end.
std::uint64_t shard_number(const std::string& id);

bool is_open(const wire::Shard& shard);
/// The range as numbers. Fails with CliErrc::kUnexpected where the service wrote something else.
Result<HashKeyRange> range_of(const wire::HashKeys& keys);

/// The open shards of a stream: which one a key belongs to, which range one has.
class OpenShards {
 public:
  static Result<OpenShards> of(const std::vector<wire::Shard>& shards);

  /// The open shard that has this point; nullptr where none was listed.
  const std::string* at(HashKey key) const;
  /// nullptr for a shard that was not listed as open.
  const HashKeyRange* range(const std::string& id) const;

 private:
  struct Place {
    HashKeyRange range;
    std::string id;
  };
  std::map<HashKey, Place> by_start_;
  std::map<std::string, HashKeyRange> by_id_;
};

}  // namespace penstock::cli
