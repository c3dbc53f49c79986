#include "sim/checks.h"

#include "env/fault_points.h"
#include "ledger/books.h"
#include "shape/document.h"
#include "shape/json.h"

#include <algorithm>
#include <optional>

namespace penstock::sim {
namespace {

using ledger::Fate;

constexpr std::int64_t kRetentionMs = 24 * 3'600'000;
constexpr std::int64_t kNumbersAheadMs = 10'000;

/// One failure record out of the queue.
struct Failure {
  std::string function;
  std::uint32_t shard = 0;
  std::uint64_t first = 0, last = 0, count = 0;
  bool covers(const Place& place) const {
    return place.shard == shard && first <= place.index && place.index <= last;
  }
};

std::optional<Failure> read_failure(const std::string& body) {
  const auto document = shape::parse_json(body);
  if (!document.ok() || !document->is(shape::Document::Kind::kObject)) return std::nullopt;
  const shape::Document* request = document->find("requestContext");
  const shape::Document* info = document->find("KinesisBatchInfo");
  if (request == nullptr || info == nullptr) return std::nullopt;
  const auto first = stream::SequenceNumber::parse(info->string_at("startSequenceNumber"));
  const auto last = stream::SequenceNumber::parse(info->string_at("endSequenceNumber"));
  const shape::Document* size = info->find("batchSize");
  if (!first || !last || size == nullptr || first->shard != last->shard) return std::nullopt;
  return Failure{std::string(request->string_at("functionArn")), first->shard, first->index,
                 last->index, static_cast<std::uint64_t>(size->integer)};
}

class ConsumerCheck {
 public:
  ConsumerCheck(System& system, const Plan& plan, const Facts& facts, const Consumer& consumer,
                const std::vector<Failure>& failures, Outcome& outcome)
      : system_(system),
        plan_(plan),
        facts_(facts),
        consumer_(consumer),
        configuration_(consumer.plan.configuration),
        failures_(failures),
        outcome_(outcome),
        seen_(system.witness.functions[consumer.function].records) {}

  bool is_listed(ShardRef shard) {
    const auto listed = system_.streams().shards(shard.log);
    return listed.ok() && std::any_of(listed->begin(), listed->end(),
                                      [&](const auto& one) { return one.ref == shard; });
  }

  void shards(const ledger::ConsumerView& view) {
    std::map<std::uint32_t, const ledger::ConsumerShardView*> rows;
    for (const ledger::ConsumerShardView& row : view.shards) rows[row.shard] = &row;
    for (const ShardRef& shard : system_.engine().log().shards()) {
      if (shard.log != view.log) continue;
      const auto bounds = system_.engine().log().bounds(shard);
      if (!bounds.ok()) {
        complain("the log does not know shard " + std::to_string(shard.shard));
      } else if (!rows.contains(shard.shard)) {
        if (bounds->appended_records == 0 && !is_listed(shard))
          continue;  // Open for a moment only.
        complain("shard " + std::to_string(shard.shard) + " is in no book");
      } else {
        one_shard(*rows[shard.shard], *bounds);
      }
    }
    std::uint64_t delivered = 0;
    for (const ledger::ConsumerShardView& row : view.shards) delivered += row.book.delivered;
    deliveries(delivered);
  }

 private:
  struct Settled {
    Fate fate;
    std::int64_t at_ms = 0;
  };

  void complain(const std::string& what) {
    if (outcome_.complaints.size() < 20)
      outcome_.complaints.push_back(consumer_.function + ": " + what);
  }
  void complain(const Place& place, const std::string& what) {
    complain("shard " + std::to_string(place.shard) + " position " + std::to_string(place.index) +
             " " + what);
  }

  void one_shard(const ledger::ConsumerShardView& row, const engine::Bounds& bounds) {
    const std::string name = "shard " + std::to_string(row.shard);
    const ledger::Balance law = ledger::balance(row.book, bounds.appended_records, row.pending);
    if (law.unaccounted != 0 || row.pending != 0 || row.stored != bounds.appended_records) {
      complain(name + ": stored " + std::to_string(bounds.appended_records) + ", settled " +
               std::to_string(law.settled) + ", pending " + std::to_string(row.pending));
    }
    if (bounds.next.index != bounds.appended_records + 1)
      complain(name + ": its positions have gaps");
    if (row.book.ranges_forgotten() != 0) return complain(name + ": ranges were forgotten");
    std::map<std::uint64_t, Settled> fates;
    for (const ledger::FateRange& range : row.book.ranges()) {
      if (range.count != range.last - range.first + 1)
        complain(name + ": a range of " + std::to_string(range.count) + " has gaps");
      for (std::uint64_t index = range.first; index <= range.last; ++index) {
        if (!fates.try_emplace(index, Settled{range.fate, range.at_ms}).second)
          complain({row.shard, index}, "is settled twice in the book");
      }
    }
    if (fates.size() + row.book.succeeded != bounds.appended_records)
      complain(name + ": its ranges and successes do not add up");
    for (std::uint64_t index = 1; index <= bounds.appended_records; ++index) {
      const auto found = fates.find(index);
      const Place place{row.shard, index};
      if (found == fates.end()) {
        succeeded(place);
      } else {
        settled(place, found->second);
      }
      attempts(place);
    }
  }

  const Seen& seen(const Place& place) const {
    static const Seen nothing;
    const auto found = seen_.find(place);
    return found == seen_.end() ? nothing : found->second;
  }
  const Witness::Stored* stored(const Place& place) const {
    const auto found = system_.witness.stored.find(place);
    return found == system_.witness.stored.end() ? nullptr : &found->second;
  }

  void succeeded(const Place& place) {
    ++outcome_.seen["succeeded"];
    if (seen(place).succeeded == 0) complain(place, "counts as succeeded and was never");
    const Witness::Stored* record = stored(place);
    if (record == nullptr || !consumer_.keeps_filters) return;
    if (!configuration_.filters.empty() && !record->record.keep)
      complain(place, "succeeded and should have been filtered");
  }

  void settled(const Place& place, const Settled& how) {
    const std::string fate(ledger::fate_name(how.fate));
    ++outcome_.seen[fate];
    const Seen& saw = seen(place);
    const Witness::Stored* record = stored(place);
    std::optional<std::int64_t> arrived;  // Or a little earlier.
    if (record != nullptr) {
      // The second in its number; that of a child shard is ahead of the clock after quick splits.
      const bool is_child = place.shard >= static_cast<std::uint64_t>(plan_.shards);
      arrived = record->time_s * 1'000 - (is_child ? kNumbersAheadMs : 0);
    }
    if (saw.succeeded > 0 && !facts_.was_restarted)
      complain(place, "is " + fate + " and had succeeded");
    const bool has_destination = !configuration_.destination_arn.empty();
    switch (how.fate) {
      case Fate::kFiltered:
        if (!consumer_.keeps_filters) break;
        if (configuration_.filters.empty() || (record != nullptr && record->record.keep))
          complain(place, "is filtered and passes the filters");
        if (saw.invoked > 0) complain(place, "is filtered and was invoked");
        break;
      case Fate::kDelivered:
        if (!has_destination) complain(place, "is delivered to nowhere");
        covered(place);
        given_up(place, how, arrived);
        break;
      case Fate::kDroppedRetries:
      case Fate::kDroppedAge:
      case Fate::kDroppedTooLarge:
        if (has_destination) complain(place, "is " + fate + " although there is a destination");
        given_up(place, how, arrived);
        break;
      case Fate::kDroppedNoDestination:
        if (!facts_.queue_was_removed) complain(place, "is " + fate + " and the queue was there");
        given_up(place, how, arrived);
        break;
      case Fate::kDroppedDestinationFailed:
        // By the plan, or by the fault point of the same name.
        if (plan_.destination_fails == 0 && plan_.engine_faults == 0)
          complain(place, "is " + fate + " and nothing failed");
        given_up(place, how, arrived);
        break;
      case Fate::kExpiredUnread:
        if (arrived && how.at_ms <= *arrived + kRetentionMs)
          complain(place, "is expired before retention had passed");
        break;
      case Fate::kSkippedByStart: {
        const bool trims = consumer_.plan.starting_position == "TRIM_HORIZON";
        if (trims || (arrived && *arrived > unix_millis(consumer_.started_at)))
          complain(place, "is skipped and lies behind the start");
        break;
      }
      case Fate::kDiscarded: complain(place, "is discarded"); break;
    }
  }

  /// By retries, by age, or by size: one of them must be so.
  void given_up(const Place& place, const Settled& how, std::optional<std::int64_t> arrived) {
    const Seen& saw = seen(place);
    const bool may_age = configuration_.max_age_s >= 0;
    const bool is_old =
        may_age && arrived && how.at_ms - *arrived > configuration_.max_age_s * 1'000;
    if (!may_age && configuration_.max_retries < 0) complain(place, "is given up without limits");
    if (how.fate == Fate::kDroppedAge && arrived && !is_old)
      complain(place, "is dropped by age and is young");
    if (how.fate == Fate::kDroppedRetries && saw.failed == 0 && facts_.deaths == 0)
      complain(place, "is dropped by retries and never failed");
    if (!is_old && saw.invoked == 0 && arrived)
      complain(place, "is given up and was never invoked");
    const bool isolates =
        configuration_.bisect && !may_age &&
        configuration_.max_retries >=
            static_cast<std::int64_t>(consumer_.plan.function.flaky_max + facts_.deaths);
    if (isolates && !saw.is_poison)
      complain(place, "is no poison and is lost with one, although batches are bisected");
    if (isolates) ++outcome_.seen["isolated"];
  }

  void covered(const Place& place) {
    if (facts_.queue_was_removed) return;
    const bool is_covered =
        std::any_of(failures_.begin(), failures_.end(), [&](const Failure& one) {
          return one.function == consumer_.function && one.covers(place);
        });
    if (!is_covered) complain(place, "is delivered and in no failure record of the queue");
  }

  /// A poisoned record fails as often as it is invoked, so that its attempts can be counted.
  void attempts(const Place& place) {
    const Seen& saw = seen(place);
    if (!saw.is_poison || configuration_.max_retries < 0 || configuration_.bisect ||
        configuration_.report_item_failures || !consumer_.keeps_attempts)
      return;
    const auto allowed =
        static_cast<std::uint64_t>(configuration_.max_retries) + 1 + (facts_.deaths > 0 ? 1 : 0);
    if (saw.invoked > allowed) {
      complain(place, "was invoked " + std::to_string(saw.invoked) + " times with " +
                          std::to_string(configuration_.max_retries) + " retries and " +
                          std::to_string(facts_.deaths) + " deaths: attempts were forgotten");
    }
    ++outcome_.seen["attempts counted"];
  }

  /// No failure record twice; together they are what the books call delivered.
  void deliveries(std::uint64_t booked) {
    std::map<std::pair<std::uint32_t, std::uint64_t>, std::uint64_t> ranges;
    std::uint64_t records = 0;
    for (const Failure& one : failures_) {
      if (one.function != consumer_.function) continue;
      records += one.count;
      const bool is_new = ranges.try_emplace({one.shard, one.first}, one.last).second;
      if (!is_new && ranges[{one.shard, one.first}] == one.last && !facts_.queue_was_removed)
        complain({one.shard, one.first}, "begins a failure record that was delivered twice");
    }
    if (facts_.deaths > 0 || facts_.queue_was_removed) return;
    if (records != booked) {
      complain("failure records of " + std::to_string(records) + " records, and the books say " +
               std::to_string(booked));
    }
  }

  System& system_;
  const Plan& plan_;
  const Facts& facts_;
  const Consumer& consumer_;
  const mapping::Configuration& configuration_;
  const std::vector<Failure>& failures_;
  Outcome& outcome_;
  const std::map<Place, Seen>& seen_;
};

/// What producers were told lies in the log, and nothing else but what they do not know of.
void check_stored(System& system, LogId log, Outcome& outcome) {
  std::map<std::uint32_t, std::uint64_t> acknowledged;
  for (const auto& [place, stored] : system.witness.stored) {
    ++acknowledged[place.shard];
    const auto bounds = system.engine().log().bounds({log, place.shard});
    if (!bounds.ok() || place.index >= bounds->next.index) {
      outcome.complaints.push_back("acknowledged and not in the log: shard " +
                                   std::to_string(place.shard) + " position " +
                                   std::to_string(place.index));
      return;
    }
  }
  std::uint64_t unknown = 0;
  for (const auto& [own, producer] : system.witness.producers) unknown += producer.unknown;
  std::uint64_t extra = 0;
  for (const ShardRef& shard : system.engine().log().shards()) {
    if (shard.log != log) continue;
    const auto bounds = system.engine().log().bounds(shard);
    if (bounds.ok()) extra += bounds->appended_records - acknowledged[shard.shard];
  }
  if (extra > unknown) {
    outcome.complaints.push_back(std::to_string(extra) +
                                 " records are stored that nobody was told of, and " +
                                 std::to_string(unknown) + " have an unknown outcome");
  }
}

void check_audit(System& system, const Plan& plan, const Facts& facts, Outcome& outcome) {
  const ledger::AuditReport report = system.audit();
  const auto complain = [&](const std::string& what) {
    outcome.complaints.push_back("audit: " + what + " in " + shape::to_json(report.verdict));
  };
  if (report.verdict.unaccounted != 0) complain("unaccounted records");
  if (report.verdict.pending != 0) complain("pending records");
  for (const ledger::StreamAudit& stream : report.streams) {
    if (stream.stream != System::kStream) continue;
    std::int64_t booked = stream.unattributed, failed = 0;
    for (const ledger::ProducerAudit& row : stream.producers) {
      booked += row.stored;
      failed += row.failed;
    }
    if (stream.stored < booked || stream.stored > booked + failed) {
      complain(std::to_string(stream.stored) + " stored, and books with unattributed ones say " +
               std::to_string(booked));
    }
    if (facts.deaths == 0 && stream.unattributed != 0) complain("unattributed without a crash");
    outcome.seen["unattributed"] += static_cast<std::uint64_t>(stream.unattributed);
    for (const ledger::ProducerAudit& row : stream.producers) {
      const auto own =
          row.access_key.starts_with("producer-") ? std::stoul(row.access_key.substr(9)) : ~0ul;
      const Witness::Producer& told = system.witness.producers[own];
      const auto is = [](std::int64_t a, std::uint64_t b) {
        return a == static_cast<std::int64_t>(b);
      };
      if (facts.deaths > 0 || facts.disk_was_bad) {
        if (row.received > static_cast<std::int64_t>(told.handed_in))
          complain(row.access_key + " handed in less than was received");
        continue;
      }
      if (!is(row.received, told.handed_in) || !is(row.stored, told.stored) ||
          !is(row.throttled, told.throttled) || row.rejected != 0 || row.failed != 0)
        complain(row.access_key + " was told something else");
      const std::int64_t never_again = row.probably_lost + row.waiting + row.unknown;
      const bool may_be_late = plan.jump > 0 || plan.long_jump > 0;
      if (may_be_late ? never_again < static_cast<std::int64_t>(told.given_up)
                      : !is(never_again, told.given_up))
        complain(row.access_key + " gave up " + std::to_string(told.given_up) + " entries");
      outcome.seen["probably lost"] += static_cast<std::uint64_t>(row.probably_lost);
      outcome.seen["throttled"] += told.throttled;
    }
  }
}

}  // namespace

void check_parents(System& system, const std::string& function, std::uint32_t shard) {
  const auto stream = system.streams().resolve(System::stream_arn());
  if (!stream) return;
  const auto shards = system.streams().shards(stream->log);
  if (!shards.ok()) return;
  const auto found = std::find_if(shards->begin(), shards->end(),
                                  [&](const auto& one) { return one.ref.shard == shard; });
  if (found == shards->end() || found->parents.empty()) return;
  for (const ledger::ConsumerView& view : system.mappings().consumers()) {
    if (view.function != function) continue;
    for (const ledger::ConsumerShardView& row : view.shards) {
      const bool is_parent =
          std::count(found->parents.begin(), found->parents.end(), row.shard) > 0;
      if (is_parent && row.pending != 0) {
        system.witness.complain(function + ": shard " + std::to_string(shard) +
                                " is invoked while its parent " + std::to_string(row.shard) +
                                " has " + std::to_string(row.pending) + " pending");
      }
    }
  }
}

void check_everything(System& system, const Plan& plan, const Facts& facts, Outcome& outcome) {
  std::vector<Failure> failures;
  for (const auto& [id, body] : facts.failures) {
    const auto failure = read_failure(body);
    if (failure) {
      failures.push_back(*failure);
    } else {
      outcome.complaints.push_back("no failure record: " + body);
    }
  }
  const auto stream = system.streams().resolve(System::stream_arn());
  if (!stream) return outcome.complaints.push_back("the stream is gone");
  check_stored(system, stream->log, outcome);
  for (const Consumer& consumer : facts.consumers) {
    bool is_found = false;
    for (const ledger::ConsumerView& view : system.mappings().consumers()) {
      if (view.id != consumer.uuid) continue;
      is_found = true;
      ConsumerCheck(system, plan, facts, consumer, failures, outcome).shards(view);
    }
    if (!is_found) outcome.complaints.push_back("a mapping is gone: " + consumer.uuid);
  }
  check_audit(system, plan, facts, outcome);
  for (const auto& [own, producer] : system.witness.producers)
    outcome.seen["records"] += producer.stored;
  outcome.seen["failure records"] += failures.size();
  outcome.seen["throttled invocations"] += system.functions.throttled();
  outcome.seen["partial failures"] += system.functions.partial();
  for (const env::FaultPoint point : env::all_fault_points()) {
    outcome.seen["fault point " + std::string(env::fault_point_name(point))] +=
        system.world.faults().hits(point);
  }
}

}  // namespace penstock::sim
