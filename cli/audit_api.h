#pragma once

#include "base/result.h"
#include "cli/api_client.h"
#include "shape/shape.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace penstock::cli {
namespace wire {

// The parts of GET /_penstock/audit that the command line shows. The words are those of the ledger.

struct AuditProducer {
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
    using Self = AuditProducer;
    return std::array{
        shape::member<&Self::access_key>("access_key"),
        shape::member<&Self::address>("address"),
        shape::member<&Self::agent>("agent"),
        shape::member<&Self::received>("received"),
        shape::member<&Self::stored>("stored"),
        shape::member<&Self::throttled>("throttled"),
        shape::member<&Self::rejected>("rejected"),
        shape::member<&Self::failed>("failed"),
        shape::member<&Self::interrupted>("interrupted"),
        shape::member<&Self::recovered>("recovered"),
        shape::member<&Self::waiting>("waiting"),
        shape::member<&Self::probably_lost>("probably_lost"),
        shape::member<&Self::unknown>("unknown"),
        shape::member<&Self::unaccounted>("unaccounted"),
    };
  }
};

struct AuditShard {
  std::string shard;
  std::int64_t stored = 0;
  std::int64_t succeeded = 0;
  std::int64_t filtered = 0;
  std::int64_t delivered = 0;
  std::int64_t dropped = 0;
  std::int64_t expired_unread = 0;
  std::int64_t skipped_by_start = 0;
  std::int64_t discarded = 0;
  std::int64_t pending = 0;
  std::int64_t unaccounted = 0;
  static constexpr auto shape() {
    using Self = AuditShard;
    return std::array{
        shape::member<&Self::shard>("shard"),
        shape::member<&Self::stored>("stored"),
        shape::member<&Self::succeeded>("succeeded"),
        shape::member<&Self::filtered>("filtered"),
        shape::member<&Self::delivered>("delivered"),
        shape::member<&Self::dropped>("dropped"),
        shape::member<&Self::expired_unread>("expired_unread"),
        shape::member<&Self::skipped_by_start>("skipped_by_start"),
        shape::member<&Self::discarded>("discarded"),
        shape::member<&Self::pending>("pending"),
        shape::member<&Self::unaccounted>("unaccounted"),
    };
  }
};

struct AuditConsumer {
  std::string mapping;
  std::string function;
  std::vector<AuditShard> shards;
  static constexpr auto shape() {
    using Self = AuditConsumer;
    return std::array{shape::member<&Self::mapping>("mapping"),
                      shape::member<&Self::function>("function"),
                      shape::member<&Self::shards>("shards")};
  }
};

struct AuditLost {
  std::string access_key;
  std::string agent;
  std::string shard;
  std::int64_t refused_at_ms = 0;
  static constexpr auto shape() {
    using Self = AuditLost;
    return std::array{shape::member<&Self::access_key>("access_key"),
                      shape::member<&Self::agent>("agent"), shape::member<&Self::shard>("shard"),
                      shape::member<&Self::refused_at_ms>("refused_at_ms")};
  }
};

struct AuditStream {
  std::string account;
  std::string region;
  std::string stream;
  bool exists = false;
  std::int64_t stored = 0;
  std::int64_t expired = 0;
  std::int64_t damaged = 0;
  std::int64_t unattributed = 0;
  std::int64_t unaccounted = 0;
  std::vector<AuditProducer> producers;
  std::vector<AuditConsumer> consumers;
  std::vector<AuditLost> probably_lost;
  static constexpr auto shape() {
    using Self = AuditStream;
    return std::array{
        shape::member<&Self::account>("account"),
        shape::member<&Self::region>("region"),
        shape::member<&Self::stream>("stream"),
        shape::member<&Self::exists>("exists"),
        shape::member<&Self::stored>("stored"),
        shape::member<&Self::expired>("expired"),
        shape::member<&Self::damaged>("damaged"),
        shape::member<&Self::unattributed>("unattributed"),
        shape::member<&Self::unaccounted>("unaccounted"),
        shape::member<&Self::producers>("producers"),
        shape::member<&Self::consumers>("consumers"),
        shape::member<&Self::probably_lost>("probably_lost"),
    };
  }
};

struct AuditVerdict {
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
    using Self = AuditVerdict;
    return std::array{
        shape::member<&Self::stored>("stored"),
        shape::member<&Self::pending>("pending"),
        shape::member<&Self::dropped>("dropped"),
        shape::member<&Self::expired_unread>("expired_unread"),
        shape::member<&Self::damaged>("damaged"),
        shape::member<&Self::probably_lost>("probably_lost"),
        shape::member<&Self::unaccounted>("unaccounted"),
        shape::member<&Self::unknown>("unknown"),
        shape::member<&Self::lost>("lost"),
    };
  }
};

struct AuditReport {
  std::int64_t at_ms = 0;
  std::vector<AuditStream> streams;
  AuditVerdict verdict;
  static constexpr auto shape() {
    using Self = AuditReport;
    return std::array{shape::member<&Self::at_ms>("at_ms"),
                      shape::member<&Self::streams>("streams"),
                      shape::member<&Self::verdict>("verdict")};
  }
};

/// All producers of one stream together.
struct ProducerTotals {
  std::int64_t received = 0;
  std::int64_t stored = 0;
  std::int64_t throttled = 0;
  std::int64_t probably_lost = 0;
};

/// All consumers and shards of one stream together.
struct ConsumerTotals {
  std::int64_t stored = 0;
  std::int64_t succeeded = 0;
  std::int64_t delivered = 0;
  std::int64_t dropped = 0;
  std::int64_t expired_unread = 0;
  std::int64_t pending = 0;
  std::int64_t unaccounted = 0;
  std::int64_t lost() const { return dropped + expired_unread + unaccounted; }
};

}  // namespace wire

Result<std::string> fetch_audit_json(ApiClient& client);
Result<wire::AuditReport> fetch_audit(ApiClient& client);

wire::ProducerTotals producer_totals(const wire::AuditReport& report, const std::string& stream);
wire::ConsumerTotals consumer_totals(const wire::AuditReport& report, const std::string& stream);

/// Tables for people; an empty name: every stream.
std::string producers_table(const wire::AuditReport& report, const std::string& stream);
std::string consumers_table(const wire::AuditReport& report, const std::string& stream);
/// Streams whose log has something to say that is in neither of these; empty: none has.
std::string streams_table(const wire::AuditReport& report, const std::string& stream);
/// Who lost how much into which shard, and when it was refused.
std::string loss_table(const wire::AuditReport& report, const std::string& stream);

/// Moves the clock of a server that runs with --dev. `by`: "6m", "24h".
Status advance_service_clock(ApiClient& client, const std::string& by);

}  // namespace penstock::cli
