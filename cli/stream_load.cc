#include "cli/stream_load.h"

#include "base/percent.h"
#include "shape/shape.h"

#include <array>
#include <vector>

namespace penstock::cli {
namespace {

struct ShardCounts {
  std::string shard;
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  std::int64_t refused = 0;
  static constexpr auto shape() {
    using Self = ShardCounts;
    return std::array{
        shape::member<&Self::shard>("shard"), shape::member<&Self::records>("records"),
        shape::member<&Self::bytes>("bytes"), shape::member<&Self::refused>("refused")};
  }
};

struct TrafficReply {
  std::int64_t write_records = 0;
  std::int64_t write_bytes = 0;
  std::vector<ShardCounts> shards;
  static constexpr auto shape() {
    using Self = TrafficReply;
    return std::array{shape::member<&Self::write_records>("write_records"),
                      shape::member<&Self::write_bytes>("write_bytes"),
                      shape::member<&Self::shards>("shards")};
  }
};

/// The parts of "arn:aws:kinesis:REGION:ACCOUNT:stream/NAME" by their places.
std::vector<std::string> parts_of(const std::string& arn) {
  std::vector<std::string> parts(1);
  for (const char c : arn) {
    if (c == ':' && parts.size() < 6) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

}  // namespace

std::string admin_path(const std::string& stream, const std::string& what) {
  const auto path = [&what](const std::string& name) {
    return "/_penstock/streams/" + percent_encode(name) + "/" + what;
  };
  const auto parts = parts_of(stream);
  if (parts.size() != 6) return path(stream);
  return path(parts[5].substr(parts[5].find('/') + 1)) + "?account=" + percent_encode(parts[4]) +
         "&region=" + percent_encode(parts[3]);
}

Result<LoadSample> sample_load(ApiClient& client, const std::string& stream) {
  TRY(const std::string body, client.rest("penstock", "GET", admin_path(stream, "shards"), ""));
  TRY(const auto reply, shape::from_json<TrafficReply>(body));
  LoadSample sample{.shards = {},
                    .limits = {.records = static_cast<double>(reply.write_records),
                               .bytes = static_cast<double>(reply.write_bytes)},
                    .at = std::chrono::steady_clock::now()};
  for (const ShardCounts& shard : reply.shards) {
    sample.shards[shard.shard] = {
        .records = shard.records, .bytes = shard.bytes, .refused = shard.refused};
  }
  return sample;
}

std::map<std::string, ShardLoad> load_between(const LoadSample& first, const LoadSample& second) {
  std::map<std::string, ShardLoad> loads;
  const double seconds = std::chrono::duration<double>(second.at - first.at).count();
  if (seconds <= 0) return loads;
  for (const auto& [id, now] : second.shards) {
    const auto before = first.shards.find(id);
    // Counters begin anew with the server, and with a stream that was made again.
    if (before == first.shards.end() || now.records < before->second.records) continue;
    loads[id] = {.records = static_cast<double>(now.records - before->second.records) / seconds,
                 .bytes = static_cast<double>(now.bytes - before->second.bytes) / seconds,
                 .refused = static_cast<double>(now.refused - before->second.refused) / seconds};
  }
  return loads;
}

}  // namespace penstock::cli
