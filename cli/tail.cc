#include "base/aggregated_record.h"
#include "cli/commands.h"
#include "cli/shard_reader.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <thread>

namespace penstock::cli {
namespace {

struct TailFlags {
  std::string stream;
  std::string from = "latest";
  std::size_t limit = 0;
  bool no_follow = false;
  bool verbose = false;
  bool envelopes = false;
  bool json = false;
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

/// A record as the service has it, or one in an envelope. The members of GetRecords, and where the
/// record is.
struct Line {
  std::string shard;
  wire::Record record;
  std::optional<std::int64_t> place_in_envelope;
  std::optional<std::string> explicit_hash_key;
};

struct LineJson {
  std::string shard;
  std::string sequence_number;
  std::optional<std::int64_t> sub_sequence_number;
  shape::Timestamp arrival;
  std::optional<std::string> partition_key;
  std::optional<std::string> explicit_hash_key;
  shape::Blob data;
  static constexpr auto shape() {
    using Self = LineJson;
    return std::array{
        shape::member<&Self::shard>("ShardId"),
        shape::member<&Self::sequence_number>("SequenceNumber"),
        shape::member<&Self::sub_sequence_number>("SubSequenceNumber"),
        shape::member<&Self::arrival>("ApproximateArrivalTimestamp"),
        shape::member<&Self::partition_key>("PartitionKey"),
        shape::member<&Self::explicit_hash_key>("ExplicitHashKey"),
        shape::member<&Self::data>("Data"),
    };
  }
};

void print_line(const TailFlags& flags, Line line) {
  wire::Record& record = line.record;
  if (flags.json) {
    const LineJson json{.shard = std::move(line.shard),
                        .sequence_number = std::move(record.sequence_number),
                        .sub_sequence_number = line.place_in_envelope,
                        .arrival = record.arrival,
                        .partition_key = std::move(record.partition_key),
                        .explicit_hash_key = std::move(line.explicit_hash_key),
                        .data = std::move(record.data)};
    std::printf("%s\n", shape::to_json(json).c_str());
    return;
  }
  if (flags.verbose) {
    std::string head = line.shard + " " + record.sequence_number;
    if (line.place_in_envelope) head += "#" + std::to_string(*line.place_in_envelope);
    std::fputs(dim(head + " " + record.partition_key.value_or("-") + " ").c_str(), stdout);
  }
  std::fwrite(record.data.bytes.data(), 1, record.data.bytes.size(), stdout);
  std::fputc('\n', stdout);
}

/// Prints records, those inside of envelopes as if each had been put alone.
class Printer {
 public:
  explicit Printer(const TailFlags& flags) : flags_(flags) {}

  /// False when enough was printed.
  bool print(const std::string& shard, const HashKeyRange& range, const wire::Record& record) {
    const auto inside = flags_.envelopes ? std::nullopt : deaggregate(record.data.bytes);
    if (!inside) {
      print_line(
          flags_,
          {.shard = shard, .record = record, .place_in_envelope = {}, .explicit_hash_key = {}});
      return ++printed_ != flags_.limit;
    }
    if (!belong_to(*inside, range)) {
      tell_of_stray(shard + " " + record.sequence_number, inside->size());
      return true;
    }
    for (std::size_t i = 0; i < inside->size(); ++i) {
      print_line(flags_, opened(shard, record, (*inside)[i], i));
      if (++printed_ == flags_.limit) return false;
    }
    return true;
  }
  bool is_done() const { return flags_.limit != 0 && printed_ >= flags_.limit; }

 private:
  static Line opened(const std::string& shard, const wire::Record& envelope,
                     const UserRecord& record, std::size_t place) {
    Line line{.shard = shard,
              .record = {.sequence_number = envelope.sequence_number,
                         .arrival = envelope.arrival,
                         .data = {std::string(record.data)},
                         .partition_key = std::string(record.partition_key)},
              .place_in_envelope = static_cast<std::int64_t>(place),
              .explicit_hash_key = {}};
    if (record.explicit_hash_key) line.explicit_hash_key = *record.explicit_hash_key;
    return line;
  }

  void tell_of_stray(const std::string& place, std::size_t count) const {
    std::fprintf(stderr,
                 "penstock: left out %s: an envelope of %zu records, of which at least one belongs "
                 "to another shard; --envelopes shows it\n",
                 place.c_str(), count);
  }

  const TailFlags& flags_;
  std::size_t printed_ = 0;
};

Result<int> tail(const Context& context, const TailFlags& flags) {
  TRY(const Start start, parse_start(flags.from));
  ApiClient client(context.endpoint);
  ShardReader reader(client, flags.stream, start.type, start.at);
  TRY_OK(reader.open());
  Printer printer(flags);
  const auto visit = [&](const std::string& shard, const HashKeyRange& range,
                         const wire::Record& record) {
    return printer.print(shard, range, record);
  };
  while (!reader.finished()) {
    TRY(const std::size_t seen, reader.round(visit));
    std::fflush(stdout);
    if (printer.is_done()) break;
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
  command->add_option("stream", flags->stream, "Name or ARN of the stream")->required();
  command
      ->add_option("--from", flags->from,
                   "latest, horizon (the oldest kept), -15m (a time ago), or epoch seconds")
      ->capture_default_str();
  command->add_option("--limit,-n", flags->limit, "Stop after this many records; 0 is no limit")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000}))
      ->capture_default_str();
  command->add_flag("--no-follow", flags->no_follow,
                    "Stop when everything stored has been printed");
  command->add_flag(
      "--verbose,-v", flags->verbose,
      "Shard, sequence number (#n: the place in an envelope) and partition key before "
      "each record");
  command->add_flag("--json", flags->json,
                    "One JSON object a record, with the members of GetRecords and where it is");
  command->add_flag("--envelopes", flags->envelopes,
                    "Print envelopes of the Kinesis Producer Library as they are, not the records "
                    "in them");
  command->callback(
      [&context, &action, flags] { action = [&context, flags] { return tail(context, *flags); }; });
}

}  // namespace penstock::cli
