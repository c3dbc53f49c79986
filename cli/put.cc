#include "cli/aggregate.h"
#include "cli/commands.h"
#include "cli/lines.h"
#include "cli/record_writer.h"
#include "cli/shards.h"
#include "cli/stream_api.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <map>
#include <memory>
#include <optional>
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

/// Adds what became of some entries. Once something was stored a refusal is theirs alone.
Status add(WriteSummary& total, std::size_t entries, Result<WriteSummary> outcome) {
  if (!outcome.ok()) {
    if (total.stored == 0) return std::move(outcome).error();
    total.entries += entries;
    total.failed += entries;
    total.last_error = outcome.error().message;
    total.gave_up = true;
    return ok();
  }
  WriteSummary part = std::move(outcome).value();
  total.entries += part.entries;
  total.stored += part.stored;
  total.failed += part.failed;
  total.throttled += part.throttled;
  total.retried += part.retried;
  total.calls += part.calls;
  total.partial_calls += part.partial_calls;
  total.gave_up = total.gave_up || part.gave_up;
  if (!part.last_error.empty()) total.last_error = std::move(part.last_error);
  return ok();
}

/// Packs and puts. Envelopes that a reshard brought into a shard where one of their records does
/// not belong are packed again, as the producer library does. Where the service places records it
/// could bring any envelope there, so nothing is packed: as the producer library, too.
class Packer {
 public:
  Packer(StreamApi& api, const std::string& stream) : api_(api), stream_(stream) {}

  Result<WriteSummary> write(std::vector<wire::PutEntry> records, WriteOptions options) {
    WriteSummary total;
    packing_.records += records.size();
    while (!records.empty()) {
      if (!shards_) TRY_OK(look());
      Aggregated packed = aggregate(std::move(records), *shards_);
      packing_.envelopes += packed.envelopes;
      std::vector<std::pair<std::string, wire::PutEntry>> strays;
      options.stored = [&](const wire::PutEntry& entry, const wire::PutResult& result) {
        if (!entry.explicit_hash_key) return;
        const std::string shard = result.shard_id.value_or("");
        const auto key = HashKey::parse(*entry.explicit_hash_key);
        const std::string* expected = key ? shards_->at(*key) : nullptr;
        if (expected == nullptr || *expected != shard) strays.emplace_back(shard, entry);
      };
      const std::size_t entries = packed.entries.size();
      TRY_OK(add(total, entries,
                 write_records(api_.client(), stream_, std::move(packed.entries), options)));
      TRY(records, misplaced(api_.client(), stream_, strays));
      packing_.packed_again += records.size();
      if (!strays.empty()) shards_.reset();
    }
    return total;
  }

  const Packing& packing() const { return packing_; }

 private:
  Status look() {
    TRY(const auto listed, list_shards(api_.client(), stream_));
    TRY(const wire::StreamFacts facts, api_.facts(stream_));
    const bool is_placed = facts.distribution == "AUTO";
    packing_.is_placed = packing_.is_placed || is_placed;
    TRY(shards_, OpenShards::of(is_placed ? std::vector<wire::Shard>{} : listed));
    return ok();
  }

  StreamApi& api_;
  const std::string& stream_;
  std::optional<OpenShards> shards_;  ///< As of the last look; nothing after a reshard.
  Packing packing_;
};

/// Leaves out the lines that no call may have in it: the service would refuse their neighbours,
/// too.
class SizeCheck {
 public:
  SizeCheck(StreamApi& api, const std::string& stream) : api_(api), stream_(stream) {}

  Status leave_out_large(const LineReader& reader, NumberedLines& lines) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < lines.entries.size(); ++i) {
      TRY(const bool is_too_large, exceeds(size_of(lines.entries[i])));
      if (is_too_large) {
        ++left_out_;
        std::fprintf(stderr,
                     "penstock: %s is larger than a record of this stream may be (%zu bytes with "
                     "its key)\n",
                     reader.place(lines.numbers[i]).c_str(), *bytes_max_);
        continue;
      }
      if (kept != i) lines.entries[kept] = std::move(lines.entries[i]);
      ++kept;
    }
    lines.entries.resize(kept);
    return ok();
  }

  std::size_t left_out() const { return left_out_; }

 private:
  Result<bool> exceeds(std::size_t bytes) {
    constexpr std::size_t kKibibyte = 1024;
    constexpr std::int64_t kLeastKib = 1024;  // Every stream takes as much: most need not be asked.
    if (bytes <= static_cast<std::size_t>(kLeastKib) * kKibibyte) return false;
    if (!bytes_max_) {
      TRY(const wire::StreamFacts facts, api_.facts(stream_));
      bytes_max_ = static_cast<std::size_t>(facts.max_record_kib.value_or(kLeastKib)) * kKibibyte;
    }
    return bytes > *bytes_max_;
  }

  StreamApi& api_;
  const std::string& stream_;
  std::optional<std::size_t> bytes_max_;
  std::size_t left_out_ = 0;
};

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

/// `left_out`: lines that were not sent, being too large.
int report(const WriteSummary& summary, std::size_t left_out, const PutFlags& flags) {
  std::printf(
      "%s entries: %s stored, %s failed; %s refusals retried, %zu calls, %zu of them partly "
      "refused\n",
      counted(summary.entries + left_out).c_str(), counted(summary.stored).c_str(),
      counted(summary.failed + left_out).c_str(), counted(summary.retried).c_str(), summary.calls,
      summary.partial_calls);
  if (summary.failed == 0) return left_out == 0 ? 0 : 1;
  std::fprintf(stderr, "last refusal: %s\n", summary.last_error.c_str());
  if (flags.retries == 0) {
    std::fprintf(stderr,
                 "With --retries 0 refused entries are gone. `penstock audit` names them.\n");
  }
  return 1;
}

/// Until the input ends; `total` also has what was done before a failure.
Status put_lines(StreamApi& api, const PutFlags& flags, LineReader& reader, SizeCheck& sizes,
                 Packer* packer, WriteSummary& total) {
  // Of lines that are packed many more go into a call; a bound there must be.
  constexpr std::size_t kPackedMost = 100 * kCallEntries;
  const LineReader::Enough enough{.entries = packer == nullptr ? kCallEntries : kPackedMost,
                                  .bytes = kCallBytes};
  while (!total.gave_up) {
    TRY(NumberedLines lines, reader.next(enough));
    if (lines.entries.empty()) break;
    TRY_OK(sizes.leave_out_large(reader, lines));
    const std::size_t count = lines.entries.size();
    WriteOptions options;
    options.retries_max = flags.retries;
    std::optional<Progress> progress;
    if (reader.is_file()) {
      progress.emplace("put", count);
      options.progress = [&](std::size_t settled, std::size_t waiting) {
        progress->update(settled, waiting == 0 ? "" : "(" + std::to_string(waiting) + " to retry)");
      };
    }
    TRY_OK(add(total, count,
               packer != nullptr
                   ? packer->write(std::move(lines.entries), options)
                   : write_records(api.client(), flags.stream, std::move(lines.entries), options)));
  }
  return ok();
}

Result<int> put(const Context& context, const PutFlags& flags) {
  TRY(LineReader reader, LineReader::open(flags.file, flags.key_field));
  StreamApi api(context);
  SizeCheck sizes(api, flags.stream);
  Packer packer(api, flags.stream);
  WriteSummary total;
  const Status ended =
      put_lines(api, flags, reader, sizes, flags.aggregate ? &packer : nullptr, total);
  if (!ended.ok() && total.entries == 0) return ended.error();
  if (flags.aggregate) report(packer.packing(), total.entries);
  const int code = report(total, sizes.left_out(), flags);
  if (!ended.ok()) return ended.error();
  return code;
}

}  // namespace

void add_put(CLI::App& app, Context& context, Action& action) {
  auto flags = std::make_shared<PutFlags>();
  CLI::App* command = app.add_subcommand(
      "put",
      "Put the lines of a file, or of a pipe as they come, into a stream, one record a line; "
      "retries what is refused.");
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
