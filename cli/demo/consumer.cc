#include "cli/demo/consumer.h"

#include "cli/terminal.h"

#include <chrono>
#include <cstdio>
#include <thread>

namespace penstock::cli::demo {

Result<wire::ConsumerTotals> wait_until_settled(ApiClient& client, const std::string& stream) {
  std::int64_t last_pending = -1;
  auto last_change = std::chrono::steady_clock::now();
  while (true) {
    TRY(const wire::AuditReport report, fetch_audit(client));
    const wire::ConsumerTotals totals = consumer_totals(report, stream);
    if (totals.stored > 0 && totals.pending == 0) return totals;
    const auto now = std::chrono::steady_clock::now();
    if (totals.pending != last_pending) {
      last_pending = totals.pending;
      last_change = now;
    }
    if (now - last_change > std::chrono::seconds(60)) {
      return Error{CliErrc::kUnexpected,
                   "the mapping on " + stream + " has not moved for a minute; " +
                       std::to_string(totals.pending) + " records are pending"};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

std::string balance_table(const wire::ConsumerTotals& totals) {
  Table table({"what became of the records", "count"});
  const auto row = [&](const char* what, std::int64_t count) {
    table.row({what, with_commas(count)});
  };
  row("stored", totals.stored);
  table.rule();
  row("succeeded", totals.succeeded);
  row("delivered to the failure queue", totals.delivered);
  row("dropped", totals.dropped);
  row("pending", totals.pending);
  row("lost", totals.lost());
  return table.text();
}

std::string statistics_text(const BatchResult& result) {
  char line[160];
  std::snprintf(line, sizeof line,
                "%s quakes, mean magnitude %.2f, mean rms %.3f s, felt by %s people",
                with_commas(result.count).c_str(), result.mag_mean, result.rms_mean,
                with_commas(result.felt_reports).c_str());
  std::string text = std::string(line) + "\nstrongest: " + result.strongest.title + "\nby network:";
  for (const auto& [network, quakes] : result.networks) {
    text += " " + network + " " + std::to_string(quakes);
  }
  return text;
}

}  // namespace penstock::cli::demo
