#include "stream/stream_service.h"

#include "base/hex.h"
#include "engine/errors.h"
#include "env/random.h"
#include "stream/parts.h"
#include "stream/tags.h"
#include "stream/texts.h"

#include <array>

namespace penstock::stream {
namespace {

constexpr std::string_view kSecretKey = "server/token-secret";
constexpr std::size_t kSecretBytes = 32;

/// What tokens are signed with; made once, so that iterators survive a restart.
Task<Result<std::string>> token_secret(engine::Meta& meta, env::Random& random) {
  if (const auto stored = meta.get(kSecretKey)) {
    std::optional<std::string> secret = hex_decode(stored->value);
    if (!secret || secret->size() != kSecretBytes) {
      co_return Error{Errc::kCorrupt, "the document server/token-secret is not a secret"};
    }
    co_return std::move(*secret);
  }
  std::array<std::uint8_t, kSecretBytes> bytes;
  random.fill(bytes);
  std::string secret(as_chars(bytes));
  std::vector<engine::Change> changes;
  changes.push_back({.key = std::string(kSecretKey), .value = hex_encode(secret)});
  CO_TRY_OK(co_await meta.commit(std::move(changes)));
  co_return secret;
}

}  // namespace

StreamService::StreamService(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
StreamService::~StreamService() = default;

Task<Result<std::unique_ptr<StreamService>>> StreamService::open(StreamParts parts,
                                                                 StreamSettings settings) {
  CO_TRY(const std::string secret, co_await token_secret(parts.engine.meta(), parts.random));
  std::unique_ptr<StreamService> service(
      new StreamService(std::make_unique<Parts>(parts, settings, secret)));
  Status loaded = co_await service->parts_->catalog.load();
  if (loaded.ok()) loaded = service->parts_->consumers.load();
  if (loaded.ok()) service->parts_->scaling.start();
  if (!loaded.ok()) {
    co_await service->stop();
    co_return loaded.error();
  }
  co_return service;
}

Task<> StreamService::stop() {
  co_await parts_->scaling.stop();
  co_await parts_->catalog.stop();
  co_await parts_->consumers.stop();
}

Task<Result<PutRecordReply>> StreamService::put_record(Caller caller, PutRecord request) {
  return parts_->puts.put_record(caller, request);
}
Task<Result<PutRecordsReply>> StreamService::put_records(Caller caller, PutRecords request) {
  return parts_->puts.put_records(caller, request);
}
void StreamService::put_refused(const Caller& caller, const StreamTarget& stream,
                                std::size_t entries) {
  parts_->puts.put_refused(caller, stream, entries);
}
Task<Result<std::string>> StreamService::get_shard_iterator(Caller caller,
                                                            GetShardIterator request) {
  return parts_->reads.get_shard_iterator(caller, request);
}
Task<Result<GetRecordsReply>> StreamService::get_records(Caller caller, GetRecords request) {
  return parts_->reads.get_records(caller, request);
}
Task<Result<std::unique_ptr<Subscription>>> StreamService::subscribe(SubscribeToShard request) {
  return parts_->subscribing.subscribe(request);
}

Task<Status> StreamService::create(Caller caller, CreateStream request) {
  return parts_->catalog.create(caller, std::move(request));
}
Task<Status> StreamService::remove(Caller caller, StreamTarget stream, ConsumerRemoval consumers) {
  return parts_->catalog.remove(caller, stream, consumers);
}
Task<Status> StreamService::split(Caller caller, StreamTarget stream, std::string_view shard_id,
                                  std::string_view new_starting_hash_key) {
  return parts_->catalog.split(caller, stream, shard_id, new_starting_hash_key);
}
Task<Status> StreamService::merge(Caller caller, StreamTarget stream, std::string_view shard_id,
                                  std::string_view adjacent_shard_id) {
  return parts_->catalog.merge(caller, stream, shard_id, adjacent_shard_id);
}
Task<Result<ShardCountChange>> StreamService::set_shard_count(Caller caller, StreamTarget stream,
                                                              std::int64_t shards) {
  return parts_->catalog.set_shard_count(caller, stream, shards);
}
Task<Status> StreamService::set_retention(Caller caller, StreamTarget stream,
                                          RetentionChange change, std::int64_t hours) {
  return parts_->catalog.set_retention(caller, stream, change, hours);
}
Task<Status> StreamService::add_tags(Caller caller, StreamTarget stream, Tags tags) {
  CO_TRY(StreamName name, resolve_target(caller, stream));
  CO_TRY_OK(check_no_colon(tags));
  co_return co_await parts_->catalog.add_tags(std::move(name), std::move(tags));
}
Task<Status> StreamService::remove_tags(Caller caller, StreamTarget stream,
                                        std::vector<std::string> keys) {
  CO_TRY(StreamName name, resolve_target(caller, stream));
  CO_TRY_OK(check_no_colon(keys));
  co_return co_await parts_->catalog.remove_tags(std::move(name), std::move(keys));
}

Task<Result<ConsumerView>> StreamService::register_consumer(Caller caller,
                                                            RegisterConsumer request) {
  return parts_->consumers.add(caller, std::move(request));
}
Task<Status> StreamService::deregister_consumer(Caller caller, ConsumerTarget consumer) {
  return parts_->consumers.remove(caller, consumer);
}
Result<ConsumerView> StreamService::describe_consumer(Caller caller,
                                                      ConsumerTarget consumer) const {
  return parts_->consumers.describe(caller, consumer);
}
Result<ConsumerPage> StreamService::list_consumers(Caller caller, ListConsumers request) const {
  return parts_->consumers.list(caller, request);
}
std::optional<ConsumerView> StreamService::find_consumer(std::string_view arn) const {
  return parts_->consumers.find(arn);
}
Task<Status> StreamService::add_consumer_tags(std::string_view arn, Tags tags) {
  return parts_->consumers.add_tags(arn, std::move(tags));
}
Task<Status> StreamService::remove_consumer_tags(std::string_view arn,
                                                 std::vector<std::string> keys) {
  return parts_->consumers.remove_tags(arn, std::move(keys));
}
Task<Status> StreamService::set_consumer_policy(std::string_view arn, std::string policy) {
  return parts_->consumers.set_policy(arn, std::move(policy));
}

}  // namespace penstock::stream
