#pragma once

#include "base/budget.h"
#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "stream/call_rates.h"
#include "stream/consumer_types.h"
#include "stream/errors.h"
#include "stream/observer.h"
#include "stream/record_source.h"
#include "stream/subscription.h"
#include "stream/traffic.h"
#include "stream/types.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::env {
class Clocks;
class Loop;
class Random;
}  // namespace penstock::env
namespace penstock::engine {
class Engine;
}

namespace penstock::stream {

struct ScalingView;  // on_demand.h

struct StreamSettings {
  /// Whether what exceeds AWS's limits is refused.
  enum class Limits : std::uint8_t { kAws, kOff };
  Limits limits = Limits::kAws;
  ShardLimits shard_limits;     ///< Unless kOff; a stream may have its own, also then.
  bool aws_call_rates = false;  ///< Whether calls of the control plane are counted, too.
  CallRates::Changes call_rates;

  // How long a stream stays in a state of transition, on the service clock.
  Millis create_delay{0};
  Millis update_delay{0};
  Millis delete_delay{0};
  Millis consumer_delay{0};  ///< While a consumer is CREATING, and DELETING.

  // Quotas of an account in a region; 0: none, but for on-demand streams.
  std::int64_t shard_quota = 20'000;
  std::int64_t on_demand_stream_quota = 50;
  std::int64_t on_demand_shards_max = 0;  ///< Of one such stream; 0: as in its region on AWS.
  std::int64_t streams_in_transition_max = 5;
  std::int64_t tags_max = 50;                  ///< Of one stream or consumer.
  std::int64_t consumer_quota = 20;            ///< Of one stream.
  std::int64_t advantage_consumer_quota = 50;  ///< The same, with a billing commitment.
  std::int64_t consumers_creating_max = 5;
  // Calls about one stream in 24 hours; 0: as many as may be.
  std::int64_t resizes_of_day = 10;             ///< UpdateShardCount.
  std::int64_t mode_changes_of_day = 2;         ///< UpdateStreamMode.
  std::int64_t encryption_changes_of_day = 25;  ///< StartStreamEncryption; and as many stops.

  std::size_t put_request_bytes_max = 10u << 20;  ///< Keys and data of one PutRecords.
  Millis sweep_interval{60'000};                  ///< Between physical trims; readers trim at once.

  std::int64_t on_demand_shards_max_of(std::string_view region) const;
};

/// What the service is made of; everything outlives it.
struct StreamParts {
  env::Clocks& clocks;
  env::Loop& control_loop;
  env::Random& random;
  engine::Engine& engine;
  PutObserver* put_observer = nullptr;
  GetObserver* get_observer = nullptr;
  Budget* pages = nullptr;  ///< Pages and events of readers are charged to it; null: to nothing.
  std::vector<env::Loop*> loops = {};  ///< Those that calls are made on, besides the control loop.
};

/// Kinesis streams: what exists, who may write how fast, and where a record is.
///
/// Calls of the first group may be made on any loop and complete on it. Those of the others
/// belong on the control loop; the ones that return a Result at once read a snapshot and may be
/// made anywhere. Views in arguments outlive the returned task.
/// Errors are StreamErrc with the service's own texts.
class StreamService final : public RecordSource {
 public:
  /// Loads the catalog and finishes what a crash interrupted: streams being created, resharded or
  /// deleted, logs that are missing. On the control loop.
  static Task<Result<std::unique_ptr<StreamService>>> open(StreamParts parts,
                                                           StreamSettings settings);
  ~StreamService() override;
  /// Ends the sweeper and pending transitions (they go on at the next open). No call may be
  /// running or follow.
  Task<> stop();

  // --- Data plane: any loop --------------------------------------------------------------------

  /// fails     kNotFound, kInvalidArgument, kValidation, kThroughputExceeded, kInternalFailure, or
  ///           kDryRun
  /// durable   when it completes
  Task<Result<PutRecordReply>> put_record(Caller caller, PutRecord request);
  /// Entries are charged to their shard's limits one by one, so that some may be throttled while
  /// others are stored; entries of one shard keep their order.
  /// fails     as put_record, except for the throttle
  Task<Result<PutRecordsReply>> put_records(Caller caller, PutRecords request);
  /// For the ledger: a put of `entries` entries that was refused before it came here (malformed,
  /// invalid, not authorized). Every other refusal is reported by put_record(s) themselves.
  void put_refused(const Caller& caller, const StreamTarget& stream, std::size_t entries);

  /// A token of at most 512 characters, good for 300 s.
  Task<Result<std::string>> get_shard_iterator(Caller caller, GetShardIterator request);
  Task<Result<GetRecordsReply>> get_records(Caller caller, GetRecords request);
  /// The subscription lives on the loop this is called on. LATEST is decided by the call.
  /// fails     kNotFound, kInvalidArgument, kDryRun; kInUse: the consumer is not ACTIVE, or it
  ///           subscribed to the shard less than 5 s ago
  Task<Result<std::unique_ptr<Subscription>>> subscribe(SubscribeToShard request);

  // --- Lifecycle and description: control loop ---------------------------------------------------

  /// Completes when the stream is ACTIVE, or CREATING when there is a delay.
  Task<Status> create(Caller caller, CreateStream request);
  Task<Status> remove(Caller caller, StreamTarget stream,
                      ConsumerRemoval consumers = ConsumerRemoval::kRefused);
  /// limit: default 100, more counts as 100.
  Result<StreamDescription> describe(
      Caller caller, StreamTarget stream, std::optional<std::int64_t> limit,
      std::optional<std::string_view> exclusive_start_shard_id) const;
  Result<StreamSummary> summary(Caller caller, StreamTarget stream) const;
  Result<StreamPage> list(Caller caller, ListStreams request) const;
  Result<ShardPage> list_shards(Caller caller, ListShards request) const;
  AccountLimits limits(Caller caller) const;
  /// What each shard took in, for people who watch.
  Result<StreamTraffic> traffic(const StreamName& stream) const;
  /// How an on-demand stream is scaled, and why it was. Control loop.
  Result<ScalingView> scaling(const StreamName& name) const;

  Task<Status> split(Caller caller, StreamTarget stream, std::string_view shard_id,
                     std::string_view new_starting_hash_key);
  Task<Status> merge(Caller caller, StreamTarget stream, std::string_view shard_id,
                     std::string_view adjacent_shard_id);
  /// UpdateShardCount with uniform scaling: docs/decisions/0035-resharding-plan.md.
  Task<Result<ShardCountChange>> set_shard_count(Caller caller, StreamTarget stream,
                                                 std::int64_t shards);
  /// UpdateStreamMode. The shards stay; warm_mibps may add some. The mode it has already is taken
  /// and counts for nothing.
  Task<Status> set_mode(Caller caller, StreamTarget stream, StreamMode mode,
                        std::optional<std::int64_t> warm_mibps);
  Task<Result<WarmThroughputReply>> set_warm_throughput(Caller caller, StreamTarget stream,
                                                        std::int64_t mibps);
  /// Of the caller's account and region.
  CommitmentView commitment(Caller caller) const;
  Task<Result<CommitmentView>> set_commitment(Caller caller, bool enabled);
  Task<Status> set_retention(Caller caller, StreamTarget stream, RetentionChange change,
                             std::int64_t hours);

  /// kib: 1024..10240.
  Task<Status> set_max_record(Caller caller, StreamTarget stream, std::int64_t kib);
  Task<Status> set_distribution(Caller caller, StreamTarget stream, Distribution distribution);
  Task<Result<MetricsReply>> set_metrics(Caller caller, StreamTarget stream, MetricSet named,
                                         Switch to);
  Task<Status> set_encryption(Caller caller, StreamTarget stream, std::string_view key_id,
                              Switch to);

  Task<Status> add_tags(Caller caller, StreamTarget stream, Tags tags);
  Task<Status> remove_tags(Caller caller, StreamTarget stream, std::vector<std::string> keys);
  /// limit: default and most 50.
  Result<TagPage> list_tags(Caller caller, StreamTarget stream,
                            std::string_view exclusive_start_key,
                            std::optional<std::int64_t> limit) const;

  // --- Consumers (enhanced fan-out): control loop ------------------------------------------------

  /// What was stored first is returned: CREATING. It is ACTIVE when the call completes, unless
  /// there is a delay.
  Task<Result<ConsumerView>> register_consumer(Caller caller, RegisterConsumer request);
  Task<Status> deregister_consumer(Caller caller, ConsumerTarget consumer);
  Result<ConsumerView> describe_consumer(Caller caller, ConsumerTarget consumer) const;
  Result<ConsumerPage> list_consumers(Caller caller, ListConsumers request) const;

  /// Any loop. Nothing when there is none of this ARN now.
  std::optional<ConsumerView> find_consumer(std::string_view arn) const;
  Task<Status> add_consumer_tags(std::string_view arn, Tags tags);
  Task<Status> remove_consumer_tags(std::string_view arn, std::vector<std::string> keys);
  /// As it is, for find_consumer to give back; empty: removes it.
  Task<Status> set_consumer_policy(std::string_view arn, std::string policy);

  // --- Tags and policies of a stream or a consumer, by ARN: control loop -------------------------

  Task<Status> tag_resource(std::string_view arn, Tags tags);
  Task<Status> untag_resource(std::string_view arn, std::vector<std::string> keys);
  Result<Tags> resource_tags(std::string_view arn) const;
  /// Kept as it is; one that is there is replaced. fails: kInvalidArgument (policy.h), kInUse
  Task<Status> put_policy(std::string_view arn, std::string_view policy);
  Result<std::string> policy_of(std::string_view arn) const;  ///< Empty: none.
  Task<Status> delete_policy(std::string_view arn);

  // --- Limits: control loop
  // -----------------------------------------------------------------------

  /// Instead of the server's; all absent: the server's again. fails: kNotFound, kInUse
  Task<Status> set_limits(StreamName name, LimitOverrides limits);
  Result<StreamLimits> limits_of(const StreamName& name) const;
  /// Whether calls of an operation are counted at all; the same as long as the service lives.
  bool counts_calls_of(std::string_view operation) const;
  /// Counts a call. fails: kLimitExceeded, "Rate exceeded for stream S under account A.", or for
  /// the account when the call names no stream.
  Status admit_call(const Caller& caller, std::string_view operation, const StreamTarget& target);

  // --- For mappings and the ledger: control loop -------------------------------------------------

  std::optional<SourceStream> resolve(std::string_view stream_arn) const override;
  std::optional<SourceStream> find(LogId log) const override;
  SourceConsumer consumer(std::string_view consumer_arn) const override;
  std::vector<SourceStream> streams() const override;
  Result<std::vector<SourceShard>> shards(LogId log) const override;
  Task<Result<SourceSlice>> read(ShardRef shard, engine::Position from,
                                 engine::ReadLimits limits) override;
  Task<Result<engine::Position>> trim_horizon(ShardRef shard) override;
  Result<engine::Position> latest(ShardRef shard) const override;
  Task<Result<engine::Position>> at_timestamp(ShardRef shard, ServiceTime at) override;
  std::unique_ptr<engine::Subscription> watch(ShardRef shard, engine::Position from,
                                              std::function<void()> wake) override;
  std::unique_ptr<engine::Subscription> watch_streams(std::function<void()> changed) override;
  Result<ShardCounts> counts(ShardRef shard) const override;

 private:
  struct Resource;
  Result<Resource> find_resource(std::string_view arn) const;
  Task<Status> set_policy(std::string_view arn, Resource resource, std::string policy);

  struct Parts;
  explicit StreamService(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace penstock::stream
