#pragma once

#include "cli/api_client.h"
#include "cli/commands.h"
#include "cli/shards.h"
#include "shape/shape.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

/// The control plane of streams, as the commands of `penstock stream` use it.
namespace penstock::cli {
namespace wire {

struct ModeDetails {
  std::string mode;
  static constexpr auto shape() { return std::array{member<&ModeDetails::mode>("StreamMode")}; }
};

struct ShardLevelMetrics {
  std::vector<std::string> names;
  static constexpr auto shape() {
    return std::array{member<&ShardLevelMetrics::names>("ShardLevelMetrics")};
  }
};

struct WarmThroughput {
  std::optional<std::int64_t> target;
  std::optional<std::int64_t> current;
  static constexpr auto shape() {
    return std::array{member<&WarmThroughput::target>("TargetMiBps"),
                      member<&WarmThroughput::current>("CurrentMiBps")};
  }
};

/// StreamDescriptionSummary, and what ListStreams says of each stream, which is less.
struct StreamFacts {
  std::string name;
  std::string arn;
  std::string status;
  std::optional<ModeDetails> mode;
  std::optional<std::int64_t> retention_hours;
  std::optional<Timestamp> created;
  std::vector<ShardLevelMetrics> monitoring;
  std::optional<std::string> encryption;
  std::optional<std::string> key_id;
  std::int64_t open_shards = 0;
  std::int64_t consumers = 0;
  std::optional<WarmThroughput> warm_throughput;
  std::optional<std::int64_t> max_record_kib;
  std::optional<std::string> distribution;
  static constexpr auto shape() {
    using Self = StreamFacts;
    return std::array{
        member<&Self::name>("StreamName"),
        member<&Self::arn>("StreamARN"),
        member<&Self::status>("StreamStatus"),
        member<&Self::mode>("StreamModeDetails"),
        member<&Self::retention_hours>("RetentionPeriodHours"),
        member<&Self::created>("StreamCreationTimestamp"),
        member<&Self::monitoring>("EnhancedMonitoring"),
        member<&Self::encryption>("EncryptionType"),
        member<&Self::key_id>("KeyId"),
        member<&Self::open_shards>("OpenShardCount"),
        member<&Self::consumers>("ConsumerCount"),
        member<&Self::warm_throughput>("WarmThroughput"),
        member<&Self::max_record_kib>("MaxRecordSizeInKiB"),
        member<&Self::distribution>("RecordDistributionStrategy"),
    };
  }
  bool is_on_demand() const { return mode && mode->mode == "ON_DEMAND"; }
};

}  // namespace wire

/// What every command of `penstock stream` takes.
struct StreamFlags {
  std::string stream;
  bool json = false;
  bool no_wait = false;
  std::string timeout = "5m";
};

/// Adds `name` below `parent` with the flags of StreamFlags: the stream (unless the command is
/// about none: empty) and --json.
CLI::App* add_stream_command(CLI::App& parent, StreamFlags& flags, const std::string& name,
                             const std::string& help,
                             const std::string& which = "Name or ARN of the stream");
/// --no-wait and --timeout, for what AWS does in the background.
void add_wait_flags(CLI::App& command, StreamFlags& flags);

/// A client of the control plane whose refusals say what to look at next.
class StreamApi {
 public:
  explicit StreamApi(const Context& context) : client_(context.endpoint) {}

  /// The reply's body, as the service wrote it.
  template <class Request>
  Result<std::string> body(std::string_view operation, const Request& request) {
    return call(operation, shape::to_json(request));
  }
  template <class Response, class Request>
  Result<Response> ask(std::string_view operation, const Request& request) {
    TRY(const std::string reply, body(operation, request));
    return shape::from_json<Response>(reply.empty() ? "{}" : reply);
  }

  Result<wire::StreamFacts> facts(const std::string& stream);
  /// The body of DescribeStreamSummary.
  Result<std::string> facts_json(const std::string& stream);
  /// An ARN as it is, or that of a name.
  Result<std::string> arn(const std::string& stream);
  /// Bodies of shards, too, as the service wrote them.
  Result<std::vector<shape::RawJson>> shards_json(const std::string& stream);
  Result<std::vector<wire::Shard>> shards(const std::string& stream);

  /// Until the stream is ACTIVE; fails with CliErrc::kUnexpected when time is up.
  Result<wire::StreamFacts> wait_until_active(const std::string& stream, const StreamFlags& flags);
  Status wait_until_gone(const std::string& stream, const StreamFlags& flags);

  /// Asks until the answer is yes; "`what` within 5m" when time is up.
  Status wait(const StreamFlags& flags, const std::string& what,
              const std::function<Result<bool>()>& is_done);

  ApiClient& client() { return client_; }

 private:
  Result<std::string> call(std::string_view operation, const std::string& request);
  Result<std::string> patient_call(std::string_view operation, const std::string& request);

  ApiClient client_;
  std::minstd_rand random_{std::random_device{}()};
};

/// The end of a command that changed a stream: waits unless told not to, then says `done` and what
/// the stream is like now, or prints that as JSON.
Result<int> settle(StreamApi& api, const StreamFlags& flags, const std::string& done);

/// "4 open shards", "provisioned", "records kept for 24 h"
std::vector<std::string> main_facts(const wire::StreamFacts& facts);
}  // namespace penstock::cli
