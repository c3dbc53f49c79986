#include "stream/read_path.h"

#include "base/base64.h"
#include "base/log.h"
#include "engine/engine.h"
#include "engine/errors.h"
#include "env/clocks.h"
#include "stream/errors.h"
#include "stream/texts.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace penstock::stream {
namespace {

constexpr std::int64_t kRecordsMax = 10'000;
constexpr std::size_t kPageBytesMax = 10u << 20;
constexpr std::size_t kSmallPage = 64u << 10;  ///< On the wire; not worth a charge.

Error invalid(std::string text) { return {StreamErrc::kInvalidArgument, std::move(text)}; }

Error invalid_iterator() { return invalid("Invalid ShardIterator."); }

/// "Thu Jan 22 01:22:02 UTC 2015"
std::string date_text(ServiceTime time) {
  const std::time_t seconds = unix_seconds(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text;
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a %b %d %H:%M:%S UTC %Y", &parts);
  return {text.data(), size};
}

Error expired_iterator(ServiceTime issued, ServiceTime now) {
  return {StreamErrc::kExpiredIterator,
          "Iterator expired. The iterator was created at time " + date_text(issued) +
              " while right now it is " + date_text(now) +
              " which is further in the future than the tolerated delay of " +
              std::to_string(kTokenLife.count()) + " milliseconds."};
}

Error mismatched(std::string_view type, std::string_view what) {
  return invalid(
      "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and "
      "StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
      "Request specified " +
      std::string(type) + " and " + std::string(what) + ".");
}

/// An error of the engine in this service's terms. A shard's readers ask again and again: each
/// cause is said once.
Error engine_failure(const Error& error, std::uint32_t shard, const LiveStream& stream) {
  if (error.code == engine::EngineErrc::kNoSuchShard) {
    return shard_does_not_exist(shard, stream.entry.name);
  }
  if (const LiveStream::Shard* known = stream.find(shard)) {
    const std::lock_guard lock(known->lane->mutex);
    if (!known->lane->read_trouble.failed(error.message)) {
      return {StreamErrc::kInternalFailure, error.message};
    }
  }
  log::warn("a read failed", {{"stream", stream.entry.name.name},
                              {"shard", shard},
                              {"error", error.code.name()},
                              {"message", error.message}});
  return {StreamErrc::kInternalFailure, error.message};
}

/// Leaves the later half of the records for the next page.
void halve(engine::Slice& slice) {
  const std::size_t left = slice.records.size() / 2;
  slice.next = slice.records[left].at;
  slice.records.resize(left);
  slice.end_of_shard = false;
  slice.bytes = 0;
  for (const engine::Record& record : slice.records) {
    slice.bytes += record.key.size() + record.data.size();
  }
}

bool is_numbered(IteratorType type) {
  return type == IteratorType::kAtSequenceNumber || type == IteratorType::kAfterSequenceNumber;
}

}  // namespace

std::size_t wire_bytes(const engine::Slice& slice) {
  constexpr std::size_t kAroundRecord = 200;  // Number, time, names.
  return slice.records.size() * kAroundRecord + base64_encoded_size(slice.bytes);
}

/// A shard of a stream, both alive while it is used.
struct ReadPath::Place {
  LiveStreamPtr stream;
  const LiveStream::Shard* shard = nullptr;
  ShardRef ref() const { return stream->ref(*shard); }
  std::uint32_t number() const { return shard->entry.number; }
  const StreamName& name() const { return stream->entry.name; }
};

Result<ReadPath::Place> ReadPath::find_shard(const StreamName& name, std::uint32_t number) const {
  Place place{.stream = directory_.find(name)};
  if (place.stream != nullptr) place.shard = place.stream->find(number);
  if (place.shard == nullptr ||
      place.stream->entry.expired(place.shard->entry, parts_.clocks.service_now())) {
    return shard_does_not_exist(number, name);
  }
  return place;
}

Task<Result<ReadPath::Start>> ReadPath::start(StreamName stream, GetShardIterator request) const {
  const std::optional<std::uint32_t> number = parse_shard_id(request.shard_id);
  if (!number) co_return could_not_find_shard(request.shard_id, stream);
  CO_TRY(const Place place, find_shard(stream, *number));
  CO_TRY(const engine::Position from, co_await position(place, request));
  co_return Start{place.stream, *number, place.shard->entry.stamp(), from};
}

Task<Result<std::string>> ReadPath::get_shard_iterator(Caller caller,
                                                       GetShardIterator request) const {
  CO_TRY(const StreamName name, resolve_target(caller, request.stream));
  const ServiceTime now = parts_.clocks.service_now();
  // A position is found before the limit is charged: a refusal of the request costs nothing.
  CO_TRY(const Start at, co_await start(name, request));
  if (request.dry_run) co_return dry_run_passed();
  if (at.stream->limits.iterator_calls != 0) {
    ShardLane& lane = *at.stream->find(at.shard)->lane;
    const std::lock_guard lock(lane.mutex);
    if (!lane.iterators.admit(now)) {
      co_return Error{StreamErrc::kThroughputExceeded, rate_exceeded_text(at.shard, name)};
    }
  }
  co_return tokens_.seal(Iterator{.log = at.stream->entry.log,
                                  .shard = at.shard,
                                  .from = at.from,
                                  .issued = now,
                                  .stream = name});
}

Task<Result<engine::Position>> ReadPath::position(Place place, GetShardIterator request) const {
  if (request.starting_sequence_number) {
    if (!is_numbered(request.type)) {
      co_return mismatched(to_text(request.type), "also a StartingSequenceNumber");
    }
    co_return co_await numbered(place, request);
  }
  switch (request.type) {
    case IteratorType::kTrimHorizon: co_return co_await trim_horizon(place.ref());
    case IteratorType::kLatest: {
      const Result<engine::Bounds> bounds = parts_.engine.log().bounds(place.ref());
      if (!bounds.ok()) co_return engine_failure(bounds.error(), place.number(), *place.stream);
      co_return bounds->next;
    }
    case IteratorType::kAtTimestamp: {
      CO_TRY_OK(check_timestamp(request));
      co_return co_await at_timestamp(place.ref(), *request.timestamp);
    }
    case IteratorType::kAtSequenceNumber:
    case IteratorType::kAfterSequenceNumber: break;
  }
  co_return mismatched(to_text(request.type), "no StartingSequenceNumber");
}

Status ReadPath::check_timestamp(const GetShardIterator& request) const {
  if (!request.timestamp) {
    return invalid(
        "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current "
        "request has no timestamp parameter.");
  }
  const ServiceTime now = parts_.clocks.service_now();
  if (*request.timestamp <= now) return ok();
  return invalid(
      "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
      "timestampInMillis: " +
      std::to_string(unix_millis(*request.timestamp)) +
      ", currentTimestampInMillis: " + std::to_string(unix_millis(now)));
}

Task<Result<engine::Position>> ReadPath::numbered(Place place, GetShardIterator request) const {
  const std::string text(*request.starting_sequence_number);
  const std::string used = "StartingSequenceNumber " + text +
                           " used in GetShardIterator on shard " + shard_id_text(place.number()) +
                           " in stream " + place.name().name + " under account " +
                           place.name().tenant.account;
  const std::optional<DecodedNumber> number = decode_number(text);
  if (!number) co_return invalid(used + " is invalid.");
  if (number->shard != static_cast<std::int32_t>(place.number())) {
    std::array<char, 32> encoded;
    const int size = std::snprintf(encoded.data(), encoded.size(), "%012lld",
                                   static_cast<long long>(number->shard));
    co_return invalid("Invalid StartingSequenceNumber. It encodes shardId-" +
                      std::string(encoded.data(), static_cast<std::size_t>(size)) +
                      ", while it was used in a call to a shard with " +
                      shard_id_text(place.number()));
  }
  if (number->version == 0) {
    co_return Error{StreamErrc::kInternalFailure, "a sequence number of version 0"};
  }
  if (number->version != 2 || number->created_s != place.shard->entry.created_s) {
    co_return invalid(used + " is invalid because it did not come from this stream.");
  }
  const engine::Position named{number->index};
  if (request.type == IteratorType::kAtSequenceNumber) {
    // A subscription gives numbers between records: the last one's, but for a later time.
    if (number->time_s <= number->created_s) co_return named;
    const ServiceTime second = service_time(number->time_s * 1'000);
    CO_TRY(const engine::Position next, co_await at_timestamp(place.ref(), second));
    co_return next > named ? engine::Position{number->index + 1} : named;
  }
  if (number->index >= SequenceNumber::kIndexMax) {
    co_return invalid(
        "Invalid SequenceNumber for ShardIteratorType AFTER_SEQUENCE_NUMBER, SequenceNumber has "
        "reached max possible value for the shard.");
  }
  co_return engine::Position{number->index + 1};
}

Task<Result<GetRecordsReply>> ReadPath::get_records(Caller caller, GetRecords request) const {
  const std::optional<Iterator> iterator = tokens_.open_iterator(request.iterator);
  const ServiceTime now = parts_.clocks.service_now();
  if (!iterator || iterator->issued > now) co_return invalid_iterator();
  if (iterator->stream.tenant != caller.tenant && request.stream_arn.empty()) {
    // Another account's iterator needs the ARN, as AWS's endpoint rules would have it.
    co_return invalid_iterator();
  }
  if (!request.stream_arn.empty() &&
      parse_stream_arn(request.stream_arn) != std::optional(iterator->stream)) {
    co_return invalid("StreamARN " + std::string(request.stream_arn) +
                      " does not match the stream of the ShardIterator.");
  }
  if (now - iterator->issued > kTokenLife) co_return expired_iterator(iterator->issued, now);
  CO_TRY(const Place place, find_shard(iterator->stream, iterator->shard));
  if (place.stream->entry.log != iterator->log) {
    co_return shard_does_not_exist(iterator->shard, iterator->stream);
  }
  if (request.dry_run) co_return dry_run_passed();
  const bool limited = place.stream->limits.limit_reads();
  if (limited) {
    const std::lock_guard lock(place.shard->lane->mutex);
    if (!place.shard->lane->read.admit(now)) {
      report(*place.stream, place.number(), nullptr);
      co_return Error{StreamErrc::kThroughputExceeded,
                      rate_exceeded_text(iterator->shard, iterator->stream)};
    }
  }
  const std::int64_t wanted = std::min(request.limit.value_or(kRecordsMax), kRecordsMax);
  const std::size_t records_max = static_cast<std::size_t>(wanted);
  CO_TRY(Page page, co_await this->page(place.ref(), iterator->from,
                                        {.records_max = records_max, .bytes_max = kPageBytesMax}));
  if (limited) {
    const std::lock_guard lock(place.shard->lane->mutex);
    place.shard->lane->read.returned(static_cast<std::int64_t>(page.slice.bytes));
  }
  report(*place.stream, place.number(), &page);
  // A page of records is never the last one: clients that look for the next iterator first would
  // drop them.
  const bool is_end = page.end && page.slice.records.empty();
  if (!is_end) page.children.clear();
  GetRecordsReply reply{.slice = std::move(page.slice),
                        .charge = std::move(page.charge),
                        .stamp = place.shard->entry.stamp(),
                        .millis_behind_latest = page.millis_behind,
                        .child_shards = std::move(page.children),
                        .encryption = std::move(page.encryption)};
  if (!is_end) {
    reply.next_iterator = tokens_.seal(Iterator{.log = iterator->log,
                                                .shard = iterator->shard,
                                                .from = reply.slice.next,
                                                .issued = now,
                                                .stream = iterator->stream});
  }
  co_return reply;
}

Task<Result<ReadPath::Page>> ReadPath::page(ShardRef shard, engine::Position from,
                                            engine::ReadLimits limits) const {
  Page page;
  CO_TRY(page.slice, co_await read(shard, from, limits));
  CO_TRY_OK(charge(page));
  // The children are known only with the stream's newest state: it is looked up now.
  const LiveStreamPtr stream = directory_.find(shard.log);
  const ShardEntry* entry = stream == nullptr ? nullptr : stream->entry.find(shard.shard);
  if (stream != nullptr && entry == nullptr) {  // It has left retention meanwhile.
    co_return shard_does_not_exist(shard.shard, stream->entry.name);
  }
  if (stream != nullptr && !stream->entry.options.encryption.switches_ms.empty()) {
    page.encryption = {stream, &stream->entry.options.encryption};
  }
  page.end = page.slice.end_of_shard && entry != nullptr && entry->closed;
  if (!page.end) {
    if (!page.slice.records.empty()) {
      page.millis_behind = millis_behind(shard, page.slice.next, page.slice.records.back().arrival);
    }
    co_return page;
  }
  for (const ShardEntry& child : stream->entry.shards) {
    if (child.parent != shard.shard && child.adjacent_parent != shard.shard) continue;
    ChildShard made{.number = child.number, .parents = {*child.parent}, .range = child.range};
    if (child.adjacent_parent) made.parents.push_back(*child.adjacent_parent);
    page.children.push_back(std::move(made));
  }
  co_return page;
}

Status ReadPath::charge(Page& page) const {
  if (parts_.pages == nullptr) return ok();
  for (std::size_t bytes = wire_bytes(page.slice); bytes > kSmallPage;
       bytes = wire_bytes(page.slice)) {
    page.charge = parts_.pages->try_take(bytes);
    if (page.charge) break;
    if (page.slice.records.size() == 1) {
      return Error{Errc::kUnavailable, "the memory for replies is spent; try again"};
    }
    halve(page.slice);
  }
  return ok();
}

std::int64_t ReadPath::millis_behind(ShardRef shard, engine::Position next,
                                     ServiceTime read_last) const {
  const Result<engine::Bounds> bounds = parts_.engine.log().bounds(shard);
  if (!bounds.ok() || next >= bounds->next) return 0;
  return std::max<std::int64_t>(1, (parts_.clocks.service_now() - read_last).count());
}

Task<Result<engine::Slice>> ReadPath::read(ShardRef shard, engine::Position from,
                                           engine::ReadLimits limits) const {
  const LiveStreamPtr stream = directory_.find(shard.log);
  if (stream == nullptr) co_return Error{StreamErrc::kNotFound, "the stream was deleted"};
  const ServiceTime oldest = stream->entry.horizon(parts_.clocks.service_now());
  bool moved = false;
  while (true) {
    Result<engine::Slice> slice = co_await parts_.engine.log().read(shard, from, limits);
    if (!slice.ok()) co_return engine_failure(slice.error(), shard.shard, *stream);
    slice->trimmed |= moved;
    // Arrival times never go back within a shard, so one look at the front tells.
    if (slice->records.empty() || slice->records.front().arrival >= oldest) co_return slice;
    Result<engine::Position> horizon = co_await parts_.engine.log().locate(shard, oldest);
    if (!horizon.ok()) co_return engine_failure(horizon.error(), shard.shard, *stream);
    from = std::max(*horizon, from);
    moved = true;
  }
}

Task<Result<engine::Position>> ReadPath::trim_horizon(ShardRef shard) const {
  return at_timestamp(shard, ServiceTime{});
}

Task<Result<engine::Position>> ReadPath::at_timestamp(ShardRef shard, ServiceTime at) const {
  const LiveStreamPtr stream = directory_.find(shard.log);
  if (stream == nullptr) co_return Error{StreamErrc::kNotFound, "the stream was deleted"};
  const ServiceTime oldest = stream->entry.horizon(parts_.clocks.service_now());
  Result<engine::Position> found = co_await parts_.engine.log().locate(shard, std::max(at, oldest));
  if (!found.ok()) co_return engine_failure(found.error(), shard.shard, *stream);
  co_return *found;
}

void ReadPath::report(const LiveStream& stream, std::uint32_t shard, const Page* page,
                      std::string_view consumer) const {
  if (parts_.get_observer == nullptr) return;
  GetReport report{
      .stream = stream.entry.name, .log = stream.entry.log, .shard = shard, .consumer = consumer};
  report.throttled = page == nullptr;
  if (page != nullptr) {
    report.records = page->slice.records.size();
    report.bytes = page->slice.bytes;
    report.millis_behind_latest = page->millis_behind;
  }
  parts_.get_observer->got(report);
}

}  // namespace penstock::stream
