#include "cli/stream_api.h"
#include "cli/stream_commands.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>

/// What is set of a stream: how large records may be, who places them, encryption, metrics.
namespace penstock::cli {
namespace {

struct RecordSizeRequest {
  std::string arn;
  std::int64_t kib = 0;
  static constexpr auto shape() {
    return std::array{shape::member<&RecordSizeRequest::arn>("StreamARN"),
                      shape::member<&RecordSizeRequest::kib>("MaxRecordSizeInKiB")};
  }
};

struct DistributionRequest {
  std::string arn;
  std::string strategy;
  static constexpr auto shape() {
    return std::array{shape::member<&DistributionRequest::arn>("StreamARN"),
                      shape::member<&DistributionRequest::strategy>("RecordDistributionStrategy")};
  }
};

struct EncryptionRequest {
  std::optional<std::string> name;
  std::optional<std::string> arn;
  std::string type = "KMS";
  std::string key;
  static constexpr auto shape() {
    using Self = EncryptionRequest;
    return std::array{
        shape::member<&Self::name>("StreamName"), shape::member<&Self::arn>("StreamARN"),
        shape::member<&Self::type>("EncryptionType"), shape::member<&Self::key>("KeyId")};
  }
};

struct MonitoringRequest {
  std::optional<std::string> name;
  std::optional<std::string> arn;
  std::vector<std::string> metrics;
  static constexpr auto shape() {
    using Self = MonitoringRequest;
    return std::array{shape::member<&Self::name>("StreamName"),
                      shape::member<&Self::arn>("StreamARN"),
                      shape::member<&Self::metrics>("ShardLevelMetrics")};
  }
};

struct SettingFlags : StreamFlags {
  std::int64_t kib = 0;
  std::string strategy;
  std::string key = "alias/aws/kinesis";
  bool off = false;
  std::vector<std::string> enabled;
  std::vector<std::string> disabled;
};

Result<int> record_size(const Context& context, const SettingFlags& flags) {
  StreamApi api(context);
  RecordSizeRequest request{.arn = {}, .kib = flags.kib};
  TRY(request.arn, api.arn(flags.stream));
  TRY_OK(api.body("UpdateMaxRecordSize", request));
  return settle(api, flags, "records may have up to " + with_commas(flags.kib) + " KiB");
}

Result<int> distribution(const Context& context, const SettingFlags& flags) {
  const bool is_auto = flags.strategy == "auto";
  StreamApi api(context);
  DistributionRequest request{.arn = {}, .strategy = is_auto ? "AUTO" : "USER_PARTITION_KEY"};
  TRY(request.arn, api.arn(flags.stream));
  TRY_OK(api.body("UpdateStreamRecordDistributionStrategy", request));
  return settle(api, flags,
                is_auto ? "the service places records" : "partition keys place records");
}

Result<int> encryption(const Context& context, const SettingFlags& flags) {
  StreamApi api(context);
  const auto target = wire::StreamTarget::of(flags.stream);
  EncryptionRequest request{.name = target.name, .arn = target.arn, .key = flags.key};
  if (flags.off) {
    TRY(const wire::StreamFacts facts, api.facts(flags.stream));
    request.key = facts.key_id.value_or(flags.key);
    TRY_OK(api.body("StopStreamEncryption", request));
    return settle(api, flags, "not encrypted any more");
  }
  TRY_OK(api.body("StartStreamEncryption", request));
  return settle(api, flags, "encrypted with " + flags.key);
}

Result<int> monitoring(const Context& context, const SettingFlags& flags) {
  StreamApi api(context);
  const auto target = wire::StreamTarget::of(flags.stream);
  const auto change = [&](const char* operation,
                          const std::vector<std::string>& metrics) -> Status {
    if (metrics.empty()) return ok();
    TRY_OK(api.body(operation,
                    MonitoringRequest{.name = target.name, .arn = target.arn, .metrics = metrics}));
    if (!flags.no_wait) TRY_OK(api.wait_until_active(flags.stream, flags));
    return ok();
  };
  TRY_OK(change("DisableEnhancedMonitoring", flags.disabled));
  TRY_OK(change("EnableEnhancedMonitoring", flags.enabled));
  if (flags.json) {
    TRY(const std::string json, api.facts_json(flags.stream));
    std::printf("%s\n", json.c_str());
    return 0;
  }
  TRY(const wire::StreamFacts facts, api.facts(flags.stream));
  std::string names;
  for (const auto& each : facts.monitoring) {
    for (const std::string& name : each.names) names += "  " + name + "\n";
  }
  std::printf("metrics of each shard of %s:\n%s", facts.name.c_str(),
              names.empty() ? "  none\n" : names.c_str());
  return 0;
}

}  // namespace

void add_stream_settings(CLI::App& stream, Context& context, Action& action) {
  auto sized = std::make_shared<SettingFlags>();
  CLI::App* sizes =
      add_stream_command(stream, *sized, "record-size", "Change how large a record may be");
  sizes->add_option("kib", sized->kib, "Data and key in KiB, 1024 to 10240")->required();
  add_wait_flags(*sizes, *sized);
  sizes->callback([&context, &action, sized] {
    action = [&context, sized] { return record_size(context, *sized); };
  });

  auto placed = std::make_shared<SettingFlags>();
  CLI::App* places = add_stream_command(stream, *placed, "distribution",
                                        "Say who chooses the shard of a record (on demand only)");
  places->add_option("strategy", placed->strategy, "key: partition keys do; auto: the service does")
      ->required()
      ->check(CLI::IsMember({"key", "auto"}));
  add_wait_flags(*places, *placed);
  places->callback([&context, &action, placed] {
    action = [&context, placed] { return distribution(context, *placed); };
  });

  auto hidden = std::make_shared<SettingFlags>();
  CLI::App* hiding = add_stream_command(stream, *hidden, "encryption", "Turn encryption on or off");
  hiding->add_option("--key", hidden->key, "KMS key: its ARN, id or alias")->capture_default_str();
  hiding->add_flag("--off", hidden->off, "Records that come from now on are not encrypted");
  add_wait_flags(*hiding, *hidden);
  hiding->callback([&context, &action, hidden] {
    action = [&context, hidden] { return encryption(context, *hidden); };
  });

  auto watched = std::make_shared<SettingFlags>();
  CLI::App* watching = add_stream_command(stream, *watched, "monitoring",
                                          "Show the metrics kept of each shard, or choose them");
  watching->add_option("--on", watched->enabled, "IncomingBytes, ..., or ALL")->delimiter(',');
  watching->add_option("--off", watched->disabled, "IncomingBytes, ..., or ALL")->delimiter(',');
  add_wait_flags(*watching, *watched);
  watching->callback([&context, &action, watched] {
    action = [&context, watched] { return monitoring(context, *watched); };
  });
}

}  // namespace penstock::cli
