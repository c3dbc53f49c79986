#include "cli/audit_api.h"
#include "cli/demo/stage.h"
#include "cli/terminal.h"

#include <cstdio>

namespace penstock::cli::demo {

/// Its service clock is moved past the time in which a producer may still repair its loss.
constexpr const char* kPastRecovery = "6m";

Status careless_producer(const Stage& stage) {
  const std::string stream = "quakes-careless-producer";
  heading("Act 1: a careless producer");
  say("It puts all 1,707 quakes at once, partition key `net`, and looks at nothing but the "
      "status.");
  ApiClient client = stage.client_of("careless-producer");
  TRY_OK(create_stream(client, stream));
  WriteOptions careless;
  careless.retries_max = 0;
  TRY(const WriteSummary sent, write_records(client, stream, stage.quakes, careless));
  say("Every one of its " + std::to_string(sent.calls) + " PutRecords calls answered 200.");

  TRY(const auto stored, read_stream(client, stream));
  TRY_OK(advance_service_clock(client, kPastRecovery));
  TRY(const wire::AuditReport report, fetch_audit(client));
  const wire::ProducerTotals totals = producer_totals(report, stream);
  say("");
  say(producers_table(report, stream));
  const auto read_back = static_cast<std::int64_t>(stored.size());
  const auto handed_in = static_cast<std::int64_t>(stage.quakes.size());
  say("Read back: " + with_commas(read_back) + ". " +
      red("Lost: " + with_commas(totals.probably_lost)) +
      ", by the producer that never looked at "
      "FailedRecordCount:");
  say(loss_table(report, stream));

  TRY_OK(expect(sent.failed > 0, "the shard limit refused nothing, so nobody was careless"));
  TRY_OK(expect(totals.received == handed_in, "the ledger saw " + std::to_string(totals.received) +
                                                  " entries of " + std::to_string(handed_in)));
  TRY_OK(expect(totals.stored == read_back, "the ledger says " + std::to_string(totals.stored) +
                                                " stored, reading gave " +
                                                std::to_string(read_back)));
  TRY_OK(expect(totals.probably_lost == handed_in - read_back,
                "the ledger names " + std::to_string(totals.probably_lost) + " lost, " +
                    std::to_string(handed_in - read_back) + " are missing"));
  return ok();
}

}  // namespace penstock::cli::demo
