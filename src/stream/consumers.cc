#include "stream/consumers.h"

#include "base/log.h"
#include "engine/engine.h"
#include "engine/try_commit.h"
#include "env/clocks.h"
#include "env/loop.h"
#include "stream/errors.h"
#include "stream/tags.h"
#include "stream/texts.h"

#include <algorithm>

namespace penstock::stream {
namespace {

constexpr std::int64_t kPage = 100;
constexpr Millis kRetryDelay{500};

Error invalid(std::string text) { return {StreamErrc::kInvalidArgument, std::move(text)}; }

Error internal(const Error& cause) {
  log::error("a change of a consumer could not be stored",
             {{"error", cause.code.name()}, {"message", cause.message}});
  return {StreamErrc::kInternalFailure, cause.message};
}

}  // namespace

Consumers::Consumers(const StreamParts& parts, const StreamSettings& settings,
                     const Directory& directory, const TokenMaker& tokens,
                     const AccountSettings& accounts)
    : parts_(parts),
      settings_(settings),
      directory_(directory),
      tokens_(tokens),
      accounts_(accounts),
      scope_(parts.control_loop.executor()) {}

Status Consumers::load() {
  for (const engine::Document& document : parts_.engine.meta().list(kConsumerPrefix)) {
    TRY(ConsumerEntry entry, decode_consumer(document.key, document.value));
    if (entry.in_transition()) scope_.spawn(finish_later(entry.id, entry.due));
    publish(std::move(entry), document.version);
  }
  return ok();
}

Task<> Consumers::stop() {
  scope_.cancel();
  co_await scope_.join();
}

// --- What is known -------------------------------------------------------------------------------

Consumers::KnownPtr Consumers::find(const StreamName& stream, std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find({stream, std::string(name)});
  return found == known_.end() ? nullptr : found->second;
}

/// The one of this second; nullptr when the name was registered again since.
Consumers::KnownPtr Consumers::find(const ConsumerName& consumer) const {
  KnownPtr known = find(consumer.stream, consumer.name);
  return known != nullptr && known->entry.id == consumer ? known : nullptr;
}

std::vector<Consumers::KnownPtr> Consumers::all_of(const StreamName& stream) const {
  std::vector<KnownPtr> all;
  const std::lock_guard lock(mutex_);
  for (auto at = known_.lower_bound({stream, {}}); at != known_.end() && at->first.first == stream;
       ++at) {
    all.push_back(at->second);
  }
  return all;
}

std::optional<ConsumerView> Consumers::find(std::string_view arn) const {
  const std::optional<ConsumerName> id = parse_consumer_arn(arn);
  const KnownPtr known = id ? find(*id) : nullptr;
  return known == nullptr ? std::nullopt : std::optional(view_of(known->entry));
}

std::int64_t Consumers::count(const StreamName& stream) const {
  return static_cast<std::int64_t>(all_of(stream).size());
}

/// A stream that is being removed takes its consumers along.
ConsumerView Consumers::view_of(const ConsumerEntry& entry) const {
  ConsumerView view{.id = entry.id,
                    .arn = consumer_arn(entry.id),
                    .stream_arn = stream_arn(entry.id.stream.tenant, entry.id.stream.name),
                    .status = entry.status,
                    .log = entry.log,
                    .tags = entry.tags,
                    .policy = entry.policy};
  const LiveStreamPtr stream = directory_.find(entry.log);
  if (stream == nullptr || stream->entry.status == StreamStatus::kDeleting) {
    view.status = ConsumerStatus::kDeleting;
  }
  return view;
}

void Consumers::publish(ConsumerEntry entry, engine::Version version) {
  const ConsumerName id = entry.id;
  const bool is_over = entry.status == ConsumerStatus::kDeleting;
  auto known = std::make_shared<const Known>(Known{std::move(entry), version});
  {
    const std::lock_guard lock(mutex_);
    KnownPtr& place = known_[{id.stream, id.name}];
    if (place != nullptr && version <= place->version) return;
    place = std::move(known);
  }
  if (is_over && ended_) ended_(id);
}

void Consumers::forget(const ConsumerName& consumer) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find({consumer.stream, consumer.name});
    if (found == known_.end() || found->second->entry.id != consumer) return;
    known_.erase(found);
  }
  if (ended_) ended_(consumer);
}

// --- For the catalog -----------------------------------------------------------------------------

bool Consumers::has_any(const StreamName& stream) const {
  const auto registering = registering_.lower_bound({stream, {}});
  if (registering != registering_.end() && registering->first.first == stream) return true;
  const std::vector<KnownPtr> all = all_of(stream);
  return std::any_of(all.begin(), all.end(), [](const KnownPtr& known) {
    return known->entry.status != ConsumerStatus::kDeleting;
  });
}

std::vector<engine::Change> Consumers::removal_of(const StreamName& stream) const {
  std::vector<engine::Change> changes;
  for (const engine::Document& document : parts_.engine.meta().list(consumer_key(stream, {}))) {
    changes.push_back(
        {.op = engine::Change::Op::kErase, .key = document.key, .expected = document.version});
  }
  return changes;
}

void Consumers::removed(const StreamName& stream) {
  for (const KnownPtr& known : all_of(stream)) forget(known->entry.id);
}

// --- Registration --------------------------------------------------------------------------------

/// How many a stream may have: 20, or more with what the account has committed itself to.
std::int64_t Consumers::quota(const Tenant& tenant) const {
  return accounts_.has_advantage(tenant) ? settings_.advantage_consumer_quota
                                         : settings_.consumer_quota;
}

Status Consumers::check_quotas(const StreamName& stream) const {
  std::int64_t all = 0;
  std::int64_t creating = 0;
  for (const KnownPtr& known : all_of(stream)) {
    ++all;
    if (known->entry.status == ConsumerStatus::kCreating) ++creating;
  }
  for (auto at = registering_.lower_bound({stream, {}});
       at != registering_.end() && at->first.first == stream; ++at) {
    ++all;
    if (at->second.status == ConsumerStatus::kCreating) ++creating;
  }
  const auto limit = [&stream](std::string_view which, std::int64_t most) {
    return Error{StreamErrc::kLimitExceeded,
                 "This request would exceed the limit on the number of consumers that can " +
                     std::string(which) + " stream " + stream.name + " under account " +
                     stream.tenant.account + ". Limit: " + std::to_string(most) + "."};
  };
  const std::int64_t most = quota(stream.tenant);
  if (most != 0 && all >= most) return limit("be registered with", most);
  if (creating >= settings_.consumers_creating_max) {
    return limit("simultaneously be in CREATING for", settings_.consumers_creating_max);
  }
  return ok();
}

Status Consumers::check_new(const ConsumerName& consumer, const RegisterConsumer& request) const {
  const Key key{consumer.stream, consumer.name};
  if (registering_.contains(key) || find(consumer.stream, consumer.name) != nullptr) {
    return Error{StreamErrc::kInUse, "Consumer " + consumer.name + " under stream " +
                                         consumer.stream.name + " and account " +
                                         consumer.stream.tenant.account + " already exists."};
  }
  TRY_OK(check_quotas(consumer.stream));
  return check_new_tags(consumer.stream, {}, request.tags, settings_.tags_max);
}

/// The ARN of a name that is registered again must be another one, also within a second.
std::int64_t Consumers::creation_second(const StreamName& stream, std::string_view name) {
  const std::int64_t now = unix_seconds(parts_.clocks.service_now());
  std::erase_if(used_seconds_, [now](const auto& used) { return used.second < now; });
  const auto [used, is_new] = used_seconds_.try_emplace({stream, std::string(name)}, now);
  if (!is_new) used->second = std::max(used->second + 1, now);
  return used->second;
}

Task<Result<ConsumerView>> Consumers::add(Caller caller, RegisterConsumer request) {
  CO_TRY(const StreamName stream, resolve_target(caller, {.arn = request.stream_arn}));
  const Key key{stream, std::string(request.name)};
  while (true) {
    const auto stored = parts_.engine.meta().get(document_key(stream));
    if (!stored) co_return stream_not_found(stream);
    CO_TRY(const StreamEntry owner, decode_entry(stored->key, stored->value));
    if (owner.status != StreamStatus::kActive && owner.status != StreamStatus::kUpdating) {
      co_return stream_not_active(stream, owner.status);
    }
    CO_TRY_OK(check_new({.stream = stream, .name = key.second}, request));
    const bool at_once = settings_.consumer_delay == Millis{0};
    ConsumerEntry entry{.id = {stream, key.second, creation_second(stream, request.name)},
                        .log = owner.log,
                        .status = at_once ? ConsumerStatus::kActive : ConsumerStatus::kCreating,
                        .due = parts_.clocks.service_now() + settings_.consumer_delay,
                        .tags = request.tags};
    std::vector<engine::Change> changes;
    changes.push_back({.op = engine::Change::Op::kCheck,
                       .key = document_key(stream),
                       .expected = stored->version});
    changes.push_back({.key = consumer_key(stream, request.name), .value = encode(entry)});
    registering_.emplace(key, entry);
    const auto committed = co_await engine::try_commit(parts_.engine.meta(), std::move(changes));
    registering_.erase(key);
    if (!committed.ok()) co_return internal(committed.error());
    if (!*committed) continue;  // The stream has changed: look at it again.
    publish(entry, **committed);
    if (entry.in_transition()) scope_.spawn(finish_later(entry.id, entry.due));
    entry.status = ConsumerStatus::kCreating;
    co_return view_of(entry);
  }
}

Task<Status> Consumers::remove(Caller caller, ConsumerTarget target) {
  CO_TRY(const ConsumerName id, resolve(caller, target));
  if (settings_.consumer_delay == Millis{0}) co_return co_await erase(id);
  const ServiceTime due = parts_.clocks.service_now() + settings_.consumer_delay;
  bool begins = false;
  CO_TRY_OK(co_await edit(id, [due, &begins](ConsumerEntry& entry) -> Status {
    begins = entry.status != ConsumerStatus::kDeleting;
    if (!begins) return ok();
    entry.status = ConsumerStatus::kDeleting;
    entry.due = due;
    return ok();
  }));
  if (begins) scope_.spawn(finish_later(id, due));
  co_return ok();
}

// --- Description ---------------------------------------------------------------------------------

Result<ConsumerName> Consumers::resolve_arn(std::string_view arn) const {
  std::optional<ConsumerName> named = parse_consumer_arn(arn);
  if (!named) {
    return invalid("ConsumerARN " + std::string(arn) + " is not the ARN of a consumer.");
  }
  if (find(*named) == nullptr) return consumer_not_found(arn, named->stream.tenant);
  return std::move(*named);
}

Result<ConsumerName> Consumers::resolve(const Caller& caller, const ConsumerTarget& target) const {
  if (!target.arn.empty()) {
    TRY(ConsumerName named, resolve_arn(target.arn));
    if ((!target.name.empty() && target.name != named.name) ||
        (!target.stream_arn.empty() && parse_stream_arn(target.stream_arn) != named.stream)) {
      return invalid("ConsumerARN " + std::string(target.arn) +
                     " does not belong to the StreamARN and ConsumerName given with it.");
    }
    return named;
  }
  if (target.stream_arn.empty() || target.name.empty()) {
    return invalid("Either ConsumerARN or both StreamARN and ConsumerName must be provided.");
  }
  TRY(const StreamName stream, resolve_target(caller, {.arn = target.stream_arn}));
  if (directory_.find(stream) == nullptr) return stream_not_found(stream);
  const KnownPtr known = find(stream, target.name);
  if (known == nullptr) return consumer_not_found(target.name, stream.tenant);
  return known->entry.id;
}

Result<ConsumerView> Consumers::describe(Caller caller, ConsumerTarget target) const {
  TRY(const ConsumerName id, resolve(caller, target));
  return view_of(find(id)->entry);
}

Result<ConsumerPage> Consumers::list(Caller caller, ListConsumers request) const {
  TRY(const StreamName stream, resolve_target(caller, {.arn = request.stream_arn}));
  const ServiceTime now = parts_.clocks.service_now();
  std::string after;
  LogId log;
  if (!request.next_token.empty()) {
    if (request.stream_creation) {
      return invalid("NextToken and StreamCreationTimestamp cannot be provided together.");
    }
    const std::optional<PageToken> page = tokens_.open_page(request.next_token);
    if (!page || page->after_consumer.empty() || page->stream != stream) {
      return invalid("The NextToken is not valid.");
    }
    TRY_OK(check_token_age(page->issued, now));
    after = page->after_consumer;
    log = page->log;
  }
  const LiveStreamPtr live = directory_.find(stream);
  if (live == nullptr || (log != LogId{} && log != live->entry.log) ||
      (request.stream_creation &&
       unix_seconds(*request.stream_creation) != unix_seconds(live->entry.created))) {
    return stream_not_found(stream);
  }
  const auto size = static_cast<std::size_t>(std::min(request.max_results.value_or(kPage), kPage));
  ConsumerPage out;
  for (const KnownPtr& known : all_of(stream)) {
    if (known->entry.id.name <= after) continue;
    if (out.consumers.size() == size) {
      out.next_token = tokens_.seal(PageToken{.issued = now,
                                              .stream = stream,
                                              .log = live->entry.log,
                                              .after_consumer = out.consumers.back().id.name});
      break;
    }
    out.consumers.push_back(view_of(known->entry));
  }
  return out;
}

// --- Changes -------------------------------------------------------------------------------------

Task<Status> Consumers::edit(ConsumerName consumer, Edit edit) {
  const std::string key = consumer_key(consumer.stream, consumer.name);
  while (true) {
    const auto stored = parts_.engine.meta().get(key);
    if (!stored) co_return consumer_not_found(consumer_arn(consumer), consumer.stream.tenant);
    CO_TRY(ConsumerEntry entry, decode_consumer(key, stored->value));
    if (entry.id != consumer) {
      co_return consumer_not_found(consumer_arn(consumer), consumer.stream.tenant);
    }
    CO_TRY_OK(edit(entry));
    std::vector<engine::Change> changes;
    changes.push_back({.key = key, .expected = stored->version, .value = encode(entry)});
    const auto committed = co_await engine::try_commit(parts_.engine.meta(), std::move(changes));
    if (!committed.ok()) co_return internal(committed.error());
    if (!*committed) continue;
    publish(std::move(entry), **committed);
    co_return ok();
  }
}

Task<Status> Consumers::add_tags(std::string_view arn, Tags tags) {
  CO_TRY(const ConsumerName id, resolve_arn(arn));
  co_return co_await edit(id, [&](ConsumerEntry& entry) -> Status {
    TRY_OK(check_new_tags(entry.id.stream, entry.tags, tags, settings_.tags_max));
    for (const auto& [key, value] : tags) entry.tags[key] = value;
    return ok();
  });
}

Task<Status> Consumers::remove_tags(std::string_view arn, std::vector<std::string> keys) {
  CO_TRY(const ConsumerName id, resolve_arn(arn));
  co_return co_await edit(id, [&](ConsumerEntry& entry) -> Status {
    TRY_OK(check_tag_keys(entry.id.stream, keys));
    for (const std::string& key : keys) entry.tags.erase(key);
    return ok();
  });
}

Task<Status> Consumers::set_policy(std::string_view arn, std::string policy) {
  CO_TRY(const ConsumerName id, resolve_arn(arn));
  co_return co_await edit(id, [&](ConsumerEntry& entry) -> Status {
    entry.policy = policy;
    return ok();
  });
}

// --- Transitions ---------------------------------------------------------------------------------

Task<> Consumers::finish_later(ConsumerName consumer, ServiceTime due) {
  while (true) {
    if (co_await env::sleep_until(parts_.control_loop, due, scope_.token()) ==
        env::Woken::kCancelled) {
      co_return;
    }
    const Status finished = co_await finish(consumer);
    if (finished.ok()) co_return;
    log::error("a transition of a consumer failed and is tried again",
               {{"consumer", consumer_arn(consumer)}, {"message", finished.error().message}});
    const SteadyTime again = parts_.clocks.steady_now() + kRetryDelay;
    if (co_await env::sleep_until(parts_.control_loop, again, scope_.token()) ==
        env::Woken::kCancelled) {
      co_return;
    }
  }
}

/// What has gone meanwhile, or was deregistered while CREATING, is left to whoever did that.
Task<Status> Consumers::finish(ConsumerName consumer) {
  const KnownPtr known = find(consumer);
  const ServiceTime now = parts_.clocks.service_now();
  if (known == nullptr || !known->entry.in_transition() || known->entry.due > now) co_return ok();
  if (known->entry.status == ConsumerStatus::kDeleting) co_return co_await erase(consumer);
  const Status active = co_await edit(consumer, [](ConsumerEntry& entry) -> Status {
    if (entry.status == ConsumerStatus::kCreating) entry.status = ConsumerStatus::kActive;
    return ok();
  });
  if (!active.ok() && active.error().code == StreamErrc::kNotFound) co_return ok();
  co_return active;
}

Task<Status> Consumers::erase(ConsumerName consumer) {
  const std::string key = consumer_key(consumer.stream, consumer.name);
  while (true) {
    const auto stored = parts_.engine.meta().get(key);
    if (!stored) co_return ok();
    CO_TRY(const ConsumerEntry entry, decode_consumer(key, stored->value));
    if (entry.id != consumer) co_return ok();
    std::vector<engine::Change> changes;
    changes.push_back({.op = engine::Change::Op::kErase, .key = key, .expected = stored->version});
    const auto committed = co_await engine::try_commit(parts_.engine.meta(), std::move(changes));
    if (!committed.ok()) co_return internal(committed.error());
    if (!*committed) continue;
    forget(consumer);
    co_return ok();
  }
}

}  // namespace penstock::stream
