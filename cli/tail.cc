#include "cli/commands.h"
#include "cli/shard_reader.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

namespace penstock::cli {
namespace {

struct TailFlags {
  std::string stream;
  std::string from = "latest";
  std::size_t limit = 0;
  bool no_follow = false;
  bool verbose = false;
};

struct Start {
  std::string type;
  wire::Timestamp at;
};

Result<Start> parse_start(const std::string& text) {
  if (text == "latest") return Start{"LATEST", {}};
  if (text == "horizon") return Start{"TRIM_HORIZON", {}};
  if (!text.empty() && text[0] == '-') {
    TRY(const std::int64_t ago, parse_duration_millis(text.substr(1)));
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    return Start{"AT_TIMESTAMP", {now.count() - ago}};
  }
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || seconds < 0) {
    return Error{
        CliErrc::kUsage,
        "--from takes latest, horizon, -15m (a time ago) or epoch seconds, not \"" + text + "\""};
  }
  return Start{"AT_TIMESTAMP", {static_cast<std::int64_t>(seconds * 1000)}};
}

void print_record(const TailFlags& flags, const std::string& shard, const wire::Record& record) {
  if (flags.verbose) {
    const std::string head =
        shard + " " + record.sequence_number + " " + record.partition_key.value_or("-") + " ";
    std::fputs(dim(head).c_str(), stdout);
  }
  std::fwrite(record.data.bytes.data(), 1, record.data.bytes.size(), stdout);
  std::fputc('\n', stdout);
}

Result<int> tail(const Context& context, const TailFlags& flags) {
  TRY(const Start start, parse_start(flags.from));
  ApiClient client(context.endpoint);
  ShardReader reader(client, flags.stream, start.type, start.at);
  TRY_OK(reader.open());
  std::size_t printed = 0;
  const auto visit = [&](const std::string& shard, const wire::Record& record) {
    print_record(flags, shard, record);
    return ++printed != flags.limit;
  };
  while (!reader.finished()) {
    TRY(const std::size_t seen, reader.round(visit));
    std::fflush(stdout);
    if (flags.limit != 0 && printed >= flags.limit) break;
    if (flags.no_follow && reader.caught_up()) break;
    // Five reads a second and shard are allowed; others may be reading too.
    if (seen == 0 || reader.caught_up()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }
  return 0;
}

}  // namespace

void add_tail(CLI::App& app, Context& context, Action& action) {
  auto flags = std::make_shared<TailFlags>();
  CLI::App* command = app.add_subcommand(
      "tail", "Print a stream's records as they come, over all shards and through reshards.");
  command->add_option("stream", flags->stream, "Name of the stream")->required();
  command
      ->add_option("--from", flags->from,
                   "latest, horizon (the oldest kept), -15m (a time ago), or epoch seconds")
      ->capture_default_str();
  command->add_option("--limit,-n", flags->limit, "Stop after this many records; 0 is no limit")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_flag("--no-follow", flags->no_follow,
                    "Stop when everything stored has been printed");
  command->add_flag("--verbose,-v", flags->verbose,
                    "Shard, sequence number and partition key before each record");
  command->callback(
      [&context, &action, flags] { action = [&context, flags] { return tail(context, *flags); }; });
}

}  // namespace penstock::cli
