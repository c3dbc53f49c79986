#include "cli/demo/consumer.h"
#include "cli/demo/stage.h"
#include "cli/terminal.h"

namespace penstock::cli::demo {

Status careless_mapping(const Stage& stage) {
  const std::string stream = "quakes-careless-mapping";
  const std::string function = "statistics-act-2";
  heading("Act 2: a careful producer, a careless mapping");
  say("The producer sends refused entries again, with jitter. The mapping has default batches, "
      "one");
  say("retry, no bisect and no failure destination. The function does not expect that `rms` is "
      "null.");
  ApiClient client = stage.client_of("careful-producer");
  TRY_OK(create_stream(client, stream));
  TRY(const WriteSummary sent, write_records(client, stream, stage.quakes, WriteOptions{}));
  say("Stored: " + with_commas(static_cast<long long>(sent.stored)) + ", after " +
      with_commas(static_cast<long long>(sent.throttled)) + " refusals were retried.");
  TRY_OK(deploy(client, stage, function));
  wire::CreateMapping mapping{.function_name = function, .starting_position = "TRIM_HORIZON"};
  mapping.maximum_retry_attempts = 1;
  TRY(mapping.event_source_arn, stream_arn(client, stream));
  TRY_OK(create_mapping(client, mapping));
  TRY(const wire::ConsumerTotals totals, wait_until_settled(client, stream));

  say("");
  say(balance_table(totals));
  const std::int64_t good = totals.dropped - 5;
  say(red("Five bad records took " + with_commas(good) + " good ones down with them."));

  TRY_OK(expect(sent.stored == stage.quakes.size(),
                "the careful producer stored only " + std::to_string(sent.stored)));
  TRY_OK(expect(totals.stored == static_cast<std::int64_t>(stage.quakes.size()),
                "the log counts " + std::to_string(totals.stored) + " stored"));
  TRY_OK(expect(totals.succeeded + totals.dropped == totals.stored,
                "succeeded and dropped are not all of the stored records"));
  TRY_OK(expect(good > 0 && totals.delivered == 0,
                "no good record was dropped, or one was delivered"));
  TRY_OK(save_results(client, function, stage.folder + "/act-2-results.ndjson"));
  TRY(const BatchResult result, merge_results(stage.folder + "/act-2-results.ndjson"));
  TRY_OK(expect(result.count == totals.succeeded,
                "the function reports " + std::to_string(result.count) + " quakes, the ledger " +
                    std::to_string(totals.succeeded)));
  return ok();
}

}  // namespace penstock::cli::demo
