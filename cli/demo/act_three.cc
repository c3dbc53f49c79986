#include "cli/demo/consumer.h"
#include "cli/demo/failure_queue.h"
#include "cli/demo/stage.h"
#include "cli/terminal.h"
#include "shape/document.h"

#include <algorithm>

namespace penstock::cli::demo {
namespace {

constexpr std::int64_t kPoison = 5;

Result<std::string> describe(const std::vector<GivenUp>& given_up) {
  Table table({"id", "title", "rms", "condition", "tries"});
  for (const GivenUp& one : given_up) {
    TRY(const shape::Document quake, shape::parse_json(one.record.data.bytes));
    const shape::Document* rms = quake.find("rms");
    TRY_OK(expect(rms != nullptr && rms->is(shape::Document::Kind::kNull),
                  "a record in the queue has an rms: " + one.record.data.bytes));
    table.row({std::string(quake.string_at("id")), std::string(quake.string_at("title")),
               rms->to_json(), one.condition, std::to_string(one.attempts)});
  }
  return table.text();
}

}  // namespace

Status both_careful(const Stage& stage) {
  const std::string stream = "quakes-both-careful";
  const std::string function = "statistics-act-3";
  const std::string queue = "quakes-failed";
  heading("Act 3: both careful");
  say("The same producer and function; the mapping halves a failed batch and sends what it gives "
      "up");
  say("to a queue.");
  ApiClient client = stage.client_of("careful-producer");
  TRY_OK(create_stream(client, stream));
  TRY_OK(create_queue(client, queue));
  TRY(const WriteSummary sent, write_records(client, stream, stage.quakes, WriteOptions{}));
  TRY_OK(deploy(client, stage, function));
  wire::CreateMapping mapping{.function_name = function, .starting_position = "TRIM_HORIZON"};
  mapping.maximum_retry_attempts = 1;
  mapping.bisect = true;
  TRY(mapping.event_source_arn, stream_arn(client, stream));
  TRY(std::string destination, queue_arn(client, queue));
  mapping.destination_config = wire::DestinationConfig{.on_failure = {std::move(destination)}};
  TRY_OK(create_mapping(client, mapping));
  TRY(const wire::ConsumerTotals totals, wait_until_settled(client, stream));
  TRY(const auto given_up, drain_failures(client, queue, stream));

  say("");
  say(balance_table(totals));
  say("In the queue, fetched back from the stream by the ranges in their failure records:\n");
  TRY(const std::string contents, describe(given_up));
  say(contents);
  const std::string results = stage.folder + "/act-3-results.ndjson";
  TRY(const std::size_t batches, save_results(client, function, results));
  TRY(const BatchResult result, merge_results(results));
  say("Statistics, merged from " + std::to_string(batches) + " results of the function:");
  say(statistics_text(result));

  const auto all = static_cast<std::int64_t>(stage.quakes.size());
  TRY_OK(expect(sent.stored == stage.quakes.size() && totals.stored == all,
                "not every quake was stored"));
  TRY_OK(expect(totals.succeeded == all - kPoison && totals.delivered == kPoison,
                std::to_string(totals.succeeded) + " succeeded and " +
                    std::to_string(totals.delivered) + " were delivered"));
  TRY_OK(expect(given_up.size() == kPoison,
                std::to_string(given_up.size()) + " records were in the queue"));
  TRY_OK(expect(totals.lost() == 0 && totals.pending == 0, "something is lost or pending"));
  TRY_OK(expect(result.count == totals.succeeded,
                "the function reports " + std::to_string(result.count) + " quakes"));
  say(green("\n1,707 stored, 1,702 succeeded, 5 in the queue, 0 lost, 0 pending."));
  return ok();
}

}  // namespace penstock::cli::demo
