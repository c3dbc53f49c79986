#pragma once

#include "shape/shape.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

/// What `penstock audit` and /_penstock/audit say: the ledger's table, filled.
namespace penstock::ledger {

struct ProducerAudit {
  std::string access_key;
  std::string address;
  std::string agent;
  std::int64_t received = 0;
  std::int64_t stored = 0;
  std::int64_t throttled = 0;
  std::int64_t rejected = 0;
  std::int64_t failed = 0;
  std::int64_t interrupted = 0;
  std::int64_t recovered = 0;
  std::int64_t waiting = 0;
  std::int64_t probably_lost = 0;
  std::int64_t unknown = 0;
  std::int64_t unaccounted = 0;
  static constexpr auto shape() {
    using Self = ProducerAudit;
    return std::array{
        shape::member<&Self::access_key>("access_key"),
        shape::member<&Self::address>("address"),
        shape::member<&Self::agent>("agent"),
        shape::member<&Self::received>("received", {}, "Entries handed in, counted at the front."),
        shape::member<&Self::stored>("stored"),
        shape::member<&Self::throttled>("throttled", {},
                                        "Refusals; a retried entry may have several."),
        shape::member<&Self::rejected>("rejected", {}, "Refused with their whole call."),
        shape::member<&Self::failed>("failed"),
        shape::member<&Self::interrupted>("interrupted", {}, "In flight when the server died."),
        shape::member<&Self::recovered>("recovered", {}, "Refused, then stored."),
        shape::member<&Self::waiting>("waiting", {}, "Refused, and may still be sent again."),
        shape::member<&Self::probably_lost>("probably_lost", {},
                                            "Refused, and not sent again in time."),
        shape::member<&Self::unknown>("unknown", {}, "Refused, and not remembered one by one."),
        shape::member<&Self::unaccounted>("unaccounted"),
    };
  }
};

struct RangeAudit {
  std::string fate;
  std::string first;  ///< Engine positions, as text: they exceed what JSON numbers hold.
  std::string last;
  std::int64_t count = 0;
  std::int64_t at_ms = 0;
  static constexpr auto shape() {
    using Self = RangeAudit;
    return std::array{shape::member<&Self::fate>("fate"), shape::member<&Self::first>("first"),
                      shape::member<&Self::last>("last"), shape::member<&Self::count>("count"),
                      shape::member<&Self::at_ms>("at_ms")};
  }
};

struct DroppedAudit {
  std::int64_t retries = 0;
  std::int64_t age = 0;
  std::int64_t no_destination = 0;
  std::int64_t destination_failed = 0;
  std::int64_t too_large = 0;
  static constexpr auto shape() {
    using Self = DroppedAudit;
    return std::array{shape::member<&Self::retries>("retries"), shape::member<&Self::age>("age"),
                      shape::member<&Self::no_destination>("no_destination"),
                      shape::member<&Self::destination_failed>("destination_failed"),
                      shape::member<&Self::too_large>("too_large")};
  }
};

struct ShardAudit {
  std::string shard;
  std::int64_t stored = 0;
  std::int64_t succeeded = 0;
  std::int64_t filtered = 0;
  std::int64_t delivered = 0;
  std::int64_t dropped = 0;
  DroppedAudit dropped_by;
  std::int64_t expired_unread = 0;
  std::int64_t skipped_by_start = 0;
  std::int64_t discarded = 0;
  std::int64_t pending = 0;
  std::int64_t unaccounted = 0;
  std::vector<RangeAudit> ranges;
  static constexpr auto shape() {
    using Self = ShardAudit;
    return std::array{
        shape::member<&Self::shard>("shard"),
        shape::member<&Self::stored>("stored", {}, "The log's own count."),
        shape::member<&Self::succeeded>("succeeded"),
        shape::member<&Self::filtered>("filtered"),
        shape::member<&Self::delivered>("delivered"),
        shape::member<&Self::dropped>("dropped"),
        shape::member<&Self::dropped_by>("dropped_by"),
        shape::member<&Self::expired_unread>("expired_unread"),
        shape::member<&Self::skipped_by_start>("skipped_by_start"),
        shape::member<&Self::discarded>("discarded"),
        shape::member<&Self::pending>("pending"),
        shape::member<&Self::unaccounted>("unaccounted"),
        shape::member<&Self::ranges>("ranges"),
    };
  }
};

struct ConsumerAudit {
  std::string mapping;
  std::string function;
  std::vector<ShardAudit> shards;
  static constexpr auto shape() {
    using Self = ConsumerAudit;
    return std::array{shape::member<&Self::mapping>("mapping"),
                      shape::member<&Self::function>("function"),
                      shape::member<&Self::shards>("shards")};
  }
};

struct LostEntry {
  std::string access_key;
  std::string address;
  std::string agent;
  std::string shard;
  std::int64_t refused_at_ms = 0;
  std::string fingerprint;
  static constexpr auto shape() {
    using Self = LostEntry;
    return std::array{shape::member<&Self::access_key>("access_key"),
                      shape::member<&Self::address>("address"),
                      shape::member<&Self::agent>("agent"),
                      shape::member<&Self::shard>("shard"),
                      shape::member<&Self::refused_at_ms>("refused_at_ms"),
                      shape::member<&Self::fingerprint>("fingerprint")};
  }
};

struct StreamAudit {
  std::string account;
  std::string region;
  std::string stream;
  bool exists = false;
  std::int64_t stored = 0;
  std::int64_t expired = 0;
  std::int64_t damaged = 0;
  std::int64_t unattributed = 0;
  std::int64_t unaccounted = 0;
  std::vector<ProducerAudit> producers;
  std::vector<ConsumerAudit> consumers;
  std::vector<LostEntry> probably_lost;
  static constexpr auto shape() {
    using Self = StreamAudit;
    return std::array{
        shape::member<&Self::account>("account"),
        shape::member<&Self::region>("region"),
        shape::member<&Self::stream>("stream"),
        shape::member<&Self::exists>("exists"),
        shape::member<&Self::stored>("stored", {}, "The log's own count."),
        shape::member<&Self::expired>("expired", {}, "Of these, removed by retention."),
        shape::member<&Self::damaged>("damaged", {},
                                      "Stored, not expired, and unreadable: the disk lost them."),
        shape::member<&Self::unattributed>("unattributed", {},
                                           "Stored, by producers whose books a crash cut short."),
        shape::member<&Self::unaccounted>(
            "unaccounted", {}, "How far stored is from what producers stored and unattributed."),
        shape::member<&Self::producers>("producers"),
        shape::member<&Self::consumers>("consumers"),
        shape::member<&Self::probably_lost>("probably_lost", {},
                                            "The newest thousand, one by one."),
    };
  }
};

struct Verdict {
  std::int64_t stored = 0;
  std::int64_t pending = 0;
  std::int64_t dropped = 0;
  std::int64_t expired_unread = 0;
  std::int64_t damaged = 0;
  std::int64_t probably_lost = 0;
  std::int64_t unaccounted = 0;
  std::int64_t unknown = 0;
  std::int64_t lost = 0;
  static constexpr auto shape() {
    using Self = Verdict;
    return std::array{
        shape::member<&Self::stored>("stored"),
        shape::member<&Self::pending>("pending"),
        shape::member<&Self::dropped>("dropped"),
        shape::member<&Self::expired_unread>("expired_unread"),
        shape::member<&Self::damaged>("damaged", {}, "Pending ones among them are lost already."),
        shape::member<&Self::probably_lost>("probably_lost"),
        shape::member<&Self::unaccounted>("unaccounted"),
        shape::member<&Self::unknown>("unknown"),
        shape::member<&Self::lost>(
            "lost", {}, "dropped + expired unread + damaged + probably lost + unaccounted"),
    };
  }
};

struct AuditReport {
  std::int64_t at_ms = 0;
  std::vector<StreamAudit> streams;
  Verdict verdict;
  static constexpr auto shape() {
    using Self = AuditReport;
    return std::array{shape::member<&Self::at_ms>("at_ms", {}, "Service clock."),
                      shape::member<&Self::streams>("streams"),
                      shape::member<&Self::verdict>("verdict")};
  }
};

/// Adds up what the report's streams say. Pure.
Verdict verdict_of(const std::vector<StreamAudit>& streams);

}  // namespace penstock::ledger
