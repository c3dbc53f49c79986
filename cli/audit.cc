#include "cli/audit_api.h"
#include "cli/commands.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>

namespace penstock::cli {
namespace {

constexpr int kExitLoss = 3;

struct AuditFlags {
  std::string stream;
  bool json = false;
  bool fail_on_loss = false;
};

std::string verdict_text(const wire::AuditVerdict& verdict) {
  const std::string counts = with_commas(verdict.stored) + " stored, " +
                             with_commas(verdict.pending) + " pending, " +
                             with_commas(verdict.lost) + " lost";
  if (verdict.lost == 0) {
    return green(counts) + (verdict.unknown == 0 ? ""
                                                 : ", and of " + with_commas(verdict.unknown) +
                                                       " refused entries nobody can say");
  }
  return red(counts) + " (" + with_commas(verdict.dropped) + " dropped, " +
         with_commas(verdict.expired_unread) + " expired unread, " + with_commas(verdict.damaged) +
         " damaged, " + with_commas(verdict.probably_lost) + " probably lost by their producer, " +
         with_commas(verdict.unaccounted) + " unaccounted)";
}

void show(const wire::AuditReport& report, const std::string& stream) {
  std::printf("%s\n%s\n%s\n", bold("What producers handed in").c_str(),
              producers_table(report, stream).c_str(), bold("What consumers made of it").c_str());
  std::printf("%s\n", consumers_table(report, stream).c_str());
  const std::string streams = streams_table(report, stream);
  if (!streams.empty()) {
    std::printf("%s\n%s\n", bold("What the log has of them").c_str(), streams.c_str());
  }
  if (report.verdict.probably_lost > 0) {
    std::printf("%s\n%s\n", bold("Refused and never sent again").c_str(),
                loss_table(report, stream).c_str());
  }
  std::printf("%s\n", verdict_text(report.verdict).c_str());
}

Result<int> audit(const Context& context, const AuditFlags& flags) {
  ApiClient client(context.endpoint);
  TRY(const std::string body, fetch_audit_json(client));
  TRY(const wire::AuditReport report, shape::from_json<wire::AuditReport>(body));
  if (flags.json) {
    std::printf("%s\n", body.c_str());
  } else {
    show(report, flags.stream);
  }
  return flags.fail_on_loss && report.verdict.lost > 0 ? kExitLoss : 0;
}

}  // namespace

void add_audit(CLI::App& app, Context& context, Action& action) {
  auto flags = std::make_shared<AuditFlags>();
  CLI::App* command = app.add_subcommand(
      "audit", "What became of every record: per producer, and per consumer and shard.");
  command->add_option("stream", flags->stream, "Show this stream only; the verdict is over all");
  command->add_flag("--json", flags->json, "The whole report as JSON");
  command->add_flag("--fail-on-loss", flags->fail_on_loss, "Exit with 3 when a record was lost");
  command->callback([&context, &action, flags] {
    action = [&context, flags] { return audit(context, *flags); };
  });
}

}  // namespace penstock::cli
