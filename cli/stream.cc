#include "cli/stream_api.h"
#include "cli/stream_commands.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>

namespace penstock::cli {
namespace {

struct LimitsReply {
  std::int64_t open_shards = 0;
  std::int64_t shard_limit = 0;
  std::int64_t on_demand_streams = 0;
  std::int64_t on_demand_stream_limit = 0;
  static constexpr auto shape() {
    using Self = LimitsReply;
    return std::array{
        shape::member<&Self::open_shards>("OpenShardCount"),
        shape::member<&Self::shard_limit>("ShardLimit"),
        shape::member<&Self::on_demand_streams>("OnDemandStreamCount"),
        shape::member<&Self::on_demand_stream_limit>("OnDemandStreamCountLimit"),
    };
  }
};

Result<int> quotas(const Context& context, const StreamFlags& flags) {
  StreamApi api(context);
  TRY(const std::string body, api.body("DescribeLimits", wire::Nothing{}));
  if (flags.json) {
    std::printf("%s\n", body.c_str());
    return 0;
  }
  TRY(const auto limits, shape::from_json<LimitsReply>(body));
  Table table({"quota of " + context.endpoint.region, "used", "of"});
  table.row({"open shards", with_commas(limits.open_shards), with_commas(limits.shard_limit)});
  table.row({"on-demand streams", with_commas(limits.on_demand_streams),
             with_commas(limits.on_demand_stream_limit)});
  std::fputs(table.text().c_str(), stdout);
  return 0;
}

}  // namespace

void add_stream(CLI::App& app, Context& context, Action& action) {
  CLI::App* stream = app.add_subcommand(
      "stream", "Streams: make, look at, reshard, change and delete them. Also against AWS.");
  stream->require_subcommand(1);
  add_stream_lifecycle(*stream, context, action);
  add_stream_describe(*stream, context, action);
  add_stream_shards(*stream, context, action);
  add_stream_capacity(*stream, context, action);
  add_stream_limits(*stream, context, action);
  add_stream_settings(*stream, context, action);
  add_stream_consumers(*stream, context, action);
  add_stream_tags(*stream, context, action);
  add_stream_policy(*stream, context, action);
  auto flags = std::make_shared<StreamFlags>();
  add_stream_command(*stream, *flags, "quotas", "What the account may have, and has", "")
      ->callback([&context, &action, flags] {
        action = [&context, flags] { return quotas(context, *flags); };
      });
}

}  // namespace penstock::cli
