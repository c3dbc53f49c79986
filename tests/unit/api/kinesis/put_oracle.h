#pragma once

#include "api/kinesis/members.h"
#include "api/kinesis/put_body.h"
#include "shape/json.h"

#include <optional>
#include <string>
#include <vector>

namespace penstock::api::kinesis::test {

/// The tables of PutRecord and PutRecords once more, for the general walker to read: what the
/// hand-written readers are held against. The rules are those of members.h.
struct OracleEntry {
  std::optional<std::string> partition_key;
  std::optional<std::string> explicit_hash_key;
  std::optional<shape::Blob> data;
  static constexpr auto shape() {
    using Self = OracleEntry;
    return std::array{shape::member<&Self::partition_key>("PartitionKey", kPartitionKey),
                      shape::member<&Self::explicit_hash_key>("ExplicitHashKey", kHashKey),
                      shape::member<&Self::data>("Data", kData)};
  }
};

struct OraclePutRecords {
  std::optional<std::vector<OracleEntry>> records;
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;
  std::optional<bool> dry_run;
  static constexpr auto shape() {
    using Self = OraclePutRecords;
    return std::array{
        shape::member<&Self::records>(
            "Records", {shape::required, shape::length(1, std::int64_t{kPutRecordsEntriesMax})}),
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId),
        shape::member<&Self::dry_run>("DryRun")};
  }
};

struct OraclePutRecord {
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;
  std::optional<std::string> partition_key;
  std::optional<std::string> explicit_hash_key;
  std::optional<std::string> sequence_number_for_ordering;
  std::optional<shape::Blob> data;
  std::optional<bool> dry_run;
  static constexpr auto shape() {
    using Self = OraclePutRecord;
    return std::array{shape::member<&Self::stream_name>("StreamName", kStreamName),
                      shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
                      shape::member<&Self::stream_id>("StreamId", kStreamId),
                      shape::member<&Self::partition_key>("PartitionKey", kPartitionKey),
                      shape::member<&Self::explicit_hash_key>("ExplicitHashKey", kHashKey),
                      shape::member<&Self::sequence_number_for_ordering>(
                          "SequenceNumberForOrdering", kSequenceNumber),
                      shape::member<&Self::data>("Data", kData),
                      shape::member<&Self::dry_run>("DryRun")};
  }
};

/// What a reader made of a body, as owned text.
struct ReadBody {
  std::string stream_name;
  std::string stream_arn;
  std::string ordering;
  std::vector<std::array<std::string, 3>> entries;  ///< Key, data, explicit hash key.
  bool special = false;                             ///< StreamId or DryRun were given.
  bool operator==(const ReadBody&) const = default;
};

inline std::optional<ReadBody> owned(const std::optional<PutBody>& body) {
  if (!body) return std::nullopt;
  ReadBody out{.stream_name = std::string(body->stream_name),
               .stream_arn = std::string(body->stream_arn),
               .ordering = std::string(body->sequence_number_for_ordering)};
  for (const stream::PutEntry& entry : body->entries) {
    out.entries.push_back({std::string(entry.partition_key), std::string(entry.data),
                           std::string(entry.explicit_hash_key)});
  }
  return out;
}

inline std::array<std::string, 3> entry_of(const OracleEntry& in) {
  return {in.partition_key.value_or(""), in.data->bytes, in.explicit_hash_key.value_or("")};
}
inline ReadBody read_of(const OraclePutRecords& in) {
  ReadBody out{.stream_name = in.stream_name.value_or(""),
               .stream_arn = in.stream_arn.value_or(""),
               .special = in.stream_id.has_value() || in.dry_run.has_value()};
  for (const OracleEntry& entry : *in.records) out.entries.push_back(entry_of(entry));
  return out;
}
inline ReadBody read_of(const OraclePutRecord& in) {
  return {.stream_name = in.stream_name.value_or(""),
          .stream_arn = in.stream_arn.value_or(""),
          .ordering = in.sequence_number_for_ordering.value_or(""),
          .entries = {{in.partition_key.value_or(""), in.data->bytes,
                       in.explicit_hash_key.value_or("")}},
          .special = in.stream_id.has_value() || in.dry_run.has_value()};
}

/// The general way: nothing when the request would be refused.
template <class Input>
std::optional<ReadBody> read_generally(std::string_view body, bool cbor) {
  const Result<Input> input = cbor ? shape::from_cbor<Input>(body) : shape::from_json<Input>(body);
  if (!input.ok() || !shape::check(*input).ok()) return std::nullopt;
  return read_of(*input);
}

}  // namespace penstock::api::kinesis::test
