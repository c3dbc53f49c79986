#include "cli/commands.h"
#include "cli/lines.h"
#include "cli/record_writer.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>

namespace penstock::cli {
namespace {

struct PutFlags {
  std::string stream;
  std::string file = "-";
  std::string key_field;
  int retries = 30;
};

Result<int> put(const Context& context, const PutFlags& flags) {
  TRY(std::vector<wire::PutEntry> entries, read_lines(flags.file, flags.key_field));
  ApiClient client(context.endpoint);
  Progress progress("put", entries.size());
  WriteOptions options;
  options.retries_max = flags.retries;
  options.progress = [&](std::size_t settled, std::size_t waiting) {
    progress.update(settled, waiting == 0 ? "" : "(" + std::to_string(waiting) + " to retry)");
  };
  auto outcome = write_records(client, flags.stream, std::move(entries), options);
  progress.update(0, " ");
  TRY(const WriteSummary summary, std::move(outcome));

  std::fprintf(stderr, "\r\033[K");
  std::printf(
      "%s entries: %s stored, %s failed; %s refusals retried, %zu calls, %zu of them partly "
      "refused\n",
      with_commas(static_cast<long long>(summary.entries)).c_str(),
      with_commas(static_cast<long long>(summary.stored)).c_str(),
      with_commas(static_cast<long long>(summary.failed)).c_str(),
      with_commas(static_cast<long long>(summary.retried)).c_str(), summary.calls,
      summary.partial_calls);
  if (summary.failed > 0) {
    std::fprintf(stderr, "last refusal: %s\n", summary.last_error.c_str());
    if (flags.retries == 0) {
      std::fprintf(stderr,
                   "With --retries 0 refused entries are gone. `penstock audit` names them.\n");
    }
    return 1;
  }
  return 0;
}

}  // namespace

void add_put(CLI::App& app, Context& context, Action& action) {
  auto flags = std::make_shared<PutFlags>();
  CLI::App* command = app.add_subcommand(
      "put", "Put the lines of a file into a stream, one record a line; retries what is refused.");
  command->add_option("stream", flags->stream, "Name of the stream")->required();
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
  command->callback(
      [&context, &action, flags] { action = [&context, flags] { return put(context, *flags); }; });
}

}  // namespace penstock::cli
