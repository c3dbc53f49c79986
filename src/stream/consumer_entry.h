#pragma once

#include "base/result.h"
#include "stream/consumer_types.h"

#include <string>
#include <string_view>

namespace penstock::stream {

/// A consumer as it is stored: one document, "stream-consumer/<account>/<region>/<stream>/<name>".
struct ConsumerEntry {
  ConsumerName id;
  LogId log;  ///< Of its stream's incarnation.
  ConsumerStatus status = ConsumerStatus::kCreating;
  ServiceTime due{};  ///< When CREATING or DELETING is over.
  Tags tags;
  std::string policy;

  bool in_transition() const { return status != ConsumerStatus::kActive; }
  bool operator==(const ConsumerEntry&) const = default;
};

inline constexpr std::string_view kConsumerPrefix = "stream-consumer/";
std::string consumer_key(const StreamName& stream, std::string_view name);
std::string encode(const ConsumerEntry& entry);
/// fails     Errc::kCorrupt
Result<ConsumerEntry> decode_consumer(std::string_view key, std::string_view document);

}  // namespace penstock::stream
