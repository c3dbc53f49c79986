#pragma once

#include "base/budget.h"
#include "base/hash_key.h"
#include "base/ids.h"
#include "base/time.h"
#include "engine/log.h"
#include "stream/sequence_number.h"
#include "stream/stream_options.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The values that stream operations take and give. No wire structs: api/kinesis translates.
namespace penstock::stream {

/// Who asks. Tenant and views outlive the call.
struct Caller {
  const Tenant& tenant;
  std::string_view access_key;  ///< Empty when unsigned.
  std::string_view peer;        ///< Address without port.
  std::string_view user_agent;
};

/// Which stream: by name, by ARN (whose account and region then count), or both, which must agree.
/// Empty means not given. The views outlive the call.
struct StreamTarget {
  std::string_view name;
  std::string_view arn;
};

enum class StreamStatus : std::uint8_t { kCreating, kActive, kUpdating, kDeleting };
std::string_view to_text(StreamStatus status);  ///< "CREATING", ...

enum class StreamMode : std::uint8_t { kProvisioned, kOnDemand };
std::string_view to_text(StreamMode mode);  ///< "PROVISIONED", "ON_DEMAND"

/// "shardId-000000000005"
std::string shard_id_text(std::uint32_t number);
/// The same without memory of its own: exactly kShardIdBytes characters.
inline constexpr std::size_t kShardIdBytes = 20;
void write_shard_id(std::uint32_t number, char* out);
/// "arn:aws:kinesis:<region>:<account>:stream/<name>"
std::string stream_arn(const Tenant& tenant, std::string_view name);

/// A stream's name with account and region, from an ARN; nothing when it is no stream's ARN.
struct StreamName {
  Tenant tenant;
  std::string name;
  auto operator<=>(const StreamName&) const = default;
  bool operator==(const StreamName&) const = default;
};
std::optional<StreamName> parse_stream_arn(std::string_view arn);

using Tags = std::map<std::string, std::string>;

// --- Lifecycle and description -----------------------------------------------------------------

struct CreateStream {
  std::string_view name;
  std::optional<std::int64_t> shard_count;
  std::optional<StreamMode> mode;  ///< Absent: provisioned with a shard count, else on demand.
  Tags tags;
  std::optional<std::int64_t> max_record_kib;  ///< 1024..10240; 1024 when absent.
  std::optional<std::int64_t> warm_mibps;      ///< On demand, with a billing commitment.
  Distribution distribution = Distribution::kUserPartitionKey;
};

/// One shard as it is described. `ending` is set once it is closed.
struct ShardView {
  std::uint32_t number = 0;
  std::optional<std::uint32_t> parent;
  std::optional<std::uint32_t> adjacent_parent;  ///< Of a merge: the second parent.
  HashKeyRange range;
  SequenceNumber starting;
  std::optional<SequenceNumber> ending;
  std::string id() const { return shard_id_text(number); }
};

/// What an on-demand stream of an account with a billing commitment takes at once, in MiB a second.
struct WarmThroughput {
  std::optional<std::int64_t> target;  ///< As it was asked for last.
  std::int64_t current = 0;
};

struct StreamSummary {
  StreamName name;
  std::string arn;
  StreamStatus status = StreamStatus::kActive;
  StreamMode mode = StreamMode::kProvisioned;
  std::int64_t retention_hours = 24;
  ServiceTime created;
  std::int64_t open_shards = 0;
  std::int64_t max_record_kib = 1024;
  Distribution distribution = Distribution::kUserPartitionKey;
  MetricSet metrics = 0;
  std::string key_id;          ///< Empty: not encrypted.
  std::int64_t consumers = 0;  ///< Registered for enhanced fan-out; in the answer to summary().
  std::optional<WarmThroughput> warm;  ///< In the answer to summary().
};

struct StreamDescription {
  StreamSummary summary;
  std::vector<ShardView> shards;
  bool has_more_shards = false;
};

struct ListStreams {
  std::optional<std::int64_t> limit;  ///< Default 100, more than 100 counts as 100.
  std::string_view exclusive_start_name;
  std::string_view next_token;
};
struct StreamPage {
  std::vector<StreamSummary> streams;  ///< In the order of names.
  bool has_more = false;
  std::string next_token;  ///< Empty unless has_more.
};

enum class ShardFilterType : std::uint8_t {
  kAfterShardId,
  kAtTrimHorizon,
  kFromTrimHorizon,
  kAtLatest,
  kAtTimestamp,
  kFromTimestamp,
};
struct ShardFilter {
  ShardFilterType type = ShardFilterType::kFromTrimHorizon;
  std::optional<std::string_view> shard_id;
  std::optional<ServiceTime> timestamp;
};
struct ListShards {
  StreamTarget stream;  ///< Empty when a token is given.
  std::string_view next_token;
  std::optional<std::string_view> exclusive_start_shard_id;
  std::optional<std::int64_t> max_results;  ///< Default 1000, more than 1000 counts as 1000.
  std::optional<ServiceTime> stream_creation;
  std::optional<ShardFilter> filter;
};
struct ShardPage {
  std::vector<ShardView> shards;
  std::string next_token;  ///< Empty on the last page.
};

struct AccountLimits {
  std::int64_t shard_limit = 0;
  std::int64_t open_shards = 0;  ///< Of provisioned streams: what the limit is about.
  std::int64_t on_demand_streams = 0;
  std::int64_t on_demand_stream_limit = 0;
};

struct ShardCountChange {
  StreamName stream;
  std::string arn;
  std::int64_t current = 0;  ///< Open shards before the call.
  std::int64_t target = 0;
};

struct StreamLimits {
  LimitOverrides own;
  ShardLimits effective;
};

struct WarmThroughputReply {
  StreamName stream;
  std::string arn;
  WarmThroughput warm;
};

struct CommitmentView {
  enum class Status : std::uint8_t { kDisabled, kEnabled, kEnabledUntilEarliestAllowedEnd };
  Status status = Status::kDisabled;
  std::optional<ServiceTime> started;
  std::optional<ServiceTime> ended;
  std::optional<ServiceTime> earliest_end;
};

enum class RetentionChange : std::uint8_t { kIncrease, kDecrease };

enum class Switch : std::uint8_t { kOn, kOff };
struct MetricsChange {
  MetricSet before = 0;
  MetricSet after = 0;
};
struct MetricsReply {
  StreamName name;
  std::string arn;
  MetricsChange change;
};

struct TagPage {
  std::vector<std::pair<std::string, std::string>> tags;  ///< In the order of keys.
  bool has_more = false;
};

// --- Data plane --------------------------------------------------------------------------------

/// One record to store; the views outlive the call.
struct PutEntry {
  std::string_view partition_key;  ///< Empty when not given, which only Distribution::kAuto allows.
  std::string_view data;
  std::string_view explicit_hash_key;  ///< Decimal digits; empty when not given.
};

enum class PutFate : std::uint8_t { kStored, kThrottled, kFailed };
struct PutOutcome {
  PutFate fate = PutFate::kFailed;
  std::uint32_t shard = 0;
  SequenceNumber number;  ///< Of a stored entry.
};

struct PutRecords {
  StreamTarget stream;
  std::span<const PutEntry> entries;  ///< 1..500.
  bool dry_run = false;
};
struct PutRecordsReply {
  std::vector<PutOutcome> outcomes;  ///< One for each entry, in order.
  std::size_t not_stored = 0;
  StreamName stream;  ///< For the messages of the entries that were not stored.
  bool is_encrypted = false;
};
/// "Rate exceeded for shard ..." or "Internal Service Failure"; empty for a stored entry.
std::string put_error_message(const PutRecordsReply& reply, const PutOutcome& outcome);

struct PutRecord {
  StreamTarget stream;
  PutEntry entry;
  std::string_view sequence_number_for_ordering;  ///< Empty when not given.
  bool dry_run = false;
};
struct PutRecordReply {
  std::uint32_t shard = 0;
  SequenceNumber number;
  bool is_encrypted = false;
};

enum class IteratorType : std::uint8_t {
  kTrimHorizon,
  kLatest,
  kAtSequenceNumber,
  kAfterSequenceNumber,
  kAtTimestamp,
};
std::string_view to_text(IteratorType type);  ///< "TRIM_HORIZON", ...

struct GetShardIterator {
  StreamTarget stream;
  std::string_view shard_id;  ///< As the client wrote it: "shardId-000000000005", "5", "x-5".
  IteratorType type = IteratorType::kTrimHorizon;
  std::optional<std::string_view> starting_sequence_number;
  std::optional<ServiceTime> timestamp;
  bool dry_run = false;
};

struct ChildShard {
  std::uint32_t number = 0;
  std::vector<std::uint32_t> parents;
  HashKeyRange range;
};

struct GetRecords {
  std::string_view iterator;
  std::string_view stream_arn;        ///< Empty when not given; must then be the iterator's stream.
  std::optional<std::int64_t> limit;  ///< Default and most 10,000.
  bool dry_run = false;
};
/// `slice` pins its records' memory; stamp.number(record.at, record.arrival) numbers each. `charge`
/// goes with the reply that is made of it until that is sent.
struct GetRecordsReply {
  engine::Slice slice;
  Budget::Share charge;
  ShardStamp stamp;
  std::string next_iterator;  ///< Empty when the shard is closed and read to its end.
  std::int64_t millis_behind_latest = 0;
  std::vector<ChildShard> child_shards;          ///< Only together with an empty next_iterator.
  std::shared_ptr<const Encryption> encryption;  ///< Null when no record was ever encrypted.
};

/// What the records take on the wire, in base64 with what stands around each.
std::size_t wire_bytes(const engine::Slice& slice);

}  // namespace penstock::stream
