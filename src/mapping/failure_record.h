#pragma once

#include "base/time.h"
#include "stream/sequence_number.h"

#include <cstdint>
#include <optional>
#include <string>

namespace penstock::mapping {

/// What a failure destination is told about records that were given up.
struct FailureRecord {
  enum class Condition : std::uint8_t {
    kRetryAttemptsExhausted,
    kRecordAgeExceeded,
    kMaximumPayloadSizeExceeded
  };
  Condition condition = Condition::kRetryAttemptsExhausted;
  std::string request_id;  ///< Of the last invocation; a fresh UUID when there was none.
  std::string function_arn;
  std::int64_t invoke_count = 1;
  std::string executed_version = "$LATEST";
  /// kRetryAttemptsExhausted only: "Unhandled", or nothing (JSON null) after a partial failure.
  std::optional<std::string> function_error;
  ServiceTime at;
  std::string shard_id;
  std::string stream_arn;
  stream::SequenceNumber first, last;
  ServiceTime first_arrival, last_arrival;
  std::uint64_t batch_size = 0;
};

/// Compact JSON, members in the service's order; responseContext is absent unless attempts were
/// exhausted.
std::string failure_json(const FailureRecord& record);

/// 2019-11-14T00:38:06.021Z
std::string utc_text(ServiceTime at);

/// The same for the same range of the same mapping and shard, also after a crash.
std::string failure_id(std::string_view mapping, std::string_view shard_id,
                       const stream::SequenceNumber& first, const stream::SequenceNumber& last);

}  // namespace penstock::mapping
