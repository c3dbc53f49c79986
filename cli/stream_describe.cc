#include "cli/shard_map.h"
#include "cli/stream_api.h"
#include "cli/stream_commands.h"
#include "cli/stream_load.h"
#include "cli/stream_scaling.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <thread>

namespace penstock::cli {
namespace {

constexpr std::size_t kRowsMax = 24;
constexpr std::size_t kLineageMax = 12;
constexpr std::size_t kScalingMax = 5;
constexpr std::size_t kAll = 1'000'000;

struct DescribeFlags : StreamFlags {
  std::string sample = "1s";
  bool no_load = false;
  bool watch = false;
  bool all = false;
  std::size_t width = 0;
};

/// A shard's load as JSON.
struct LoadJson {
  std::string shard;
  double records = 0;
  double bytes = 0;
  double refused = 0;
  static constexpr auto shape() {
    using Self = LoadJson;
    return std::array{shape::member<&Self::shard>("ShardId"),
                      shape::member<&Self::records>("RecordsPerSecond"),
                      shape::member<&Self::bytes>("BytesPerSecond"),
                      shape::member<&Self::refused>("RefusedPerSecond")};
  }
};

struct SummaryJson {
  shape::RawJson summary;
  static constexpr auto shape() {
    return std::array{shape::member<&SummaryJson::summary>("StreamDescriptionSummary")};
  }
};

struct DescribeJson {
  shape::RawJson summary;
  std::vector<shape::RawJson> shards;
  std::optional<std::vector<LoadJson>> load;
  std::optional<shape::RawJson> scaling;
  static constexpr auto shape() {
    using Self = DescribeJson;
    return std::array{shape::member<&Self::summary>("StreamDescriptionSummary"),
                      shape::member<&Self::shards>("Shards"), shape::member<&Self::load>("Load"),
                      shape::member<&Self::scaling>("Scaling")};
  }
};

/// How shards are loaded, or why nobody knows.
struct Load {
  std::map<std::string, ShardLoad> shards;
  ShardLimits limits;
  std::string why_not;
};

/// Two looks at the counters, with a pause between. A server that cannot be asked is no failure:
/// the shards can be shown all the same.
Load measure(ApiClient& client, const std::string& stream, std::chrono::milliseconds pause) {
  if (client.endpoint().url == "aws") return {.why_not = "AWS does not tell it"};
  const auto first = sample_load(client, stream);
  if (!first.ok()) return {.why_not = first.error().message};
  std::this_thread::sleep_for(pause);
  const auto second = sample_load(client, stream);
  if (!second.ok()) return {.why_not = second.error().message};
  return {.shards = load_between(*first, *second), .limits = second->limits, .why_not = {}};
}

/// How the service scales the stream, as the server tells it: nothing where it is not scaled, or
/// where nobody can be asked.
std::optional<std::string> scaling_json(ApiClient& client, const wire::StreamFacts& facts) {
  if (!facts.is_on_demand() || client.endpoint().url == "aws") return std::nullopt;
  auto body = client.rest("penstock", "GET", admin_path(facts.arn, "scaling"), "");
  return body.ok() ? std::optional(std::move(body).value()) : std::nullopt;
}

/// All that is drawn.
struct Seen {
  wire::StreamFacts facts;
  std::vector<wire::Shard> shards;
  Load load;
  std::optional<std::string> scaling;
};

std::string size_text(std::int64_t kib) {
  return kib % 1024 == 0 ? std::to_string(kib / 1024) + " MiB" : std::to_string(kib) + " KiB";
}

/// Items between commas, on as many lines as they take.
std::string wrapped(const std::vector<std::string>& items, std::size_t width) {
  std::string text;
  std::size_t column = 0;
  for (const std::string& item : items) {
    if (item.empty()) continue;
    const std::size_t columns = columns_of(item);
    if (column > 0 && column + 2 + columns > width) {
      text += ",\n";
      column = 0;
    } else if (column > 0) {
      text += ", ";
      column += 2;
    }
    text += item;
    column += columns;
  }
  return text + "\n";
}

std::string monitoring_text(const wire::StreamFacts& facts) {
  std::size_t metrics = 0;
  for (const auto& each : facts.monitoring) metrics += each.names.size();
  return metrics == 0 ? "" : counted(static_cast<std::int64_t>(metrics), "metric") + " per shard";
}

std::string facts_text(const wire::StreamFacts& facts, std::size_t width) {
  std::vector<std::string> items = main_facts(facts);
  if (facts.max_record_kib) items.push_back("records up to " + size_text(*facts.max_record_kib));
  if (facts.encryption && *facts.encryption != "NONE") {
    items.push_back("encrypted (" + facts.key_id.value_or(*facts.encryption) + ")");
  }
  if (facts.consumers > 0) items.push_back(counted(facts.consumers, "consumer"));
  if (facts.distribution && *facts.distribution != "USER_PARTITION_KEY") {
    items.push_back("records placed by the service");
  }
  if (facts.warm_throughput && facts.warm_throughput->target) {
    items.push_back(std::to_string(*facts.warm_throughput->target) + " MiB/s kept warm");
  }
  items.push_back(monitoring_text(facts));
  if (facts.created) items.push_back("created " + utc_time(facts.created->millis));
  return wrapped(items, width);
}

Result<std::vector<DrawnShard>> drawn(const std::vector<wire::Shard>& shards, const Load& load) {
  std::vector<DrawnShard> all;
  for (const wire::Shard& shard : shards) {
    DrawnShard& made = all.emplace_back();
    made.number = shard_number(shard.id);
    TRY(made.range, range_of(shard.hash_keys));
    made.open = is_open(shard);
    if (shard.parent) made.parents.push_back(shard_number(*shard.parent));
    if (shard.adjacent_parent) made.parents.push_back(shard_number(*shard.adjacent_parent));
    if (const auto found = load.shards.find(shard.id); found != load.shards.end()) {
      made.load = found->second;
    }
  }
  return all;
}

Result<std::string> picture(const Seen& seen, const DescribeFlags& flags) {
  const auto& [facts, shards, load, scaling_text] = seen;
  const std::size_t width = flags.width > 0 ? flags.width : terminal_width();
  std::string text = bold(facts.name) + "  " + facts.status + "\n" + dim(facts.arn) + "\n" +
                     facts_text(facts, width);
  TRY(const auto all, drawn(shards, load));
  const std::string map = draw_key_space(all, load.limits, width);
  if (!map.empty()) {
    text += "\n" +
            bold(load.shards.empty() ? "Hash keys, and their shards"
                                     : "Hash keys, and what their shards take in") +
            "\n" + map + "\n" +
            draw_open_shards(all, load.limits, width, flags.all ? kAll : kRowsMax);
  }
  const std::string lineage = draw_lineage(all, flags.all ? kAll : kLineageMax);
  if (!lineage.empty()) text += "\n" + bold("Closed shards") + "\n" + lineage;
  if (scaling_text) {
    TRY(const auto scaling, shape::from_json<wire::Scaling>(*scaling_text));
    text += "\n" + bold("How the service scales it") + "\n" +
            draw_scaling(scaling, width, flags.all ? kAll : kScalingMax);
  }
  if (!load.why_not.empty()) text += dim("\nLoad is not shown: " + load.why_not) + "\n";
  return text;
}

Result<int> describe_json(StreamApi& api, const DescribeFlags& flags, bool has_shards, Seen seen) {
  TRY(const std::string body, api.facts_json(flags.stream));
  TRY(auto summary, shape::from_json<SummaryJson>(body));
  DescribeJson all{.summary = std::move(summary.summary), .shards = {}, .load = {}, .scaling = {}};
  if (has_shards) {
    TRY(all.shards, api.shards_json(flags.stream));
  }
  if (!flags.no_load && seen.load.why_not.empty()) {
    all.load.emplace();
    for (const auto& [id, each] : seen.load.shards) {
      all.load->push_back(
          {.shard = id, .records = each.records, .bytes = each.bytes, .refused = each.refused});
    }
  }
  if (seen.scaling) all.scaling = shape::RawJson{std::move(*seen.scaling)};
  std::printf("%s\n", shape::to_json(all).c_str());
  return 0;
}

Result<int> describe(const Context& context, const DescribeFlags& flags) {
  TRY(const std::int64_t millis, parse_duration_millis(flags.sample));
  const std::chrono::milliseconds pause(millis);
  StreamApi api(context);
  while (true) {
    Seen seen;
    // Before anybody waits for a sample: a stream that is not there is said at once.
    TRY(seen.facts, api.facts(flags.stream));
    // What is CREATING or DELETING has no shards that could be listed.
    const bool has_shards = seen.facts.status == "ACTIVE" || seen.facts.status == "UPDATING";
    if (!flags.no_load && has_shards) seen.load = measure(api.client(), flags.stream, pause);
    seen.scaling = scaling_json(api.client(), seen.facts);
    if (flags.json) return describe_json(api, flags, has_shards, std::move(seen));
    if (has_shards) {
      TRY(seen.shards, api.shards(flags.stream));
    }
    TRY(const std::string text, picture(seen, flags));
    if (flags.watch && is_terminal(stdout)) std::fputs("\033[H\033[J", stdout);
    std::fputs(text.c_str(), stdout);
    if (!flags.watch) return 0;
    std::fflush(stdout);
    if (flags.no_load || !has_shards) std::this_thread::sleep_for(pause);
  }
}

}  // namespace

void add_stream_describe(CLI::App& stream, Context& context, Action& action) {
  auto flags = std::make_shared<DescribeFlags>();
  CLI::App* command = add_stream_command(
      stream, *flags, "describe", "Draw a stream's shards over the hash keys, with their load");
  command->add_option("--sample", flags->sample, "How long load is measured")
      ->capture_default_str();
  command->add_flag("--no-load", flags->no_load, "Do not measure");
  command->add_flag("--watch", flags->watch, "Measure and draw again until Ctrl-C");
  command->add_flag("--all", flags->all, "A row for each shard, however many there are");
  command
      ->add_option("--width", flags->width, "Columns to draw on; those of the terminal if absent")
      ->check(CLI::Range(20, 1000));
  command->callback([&context, &action, flags] {
    action = [&context, flags] { return describe(context, *flags); };
  });
}

}  // namespace penstock::cli
