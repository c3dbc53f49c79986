#include "mapping/mapping_service.h"

#include "base/log.h"
#include "base/uuid.h"
#include "engine/engine.h"
#include "env/clocks.h"
#include "env/loop.h"
#include "env/random.h"
#include "function/invoker.h"
#include "mapping/destination.h"
#include "mapping/errors.h"
#include "mapping/filter.h"
#include "mapping/mapping.h"
#include "shape/json.h"
#include "stream/record_source.h"

#include <map>
#include <utility>

namespace penstock::mapping {
namespace {

constexpr std::int64_t kAgeMin = 60;

Error invalid(std::string message) { return {MappingErrc::kInvalidParameter, std::move(message)}; }

Error not_found() { return {MappingErrc::kNotFound, "The resource you requested does not exist."}; }

Error in_use(std::string_view verb) {
  return {MappingErrc::kInUse,
          "Cannot " + std::string(verb) + " the event source mapping because it is in use."};
}

Error duplicate(const std::string& source_arn, const std::string& arn, const std::string& uuid) {
  const std::string name = arn.substr(arn.find(":function:") + 10);
  return {MappingErrc::kConflict, "The event source arn (\" " + source_arn +
                                      " \") and function (\" " + name +
                                      " \") provided mapping already exists. Please update or "
                                      "delete the existing mapping with UUID " +
                                      uuid};
}

Status check_start(const CreateMapping& request, ServiceTime now) {
  const bool wants_time = request.starting_position == "AT_TIMESTAMP";
  if (wants_time && !request.starting_time) {
    return invalid("StartingPositionTimestamp is required when StartingPosition is AT_TIMESTAMP.");
  }
  if (!wants_time && request.starting_time) {
    return invalid(
        "StartingPositionTimestamp can only be given when StartingPosition is AT_TIMESTAMP.");
  }
  if (wants_time && *request.starting_time > now) {
    return invalid("StartingPositionTimestamp must not be in the future.");
  }
  return ok();
}

Status check_configuration(const Configuration& configuration) {
  if (configuration.max_age_s >= 0 && configuration.max_age_s < kAgeMin) {
    return invalid("MaximumRecordAgeInSeconds must be -1 or between 60 and 604800.");
  }
  const Result<FilterSet> filters = FilterSet::compile(configuration.filters);
  if (!filters.ok()) return filters.error();
  return ok();
}

Configuration changed(Configuration configuration, const ChangeMapping& change) {
  const auto take = [](auto& member, const auto& given) {
    if (given) member = *given;
  };
  take(configuration.batch_size, change.batch_size);
  take(configuration.window_s, change.window_s);
  take(configuration.parallelization, change.parallelization);
  take(configuration.max_age_s, change.max_age_s);
  take(configuration.max_retries, change.max_retries);
  take(configuration.bisect, change.bisect);
  take(configuration.report_item_failures, change.report_item_failures);
  take(configuration.filters, change.filters);
  take(configuration.destination_arn, change.destination_arn);
  take(configuration.kms_key_arn, change.kms_key_arn);
  take(configuration.metrics, change.metrics);
  return configuration;
}

}  // namespace

class MappingService::State {
 public:
  State(MappingParts parts, MappingSettings settings)
      : parts_(parts), settings_(settings), scope_(parts.control_loop.executor()) {}

  Status load();
  Task<> erase_orphans();
  void begin_stop();
  Task<> stop();

  Task<Result<MappingView>> create(Tenant tenant, CreateMapping request);
  Result<std::shared_ptr<Mapping>> find(const Tenant& tenant, const std::string& uuid) const;
  Task<Result<MappingView>> update(Tenant tenant, std::string uuid, ChangeMapping change);
  Task<Result<MappingView>> remove(Tenant tenant, std::string uuid);
  Result<Listed> list(const Tenant& tenant, const std::string& source_arn,
                      const std::string& function, const std::string& marker,
                      std::size_t limit) const;
  std::vector<ledger::ConsumerView> consumers() const;

 private:
  using Key = std::pair<Tenant, std::string>;

  /// A source and function that a mapping is being made of.
  class Claim {
   public:
    Claim(std::map<Key, std::string>& claims, Key key, std::string uuid)
        : claims_(claims), at_(claims.try_emplace(std::move(key), std::move(uuid))) {}
    ~Claim() {
      if (at_.second) claims_.erase(at_.first);
    }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    bool is_mine() const { return at_.second; }
    const std::string& uuid() const { return at_.first->second; }

   private:
    std::map<Key, std::string>& claims_;
    std::pair<std::map<Key, std::string>::iterator, bool> at_;
  };

  void begin(Tenant tenant, MappingRecord record, engine::Version version, MappingState state);
  Task<> live(Key key, std::shared_ptr<Mapping> mapping);
  Status check_destination(const Tenant& tenant, const Configuration& configuration) const;
  Result<std::string> function_arn(const Tenant& tenant, const std::string& function) const;
  Status check_source(const Tenant& tenant, const std::string& source_arn) const;
  Status check_duplicate(const Tenant& tenant, const std::string& source_arn,
                         const std::string& arn, const std::string& except) const;
  Result<MappingRecord> next_record(const Mapping& mapping, const ChangeMapping& change) const;
  std::int64_t now_ms() const { return unix_millis(parts_.clocks.service_now()); }

  MappingParts parts_;
  MappingSettings settings_;
  std::map<Key, std::shared_ptr<Mapping>> mappings_;
  std::map<Key, std::string> creating_;  ///< UUIDs, until they are in mappings_.
  Scope scope_;
};

// --- Start and stop
// ------------------------------------------------------------------------------------

Status MappingService::State::load() {
  for (const engine::Document& document : parts_.engine.meta().list(kCatalogPrefix)) {
    TRY(Tenant tenant, tenant_of_key(document.key));
    Result<MappingRecord> record = shape::from_json<MappingRecord>(document.value);
    if (!record.ok()) return Error{Errc::kCorrupt, document.key + ": " + record.error().message};
    begin(std::move(tenant), std::move(*record), document.version, MappingState::kCreating);
  }
  return ok();
}

/// Checkpoints of mappings whose deletion was cut short.
Task<> MappingService::State::erase_orphans() {
  std::vector<engine::Marks::Mark> orphans;
  for (const auto& [key, value] : parts_.engine.marks().list(kCatalogPrefix)) {
    const Result<Tenant> tenant = tenant_of_key(key);
    if (!tenant.ok()) continue;
    const std::size_t uuid = catalog_key(*tenant, "").size();
    const std::string id = key.substr(uuid, key.find('/', uuid) - uuid);
    if (!mappings_.contains({*tenant, id})) orphans.push_back({key, std::nullopt});
  }
  if (orphans.empty()) co_return;
  const Status erased =
      co_await parts_.engine.marks().put(parts_.engine.leases().node(), std::move(orphans));
  if (!erased.ok())
    log::warn("checkpoints of deleted mappings stay for now", {{"why", erased.error().message}});
}

void MappingService::State::begin_stop() {
  for (const auto& [key, mapping] : mappings_) mapping->stop();
}

Task<> MappingService::State::stop() {
  begin_stop();
  scope_.cancel();
  co_await scope_.join();
}

void MappingService::State::begin(Tenant tenant, MappingRecord record, engine::Version version,
                                  MappingState state) {
  Key key{tenant, record.uuid};
  auto mapping = std::make_shared<Mapping>(parts_, settings_, std::move(tenant), std::move(record),
                                           version, state);
  mappings_[key] = mapping;
  scope_.spawn(live(std::move(key), std::move(mapping)));
}

Task<> MappingService::State::live(Key key, std::shared_ptr<Mapping> mapping) {
  co_await mapping->run();
  if (mapping->state() == MappingState::kDeleting) mappings_.erase(key);
}

// --- Checks
// ----------------------------------------------------------------------------------------------

Status MappingService::State::check_destination(const Tenant& tenant,
                                                const Configuration& configuration) const {
  if (configuration.destination_arn.empty()) return ok();
  const Status accepted = parts_.destinations.accepts(tenant, configuration.destination_arn);
  if (!accepted.ok()) return invalid(accepted.error().message);
  return ok();
}

Status MappingService::State::check_source(const Tenant& tenant,
                                           const std::string& source_arn) const {
  using stream::SourceConsumer;
  const auto stream = parts_.source.resolve(stream_of_source(source_arn));
  const SourceConsumer consumer =
      is_consumer_source(source_arn) ? parts_.source.consumer(source_arn) : SourceConsumer::kActive;
  if (!stream || stream->name.tenant != tenant || consumer == SourceConsumer::kMissing) {
    return invalid("Stream not found: " + source_arn);
  }
  if (consumer == SourceConsumer::kNotActive) {
    return invalid("Consumer " + source_arn + " is not in ACTIVE status.");
  }
  return ok();
}

Result<std::string> MappingService::State::function_arn(const Tenant& tenant,
                                                        const std::string& function) const {
  std::string arn = parts_.invoker.resolve_arn(tenant, function);
  if (arn.empty()) return invalid("Function does not exist");
  return arn;
}

Status MappingService::State::check_duplicate(const Tenant& tenant, const std::string& source_arn,
                                              const std::string& arn,
                                              const std::string& except) const {
  for (const auto& [key, mapping] : mappings_) {
    const MappingRecord& other = mapping->record();
    if (key.first != tenant || other.uuid == except || mapping->state() == MappingState::kDeleting)
      continue;
    // A consumer reads for one mapping, whatever the function.
    if (other.source_arn != source_arn) continue;
    if (other.function_arn != arn && !is_consumer_source(source_arn)) continue;
    return duplicate(source_arn, arn, other.uuid);
  }
  return ok();
}

// --- Operations
// --------------------------------------------------------------------------------------------

Task<Result<MappingView>> MappingService::State::create(Tenant tenant, CreateMapping request) {
  CO_TRY_OK(check_start(request, parts_.clocks.service_now()));
  CO_TRY_OK(check_configuration(request.configuration));
  CO_TRY_OK(check_destination(tenant, request.configuration));
  CO_TRY(const std::string function, function_arn(tenant, request.function));
  const bool is_consumer = is_consumer_source(request.source_arn);
  CO_TRY_OK(check_source(tenant, request.source_arn));
  CO_TRY_OK(check_duplicate(tenant, request.source_arn, function, ""));
  const Claim claim(creating_,
                    {tenant, request.source_arn + "\n" + (is_consumer ? std::string() : function)},
                    new_uuid(parts_.random));
  if (!claim.is_mine()) co_return duplicate(request.source_arn, function, claim.uuid());

  MappingRecord record{.uuid = claim.uuid(),
                       .source_arn = request.source_arn,
                       .function_arn = function,
                       .starting_position = request.starting_position,
                       .enabled = request.enabled,
                       .last_modified_ms = now_ms(),
                       .configuration = std::move(request.configuration),
                       .tags = std::move(request.tags)};
  if (request.starting_time) record.starting_position_ms = unix_millis(*request.starting_time);
  CO_TRY(const engine::Version version,
         co_await parts_.engine.meta().commit({{.op = engine::Change::Op::kPut,
                                                .key = catalog_key(tenant, record.uuid),
                                                .expected = {},
                                                .value = shape::to_json(record)}}));
  MappingView view{
      .record = record, .state = MappingState::kCreating, .last_result = "No records processed"};
  begin(std::move(tenant), std::move(record), version, MappingState::kCreating);
  co_return view;
}

Result<std::shared_ptr<Mapping>> MappingService::State::find(const Tenant& tenant,
                                                             const std::string& uuid) const {
  const auto found = mappings_.find({tenant, uuid});
  if (found == mappings_.end()) return not_found();
  return found->second;
}

Result<MappingRecord> MappingService::State::next_record(const Mapping& mapping,
                                                         const ChangeMapping& change) const {
  MappingRecord record = mapping.record();
  record.configuration = changed(record.configuration, change);
  TRY_OK(check_configuration(record.configuration));
  if (change.destination_arn) TRY_OK(check_destination(mapping.tenant(), record.configuration));
  if (change.function) {
    TRY(record.function_arn, function_arn(mapping.tenant(), *change.function));
    TRY_OK(check_duplicate(mapping.tenant(), record.source_arn, record.function_arn, record.uuid));
  }
  record.enabled = change.enabled.value_or(record.enabled);
  record.last_modified_ms = now_ms();
  return record;
}

Task<Result<MappingView>> MappingService::State::update(Tenant tenant, std::string uuid,
                                                        ChangeMapping change) {
  CO_TRY(const std::shared_ptr<Mapping> mapping, find(tenant, uuid));
  if (!mapping->settled()) co_return in_use("update");
  CO_TRY(MappingRecord record, next_record(*mapping, change));
  const bool was_enabled = mapping->record().enabled;
  const auto version = co_await parts_.engine.meta().commit({{.op = engine::Change::Op::kPut,
                                                              .key = catalog_key(tenant, uuid),
                                                              .expected = mapping->version(),
                                                              .value = shape::to_json(record)}});
  if (!version.ok()) co_return in_use("update");
  const MappingState state = record.enabled == was_enabled ? MappingState::kUpdating
                             : record.enabled              ? MappingState::kEnabling
                                                           : MappingState::kDisabling;
  mapping->change(std::move(record), *version, state);
  co_return mapping->view();
}

Task<Result<MappingView>> MappingService::State::remove(Tenant tenant, std::string uuid) {
  CO_TRY(const std::shared_ptr<Mapping> mapping, find(tenant, uuid));
  if (!mapping->settled()) co_return in_use("delete");
  const auto erased = co_await parts_.engine.meta().commit({{.op = engine::Change::Op::kErase,
                                                             .key = catalog_key(tenant, uuid),
                                                             .expected = mapping->version(),
                                                             .value = {}}});
  if (!erased.ok()) co_return in_use("delete");
  mapping->remove();
  co_return mapping->view();
}

Result<MappingService::Listed> MappingService::State::list(const Tenant& tenant,
                                                           const std::string& source_arn,
                                                           const std::string& function,
                                                           const std::string& marker,
                                                           std::size_t limit) const {
  std::string arn;
  if (!function.empty()) {
    arn = parts_.invoker.resolve_arn(tenant, function);
    if (arn.empty()) arn = function;
  }
  Listed out;
  for (auto entry = mappings_.upper_bound({tenant, marker}); entry != mappings_.end(); ++entry) {
    if (entry->first.first != tenant) break;
    const MappingRecord& record = entry->second->record();
    if (!source_arn.empty() && record.source_arn != source_arn) continue;
    const bool is_named =
        arn.empty() || record.function_arn == arn || record.function_arn.ends_with(":" + arn);
    if (!is_named) continue;
    if (out.mappings.size() == limit) {
      out.next_marker = out.mappings.back().record.uuid;
      break;
    }
    out.mappings.push_back(entry->second->view());
  }
  return out;
}

std::vector<ledger::ConsumerView> MappingService::State::consumers() const {
  std::vector<ledger::ConsumerView> out;
  for (const auto& [key, mapping] : mappings_) out.push_back(mapping->consumer());
  return out;
}

// --- The service
// -------------------------------------------------------------------------------------------

MappingService::MappingService(std::unique_ptr<State> state) : state_(std::move(state)) {}
MappingService::~MappingService() = default;

Task<Result<std::unique_ptr<MappingService>>> MappingService::open(MappingParts parts,
                                                                   MappingSettings settings) {
  auto state = std::make_unique<State>(parts, settings);
  const Status loaded = state->load();
  if (!loaded.ok()) {
    co_await state->stop();
    co_return loaded.error();
  }
  co_await state->erase_orphans();
  co_return std::unique_ptr<MappingService>(new MappingService(std::move(state)));
}

void MappingService::begin_stop() { state_->begin_stop(); }
Task<> MappingService::stop() { return state_->stop(); }

Task<Result<MappingView>> MappingService::create(Tenant tenant, CreateMapping request) {
  return state_->create(std::move(tenant), std::move(request));
}

Result<MappingView> MappingService::get(const Tenant& tenant, const std::string& uuid) const {
  TRY(const std::shared_ptr<Mapping> mapping, state_->find(tenant, uuid));
  return mapping->view();
}

Task<Result<MappingView>> MappingService::update(Tenant tenant, std::string uuid,
                                                 ChangeMapping change) {
  return state_->update(std::move(tenant), std::move(uuid), std::move(change));
}

Task<Result<MappingView>> MappingService::remove(Tenant tenant, std::string uuid) {
  return state_->remove(std::move(tenant), std::move(uuid));
}

Result<MappingService::Listed> MappingService::list(const Tenant& tenant,
                                                    const std::string& source_arn,
                                                    const std::string& function,
                                                    const std::string& marker,
                                                    std::size_t limit) const {
  return state_->list(tenant, source_arn, function, marker, limit);
}

std::vector<ledger::ConsumerView> MappingService::consumers() const { return state_->consumers(); }

}  // namespace penstock::mapping
