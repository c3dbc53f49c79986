#include "stream/catalog.h"

#include "base/log.h"
#include "engine/engine.h"
#include "engine/errors.h"
#include "engine/log_ids.h"
#include "engine/try_commit.h"
#include "env/clocks.h"
#include "env/loop.h"
#include "stream/errors.h"
#include "stream/option_changes.h"
#include "stream/scaling.h"
#include "stream/tags.h"
#include "stream/texts.h"

#include <algorithm>

namespace penstock::stream {
namespace {

constexpr Millis kRetryDelay{500};
constexpr ShardLimits kNoShardLimits = ShardLimits::none();

Error limit(std::string text) { return {StreamErrc::kLimitExceeded, std::move(text)}; }

Error has_consumers(const StreamName& stream) {
  // The apostrophe is the service's.
  return {StreamErrc::kInUse,
          "DeleteStream can\u2019t delete " + stream.tenant.account + ":" + stream.name +
              " because there are consumers associated with this data stream. To delete " +
              stream.name +
              " anyway, set the EnforceConsumerDeletion parameter to true to force the deletion of "
              "all the consumers that are associated with it."};
}

Error internal(const Error& cause) {
  log::error("a change of a stream could not be stored",
             {{"error", cause.code.name()}, {"message", cause.message}});
  return {StreamErrc::kInternalFailure, cause.message};
}

/// Also when the stream went meanwhile.
bool is_over(const Status& finished) {
  return finished.ok() || finished.error().code == StreamErrc::kNotFound;
}

}  // namespace

Catalog::Catalog(const StreamParts& parts, const StreamSettings& settings, Directory& directory,
                 Consumers& consumers, AccountSettings& accounts)
    : parts_(parts),
      settings_(settings),
      directory_(directory),
      consumers_(consumers),
      accounts_(accounts),
      scope_(parts.control_loop.executor()) {}

LiveStreamPtr Catalog::live_of(StreamEntry entry, engine::Version version) const {
  const ShardLimits& limits = limited() ? settings_.shard_limits : kNoShardLimits;
  LiveStreamPtr before = directory_.find(entry.name);
  return make_live(std::move(entry), version, parts_.engine.leases(), limits, before);
}

Task<Status> Catalog::load() {
  for (const engine::Document& document : parts_.engine.meta().list(kDocumentPrefix)) {
    CO_TRY(StreamEntry entry, read_entry(document));
    const LiveStreamPtr live = live_of(std::move(entry), document.version);
    directory_.publish(live);
    CO_TRY_OK(co_await open_shards(live->entry));
    if (live->entry.transition.kind != Transition::Kind::kNone) {
      scope_.spawn(finish_later(live->entry.name, live->entry.log, live->entry.transition));
    }
    if (!live->entry.steps.empty() && live->entry.transition.kind != Transition::Kind::kReshard) {
      scope_.spawn(finish_steps_later(live->entry.name, live->entry.log));
    }
  }
  scope_.spawn(sweep());
  co_return ok();
}

Task<> Catalog::stop() {
  scope_.cancel();
  co_await scope_.join();
}

/// Makes the shards that the entry says there are exist in the log, and serves the open ones.
Task<Status> Catalog::open_shards(const StreamEntry& entry) {
  if (entry.next_shard == 0) co_return ok();
  CO_TRY_OK(co_await parts_.engine.log().ensure(entry.log, entry.next_shard));
  for (const ShardEntry& shard : entry.shards) {
    if (shard.closed) continue;
    const ShardRef ref{entry.log, shard.number};
    const auto fence = parts_.engine.leases().mine(ref);
    if (fence) CO_TRY_OK(co_await parts_.engine.log().open(ref, *fence));
  }
  co_return ok();
}

/// A stream from its document and the pages that hold its shards, if those are many.
Result<StreamEntry> Catalog::read_entry(const engine::Document& document) const {
  TRY(StreamEntry entry, decode_entry(document.key, document.value));
  for (const engine::Document& page : parts_.engine.meta().list(page_prefix(entry.name))) {
    TRY_OK(decode_page(page.key, page.value, entry));
  }
  return entry;
}

/// One commit that stores the entry: its document, its pages, and the end of pages it no longer
/// needs.
std::vector<engine::Change> Catalog::changes_to(const StreamEntry& entry,
                                                engine::Version expected) const {
  std::vector<engine::Change> changes;
  changes.push_back(
      {.key = document_key(entry.name), .expected = expected, .value = encode(entry)});
  std::map<std::string, engine::Version> stored;
  for (const engine::Document& page : parts_.engine.meta().list(page_prefix(entry.name))) {
    stored.emplace(page.key, page.version);
  }
  for (auto& [key, value] : encode_pages(entry)) {
    const auto known = stored.find(key);
    changes.push_back({.key = key,
                       .expected = known == stored.end() ? engine::Version{} : known->second,
                       .value = std::move(value)});
    if (known != stored.end()) stored.erase(known);
  }
  for (const auto& [key, version] : stored) {
    changes.push_back({.op = engine::Change::Op::kErase, .key = key, .expected = version});
  }
  return changes;
}

Task<Result<LiveStreamPtr>> Catalog::edit(StreamName name, Edit edit,
                                          std::vector<engine::Change> also) {
  engine::Meta& meta = parts_.engine.meta();
  const std::string key = document_key(name);
  while (true) {
    const std::optional<engine::Document> stored = meta.get(key);
    if (!stored) co_return stream_not_found(name);
    CO_TRY(StreamEntry entry, read_entry(*stored));
    CO_TRY_OK(edit(entry));
    std::vector<engine::Change> changes = changes_to(entry, stored->version);
    for (engine::Change more : also) {
      const auto known = meta.get(more.key);
      more.expected = known ? known->version : engine::Version{};
      changes.push_back(std::move(more));
    }
    const auto committed = co_await engine::try_commit(meta, std::move(changes));
    if (!committed.ok()) co_return internal(committed.error());
    if (!*committed) continue;
    LiveStreamPtr live = live_of(std::move(entry), **committed);
    directory_.publish(live);
    co_return live;
  }
}

Task<Result<LiveStreamPtr>> Catalog::edit_active(StreamName name, Edit edit,
                                                 std::vector<engine::Change> also) {
  return this->edit(
      std::move(name),
      [edit = std::move(edit)](StreamEntry& entry) -> Status {
        if (entry.status != StreamStatus::kActive) {
          return stream_not_active(entry.name, entry.status);
        }
        return edit(entry);
      },
      std::move(also));
}

// --- Create and delete ---------------------------------------------------------------------------

Status Catalog::check_quotas(const Tenant& tenant, const CreateStream& request,
                             std::int64_t shards) const {
  std::int64_t in_transition = 0;
  for (const auto& [name, stream] : directory_.snapshot()->by_name) {
    if (name.tenant != tenant) continue;
    const StreamStatus status = stream->entry.status;
    if (status == StreamStatus::kCreating || status == StreamStatus::kDeleting) ++in_transition;
  }
  // Without a delay nobody ever sees those that are being made as CREATING.
  if (settings_.create_delay != Millis{0}) {
    in_transition +=
        std::count_if(being_made_.begin(), being_made_.end(),
                      [&](const BeingMade& made) { return made.name.tenant == tenant; });
  }
  const std::int64_t most = settings_.streams_in_transition_max;
  if (most != 0 && in_transition >= most) {
    // Two spaces and the missing "ed" are the service's.
    return limit(
        "This request would have exceed the limit on the number  of streams that can "
        "simultaneously be in CREATING or DELETING for the account " +
        tenant.account + ". Limit: " + std::to_string(most) + ".");
  }
  if (request.mode == StreamMode::kOnDemand) TRY_OK(check_on_demand_quota(tenant));
  if (request.mode == StreamMode::kProvisioned) TRY_OK(check_shard_quota(tenant, shards));
  if (static_cast<std::size_t>(shards) > kShardsMax) {
    return limit("This server keeps at most " + std::to_string(kShardsMax) +
                 " shards in one stream.");
  }
  return ok();
}

Task<Status> Catalog::create(Caller caller, CreateStream request) {
  const StreamName name{caller.tenant, std::string(request.name)};
  if (!request.mode) {
    request.mode = request.shard_count ? StreamMode::kProvisioned : StreamMode::kOnDemand;
  }
  if (request.mode == StreamMode::kOnDemand && request.shard_count) {
    co_return Error{StreamErrc::kValidation,
                    "ShardCount is not expected when StreamMode=ON_DEMAND"};
  }
  if (request.mode == StreamMode::kProvisioned && !request.shard_count) {
    co_return Error{StreamErrc::kValidation, "ShardCount is required when StreamMode=PROVISIONED"};
  }
  const bool is_being_made = std::any_of(being_made_.begin(), being_made_.end(),
                                         [&](const BeingMade& made) { return made.name == name; });
  if (is_being_made || directory_.find(name) != nullptr) {
    co_return Error{StreamErrc::kInUse, "Stream " + in_account(name) + " already exists."};
  }
  if (request.warm_mibps && request.mode != StreamMode::kOnDemand) {
    co_return Error{StreamErrc::kInvalidArgument,
                    "WarmThroughputMiBps is for StreamMode ON_DEMAND only."};
  }
  if (request.warm_mibps) CO_TRY_OK(check_warm(name, *request.warm_mibps));
  const std::int64_t shards =
      request.shard_count.value_or(std::max(kOnDemandShards, request.warm_mibps.value_or(0)));
  CO_TRY_OK(check_quotas(name.tenant, request, shards));
  if (request.distribution == Distribution::kAuto && request.mode != StreamMode::kOnDemand) {
    co_return auto_refused(name);
  }
  CO_TRY_OK(check_new_tags(name, {}, request.tags, settings_.tags_max));
  StreamEntry entry{.name = name,
                    .status = StreamStatus::kCreating,
                    .mode = *request.mode,
                    .max_record_kib = request.max_record_kib.value_or(1'024),
                    .tags = std::move(request.tags),
                    .options = {.distribution = request.distribution},
                    .shards_wanted = static_cast<std::uint32_t>(shards),
                    .warm_mibps = request.warm_mibps};
  // Others may ask for theirs before this one can be seen.
  const auto made = being_made_.insert(being_made_.end(), {name, *request.mode, shards});
  Result<LiveStreamPtr> live = co_await store_new(std::move(entry));
  being_made_.erase(made);
  if (!live.ok()) co_return std::move(live).error();
  co_return co_await begin(std::move(*live), settings_.create_delay);
}

Task<Result<LiveStreamPtr>> Catalog::store_new(StreamEntry entry) {
  const Result<LogId> log = co_await engine::next_log_id(parts_.engine.meta());
  if (!log.ok()) co_return internal(log.error());
  entry.log = *log;
  entry.created = parts_.clocks.service_now();
  entry.transition = {.kind = Transition::Kind::kCreate,
                      .due = entry.created + settings_.create_delay};
  const Result<engine::Version> committed =
      co_await parts_.engine.meta().commit(changes_to(entry, {}));
  if (!committed.ok() && committed.error().code == engine::EngineErrc::kConflict) {
    co_return Error{StreamErrc::kInUse, "Stream " + in_account(entry.name) + " already exists."};
  }
  if (!committed.ok()) co_return internal(committed.error());
  LiveStreamPtr live = live_of(std::move(entry), *committed);
  directory_.publish(live);
  co_return live;
}

Task<Status> Catalog::remove(Caller caller, StreamTarget target, ConsumerRemoval consumers) {
  CO_TRY(const StreamName name, resolve_target(caller, target));
  const LiveStreamPtr now = directory_.find(name);
  if (now == nullptr) co_return stream_not_found(name);
  const ServiceTime at = parts_.clocks.service_now();
  // Also while it is CREATING, unless its shards are being made at this moment.
  const bool is_to_be_made =
      now->entry.status == StreamStatus::kCreating && now->entry.transition.due > at;
  if (!now->takes_records() && !is_to_be_made) {
    co_return stream_not_active(name, now->entry.status);
  }
  const ServiceTime due = at + settings_.delete_delay;
  CO_TRY(LiveStreamPtr live, co_await edit(name, [&](StreamEntry& entry) -> Status {
           if (consumers == ConsumerRemoval::kRefused && consumers_.has_any(name)) {
             return has_consumers(name);
           }
           entry.status = StreamStatus::kDeleting;
           entry.transition = {.kind = Transition::Kind::kDelete, .due = due};
           return ok();
         }));
  co_return co_await begin(std::move(live), settings_.delete_delay);
}

// --- Transitions ---------------------------------------------------------------------------------

Task<Status> Catalog::begin(LiveStreamPtr stream, Millis delay) {
  if (delay == Millis{0}) {
    const Status finished =
        co_await finish(stream->entry.name, stream->entry.log, stream->entry.transition);
    if (is_over(finished)) co_return ok();
    log::warn("a transition of a stream is tried again",
              {{"stream", stream->entry.name.name}, {"message", finished.error().message}});
  }
  scope_.spawn(finish_later(stream->entry.name, stream->entry.log, stream->entry.transition));
  co_return ok();
}

Task<> Catalog::finish_later(StreamName name, LogId log, Transition transition) {
  while (true) {
    if (co_await env::sleep_until(parts_.control_loop, transition.due, scope_.token()) ==
        env::Woken::kCancelled) {
      co_return;
    }
    const Status finished = co_await finish(name, log, transition);
    if (is_over(finished)) co_return;
    log::error("a transition of a stream failed and is tried again",
               {{"stream", name.name}, {"message", finished.error().message}});
    const SteadyTime again = parts_.clocks.steady_now() + kRetryDelay;
    if (co_await env::sleep_until(parts_.control_loop, again, scope_.token()) ==
        env::Woken::kCancelled) {
      co_return;
    }
  }
}

Task<Status> Catalog::finish(StreamName name, LogId log, Transition transition) {
  const LiveStreamPtr stream = directory_.find(name);
  const auto is_same = [log, transition](const StreamEntry& entry) {
    return entry.log == log && entry.transition == transition;
  };
  // Another one may have taken its place: a stream may be deleted while it is UPDATING.
  if (stream == nullptr || !is_same(stream->entry)) co_return ok();
  switch (stream->entry.transition.kind) {
    case Transition::Kind::kNone: break;
    case Transition::Kind::kCreate: co_return co_await finish_create(stream->entry);
    case Transition::Kind::kSplit:
    case Transition::Kind::kMerge:
    case Transition::Kind::kReshard: co_return co_await finish_reshard(stream->entry);
    case Transition::Kind::kDelete: co_return co_await finish_delete(stream->entry);
    case Transition::Kind::kSetting: {
      CO_TRY_OK(co_await edit(name, [is_same](StreamEntry& entry) -> Status {
        if (!is_same(entry)) return ok();
        entry.status = StreamStatus::kActive;
        entry.transition = {};
        return ok();
      }));
      break;
    }
  }
  co_return ok();
}

Task<Status> Catalog::finish_create(StreamEntry entry) {
  StreamEntry made = entry;
  add_first_shards(made, parts_.clocks.service_now());
  CO_TRY_OK(co_await open_shards(made));
  CO_TRY_OK(co_await edit(entry.name, [&](StreamEntry& stored) -> Status {
    if (stored.log == made.log && stored.status == StreamStatus::kCreating) {
      Tags tags = std::move(stored.tags);
      stored = made;
      stored.tags = std::move(tags);
    }
    return ok();
  }));
  co_return ok();
}

Task<Status> Catalog::finish_delete(StreamEntry entry) {
  const Status dropped = co_await parts_.engine.log().drop(entry.log);
  if (!dropped.ok() && dropped.error().code != engine::EngineErrc::kNoSuchShard) {
    co_return dropped.error();
  }
  engine::Meta& meta = parts_.engine.meta();
  const std::string key = document_key(entry.name);
  while (const std::optional<engine::Document> stored = meta.get(key)) {
    CO_TRY(const StreamEntry still, decode_entry(stored->key, stored->value));
    if (still.log != entry.log) co_return ok();  // It has been made again meanwhile.
    std::vector<engine::Change> changes = consumers_.removal_of(entry.name);
    changes.push_back({.op = engine::Change::Op::kErase, .key = key, .expected = stored->version});
    for (const engine::Document& page : meta.list(page_prefix(entry.name))) {
      changes.push_back(
          {.op = engine::Change::Op::kErase, .key = page.key, .expected = page.version});
    }
    if (const auto scaling = meta.get(scaling_key(entry.log))) {
      changes.push_back(
          {.op = engine::Change::Op::kErase, .key = scaling->key, .expected = scaling->version});
    }
    CO_TRY(const auto committed, co_await engine::try_commit(meta, std::move(changes)));
    if (committed) break;
  }
  directory_.remove(entry.name);
  consumers_.removed(entry.name);
  co_return ok();
}

// --- Retention -----------------------------------------------------------------------------------

Task<> Catalog::sweep() {
  while (true) {
    const ServiceTime next = parts_.clocks.service_now() + settings_.sweep_interval;
    if (co_await env::sleep_until(parts_.control_loop, next, scope_.token()) ==
        env::Woken::kCancelled) {
      co_return;
    }
    const auto now = directory_.snapshot();
    for (const auto& [name, stream] : now->by_name) {
      if (scope_.token().cancelled()) co_return;
      co_await sweep_stream(stream);
    }
  }
}

/// Removes what readers no longer see. What fails here is tried again in the next round.
Task<> Catalog::sweep_stream(LiveStreamPtr stream) {
  if (!stream->takes_records()) co_return;
  engine::Log& log = parts_.engine.log();
  const ServiceTime oldest = stream->entry.horizon(parts_.clocks.service_now());
  for (const LiveStream::Shard& shard : stream->shards) {
    const ShardRef ref = stream->ref(shard);
    const Result<engine::Bounds> bounds = log.bounds(ref);
    if (!bounds.ok() || bounds->horizon >= bounds->next) continue;
    const Result<engine::Position> keep = co_await log.locate(ref, oldest);
    if (!keep.ok() || *keep <= bounds->horizon) continue;
    (co_await log.trim(ref, *keep)).ignore("the next sweep tries again");
  }
  const ServiceTime now = parts_.clocks.service_now();
  const auto prune = [now](StreamEntry& entry) {
    drop_expired_shards(entry, now);
    forget_switches(entry, now);
  };
  StreamEntry pruned = stream->entry;
  prune(pruned);
  if (pruned == stream->entry) co_return;
  (co_await edit_active(stream->entry.name, [prune](StreamEntry& entry) -> Status {
    prune(entry);
    return ok();
  })).ignore("the next sweep tries again");
}

}  // namespace penstock::stream
