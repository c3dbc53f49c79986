#include "stream/parts.h"
#include "stream/texts.h"

#include <algorithm>

/// The descriptions that StreamService gives: pages over a snapshot.
namespace penstock::stream {
namespace {

constexpr std::int64_t kDescribePage = 100;
constexpr std::int64_t kListStreamsPage = 100;
constexpr std::int64_t kListShardsPage = 1'000;
constexpr std::int64_t kTagsPage = 50;

Error invalid(std::string text) { return {StreamErrc::kInvalidArgument, std::move(text)}; }

StreamSummary summary_of(const LiveStream& stream) {
  const StreamEntry& entry = stream.entry;
  return {.name = entry.name,
          .arn = stream.arn,
          .status = entry.status,
          .mode = entry.mode,
          .retention_hours = entry.retention_hours,
          .created = entry.created,
          .open_shards = entry.open_shards(),
          .max_record_kib = entry.max_record_kib,
          .distribution = entry.options.distribution,
          .metrics = entry.options.metrics,
          .key_id = entry.options.encryption.key_id};
}

Error bad_token() { return invalid("The NextToken is not valid."); }

/// A shard was open from its creation until it was closed; a child from the moment its parents
/// were closed, though its creation second may lie ahead of that. `at` is within retention.
bool was_open_at(const StreamEntry& stream, const ShardEntry& shard, ServiceTime at) {
  if (shard.closed && *shard.closed < at) return false;
  if (!shard.parent) return shard.created_s <= unix_seconds(at);
  const ShardEntry* parent = stream.find(*shard.parent);
  return parent == nullptr || (parent->closed && *parent->closed < at);  // None: retention is past.
}

/// Whether a filter lets a shard through. `horizon` is the oldest moment inside retention.
bool passes(const PageToken& page, const StreamEntry& stream, const ShardEntry& shard,
            ServiceTime horizon) {
  const ServiceTime oldest = std::max(horizon, stream.created);
  switch (page.filter.value_or(ShardFilterType::kFromTrimHorizon)) {
    case ShardFilterType::kAfterShardId: return shard.number > *page.filter_shard;
    case ShardFilterType::kAtTrimHorizon:
      // Shards made with the stream were open at a horizon that lies at its creation.
      return was_open_at(stream, shard, oldest) ||
             (!shard.parent && (!shard.closed || *shard.closed >= oldest));
    case ShardFilterType::kFromTrimHorizon: return true;
    case ShardFilterType::kAtLatest: return !shard.closed;
    case ShardFilterType::kAtTimestamp:
      return was_open_at(stream, shard, std::max(*page.filter_time, oldest));
    case ShardFilterType::kFromTimestamp:
      return !shard.closed || *shard.closed >= *page.filter_time;
  }
  return true;
}

Status check_filter(const ShardFilter& filter, std::optional<std::uint32_t> shard,
                    ServiceTime now) {
  const bool wants_shard = filter.type == ShardFilterType::kAfterShardId;
  const bool wants_time = filter.type == ShardFilterType::kAtTimestamp ||
                          filter.type == ShardFilterType::kFromTimestamp;
  if (wants_shard != filter.shard_id.has_value()) {
    return invalid("ShardFilter must have a ShardId exactly when its Type is AFTER_SHARD_ID.");
  }
  if (wants_shard && !shard) {
    return invalid("ShardId " + std::string(*filter.shard_id) +
                   " in ShardFilter is not the id of a shard.");
  }
  if (wants_time != filter.timestamp.has_value()) {
    return invalid(
        "ShardFilter must have a Timestamp exactly when its Type is AT_TIMESTAMP or "
        "FROM_TIMESTAMP.");
  }
  if (wants_time && *filter.timestamp > now) {
    return invalid("The Timestamp in ShardFilter cannot be in the future.");
  }
  return ok();
}

}  // namespace

Result<StreamSummary> StreamService::summary(Caller caller, StreamTarget target) const {
  TRY(const StreamName name, resolve_target(caller, target));
  const LiveStreamPtr stream = parts_->directory.find(name);
  if (stream == nullptr) return stream_not_found(name);
  StreamSummary summary = summary_of(*stream);
  summary.consumers = parts_->consumers.count(name);
  summary.warm = parts_->catalog.warm_throughput(stream->entry);
  return summary;
}

Result<StreamDescription> StreamService::describe(
    Caller caller, StreamTarget target, std::optional<std::int64_t> limit,
    std::optional<std::string_view> exclusive_start_shard_id) const {
  TRY(const StreamName name, resolve_target(caller, target));
  const LiveStreamPtr stream = parts_->directory.find(name);
  if (stream == nullptr) return stream_not_found(name);
  std::optional<std::uint32_t> after;
  if (exclusive_start_shard_id) {
    after = parse_shard_id(*exclusive_start_shard_id);
    if (!after) return could_not_find_shard(*exclusive_start_shard_id, name);
  }
  const auto page =
      static_cast<std::size_t>(std::min(limit.value_or(kDescribePage), kDescribePage));
  const ServiceTime now = parts_->given.clocks.service_now();
  StreamDescription out{.summary = summary_of(*stream)};
  for (const ShardEntry& shard : stream->entry.shards) {
    if ((after && shard.number <= *after) || stream->entry.expired(shard, now)) continue;
    if (out.shards.size() == page) {
      out.has_more_shards = true;
      break;
    }
    out.shards.push_back(shard.view());
  }
  return out;
}

Result<StreamPage> StreamService::list(Caller caller, ListStreams request) const {
  const ServiceTime now = parts_->given.clocks.service_now();
  std::string after(request.exclusive_start_name);
  if (!request.next_token.empty()) {
    const std::optional<PageToken> page = parts_->tokens.open_page(request.next_token);
    if (!page || page->log != LogId{} || page->stream.tenant != caller.tenant) return bad_token();
    TRY_OK(check_token_age(page->issued, now));
    after = std::max(after, page->stream.name);
  }
  const auto size = static_cast<std::size_t>(
      std::min(request.limit.value_or(kListStreamsPage), kListStreamsPage));
  StreamPage out;
  const auto snapshot = parts_->directory.snapshot();
  const StreamName from{caller.tenant, after};
  for (auto at = snapshot->by_name.upper_bound(from);
       at != snapshot->by_name.end() && at->first.tenant == caller.tenant; ++at) {
    if (out.streams.size() == size) {
      out.has_more = true;
      out.next_token = parts_->tokens.seal(
          PageToken{.issued = now, .stream = {caller.tenant, out.streams.back().name.name}});
      break;
    }
    out.streams.push_back(summary_of(*at->second));
  }
  return out;
}

Result<ShardPage> StreamService::list_shards(Caller caller, ListShards request) const {
  const ServiceTime now = parts_->given.clocks.service_now();
  PageToken page;
  std::optional<std::uint32_t> after;
  if (!request.next_token.empty()) {
    const std::pair<bool, std::string_view> together[] = {
        {!request.stream.name.empty(), "StreamName"},
        {!request.stream.arn.empty(), "StreamARN"},
        {request.exclusive_start_shard_id.has_value(), "ExclusiveStartShardId"},
        {request.stream_creation.has_value(), "StreamCreationTimestamp"},
        {request.filter.has_value(), "ShardFilter"}};
    for (const auto& [given, member] : together) {
      if (given) {
        return invalid("NextToken and " + std::string(member) + " cannot be provided together.");
      }
    }
    const std::optional<PageToken> opened = parts_->tokens.open_page(request.next_token);
    if (!opened || opened->log == LogId{} || !opened->after_consumer.empty()) return bad_token();
    TRY_OK(check_token_age(opened->issued, now));
    page = *opened;
    after = page.after_shard;
  } else {
    if (request.stream.name.empty() && request.stream.arn.empty()) {
      return invalid("Either NextToken or StreamName should be provided.");
    }
    TRY(page.stream, resolve_target(caller, request.stream));
    if (request.exclusive_start_shard_id) {
      after = parse_shard_id(*request.exclusive_start_shard_id);
      if (!after) return could_not_find_shard(*request.exclusive_start_shard_id, page.stream);
    }
    if (request.filter) {
      page.filter = request.filter->type;
      if (request.filter->shard_id) page.filter_shard = parse_shard_id(*request.filter->shard_id);
      page.filter_time = request.filter->timestamp;
      TRY_OK(check_filter(*request.filter, page.filter_shard, now));
    }
  }
  const LiveStreamPtr stream = parts_->directory.find(page.stream);
  if (stream == nullptr || (page.log != LogId{} && page.log != stream->entry.log)) {
    return stream_not_found(page.stream);
  }
  if (!stream->takes_records()) return stream_not_active(page.stream, stream->entry.status);
  if (request.stream_creation &&
      unix_seconds(*request.stream_creation) != unix_seconds(stream->entry.created)) {
    return stream_not_found(page.stream);
  }
  const auto size = static_cast<std::size_t>(
      std::min(request.max_results.value_or(kListShardsPage), kListShardsPage));
  const ServiceTime horizon = stream->entry.horizon(now);
  ShardPage out;
  for (const ShardEntry& shard : stream->entry.shards) {
    if ((after && shard.number <= *after) || stream->entry.expired(shard, now) ||
        !passes(page, stream->entry, shard, horizon)) {
      continue;
    }
    if (out.shards.size() == size) {
      page.issued = now;
      page.log = stream->entry.log;
      page.after_shard = out.shards.back().number;
      out.next_token = parts_->tokens.seal(page);
      break;
    }
    out.shards.push_back(shard.view());
  }
  return out;
}

Result<StreamTraffic> StreamService::traffic(const StreamName& name) const {
  const LiveStreamPtr stream = parts_->directory.find(name);
  if (stream == nullptr) return stream_not_found(name);
  const ServiceTime now = parts_->given.clocks.service_now();
  StreamTraffic seen{.write_records = stream->limits.write_records,
                     .write_bytes = stream->limits.write_bytes};
  for (const LiveStream::Shard& shard : stream->shards) {
    if (stream->entry.expired(shard.entry, now)) continue;
    const ShardTraffic& traffic = shard.lane->traffic;
    seen.shards.push_back({.shard = shard.entry.number,
                           .records = traffic.records.load(std::memory_order_relaxed),
                           .bytes = traffic.bytes.load(std::memory_order_relaxed),
                           .refused = traffic.refused.load(std::memory_order_relaxed)});
  }
  return seen;
}

AccountLimits StreamService::limits(Caller caller) const {
  constexpr std::int64_t kMost = 1'000'000;  // What the answer can say at most.
  const std::int64_t shard_quota = parts_->settings.shard_quota;
  AccountLimits out{.shard_limit = shard_quota == 0 ? kMost : shard_quota,
                    .on_demand_stream_limit = parts_->settings.on_demand_stream_quota};
  for (const auto& [name, stream] : parts_->directory.snapshot()->by_name) {
    if (name.tenant != caller.tenant) continue;
    if (stream->entry.mode == StreamMode::kOnDemand) {
      ++out.on_demand_streams;
    } else {
      out.open_shards += stream->entry.open_shards();
    }
  }
  return out;
}

Result<TagPage> StreamService::list_tags(Caller caller, StreamTarget target,
                                         std::string_view exclusive_start_key,
                                         std::optional<std::int64_t> limit) const {
  TRY(const StreamName name, resolve_target(caller, target));
  const LiveStreamPtr stream = parts_->directory.find(name);
  if (stream == nullptr) return stream_not_found(name);
  const auto size = static_cast<std::size_t>(std::min(limit.value_or(kTagsPage), kTagsPage));
  const Tags& tags = stream->entry.tags;
  TagPage out;
  auto at = exclusive_start_key.empty() ? tags.begin()
                                        : tags.upper_bound(std::string(exclusive_start_key));
  for (; at != tags.end() && out.tags.size() < size; ++at) out.tags.push_back(*at);
  out.has_more = at != tags.end();
  return out;
}

}  // namespace penstock::stream
