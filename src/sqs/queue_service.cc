#include "sqs/queue_service.h"

#include "base/log.h"
#include "base/uuid.h"
#include "engine/errors.h"
#include "engine/log_ids.h"
#include "env/clocks.h"
#include "env/random.h"
#include "shape/json.h"

#include <algorithm>
#include <charconv>

namespace penstock::sqs {
namespace {

constexpr std::string_view kDocuments = "queue/";
constexpr std::string_view kRemovals = "queue-removed/";

/// The stored form of a queue.
struct QueueDocument {
  std::int64_t log = 0;
  std::int64_t created_ms = 0;
  std::int64_t modified_ms = 0;
  TextMap attributes;  ///< What was set, not the defaults.
  TextMap tags;
  static constexpr auto shape() {
    using Self = QueueDocument;
    return std::array{
        shape::member<&Self::log>("log"),
        shape::member<&Self::created_ms>("created_ms"),
        shape::member<&Self::modified_ms>("modified_ms"),
        shape::member<&Self::attributes>("attributes"),
        shape::member<&Self::tags>("tags"),
    };
  }
};

std::string prefix_of(const Tenant& tenant) {
  return std::string(kDocuments) + tenant.account + "/" + tenant.region + "/";
}
std::string key_of(const QueueTarget& target) { return prefix_of(target.tenant) + target.name; }

/// The target of a document's key; names and regions have no slash.
std::optional<QueueTarget> target_of(std::string_view key) {
  key.remove_prefix(kDocuments.size());
  const std::size_t first = key.find('/');
  const std::size_t second = key.find('/', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  return QueueTarget{
      {std::string(key.substr(0, first)), std::string(key.substr(first + 1, second - first - 1))},
      std::string(key.substr(second + 1))};
}

Error no_such_queue() {
  return {SqsErrc::kQueueDoesNotExist, "The specified queue does not exist."};
}

Error out_of_range(std::string_view name, std::int64_t value, std::string_view bounds) {
  return {SqsErrc::kInvalidParameter, "Value " + std::to_string(value) + " for parameter " +
                                          std::string(name) +
                                          " is invalid. Reason: " + std::string(bounds)};
}

Status check_receive(const Receive& receive) {
  if (receive.max < 1 || receive.max > 10) {
    return out_of_range("MaxNumberOfMessages", receive.max,
                        "Must be between 1 and 10, if provided.");
  }
  const std::int64_t wait = receive.wait_seconds.value_or(0);
  if (wait < 0 || wait > 20) {
    return out_of_range("WaitTimeSeconds", wait, "Must be >= 0 and <= 20, if provided.");
  }
  const std::int64_t visibility = receive.visibility_seconds.value_or(0);
  if (visibility < 0 || visibility > 43'200) {
    return out_of_range("VisibilityTimeout", visibility,
                        "Must be between 0 and 43200, if provided.");
  }
  return ok();
}

Status check_message(const NewMessage& message, const QueueAttributes& attributes) {
  if (message.body.empty()) {
    return Error{SqsErrc::kMissingParameter, "The request must contain the parameter MessageBody."};
  }
  if (!is_message_text(message.body)) {
    return Error{SqsErrc::kInvalidContents,
                 "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to "
                 "#xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"};
  }
  const std::int64_t delay = message.delay_seconds.value_or(0);
  if (delay < 0 || delay > 900) {
    return out_of_range("DelaySeconds", delay, "DelaySeconds must be >= 0 and <= 900.");
  }
  if (size_of(message.body, message.attributes) > attributes.message_bytes_max) {
    return Error{SqsErrc::kInvalidParameter,
                 "One or more parameters are invalid. Reason: Message must be shorter than " +
                     std::to_string(attributes.message_bytes_max) + " bytes."};
  }
  return ok();
}

/// Why the given attributes are not those the queue has; empty when they are.
std::string difference(const TextMap& existing, const TextMap& asked) {
  for (const auto& [name, value] : asked) {
    if (settable_text(existing, name).value_or("") != value) return name;
  }
  return {};
}

}  // namespace

/// One queue: its document as stored, and the queue itself unless it could not be read.
struct QueueService::Entry {
  QueueTarget target;
  QueueDocument document;
  engine::Version version;
  std::shared_ptr<Queue> queue;
  std::optional<Error> broken;
};

QueueService::QueueService(QueueParts parts, QueueSettings settings)
    : parts_(parts), settings_(settings), scope_(parts.control_loop.executor()) {}

QueueService::~QueueService() = default;

Task<Result<std::unique_ptr<QueueService>>> QueueService::open(QueueParts parts,
                                                               QueueSettings settings) {
  std::unique_ptr<QueueService> service(new QueueService(parts, settings));
  CO_TRY_OK(co_await service->finish_removals());
  CO_TRY_OK(co_await service->load());
  service->scope_.spawn(service->tidy());
  co_return service;
}

void QueueService::end_waits() { scope_.cancel(); }

Task<> QueueService::stop() {
  scope_.cancel();
  co_await scope_.join();
}

// --- Opening -------------------------------------------------------------------------------------

std::shared_ptr<Queue> QueueService::make_queue(LogId log, const QueueTarget& target,
                                                const QueueAttributes& attributes) {
  auto queue = std::make_shared<Queue>(parts_, settings_, scope_.token(), log, arn_of(target));
  queue->set_attributes(attributes);
  queue->on_untidy([this] { untidy_.notify(); });
  queue->set_find_queue([this](const std::string& arn) -> std::shared_ptr<Queue> {
    const auto found = parse_queue_arn(arn);
    if (!found) return nullptr;
    Result<std::shared_ptr<Queue>> other = find(*found);
    return other.ok() ? std::move(other).value() : nullptr;
  });
  return queue;
}

Task<Status> QueueService::load() {
  for (const engine::Document& stored : parts_.engine.meta().list(kDocuments)) {
    const std::optional<QueueTarget> target = target_of(stored.key);
    Result<QueueDocument> document = shape::from_json<QueueDocument>(stored.value);
    if (!target || !document.ok()) {
      co_return Error{Errc::kCorrupt, "the document " + stored.key + " describes no queue"};
    }
    auto entry = std::make_unique<Entry>();
    entry->target = *target;
    entry->document = std::move(document).value();
    entry->version = stored.version;
    CO_TRY(const QueueAttributes attributes, parse_attributes(entry->document.attributes));
    entry->queue =
        make_queue(LogId(static_cast<std::uint64_t>(entry->document.log)), *target, attributes);
    const Status loaded = co_await entry->queue->load();
    if (!loaded.ok()) {
      log::error("a queue cannot be read",
                 {{"queue", arn_of(*target)}, {"error", loaded.error().message}});
      entry->broken = loaded.error();
    }
    queues_.emplace(stored.key, std::move(entry));
  }
  co_return ok();
}

Task<Status> QueueService::finish_removals() {
  for (const engine::Document& stored : parts_.engine.meta().list(kRemovals)) {
    CO_TRY_OK(co_await finish_removal(stored.key));
  }
  co_return ok();
}

Task<Status> QueueService::finish_removal(std::string key) {
  const std::string_view digits = std::string_view(key).substr(kRemovals.size());
  std::uint64_t log = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), log);
  const Status removed = co_await Queue::remove_stored(parts_.engine, LogId(log));
  if (!removed.ok() && !(removed.error().code == engine::EngineErrc::kNoSuchShard)) {
    co_return removed;
  }
  const auto document = parts_.engine.meta().get(key);
  if (!document) co_return ok();
  std::vector<engine::Change> changes;
  changes.push_back({engine::Change::Op::kErase, key, document->version, {}});
  const auto committed = co_await parts_.engine.meta().commit(std::move(changes));
  if (!committed.ok()) co_return committed.error();
  co_return ok();
}

// --- Which queues there are ----------------------------------------------------------------------

Result<std::shared_ptr<Queue>> QueueService::find(const QueueTarget& target) const {
  const auto found = queues_.find(key_of(target));
  if (found == queues_.end()) return no_such_queue();
  if (found->second->broken) return *found->second->broken;
  return found->second->queue;
}

Status QueueService::exists(const QueueTarget& target) const {
  if (!queues_.contains(key_of(target))) return no_such_queue();
  return ok();
}

QueuePage QueueService::list(const Tenant& tenant, std::string_view prefix, std::string_view after,
                             std::size_t max) const {
  const std::string whole = prefix_of(tenant) + std::string(prefix);
  const std::string last = prefix_of(tenant) + std::string(after);
  QueuePage page;
  for (auto at = queues_.lower_bound(whole); at != queues_.end() && at->first.starts_with(whole);
       ++at) {
    if (!after.empty() && at->first <= last) continue;
    if (page.names.size() == max) {
      page.has_more = true;
      break;
    }
    page.names.push_back(at->second->target.name);
  }
  return page;
}

Status QueueService::check_redrive(const QueueTarget& target, const QueueAttributes& attributes,
                                   const TextMap& set) const {
  if (!attributes.redrive) return ok();
  const auto other = parse_queue_arn(attributes.redrive->target_arn);
  if (!other || other->tenant != target.tenant || !exists(*other).ok()) {
    return Error{SqsErrc::kInvalidAttributeValue,
                 "Value " + set.at("RedrivePolicy") +
                     " for parameter RedrivePolicy is invalid. Reason: Dead letter target does not "
                     "exist."};
  }
  return ok();
}

Task<Status> QueueService::create(QueueTarget target, TextMap attributes, TextMap tags) {
  CO_TRY_OK(check_queue_name(target.name));
  CO_TRY(const QueueAttributes parsed, parse_attributes(attributes));
  const std::string key = key_of(target);
  if (const auto found = queues_.find(key); found != queues_.end()) {
    const std::string different = difference(found->second->document.attributes, attributes);
    if (different.empty()) co_return ok();
    co_return Error{
        SqsErrc::kQueueNameExists,
        "A queue already exists with the same name and a different value for attribute " +
            different};
  }
  CO_TRY_OK(check_redrive(target, parsed, attributes));
  CO_TRY(const LogId log, co_await engine::next_log_id(parts_.engine.meta()));
  const std::int64_t now = unix_millis(parts_.clocks.service_now());
  auto entry = std::make_unique<Entry>();
  entry->target = target;
  entry->document = {static_cast<std::int64_t>(log.value), now, now, std::move(attributes),
                     std::move(tags)};
  std::vector<engine::Change> changes;
  changes.push_back({engine::Change::Op::kPut, key, {}, shape::to_json(entry->document)});
  const auto committed = co_await parts_.engine.meta().commit(std::move(changes));
  if (!committed.ok()) {
    // Another call made it meanwhile: now it is there, and this one compares.
    if (committed.error().code == engine::EngineErrc::kConflict) {
      co_return Error{Errc::kUnavailable, "the queue is being created by another call"};
    }
    co_return committed.error();
  }
  entry->version = *committed;
  entry->queue = make_queue(log, target, parsed);
  const Status loaded = co_await entry->queue->load();
  if (!loaded.ok()) entry->broken = loaded.error();  // a restart tries again
  queues_.insert_or_assign(key, std::move(entry));
  co_return loaded;
}

Task<Status> QueueService::store(QueueTarget target, TextMap attributes, TextMap tags) {
  const std::string key = key_of(target);
  const auto found = queues_.find(key);
  if (found == queues_.end()) co_return no_such_queue();
  QueueDocument document = found->second->document;
  document.attributes = std::move(attributes);
  document.tags = std::move(tags);
  document.modified_ms = unix_millis(parts_.clocks.service_now());
  std::vector<engine::Change> changes;
  changes.push_back(
      {engine::Change::Op::kPut, key, found->second->version, shape::to_json(document)});
  const auto committed = co_await parts_.engine.meta().commit(std::move(changes));
  if (!committed.ok()) {
    if (committed.error().code == engine::EngineErrc::kConflict) {
      co_return Error{Errc::kUnavailable, "the queue was changed by another call; try again"};
    }
    co_return committed.error();
  }
  const auto again = queues_.find(key);
  if (again == queues_.end()) co_return no_such_queue();
  again->second->document = std::move(document);
  again->second->version = *committed;
  co_return ok();
}

Task<Status> QueueService::set_attributes(QueueTarget target, TextMap attributes) {
  CO_TRY(const std::shared_ptr<Queue> queue, find(target));
  CO_TRY_OK(parse_attributes(attributes));
  const QueueDocument& document = queues_.at(key_of(target))->document;
  TextMap merged = document.attributes;
  for (auto& [name, value] : attributes) merged.insert_or_assign(name, value);
  CO_TRY(const QueueAttributes parsed, parse_attributes(merged));
  CO_TRY_OK(check_redrive(target, parsed, merged));
  CO_TRY_OK(co_await store(target, std::move(merged), document.tags));
  queue->set_attributes(parsed);
  untidy_.notify();
  co_return ok();
}

Task<Status> QueueService::set_tags(QueueTarget target, TextMap add,
                                    std::vector<std::string> remove) {
  CO_TRY_OK(exists(target));
  const QueueDocument& document = queues_.at(key_of(target))->document;
  TextMap tags = document.tags;
  for (auto& [name, value] : add) tags.insert_or_assign(name, value);
  for (const std::string& name : remove) tags.erase(name);
  if (tags.size() > 50) {
    co_return Error{SqsErrc::kInvalidParameter,
                    "Too many tags added for queue " + target.name + "."};
  }
  co_return co_await store(target, document.attributes, std::move(tags));
}

Result<QueueDescription> QueueService::describe(QueueTarget target) {
  TRY(const std::shared_ptr<Queue> queue, find(target));
  const QueueDocument& document = queues_.at(key_of(target))->document;
  const MessageTable::Counts counts = queue->counts();
  QueueDescription out{.target = target, .tags = document.tags};
  TextMap& values = out.attributes;
  for (const std::string_view name : settable_names()) {
    if (auto text = settable_text(document.attributes, name)) {
      values.emplace(name, std::move(*text));
    }
  }
  values["QueueArn"] = arn_of(target);
  values["CreatedTimestamp"] = std::to_string(document.created_ms / 1'000);
  values["LastModifiedTimestamp"] = std::to_string(document.modified_ms / 1'000);
  values["ApproximateNumberOfMessages"] = std::to_string(counts.visible);
  values["ApproximateNumberOfMessagesNotVisible"] = std::to_string(counts.in_flight);
  values["ApproximateNumberOfMessagesDelayed"] = std::to_string(counts.delayed);
  return out;
}

Task<Status> QueueService::remove(QueueTarget target) {
  const std::string key = key_of(target);
  const auto found = queues_.find(key);
  if (found == queues_.end()) co_return no_such_queue();
  const std::string removal = std::string(kRemovals) + std::to_string(found->second->document.log);
  std::vector<engine::Change> changes;
  changes.push_back({engine::Change::Op::kErase, key, found->second->version, {}});
  changes.push_back({engine::Change::Op::kPut, removal, {}, "{}"});
  const auto committed = co_await parts_.engine.meta().commit(std::move(changes));
  if (!committed.ok()) {
    if (committed.error().code == engine::EngineErrc::kConflict) {
      co_return Error{Errc::kUnavailable, "the queue was changed by another call; try again"};
    }
    co_return committed.error();
  }
  if (const auto again = queues_.find(key); again != queues_.end()) {
    again->second->queue->mark_removed();
    queues_.erase(again);
  }
  const Status finished = co_await finish_removal(removal);
  if (!finished.ok()) {
    log::warn("a removed queue's messages go at the next start",
              {{"error", finished.error().message}});
  }
  co_return ok();
}

// --- Messages ------------------------------------------------------------------------------------

Task<Result<std::vector<Result<Sent>>>> QueueService::send(QueueTarget target,
                                                           std::vector<NewMessage> messages) {
  CO_TRY(const std::shared_ptr<Queue> queue, find(target));
  const ServiceTime now = parts_.clocks.service_now();
  std::vector<Result<Sent>> outcomes;
  std::vector<Message> valid;
  for (NewMessage& message : messages) {
    if (Status checked = check_message(message, queue->attributes()); !checked.ok()) {
      outcomes.emplace_back(std::move(checked).error());
      continue;
    }
    const Seconds delay =
        message.delay_seconds ? Seconds(*message.delay_seconds) : queue->attributes().delay;
    Sent sent{.id = new_uuid(parts_.random),
              .body_md5 = md5_of_body(message.body),
              .attributes_md5 = md5_of_attributes(message.attributes),
              .system_md5 = md5_of_attributes(message.system)};
    valid.push_back({.id = sent.id,
                     .body = std::move(message.body),
                     .attributes = std::move(message.attributes),
                     .system = std::move(message.system),
                     .sender_id = std::move(message.sender_id),
                     .sent = now,
                     .visible_at = now + delay});
    outcomes.emplace_back(std::move(sent));
  }
  if (valid.empty()) co_return outcomes;
  const Status stored = co_await queue->send(std::move(valid));
  for (Result<Sent>& outcome : outcomes) {
    if (outcome.ok() && !stored.ok()) outcome = stored.error();
  }
  co_return outcomes;
}

Task<Status> QueueService::send_once(QueueTarget target, std::string id, std::string body,
                                     std::string sender_id) {
  CO_TRY(const std::shared_ptr<Queue> queue, find(target));
  NewMessage asked{.body = std::move(body), .sender_id = std::move(sender_id)};
  CO_TRY_OK(check_message(asked, queue->attributes()));
  const ServiceTime now = parts_.clocks.service_now();
  Message message{.id = new_uuid(parts_.random),
                  .body = std::move(asked.body),
                  .sender_id = std::move(asked.sender_id),
                  .delivery_id = std::move(id),
                  .sent = now,
                  .visible_at = now + queue->attributes().delay};
  co_return co_await queue->send_once(std::move(message));
}

Task<Result<std::vector<Received>>> QueueService::receive(QueueTarget target, Receive receive) {
  CO_TRY(const std::shared_ptr<Queue> queue, find(target));
  CO_TRY_OK(check_receive(receive));
  const QueueAttributes& own = queue->attributes();
  const Seconds visibility =
      receive.visibility_seconds ? Seconds(*receive.visibility_seconds) : own.visibility;
  const Seconds wait = receive.wait_seconds ? Seconds(*receive.wait_seconds) : own.receive_wait;
  co_return co_await queue->receive(static_cast<std::size_t>(receive.max), visibility, wait,
                                    receive.gone);
}

Task<Result<std::vector<Status>>> QueueService::erase(QueueTarget target,
                                                      std::vector<std::string> receipt_handles) {
  CO_TRY(const std::shared_ptr<Queue> queue, find(target));
  co_return co_await queue->erase(std::move(receipt_handles));
}

Task<Result<std::vector<Status>>> QueueService::change_visibility(
    QueueTarget target, std::vector<VisibilityChange> changes) {
  CO_TRY(const std::shared_ptr<Queue> queue, find(target));
  co_return co_await queue->change_visibility(std::move(changes));
}

Task<Status> QueueService::purge(QueueTarget target) {
  CO_TRY(const std::shared_ptr<Queue> queue, find(target));
  co_return co_await queue->purge();
}

// --- Behind everything
// -----------------------------------------------------------------------------

Task<> QueueService::tidy() {
  const CancelToken cancel = scope_.token();
  while (!cancel.cancelled()) {
    // Queues may come and go meanwhile.
    std::vector<std::shared_ptr<Queue>> queues;
    for (const auto& [key, entry] : queues_) {
      if (!entry->broken) queues.push_back(entry->queue);
    }
    std::optional<ServiceTime> next;
    for (const std::shared_ptr<Queue>& queue : queues) {
      co_await queue->tidy();
      const auto expiry = queue->next_expiry();
      if (expiry && (!next || *expiry < *next)) next = expiry;
    }
    const env::Woken woken = next ? co_await untidy_.wait_until(parts_.control_loop, *next, cancel)
                                  : co_await untidy_.wait(cancel);
    if (woken == env::Woken::kCancelled) break;
  }
}

}  // namespace penstock::sqs
