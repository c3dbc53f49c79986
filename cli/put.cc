#include "cli/aggregate.h"
#include "cli/commands.h"
#include "cli/lines.h"
#include "cli/record_writer.h"
#include "cli/shards.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <map>
#include <memory>
#include <utility>

namespace penstock::cli {
namespace {

struct PutFlags {
  std::string stream;
  std::string file = "-";
  std::string key_field;
  int retries = 30;
  bool aggregate = false;
};

/// What became of the records of a `put --aggregate`.
struct Packing {
  std::size_t records = 0;
  std::size_t envelopes = 0;
  std::size_t packed_again = 0;
  bool is_placed = false;  ///< The service places the records of the stream.
};

/// Records that lie where readers would drop them, in the order in which they were stored.
Result<std::vector<wire::PutEntry>> misplaced(
    ApiClient& client, const std::string& stream,
    const std::vector<std::pair<std::string, wire::PutEntry>>& strays) {
  std::vector<wire::PutEntry> again;
  if (strays.empty()) return again;
  TRY(const auto shards, list_shards(client, stream));
  std::map<std::string, HashKeyRange> ranges;
  for (const wire::Shard& shard : shards) {
    TRY(ranges[shard.id], range_of(shard.hash_keys));
  }
  for (const auto& [shard, envelope] : strays) {
    auto records = misplaced_in(envelope, ranges[shard]);
    again.insert(again.end(), std::make_move_iterator(records.begin()),
                 std::make_move_iterator(records.end()));
  }
  return again;
}

void add(WriteSummary& total, WriteSummary part) {
  total.entries += part.entries;
  total.stored += part.stored;
  total.failed += part.failed;
  total.throttled += part.throttled;
  total.retried += part.retried;
  total.calls += part.calls;
  total.partial_calls += part.partial_calls;
  if (!part.last_error.empty()) total.last_error = std::move(part.last_error);
}

/// Whether the service chooses the shard of each record, whatever its keys are.
Result<bool> places_records(ApiClient& client, const std::string& stream) {
  TRY(const auto summary,
      client.kinesis<wire::StreamSummary>("DescribeStreamSummary", wire::StreamTarget::of(stream)));
  return summary.description.distribution == "AUTO";
}

/// Packs and puts. Envelopes that a reshard brought into a shard where one of their records does
/// not belong are packed again, as the producer library does. Where the service places records it
/// could bring any envelope there, so nothing is packed: as the producer library, too.
Result<WriteSummary> write_aggregated(ApiClient& client, const std::string& stream,
                                      std::vector<wire::PutEntry> records, WriteOptions options,
                                      Packing& packing) {
  WriteSummary total;
  packing.records = records.size();
  while (!records.empty()) {
    TRY(const auto listed, list_shards(client, stream));
    TRY(const bool is_placed, places_records(client, stream));
    packing.is_placed = packing.is_placed || is_placed;
    TRY(const OpenShards shards, OpenShards::of(is_placed ? std::vector<wire::Shard>{} : listed));
    Aggregated packed = aggregate(std::move(records), shards);
    packing.envelopes += packed.envelopes;
    std::vector<std::pair<std::string, wire::PutEntry>> strays;
    options.stored = [&](const wire::PutEntry& entry, const wire::PutResult& result) {
      if (!entry.explicit_hash_key) return;
      const std::string shard = result.shard_id.value_or("");
      const auto key = HashKey::parse(*entry.explicit_hash_key);
      const std::string* expected = key ? shards.at(*key) : nullptr;
      if (expected == nullptr || *expected != shard) strays.emplace_back(shard, entry);
    };
    TRY(WriteSummary summary, write_records(client, stream, std::move(packed.entries), options));
    add(total, std::move(summary));
    TRY(records, misplaced(client, stream, strays));
    packing.packed_again += records.size();
  }
  return total;
}

std::string counted(std::size_t count) { return with_commas(static_cast<long long>(count)); }

std::string counted(std::size_t count, const char* thing) {
  return cli::counted(static_cast<long long>(count), thing);
}

void report(const Packing& packing, std::size_t entries) {
  std::string text = counted(packing.records, "record") + " in " +
                     counted(packing.envelopes, "envelope") + " and " +
                     counted(entries - packing.envelopes, "plain record");
  if (packing.packed_again > 0) {
    text += "; " + counted(packing.packed_again) +
            " sent again, because the stream was changed meanwhile";
  }
  if (packing.is_placed) text += " (the service places them, so none are packed)";
  std::printf("%s\n", text.c_str());
}

int report(const WriteSummary& summary, const PutFlags& flags) {
  std::printf(
      "%s entries: %s stored, %s failed; %s refusals retried, %zu calls, %zu of them partly "
      "refused\n",
      counted(summary.entries).c_str(), counted(summary.stored).c_str(),
      counted(summary.failed).c_str(), counted(summary.retried).c_str(), summary.calls,
      summary.partial_calls);
  if (summary.failed == 0) return 0;
  std::fprintf(stderr, "last refusal: %s\n", summary.last_error.c_str());
  if (flags.retries == 0) {
    std::fprintf(stderr,
                 "With --retries 0 refused entries are gone. `penstock audit` names them.\n");
  }
  return 1;
}

Result<int> put(const Context& context, const PutFlags& flags) {
  TRY(std::vector<wire::PutEntry> entries, read_lines(flags.file, flags.key_field));
  ApiClient client(context.endpoint);
  Progress progress("put", entries.size());
  WriteOptions options;
  options.retries_max = flags.retries;
  options.progress = [&](std::size_t settled, std::size_t waiting) {
    progress.update(settled, waiting == 0 ? "" : "(" + std::to_string(waiting) + " to retry)");
  };
  Packing packing;
  auto outcome = flags.aggregate
                     ? write_aggregated(client, flags.stream, std::move(entries), options, packing)
                     : write_records(client, flags.stream, std::move(entries), options);
  progress.update(0, " ");
  TRY(const WriteSummary summary, std::move(outcome));

  if (is_terminal(stderr)) std::fprintf(stderr, "\r\033[K");
  if (flags.aggregate) report(packing, summary.entries);
  return report(summary, flags);
}

}  // namespace

void add_put(CLI::App& app, Context& context, Action& action) {
  auto flags = std::make_shared<PutFlags>();
  CLI::App* command = app.add_subcommand(
      "put", "Put the lines of a file into a stream, one record a line; retries what is refused.");
  command->add_option("stream", flags->stream, "Name or ARN of the stream")->required();
  command->add_option("--file,-f", flags->file, "Text or ndjson file; - is standard input")
      ->capture_default_str();
  command->add_option("--key,-k", flags->key_field,
                      "Top-level JSON member that is the partition key; without it every record "
                      "gets a random key");
  command
      ->add_option("--retries", flags->retries,
                   "Calls in a row that may store nothing before giving up; 0 is the careless "
                   "producer that ignores FailedRecordCount")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  command->add_flag("--aggregate", flags->aggregate,
                    "Pack lines into envelopes of up to 51,200 bytes, as the Kinesis Producer "
                    "Library does");
  command->callback(
      [&context, &action, flags] { action = [&context, flags] { return put(context, *flags); }; });
}

}  // namespace penstock::cli
