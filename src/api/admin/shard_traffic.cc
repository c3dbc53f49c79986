#include "api/admin/shard_traffic.h"

#include "api/admin/which_stream.h"
#include "stream/stream_service.h"
#include "stream/traffic.h"

namespace penstock::api::admin {
namespace {

struct Traffic {
  std::string shard;
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  std::int64_t refused = 0;
  static constexpr auto shape() {
    using Self = Traffic;
    return std::array{
        shape::member<&Self::shard>("shard"),
        shape::member<&Self::records>("records", {}, "Stored since the server started."),
        shape::member<&Self::bytes>("bytes", {}, "Of these, keys and data."),
        shape::member<&Self::refused>("refused", {}, "Entries beyond the shard's limits."),
    };
  }
};

struct ShardTrafficReply {
  std::int64_t write_records = 0;
  std::int64_t write_bytes = 0;
  std::vector<Traffic> shards;
  static constexpr auto shape() {
    using Self = ShardTrafficReply;
    return std::array{
        shape::member<&Self::write_records>("write_records", {},
                                            "A shard's limit, a second; 0: there is none."),
        shape::member<&Self::write_bytes>("write_bytes", {},
                                          "A shard's limit, a second; 0: there is none."),
        shape::member<&Self::shards>("shards", {}, "Open ones, and closed ones that are kept."),
    };
  }
};

constexpr shape::Operation<WhichStream, ShardTrafficReply> kShardTraffic{
    .name = "ReadShardTraffic",
    .doc = "What each shard of a stream took in since the server started; two looks give a rate.",
    .method = "GET",
    .path = "/_penstock/streams/{StreamName}/shards"};

Result<ShardTrafficReply> traffic(const stream::StreamService& streams,
                                  const front::Request& request, const WhichStream& input) {
  TRY(const stream::StreamTraffic seen, streams.traffic(name_in(request, input)));
  ShardTrafficReply reply{
      .write_records = seen.write_records, .write_bytes = seen.write_bytes, .shards = {}};
  reply.shards.reserve(seen.shards.size());
  for (const stream::TrafficOfShard& shard : seen.shards) {
    reply.shards.push_back({.shard = stream::shard_id_text(shard.shard),
                            .records = static_cast<std::int64_t>(shard.records),
                            .bytes = static_cast<std::int64_t>(shard.bytes),
                            .refused = static_cast<std::int64_t>(shard.refused)});
  }
  return reply;
}

}  // namespace

shape::OperationInfo shard_traffic_shape() { return shape::describe(kShardTraffic); }

front::Operation shard_traffic_operation(const stream::StreamService& streams) {
  return bind(kShardTraffic, kStreamStyle,
              [&streams](const front::Request& request, WhichStream input) {
                return traffic(streams, request, input);
              });
}

}  // namespace penstock::api::admin
