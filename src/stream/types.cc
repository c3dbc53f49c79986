#include "stream/types.h"

#include <algorithm>
#include <array>

namespace penstock::stream {
namespace {

constexpr std::string_view kArnStart = "arn:aws:kinesis:";

bool is_account(std::string_view text) {
  return text.size() == 12 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string_view to_text(StreamStatus status) {
  switch (status) {
    case StreamStatus::kCreating: return "CREATING";
    case StreamStatus::kActive: return "ACTIVE";
    case StreamStatus::kUpdating: return "UPDATING";
    case StreamStatus::kDeleting: return "DELETING";
  }
  return "ACTIVE";
}

std::string_view to_text(StreamMode mode) {
  return mode == StreamMode::kOnDemand ? "ON_DEMAND" : "PROVISIONED";
}

std::string_view to_text(IteratorType type) {
  switch (type) {
    case IteratorType::kTrimHorizon: return "TRIM_HORIZON";
    case IteratorType::kLatest: return "LATEST";
    case IteratorType::kAtSequenceNumber: return "AT_SEQUENCE_NUMBER";
    case IteratorType::kAfterSequenceNumber: return "AFTER_SEQUENCE_NUMBER";
    case IteratorType::kAtTimestamp: return "AT_TIMESTAMP";
  }
  return "LATEST";
}

void write_shard_id(std::uint32_t number, char* out) {
  constexpr std::string_view kZero = "shardId-000000000000";
  static_assert(kZero.size() == kShardIdBytes);
  kZero.copy(out, kZero.size());
  for (char* at = out + kShardIdBytes; number != 0; number /= 10) {
    *--at = static_cast<char>('0' + static_cast<int>(number % 10));
  }
}

std::string shard_id_text(std::uint32_t number) {
  std::string text(kShardIdBytes, '0');
  write_shard_id(number, text.data());
  return text;
}

std::string stream_arn(const Tenant& tenant, std::string_view name) {
  std::string arn(kArnStart);
  arn.append(tenant.region).append(":").append(tenant.account).append(":stream/").append(name);
  return arn;
}

std::optional<StreamName> parse_stream_arn(std::string_view arn) {
  // arn:<partition>:kinesis:<region>:<account>:stream/<name>
  std::array<std::string_view, 5> parts;
  for (std::string_view& part : parts) {
    const std::size_t colon = arn.find(':');
    if (colon == arn.npos) return std::nullopt;
    part = arn.substr(0, colon);
    arn.remove_prefix(colon + 1);
  }
  constexpr std::string_view kResource = "stream/";
  if (parts[0] != "arn" || !parts[1].starts_with("aws") || parts[2] != "kinesis") {
    return std::nullopt;
  }
  if (!is_account(parts[4]) || !arn.starts_with(kResource)) return std::nullopt;
  arn.remove_prefix(kResource.size());
  if (arn.empty() || arn.find('/') != arn.npos) return std::nullopt;
  return StreamName{{std::string(parts[4]), std::string(parts[3])}, std::string(arn)};
}

}  // namespace penstock::stream
