#include "cli/stream_api.h"
#include "cli/stream_commands.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>

/// Who chooses the shards of a stream, and how much an on-demand stream keeps ready.
namespace penstock::cli {
namespace {

struct ModeRequest {
  std::string arn;
  wire::ModeDetails mode;
  std::optional<std::int64_t> warm_mibps;
  static constexpr auto shape() {
    using Self = ModeRequest;
    return std::array{shape::member<&Self::arn>("StreamARN"),
                      shape::member<&Self::mode>("StreamModeDetails"),
                      shape::member<&Self::warm_mibps>("WarmThroughputMiBps")};
  }
};

struct WarmRequest {
  std::optional<std::string> name;
  std::optional<std::string> arn;
  std::int64_t mibps = 0;
  static constexpr auto shape() {
    using Self = WarmRequest;
    return std::array{shape::member<&Self::name>("StreamName"),
                      shape::member<&Self::arn>("StreamARN"),
                      shape::member<&Self::mibps>("WarmThroughputMiBps")};
  }
};

struct Commitment {
  std::string status;
  std::optional<shape::Timestamp> started;
  std::optional<shape::Timestamp> ended;
  std::optional<shape::Timestamp> earliest_end;
  static constexpr auto shape() {
    using Self = Commitment;
    return std::array{shape::member<&Self::status>("Status"),
                      shape::member<&Self::started>("StartedAt"),
                      shape::member<&Self::ended>("EndedAt"),
                      shape::member<&Self::earliest_end>("EarliestAllowedEndAt")};
  }
};

struct CommitmentChange {
  std::string status;
  static constexpr auto shape() {
    return std::array{shape::member<&CommitmentChange::status>("Status")};
  }
};

template <class T>
struct AccountSettings {
  T commitment;
  static constexpr auto shape() {
    return std::array{
        shape::member<&AccountSettings::commitment>("MinimumThroughputBillingCommitment")};
  }
};

struct CapacityFlags : StreamFlags {
  std::string mode;
  std::optional<std::int64_t> warm_mibps;
  std::string commitment;
};

Result<int> mode(const Context& context, const CapacityFlags& flags) {
  const bool on_demand = flags.mode == "on-demand";
  StreamApi api(context);
  ModeRequest request{
      .arn = {}, .mode = {on_demand ? "ON_DEMAND" : "PROVISIONED"}, .warm_mibps = flags.warm_mibps};
  TRY(request.arn, api.arn(flags.stream));
  TRY_OK(api.body("UpdateStreamMode", request));
  return settle(api, flags, on_demand ? "the service chooses the shards" : "you choose the shards");
}

Result<int> warm(const Context& context, const CapacityFlags& flags) {
  StreamApi api(context);
  const auto target = wire::StreamTarget::of(flags.stream);
  TRY_OK(api.body("UpdateStreamWarmThroughput",
                  WarmRequest{.name = target.name, .arn = target.arn, .mibps = *flags.warm_mibps}));
  return settle(api, flags, with_commas(*flags.warm_mibps) + " MiB/s are kept ready");
}

std::string told(const Commitment& commitment, const std::string& region) {
  const auto at = [](const std::optional<shape::Timestamp>& time) {
    return time ? utc_time(time->millis) : std::string("some time");
  };
  if (commitment.status == "ENABLED") {
    return "on-demand Advantage in " + region + " since " + at(commitment.started) +
           "; it can end from " + at(commitment.earliest_end) + " on";
  }
  if (commitment.status == "DISABLED") {
    return "no on-demand Advantage in " + region +
           (commitment.ended ? "; it ended " + at(commitment.ended) : std::string{});
  }
  return "on-demand Advantage in " + region + " since " + at(commitment.started) + "; it ends " +
         at(commitment.earliest_end);
}

Result<int> advantage(const Context& context, const CapacityFlags& flags) {
  StreamApi api(context);
  std::string body;
  if (flags.commitment.empty()) {
    TRY(body, api.body("DescribeAccountSettings", wire::Nothing{}));
  } else {
    const AccountSettings<CommitmentChange> change{
        {flags.commitment == "on" ? "ENABLED" : "DISABLED"}};
    TRY(body, api.body("UpdateAccountSettings", change));
  }
  if (flags.json) {
    std::printf("%s\n", body.c_str());
    return 0;
  }
  TRY(const auto settings, shape::from_json<AccountSettings<Commitment>>(body));
  std::printf("%s\n", told(settings.commitment, context.endpoint.region).c_str());
  return 0;
}

}  // namespace

void add_stream_capacity(CLI::App& stream, Context& context, Action& action) {
  auto moded = std::make_shared<CapacityFlags>();
  CLI::App* modes =
      add_stream_command(stream, *moded, "mode", "Change who chooses the shards; twice a day");
  modes->add_option("mode", moded->mode, "on-demand: the service; provisioned: you")
      ->required()
      ->check(CLI::IsMember({"on-demand", "provisioned"}));
  modes->add_option("--warm", moded->warm_mibps, "MiB/s to keep ready (with `advantage on`)");
  add_wait_flags(*modes, *moded);
  modes->callback(
      [&context, &action, moded] { action = [&context, moded] { return mode(context, *moded); }; });

  auto warmed = std::make_shared<CapacityFlags>();
  CLI::App* warming =
      add_stream_command(stream, *warmed, "warm",
                         "Say how much an on-demand stream keeps ready (with `advantage on`)");
  warming->add_option("mibps", warmed->warm_mibps, "MiB/s, all shards together")->required();
  add_wait_flags(*warming, *warmed);
  warming->callback([&context, &action, warmed] {
    action = [&context, warmed] { return warm(context, *warmed); };
  });

  auto committed = std::make_shared<CapacityFlags>();
  CLI::App* committing =
      add_stream_command(stream, *committed, "advantage",
                         "Show or change the account's commitment to a minimum of throughput", "");
  committing->add_option("commitment", committed->commitment, "on or off; shown if absent")
      ->check(CLI::IsMember({"on", "off"}));
  committing->callback([&context, &action, committed] {
    action = [&context, committed] { return advantage(context, *committed); };
  });
}

}  // namespace penstock::cli
