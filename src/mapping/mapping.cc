#include "mapping/mapping.h"

#include "base/log.h"
#include "engine/engine.h"
#include "env/clocks.h"
#include "mapping/progress.h"
#include "mapping/texts.h"
#include "shape/json.h"

#include <charconv>

namespace penstock::mapping {
namespace {

constexpr Millis kTroublePause{1'000};

/// The position of the first record that a shard ever had or will have.
engine::Position first_of(const stream::ShardCounts& counts) {
  return {counts.next.index - counts.stored};
}

std::shared_ptr<const FilterSet> compiled(const MappingRecord& record) {
  Result<FilterSet> made = FilterSet::compile(record.configuration.filters);
  if (made.ok()) return std::make_shared<const FilterSet>(std::move(*made));
  // Patterns are checked before they are stored.
  log::error("a stored filter pattern is not understood; every record passes",
             {{"mapping", record.uuid}, {"why", made.error().message}});
  return std::make_shared<const FilterSet>();
}

}  // namespace

Mapping::Mapping(const MappingParts& parts, const MappingSettings& settings, Tenant tenant,
                 MappingRecord record, engine::Version version, MappingState state)
    : parts_(parts),
      settings_(settings),
      tenant_(std::move(tenant)),
      record_(std::move(record)),
      version_(version),
      state_(state),
      last_result_(kNothingProcessed) {
  std::uint64_t log = 0;
  std::from_chars(record_.log.data(), record_.log.data() + record_.log.size(), log);
  if (!record_.log.empty()) log_ = LogId{log};
  load_states();
}

Mapping::~Mapping() = default;

void Mapping::change(MappingRecord record, engine::Version version, MappingState state) {
  record_ = std::move(record);
  version_ = version;
  state_ = state;
  changed_ = true;
  wake_.notify();
}

void Mapping::remove() {
  removed_ = true;
  state_ = MappingState::kDeleting;
  stopping_.cancel();
  cutting_.cancel();
  wake_.notify();
}

void Mapping::stop() {
  stopped_ = true;
  for (auto& [number, shard] : shards_) {
    if (shard.poller) shard.poller->begin_stop();
  }
  stopping_.cancel();
  wake_.notify();
}

MappingView Mapping::view() const {
  return {.record = record_, .state = state_, .last_result = last_result_};
}

std::string Mapping::mark_prefix() const { return catalog_key(tenant_, record_.uuid) + "/"; }

std::string Mapping::mark_of(LogId log, std::uint32_t shard) const {
  return mark_prefix() + std::to_string(log.value) + "/" + std::to_string(shard);
}

// --- Its life
// ----------------------------------------------------------------------------------------

Task<> Mapping::run() {
  const auto streams = parts_.source.watch_streams([this] { wake_.notify(); });
  while (!ending()) {
    if (changed_) {
      co_await end_pollers(ShardPoller::Stop::kGraceful);
      if (ending()) break;
      changed_ = false;
      filters_ = compiled(record_);
    }
    co_await reap_pollers();
    co_await follow_stream();
    if (changed_ || ending()) continue;
    co_await wake_.wait(stopping_.token());
  }
  co_await end_pollers(removed_ ? ShardPoller::Stop::kAbandon : ShardPoller::Stop::kGraceful);
  if (removed_) co_await erase_marks();
}

bool Mapping::is_source_active() const {
  return !is_consumer_source(record_.source_arn) ||
         parts_.source.consumer(record_.source_arn) == stream::SourceConsumer::kActive;
}

Task<> Mapping::follow_stream() {
  const std::optional<stream::SourceStream> stream =
      parts_.source.resolve(stream_of_source(record_.source_arn));
  if (!stream || stream->status == stream::StreamStatus::kDeleting) {
    if (log_ && !parts_.source.find(*log_)) co_await end_pollers(ShardPoller::Stop::kAbandon);
    last_result_ = kStreamNotFound;
    if (state_ != MappingState::kDeleting)
      state_ = record_.enabled ? MappingState::kEnabled : MappingState::kDisabled;
    co_return;
  }
  if (stream->status == stream::StreamStatus::kCreating) co_return;
  const bool may_read = is_source_active();
  if (!may_read) {
    // Its records wait: the ARN of a consumer that has gone is never given again.
    co_await end_pollers(ShardPoller::Stop::kGraceful);
    last_result_ = kConsumerNotFound;
    if (changed_ || ending()) co_return;
  }
  if (log_ != stream->log && may_read) {
    co_await take_stream(*stream);
    if (log_ != stream->log) co_return;
  }
  if (changed_ || ending()) co_return;
  if (log_ == stream->log) co_await look_at_shards(*stream);
  if (changed_ || ending()) co_return;
  state_ = record_.enabled ? MappingState::kEnabled : MappingState::kDisabled;
}

/// Decides where each shard is read from, stores it, and only then is the stream its own. A stream
/// that was made again under the same name is read from its beginning.
Task<> Mapping::take_stream(stream::SourceStream stream) {
  co_await end_pollers(ShardPoller::Stop::kAbandon);
  const std::string position = log_ ? "TRIM_HORIZON" : record_.starting_position;
  auto marks = co_await freeze(stream, position);
  Status stored = marks.ok()
                      ? co_await parts_.engine.marks().put(parts_.engine.leases().node(), *marks)
                      : Status(marks.error());
  if (stored.ok() && !ending() && !changed_) {
    MappingRecord taken = record_;
    taken.log = std::to_string(stream.log.value);
    const auto version =
        co_await parts_.engine.meta().commit({{.op = engine::Change::Op::kPut,
                                               .key = catalog_key(tenant_, record_.uuid),
                                               .expected = version_,
                                               .value = shape::to_json(taken)}});
    if (version.ok()) {
      record_ = std::move(taken);
      version_ = *version;
      log_ = stream.log;
      load_states();
      co_return;
    }
    stored = version.error();
  }
  if (stored.ok() || ending() || changed_) co_return;
  last_result_ = kInternalProblem;
  log::warn("where a mapping starts is not stored; trying again",
            {{"mapping", record_.uuid}, {"stream", stream.arn}, {"why", stored.error().message}});
  const SteadyTime again = parts_.clocks.steady_now() + kTroublePause;
  co_await env::sleep_until(parts_.control_loop, again, stopping_.token());
  wake_.notify();
}

Task<Result<std::vector<engine::Marks::Mark>>> Mapping::freeze(const stream::SourceStream& stream,
                                                               std::string position) {
  std::vector<engine::Marks::Mark> marks;
  CO_TRY(const std::vector<stream::SourceShard> shards, parts_.source.shards(stream.log));
  for (const stream::SourceShard& shard : shards) {
    CO_TRY(const ShardState state, co_await starting_state(shard, position));
    marks.push_back({mark_of(stream.log, shard.ref.shard), state.encode()});
  }
  co_return marks;
}

/// Records before the start are counted as skipped. A shard that was closed before the start holds
/// nothing to read and is drained from the beginning.
Task<Result<ShardState>> Mapping::starting_state(stream::SourceShard shard, std::string position) {
  engine::Position start;
  if (position == "TRIM_HORIZON") {
    CO_TRY(start, co_await parts_.source.trim_horizon(shard.ref));
  } else if (position == "LATEST") {
    CO_TRY(start, parts_.source.latest(shard.ref));
  } else {
    CO_TRY(start, co_await parts_.source.at_timestamp(shard.ref,
                                                      service_time(record_.starting_position_ms)));
  }
  CO_TRY(const stream::ShardCounts counts, parts_.source.counts(shard.ref));
  ShardState state;
  state.checkpoint = start;
  const engine::Position first = first_of(counts);
  if (start > first) {
    state.book.count(ledger::Fate::kSkippedByStart, first.index, start.index - 1,
                     start.index - first.index, unix_millis(parts_.clocks.service_now()));
  }
  state.drained = shard.closed.has_value() && start >= counts.next && position != "TRIM_HORIZON";
  co_return state;
}

void Mapping::load_states() {
  shards_.clear();
  if (!log_) return;
  const std::string prefix = mark_prefix() + std::to_string(log_->value) + "/";
  for (const auto& [key, value] : parts_.engine.marks().list(prefix)) {
    std::uint32_t number = 0;
    std::from_chars(key.data() + prefix.size(), key.data() + key.size(), number);
    Result<ShardState> state = ShardState::decode(value);
    if (!state.ok()) {
      log::error("a checkpoint is not readable; the shard is read from its beginning",
                 {{"mapping", record_.uuid}, {"mark", key}, {"why", state.error().message}});
      continue;
    }
    Shard& shard = shards_[number];
    shard.source.ref = {*log_, number};
    shard.state = std::move(*state);
  }
}

// --- Shards
// ------------------------------------------------------------------------------------------

/// New shards are noted, in the store too, before anything is read of them: one that expires while
/// the mapping may not read it is still accounted for.
Task<> Mapping::look_at_shards(stream::SourceStream stream) {
  const auto found = parts_.source.shards(stream.log);
  if (!found.ok()) co_return;
  std::vector<engine::Marks::Mark> marks;
  for (auto& [number, shard] : shards_) shard.listed = false;
  for (const stream::SourceShard& source : *found) {
    const auto [entry, is_new] = shards_.try_emplace(source.ref.shard);
    Shard& shard = entry->second;
    shard.source = source;
    shard.listed = true;
    if (is_new) {
      const auto counts = parts_.source.counts(source.ref);
      shard.state.checkpoint = counts.ok() ? first_of(*counts) : engine::Position{1};
      marks.push_back({mark_of(source.ref.log, source.ref.shard), shard.state.encode()});
    }
    if (shard.poller) shard.poller->change_retention(stream.retention);
  }
  for (auto& [number, shard] : shards_) {
    // The log wakes a reader when the shard is sealed, which is before the stream says so; and it
    // does not when the shard has left the stream.
    if (shard.poller && (!shard.listed || shard.source.closed)) shard.poller->read_again();
  }
  settle_expired_shards(marks);
  if (!marks.empty()) {
    const Status stored =
        co_await parts_.engine.marks().put(parts_.engine.leases().node(), std::move(marks));
    // What it says is found again by looking.
    if (!stored.ok())
      log::warn("a mapping's new shards are not stored", {{"why", stored.error().message}});
    if (changed_ || ending()) co_return;
  }
  if (!record_.enabled || !is_source_active()) co_return;
  for (auto& [number, shard] : shards_) {
    if (shard.listed && !shard.poller && !shard.state.drained && parents_drained(shard.source)) {
      poll(shard, stream);
    }
  }
}

/// A closed shard that has left the stream takes what was not read of it along: of a mapping that
/// was disabled too long, or that was held up by the shard's parents.
void Mapping::settle_expired_shards(std::vector<engine::Marks::Mark>& marks) {
  for (auto& [number, shard] : shards_) {
    if (shard.listed || shard.poller || shard.state.drained) continue;
    const auto counts = parts_.source.counts(shard.source.ref);
    if (!counts.ok()) continue;
    Progress progress(shard.state.checkpoint, std::move(shard.state.book),
                      std::move(shard.state.ahead));
    progress.expire_to(counts->next, unix_millis(parts_.clocks.service_now()));
    shard.state = {.checkpoint = progress.checkpoint(), .drained = true, .book = progress.book()};
    marks.push_back({mark_of(shard.source.ref.log, number), shard.state.encode()});
  }
}

/// A parent that has expired, or that was never this mapping's, holds nothing back.
bool Mapping::parents_drained(const stream::SourceShard& shard) const {
  for (const std::uint32_t parent : shard.parents) {
    const auto found = shards_.find(parent);
    if (found == shards_.end()) continue;
    const Shard& holding = found->second;
    if (holding.poller || (holding.listed && !holding.state.drained)) return false;
  }
  return true;
}

void Mapping::poll(Shard& shard, const stream::SourceStream& stream) {
  PollerPlan plan{.tenant = tenant_,
                  .mapping = record_,
                  .filters = filters_,
                  .stream = stream,
                  .shard = shard.source,
                  .mark = mark_of(stream.log, shard.source.ref.shard)};
  PollerEvents events{.processed = [this](std::string result) { last_result_ = std::move(result); },
                      .ended = [this] { wake_.notify(); }};
  shard.poller = std::make_unique<ShardPoller>(parts_, settings_, std::move(plan), shard.state,
                                               std::move(events));
  shard.poller->start();
}

/// Pollers that came to their shard's end make room for those of its children.
Task<> Mapping::reap_pollers() {
  for (auto& [number, shard] : shards_) {
    if (!shard.poller || !shard.poller->ended()) continue;
    const auto counts = parts_.source.counts(shard.source.ref);
    const bool is_stream_there = parts_.source.find(shard.source.ref.log).has_value();
    if (counts.ok() && is_stream_there && !shard.poller->state().drained) {
      co_await shard.poller->stop_expired(counts->next);
    } else {
      co_await shard.poller->stop(ShardPoller::Stop::kGraceful);
    }
    shard.state = shard.poller->state();
    shard.poller.reset();
  }
}

Task<> Mapping::end_pollers(ShardPoller::Stop how) {
  // All of them first: while one ends, the others begin nothing.
  for (auto& [number, shard] : shards_) {
    if (!shard.poller) continue;
    if (how == ShardPoller::Stop::kAbandon) shard.poller->abandon();
    shard.poller->begin_stop();
  }
  for (auto& [number, shard] : shards_) {
    if (!shard.poller) continue;
    // Deleting the mapping cuts a patient end short.
    const auto cut =
        cutting_.token().on_cancel([poller = shard.poller.get()] { poller->abandon(); });
    co_await shard.poller->stop(how);
    shard.state = shard.poller->state();
    shard.poller.reset();
  }
}

Task<> Mapping::erase_marks() {
  std::vector<engine::Marks::Mark> marks;
  for (const auto& [key, value] : parts_.engine.marks().list(mark_prefix()))
    marks.push_back({key, std::nullopt});
  if (marks.empty()) co_return;
  const Status erased =
      co_await parts_.engine.marks().put(parts_.engine.leases().node(), std::move(marks));
  // What stays is erased at the next start.
  if (!erased.ok())
    log::warn("a deleted mapping's checkpoints stay for now", {{"why", erased.error().message}});
}

// --- For the audit
// -------------------------------------------------------------------------------------

ledger::ConsumerView Mapping::consumer() const {
  ledger::ConsumerView view{.tenant = tenant_,
                            .id = record_.uuid,
                            .function = record_.function_arn,
                            .stream = {},
                            .log = log_.value_or(LogId{}),
                            .shards = {}};
  const std::string arn = stream_of_source(record_.source_arn);
  view.stream = arn.substr(arn.rfind('/') + 1);
  for (const auto& [number, shard] : shards_) {
    ledger::ConsumerShardView row{.shard = number};
    row.book = shard.poller ? shard.poller->book() : shard.state.book;
    const engine::Position checkpoint =
        shard.poller ? shard.poller->checkpoint() : shard.state.checkpoint;
    const auto counts = parts_.source.counts({view.log, number});
    if (counts.ok()) {
      row.stored = counts->stored;
      row.pending = counts->next.index - checkpoint.index;
    } else {
      // The log has let go of the shard, its count included: there is nothing to compare with.
      row.stored = row.book.settled();
    }
    view.shards.push_back(std::move(row));
  }
  return view;
}

}  // namespace penstock::mapping
