#pragma once

#include "base/result.h"
#include "base/task.h"
#include "engine/meta.h"
#include "stream/account_settings.h"
#include "stream/consumer_entry.h"
#include "stream/directory.h"
#include "stream/stream_service.h"
#include "stream/token.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::stream {

/// Who is registered to read streams by subscription: their documents and transitions.
///
/// Control loop only, except where it says so. Each change is one commit; a registration also
/// checks that its stream is still what it was, and a stream takes its consumers with it in the
/// commit that removes it, so that there is no consumer without its stream.
class Consumers {
 public:
  Consumers(const StreamParts& parts, const StreamSettings& settings, const Directory& directory,
            const TokenMaker& tokens, const AccountSettings& accounts);

  /// Loads every document and goes on with transitions. After the streams.
  Status load();
  Task<> stop();

  /// As it was stored first: CREATING, though it may be ACTIVE already when this completes.
  Task<Result<ConsumerView>> add(Caller caller, RegisterConsumer request);
  Task<Status> remove(Caller caller, ConsumerTarget target);
  Result<ConsumerView> describe(Caller caller, ConsumerTarget target) const;
  Result<ConsumerPage> list(Caller caller, ListConsumers request) const;

  Task<Status> add_tags(std::string_view arn, Tags tags);
  Task<Status> remove_tags(std::string_view arn, std::vector<std::string> keys);
  /// An empty policy removes it.
  Task<Status> set_policy(std::string_view arn, std::string policy);

  // Any loop:
  std::optional<ConsumerView> find(std::string_view arn) const;
  std::int64_t count(const StreamName& stream) const;

  // For the catalog: a stream's consumers, and those just being registered, go with it.
  bool has_any(const StreamName& stream) const;
  std::vector<engine::Change> removal_of(const StreamName& stream) const;
  void removed(const StreamName& stream);

  /// Called after a consumer stopped being ACTIVE, or went.
  void on_end(std::function<void(const ConsumerName&)> ended) { ended_ = std::move(ended); }

 private:
  struct Known {
    ConsumerEntry entry;
    engine::Version version;
  };
  using KnownPtr = std::shared_ptr<const Known>;
  using Edit = std::function<Status(ConsumerEntry&)>;
  /// In the order of streams and names.
  using Key = std::pair<StreamName, std::string>;

  std::int64_t quota(const Tenant& tenant) const;
  Status check_quotas(const StreamName& stream) const;
  Status check_new(const ConsumerName& consumer, const RegisterConsumer& request) const;
  std::int64_t creation_second(const StreamName& stream, std::string_view name);
  Result<ConsumerName> resolve_arn(std::string_view arn) const;
  Result<ConsumerName> resolve(const Caller& caller, const ConsumerTarget& target) const;

  KnownPtr find(const StreamName& stream, std::string_view name) const;
  KnownPtr find(const ConsumerName& consumer) const;
  std::vector<KnownPtr> all_of(const StreamName& stream) const;
  ConsumerView view_of(const ConsumerEntry& entry) const;
  void publish(ConsumerEntry entry, engine::Version version);
  void forget(const ConsumerName& consumer);

  Task<Status> edit(ConsumerName consumer, Edit edit);
  /// Ends a transition when it is due, trying again while the engine cannot.
  Task<> finish_later(ConsumerName consumer, ServiceTime due);
  Task<Status> finish(ConsumerName consumer);
  Task<Status> erase(ConsumerName consumer);

  const StreamParts& parts_;
  const StreamSettings& settings_;
  const Directory& directory_;
  const TokenMaker& tokens_;
  const AccountSettings& accounts_;
  std::function<void(const ConsumerName&)> ended_;

  mutable std::mutex mutex_;
  std::map<Key, KnownPtr> known_;  ///< Under the mutex.
  /// Names whose registration is being committed: they count, and cannot be registered twice.
  std::map<Key, ConsumerEntry> registering_;
  /// Seconds that ARNs have had, as long as the clock might give them again.
  std::map<Key, std::int64_t> used_seconds_;
  Scope scope_;
};

}  // namespace penstock::stream
