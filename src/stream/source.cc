#include "engine/errors.h"
#include "stream/parts.h"
#include "stream/texts.h"

/// What mappings and the ledger see of streams.
namespace penstock::stream {
namespace {

SourceStream source_of(const LiveStream& stream) {
  return {.log = stream.entry.log,
          .name = stream.entry.name,
          .arn = stream.arn,
          .status = stream.entry.status,
          .created = stream.entry.created,
          .retention = stream.entry.retention()};
}

std::optional<SourceStream> source_of(const LiveStreamPtr& stream) {
  return stream == nullptr ? std::nullopt : std::optional(source_of(*stream));
}

Error stream_gone() { return {StreamErrc::kNotFound, "the stream was deleted"}; }

}  // namespace

std::optional<SourceStream> StreamService::resolve(std::string_view stream_arn) const {
  const std::optional<StreamName> name = parse_stream_arn(stream_arn);
  return name ? source_of(parts_->directory.find(*name)) : std::nullopt;
}

std::optional<SourceStream> StreamService::find(LogId log) const {
  return source_of(parts_->directory.find(log));
}

SourceConsumer StreamService::consumer(std::string_view consumer_arn) const {
  const std::optional<ConsumerView> found = parts_->consumers.find(consumer_arn);
  if (!found) return SourceConsumer::kMissing;
  return found->status == ConsumerStatus::kActive ? SourceConsumer::kActive
                                                  : SourceConsumer::kNotActive;
}

std::vector<SourceStream> StreamService::streams() const {
  std::vector<SourceStream> out;
  for (const auto& [name, stream] : parts_->directory.snapshot()->by_name) {
    out.push_back(source_of(*stream));
  }
  return out;
}

Result<std::vector<SourceShard>> StreamService::shards(LogId log) const {
  const LiveStreamPtr stream = parts_->directory.find(log);
  if (stream == nullptr) return stream_gone();
  const ServiceTime now = parts_->given.clocks.service_now();
  std::vector<SourceShard> out;
  for (const ShardEntry& shard : stream->entry.shards) {
    if (stream->entry.expired(shard, now)) continue;
    SourceShard made{.ref = {log, shard.number},
                     .range = shard.range,
                     .created = service_time(shard.created_s * 1'000),
                     .starting = shard.stamp().starting(),
                     .ending = shard.ending(),
                     .closed = shard.closed};
    if (shard.parent) made.parents.push_back(*shard.parent);
    if (shard.adjacent_parent) made.parents.push_back(*shard.adjacent_parent);
    out.push_back(std::move(made));
  }
  return out;
}

Task<Result<SourceSlice>> StreamService::read(ShardRef shard, engine::Position from,
                                              engine::ReadLimits limits) {
  const LiveStreamPtr stream = parts_->directory.find(shard.log);
  const LiveStream::Shard* live = stream == nullptr ? nullptr : stream->find(shard.shard);
  if (live == nullptr) co_return stream_gone();
  CO_TRY(engine::Slice slice, co_await parts_->reads.read(shard, from, limits));
  SourceSlice out{.next = slice.next,
                  .end_of_shard = slice.end_of_shard && live->entry.closed.has_value(),
                  .trimmed = slice.trimmed,
                  .bytes = slice.bytes,
                  .pin = std::move(slice.pin)};
  const ShardStamp stamp = live->entry.stamp();
  out.records.reserve(slice.records.size());
  for (const engine::Record& record : slice.records) {
    out.records.push_back(
        {stamp.number(record.at, record.arrival), record.arrival, record.key, record.data});
  }
  co_return out;
}

Task<Result<engine::Position>> StreamService::trim_horizon(ShardRef shard) {
  return parts_->reads.trim_horizon(shard);
}

Result<engine::Position> StreamService::latest(ShardRef shard) const {
  const Result<engine::Bounds> bounds = parts_->given.engine.log().bounds(shard);
  if (!bounds.ok()) return stream_gone();
  return bounds->next;
}

Task<Result<engine::Position>> StreamService::at_timestamp(ShardRef shard, ServiceTime at) {
  return parts_->reads.at_timestamp(shard, at);
}

std::unique_ptr<engine::Subscription> StreamService::watch(ShardRef shard, engine::Position from,
                                                           std::function<void()> wake) {
  return parts_->given.engine.log().watch(shard, from, std::move(wake));
}

std::unique_ptr<engine::Subscription> StreamService::watch_streams(std::function<void()> changed) {
  return parts_->directory.watch(std::move(changed));
}

Result<ShardCounts> StreamService::counts(ShardRef shard) const {
  const Result<engine::Bounds> bounds = parts_->given.engine.log().bounds(shard);
  if (!bounds.ok()) return stream_gone();
  return ShardCounts{.stored = bounds->appended_records,
                     .expired = bounds->trimmed_records,
                     .damaged = bounds->damaged_records,
                     .horizon = bounds->horizon,
                     .next = bounds->next};
}

}  // namespace penstock::stream
