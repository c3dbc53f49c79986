#include "cli/audit_api.h"

#include "cli/commands.h"
#include "cli/terminal.h"

#include <algorithm>
#include <ctime>
#include <map>
#include <tuple>

namespace penstock::cli {
namespace {

bool is_meant(const wire::AuditStream& stream, const std::string& name) {
  return name.empty() || stream.stream == name;
}

std::string utc(std::int64_t millis) {
  const std::time_t seconds = millis / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%H:%M:%S", &parts);
  return text;
}

std::string producer_name(const std::string& access_key, const std::string& agent) {
  return access_key.empty() ? "(unsigned) " + agent : access_key + " " + agent;
}

/// The name of the function at the end of its ARN.
std::string function_name(const std::string& arn) { return arn.substr(arn.rfind(':') + 1); }

struct AdvanceClock {
  std::int64_t advance_ms = 0;
  static constexpr auto shape() {
    return std::array{shape::member<&AdvanceClock::advance_ms>("advance_ms")};
  }
};

}  // namespace

Result<std::string> fetch_audit_json(ApiClient& client) {
  return client.rest("penstock", "GET", "/_penstock/audit", "");
}

Result<wire::AuditReport> fetch_audit(ApiClient& client) {
  TRY(const std::string body, fetch_audit_json(client));
  return shape::from_json<wire::AuditReport>(body);
}

Status advance_service_clock(ApiClient& client, const std::string& by) {
  TRY(const std::int64_t millis, parse_duration_millis(by));
  TRY_OK(client.rest("penstock", "POST", "/_penstock/clock", shape::to_json(AdvanceClock{millis})));
  return ok();
}

wire::ProducerTotals producer_totals(const wire::AuditReport& report, const std::string& stream) {
  wire::ProducerTotals totals;
  for (const wire::AuditStream& one : report.streams) {
    if (!is_meant(one, stream)) continue;
    for (const wire::AuditProducer& producer : one.producers) {
      totals.received += producer.received;
      totals.stored += producer.stored;
      totals.throttled += producer.throttled;
      totals.probably_lost += producer.probably_lost;
    }
  }
  return totals;
}

wire::ConsumerTotals consumer_totals(const wire::AuditReport& report, const std::string& stream) {
  wire::ConsumerTotals totals;
  for (const wire::AuditStream& one : report.streams) {
    if (!is_meant(one, stream)) continue;
    for (const wire::AuditConsumer& consumer : one.consumers) {
      for (const wire::AuditShard& shard : consumer.shards) {
        totals.stored += shard.stored;
        totals.succeeded += shard.succeeded;
        totals.delivered += shard.delivered;
        totals.dropped += shard.dropped;
        totals.expired_unread += shard.expired_unread;
        totals.pending += shard.pending;
        totals.unaccounted += shard.unaccounted;
      }
    }
  }
  return totals;
}

std::string producers_table(const wire::AuditReport& report, const std::string& stream) {
  Table table({"stream", "producer", "received", "stored", "throttled", "rejected", "failed",
               "interrupted", "recovered", "waiting", "probably lost"});
  for (const wire::AuditStream& one : report.streams) {
    if (!is_meant(one, stream)) continue;
    for (const wire::AuditProducer& producer : one.producers) {
      table.row({one.stream, producer_name(producer.access_key, producer.agent),
                 with_commas(producer.received), with_commas(producer.stored),
                 with_commas(producer.throttled), with_commas(producer.rejected),
                 with_commas(producer.failed), with_commas(producer.interrupted),
                 with_commas(producer.recovered), with_commas(producer.waiting),
                 with_commas(producer.probably_lost)});
    }
  }
  return table.empty() ? "No producer has put a record yet.\n" : table.text();
}

std::string consumers_table(const wire::AuditReport& report, const std::string& stream) {
  Table table({"stream", "function", "shard", "stored", "succeeded", "filtered", "delivered",
               "dropped", "expired", "skipped", "discarded", "pending", "unaccounted"});
  for (const wire::AuditStream& one : report.streams) {
    if (!is_meant(one, stream)) continue;
    for (const wire::AuditConsumer& consumer : one.consumers) {
      for (const wire::AuditShard& shard : consumer.shards) {
        table.row({one.stream, function_name(consumer.function), shard.shard,
                   with_commas(shard.stored), with_commas(shard.succeeded),
                   with_commas(shard.filtered), with_commas(shard.delivered),
                   with_commas(shard.dropped), with_commas(shard.expired_unread),
                   with_commas(shard.skipped_by_start), with_commas(shard.discarded),
                   with_commas(shard.pending), with_commas(shard.unaccounted)});
      }
      table.rule();
    }
  }
  return table.empty() ? "No mapping reads a stream.\n" : table.text();
}

std::string streams_table(const wire::AuditReport& report, const std::string& stream) {
  Table table({"stream", "stored", "expired", "damaged", "unattributed", "unaccounted"});
  for (const wire::AuditStream& one : report.streams) {
    const bool is_plain = one.damaged == 0 && one.unattributed == 0 && one.unaccounted == 0;
    if (!is_meant(one, stream) || is_plain) continue;
    table.row({one.stream, with_commas(one.stored), with_commas(one.expired),
               with_commas(one.damaged), with_commas(one.unattributed),
               with_commas(one.unaccounted)});
  }
  return table.empty() ? "" : table.text();
}

std::string loss_table(const wire::AuditReport& report, const std::string& stream) {
  struct Loss {
    std::int64_t count = 0;
    std::int64_t first_ms = INT64_MAX;
    std::int64_t last_ms = 0;
  };
  std::map<std::tuple<std::string, std::string, std::string>, Loss> losses;
  for (const wire::AuditStream& one : report.streams) {
    if (!is_meant(one, stream)) continue;
    for (const wire::AuditLost& lost : one.probably_lost) {
      Loss& loss = losses[{one.stream, producer_name(lost.access_key, lost.agent), lost.shard}];
      ++loss.count;
      loss.first_ms = std::min(loss.first_ms, lost.refused_at_ms);
      loss.last_ms = std::max(loss.last_ms, lost.refused_at_ms);
    }
  }
  if (losses.empty()) return "No producer left a refused entry unsent.\n";
  Table table({"stream", "producer", "shard", "never sent again", "refused from", "to (UTC)"});
  for (const auto& [where, loss] : losses) {
    table.row({std::get<0>(where), std::get<1>(where), std::get<2>(where), with_commas(loss.count),
               utc(loss.first_ms), utc(loss.last_ms)});
  }
  return table.text();
}

}  // namespace penstock::cli
