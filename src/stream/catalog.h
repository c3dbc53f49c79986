#pragma once

#include "base/result.h"
#include "base/task.h"
#include "stream/account_settings.h"
#include "stream/consumers.h"
#include "stream/directory.h"
#include "stream/on_demand.h"
#include "stream/stream_service.h"

#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::stream {

/// Which streams exist and what shape they have: their documents, their transitions, retention.
///
/// Control loop only. Each change is one commit of one document, then a new snapshot. A
/// transition is stored before it begins and again when it has ended, so that a restart goes on
/// with it; its steps may be repeated.
class Catalog {
 public:
  Catalog(const StreamParts& parts, const StreamSettings& settings, Directory& directory,
          Consumers& consumers, AccountSettings& accounts);

  /// Loads every document and goes on with transitions.
  Task<Status> load();
  Task<> stop();

  Task<Status> create(Caller caller, CreateStream request);
  Task<Status> remove(Caller caller, StreamTarget target, ConsumerRemoval consumers);
  Task<Status> split(Caller caller, StreamTarget target, std::string_view shard_id,
                     std::string_view new_starting_hash_key);
  Task<Status> merge(Caller caller, StreamTarget target, std::string_view shard_id,
                     std::string_view adjacent_shard_id);
  Task<Result<ShardCountChange>> set_shard_count(Caller caller, StreamTarget target,
                                                 std::int64_t shards);
  Task<Status> set_mode(Caller caller, StreamTarget target, StreamMode mode,
                        std::optional<std::int64_t> warm_mibps);
  Task<Result<WarmThroughputReply>> set_warm_throughput(Caller caller, StreamTarget target,
                                                        std::int64_t mibps);
  std::optional<WarmThroughput> warm_throughput(const StreamEntry& entry) const;
  Task<Status> set_retention(Caller caller, StreamTarget target, RetentionChange change,
                             std::int64_t hours);
  /// Splits and merges at once, while the stream stays ACTIVE; `also`, a put of another document,
  /// belongs to the same commit as the decision. Without steps that document alone is put.
  /// fails     kInUse  the stream has changed since `seen`: its shards, its mode, its status
  Task<Status> scale(const LiveStream& seen, std::vector<ReshardStep> steps, engine::Change also);
  /// Who knows the highest rate of a stream's last hour.
  void measure_by(std::function<WriteRate(LogId)> last_hour) { last_hour_ = std::move(last_hour); }
  using Edit = std::function<Status(StreamEntry&)>;
  enum class Holds : std::uint8_t { kAtOnce, kAfterUpdating };
  /// Changes an ACTIVE stream; kAfterUpdating: it is UPDATING for as long as changes take here.
  /// The edit may be made more than once. Gives the stream as it is then.
  /// `at_least`: it takes that long, also where changes take no time; then within the call.
  Task<Result<LiveStreamPtr>> change(StreamName name, Holds holds, Edit edit,
                                     Millis at_least = Millis{0});
  Task<Status> add_tags(StreamName name, Tags tags);
  Task<Status> remove_tags(StreamName name, std::vector<std::string> keys);

 private:
  /// Edits a stream's document and publishes the result; tried again when it changed meanwhile.
  /// `also` are puts of other documents, whatever their version.
  Task<Result<LiveStreamPtr>> edit(StreamName name, Edit edit,
                                   std::vector<engine::Change> also = {});
  Task<Result<LiveStreamPtr>> edit_active(StreamName name, Edit edit,
                                          std::vector<engine::Change> also = {});

  /// Gives the entry its log and stores it for the first time.
  Task<Result<LiveStreamPtr>> store_new(StreamEntry entry);
  LiveStreamPtr live_of(StreamEntry entry, engine::Version version) const;
  Result<StreamEntry> read_entry(const engine::Document& document) const;
  std::vector<engine::Change> changes_to(const StreamEntry& entry, engine::Version expected) const;

  /// Starts a transition, and ends it at once when `delay` is zero.
  Task<Status> begin(LiveStreamPtr stream, Millis delay);
  /// Ends a stream's transition, trying again while the engine cannot.
  Task<> finish_later(StreamName name, LogId log, Transition transition);
  /// Nothing when the stream is no longer in it.
  Task<Status> finish(StreamName name, LogId log, Transition transition);
  Task<Status> finish_create(StreamEntry entry);
  Task<Status> finish_reshard(StreamEntry entry);
  /// Puts a document that belongs to a stream, as long as the stream is there.
  Task<Status> put_beside(StreamName name, LogId log, engine::Change document);
  /// Steps that no transition waits for.
  Task<> finish_steps_later(StreamName name, LogId log);
  Task<Status> finish_delete(StreamEntry entry);
  Task<Status> open_shards(const StreamEntry& entry);
  Task<Status> seal(LogId log, std::vector<std::uint32_t> shards);

  Status check_quotas(const Tenant& tenant, const CreateStream& request, std::int64_t shards) const;
  Status check_shard_quota(const Tenant& tenant, std::int64_t more) const;
  std::int64_t open_shards_of(const Tenant& tenant) const;
  Status check_on_demand_quota(const Tenant& tenant) const;
  Status check_warm(const StreamName& name, std::int64_t mibps) const;
  Status warm_up(StreamEntry& entry, std::int64_t mibps) const;
  /// Changes an ACTIVE stream and takes the steps that the edit left in it; one that changed
  /// nothing stays ACTIVE.
  Task<Result<LiveStreamPtr>> change_capacity(StreamName name, Edit edit);
  /// Whether the stream can have `more` shards, open or closed.
  static Status check_room(const StreamEntry& entry, std::size_t more);
  bool limited() const { return settings_.limits == StreamSettings::Limits::kAws; }

  Task<> sweep();
  Task<> sweep_stream(LiveStreamPtr stream);

  const StreamParts& parts_;
  const StreamSettings& settings_;
  Directory& directory_;
  Consumers& consumers_;
  AccountSettings& accounts_;
  std::function<WriteRate(LogId)> last_hour_;
  /// Streams whose first document is on its way; quotas count them.
  struct BeingMade {
    StreamName name;
    StreamMode mode = StreamMode::kProvisioned;
    std::int64_t shards = 0;
  };
  std::list<BeingMade> being_made_;
  Scope scope_;
};

}  // namespace penstock::stream
