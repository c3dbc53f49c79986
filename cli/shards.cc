#include "cli/shards.h"

#include <cstdlib>
#include <iterator>
#include <utility>

namespace penstock::cli {

Result<std::vector<wire::Shard>> list_shards(ApiClient& client, const std::string& stream) {
  std::vector<wire::Shard> shards;
  const auto target = wire::StreamTarget::of(stream);
  wire::ListShards request{.stream_name = target.name, .stream_arn = target.arn};
  while (true) {
    TRY(auto page, client.kinesis<wire::ListShardsReply>("ListShards", request));
    shards.insert(shards.end(), std::make_move_iterator(page.shards.begin()),
                  std::make_move_iterator(page.shards.end()));
    if (!page.next_token) return shards;
    request = {.next_token = page.next_token};
  }
}

std::string shard_id(const std::string& text) {
  const std::string digits = text.substr(text.find('-') + 1);
  if (digits.empty() || digits.size() > 12 ||
      digits.find_first_not_of("0123456789") != std::string::npos) {
    return text;
  }
  return "shardId-" + std::string(12 - digits.size(), '0') + digits;
}

std::uint64_t shard_number(const std::string& id) {
  return std::strtoull(id.c_str() + id.find('-') + 1, nullptr, 10);
}

bool is_open(const wire::Shard& shard) { return !shard.sequence_numbers.end; }

Result<HashKeyRange> range_of(const wire::HashKeys& keys) {
  const auto start = HashKey::parse(keys.start);
  const auto end = HashKey::parse(keys.end);
  if (start && end && *start <= *end) return HashKeyRange{.start = *start, .end = *end};
  return Error{CliErrc::kUnexpected, "the service wrote \"" + keys.start + "\" to \"" + keys.end +
                                         "\" as hash key range"};
}

Result<OpenShards> OpenShards::of(const std::vector<wire::Shard>& shards) {
  OpenShards open;
  for (const wire::Shard& shard : shards) {
    if (!is_open(shard)) continue;
    TRY(const HashKeyRange range, range_of(shard.hash_keys));
    open.by_start_[range.start] = {.range = range, .id = shard.id};
    open.by_id_[shard.id] = range;
  }
  return open;
}

const std::string* OpenShards::at(HashKey key) const {
  auto behind = by_start_.upper_bound(key);
  if (behind == by_start_.begin()) return nullptr;
  const Place& place = (--behind)->second;
  return place.range.contains(key) ? &place.id : nullptr;
}

const HashKeyRange* OpenShards::range(const std::string& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

}  // namespace penstock::cli
