#include "cli/commands.h"
#include "cli/event_source_mapping.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>

namespace penstock::cli {
namespace {

struct CreateFlags {
  std::string stream;
  std::string function;
  wire::CreateMapping request;
  std::string on_failure;
  bool partial = false;
  std::vector<std::string> filters;
};

void print(const wire::Mapping& mapping) {
  std::printf("%s  %s  %s\n", mapping.uuid.c_str(), mapping.state.c_str(),
              mapping.function_arn.value_or("").c_str());
}

Result<int> create(const Context& context, CreateFlags flags) {
  ApiClient client(context.endpoint);
  TRY(flags.request.event_source_arn, stream_arn(client, flags.stream));
  flags.request.function_name = flags.function;
  if (!flags.on_failure.empty()) {
    TRY(std::string arn, queue_arn(client, flags.on_failure));
    flags.request.destination_config = wire::DestinationConfig{.on_failure = {std::move(arn)}};
  }
  if (flags.partial) flags.request.function_response_types = {{"ReportBatchItemFailures"}};
  if (!flags.filters.empty()) {
    wire::FilterCriteria criteria;
    for (const std::string& pattern : flags.filters) criteria.filters.push_back({pattern});
    flags.request.filter_criteria = std::move(criteria);
  }
  TRY(const wire::Mapping mapping, create_mapping(client, flags.request));
  print(mapping);
  return 0;
}

Result<int> list(const Context& context) {
  ApiClient client(context.endpoint);
  TRY(const auto mappings, list_mappings(client));
  Table table({"uuid", "state", "function", "source", "last result"});
  for (const wire::Mapping& mapping : mappings) {
    table.row({mapping.uuid, mapping.state, last_part(mapping.function_arn.value_or("")),
               source_name(mapping.event_source_arn.value_or("")),
               mapping.last_processing_result.value_or("")});
  }
  std::fputs(table.text().c_str(), stdout);
  return 0;
}

Result<int> remove(const Context& context, const std::string& uuid) {
  ApiClient client(context.endpoint);
  TRY(const wire::Mapping mapping, delete_mapping(client, uuid));
  print(mapping);
  return 0;
}

void add_create(CLI::App& command, Context& context, Action& action) {
  auto flags = std::make_shared<CreateFlags>();
  CLI::App* made = command.add_subcommand("create", "Connect a stream to a function");
  made->add_option("--stream", flags->stream, "Name or ARN of the stream")->required();
  made->add_option("--function", flags->function, "Name or ARN of the function")->required();
  flags->request.starting_position = "TRIM_HORIZON";
  made->add_option("--from", flags->request.starting_position, "TRIM_HORIZON, LATEST")
      ->check(CLI::IsMember({"TRIM_HORIZON", "LATEST"}))
      ->capture_default_str();
  made->add_option("--batch-size", flags->request.batch_size, "Records in one invocation (100)");
  made->add_option("--window", flags->request.window_seconds,
                   "Seconds to wait for a full batch (0)");
  made->add_option("--parallel", flags->request.parallelization_factor,
                   "Batches at once per shard (1)");
  made->add_option("--retries", flags->request.maximum_retry_attempts,
                   "Retries of a failed batch; -1, the default, tries until the records expire");
  made->add_option("--max-age", flags->request.maximum_record_age,
                   "Seconds after which a record is given up (-1)");
  made->add_flag("--bisect", flags->request.bisect, "Halve a failed batch to find the bad record");
  made->add_flag("--partial", flags->partial, "The function reports batchItemFailures");
  made->add_option("--on-failure", flags->on_failure,
                   "Queue (name or ARN) that is told what was given up");
  made->add_option("--filter", flags->filters,
                   "Filter pattern, e.g. {\"data\":{\"net\":[\"nn\"]}}; may be repeated");
  made->callback([&context, &action, flags] {
    action = [&context, flags] { return create(context, *flags); };
  });
}

}  // namespace

void add_mapping(CLI::App& app, Context& context, Action& action) {
  CLI::App* command =
      app.add_subcommand("mapping", "Event source mappings: which stream invokes which function.");
  command->require_subcommand(1);
  add_create(*command, context, action);
  CLI::App* listing = command->add_subcommand("list", "Every mapping with its state");
  listing->callback([&context, &action] { action = [&context] { return list(context); }; });
  auto uuid = std::make_shared<std::string>();
  CLI::App* removal =
      command->add_subcommand("delete", "Remove a mapping; its checkpoints go with it");
  removal->add_option("uuid", *uuid, "From `penstock mapping list`")->required();
  removal->callback(
      [&context, &action, uuid] { action = [&context, uuid] { return remove(context, *uuid); }; });
}

}  // namespace penstock::cli
