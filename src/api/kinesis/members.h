#pragma once

#include "shape/shape.h"
#include "stream/types.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>

/// The scalars of the Kinesis model: their rules, with the patterns as the service prints them.
namespace penstock::api::kinesis {

bool is_stream_name(std::string_view text);      // [a-zA-Z0-9_.-]+
bool is_stream_arn(std::string_view text);       // arn:aws.*:kinesis:.*:\d{12}:stream/\S+
bool is_queue_arn(std::string_view text);        // ...:queue/\S+
bool is_channel_arn(std::string_view text);      // ...:channel/\S+
bool is_resource_arn(std::string_view text);     // ...:\d{12}:.*(stream|channel|queue)/\S+
bool is_stream_id(std::string_view text);        // [a-z0-9]{20}-[a-z0-9]{3}
bool is_hash_key(std::string_view text);         // 0|([1-9]\d{0,38})
bool is_sequence_number(std::string_view text);  // 0|([1-9]\d{0,128})

// `Value null` cannot be seen in these: whether name or ARN is there, is for the service to say.
inline constexpr shape::Rules kStreamName{shape::pattern("[a-zA-Z0-9_.-]+", &is_stream_name),
                                          shape::length(1, 128)};
inline constexpr shape::Rules kRequiredStreamName{
    shape::required, shape::pattern("[a-zA-Z0-9_.-]+", &is_stream_name), shape::length(1, 128)};
inline constexpr shape::Rules kStreamArn{
    shape::pattern("arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+", &is_stream_arn),
    shape::length(1, 2048)};
inline constexpr shape::Rules kRequiredStreamArn{
    shape::required, shape::pattern("arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+", &is_stream_arn),
    shape::length(1, 2048)};
inline constexpr shape::Rules kRequiredQueueArn{
    shape::required, shape::pattern("arn:aws.*:kinesis:.*:\\d{12}:queue/\\S+", &is_queue_arn),
    shape::length(1, 2048)};
inline constexpr shape::Rules kRequiredChannelArn{
    shape::required, shape::pattern("arn:aws.*:kinesis:.*:\\d{12}:channel/\\S+", &is_channel_arn),
    shape::length(1, 2048)};
inline constexpr shape::Rules kStreamId{shape::pattern("[a-z0-9]{20}-[a-z0-9]{3}", &is_stream_id),
                                        shape::length(1, 24)};
inline constexpr shape::Rules kShardId{shape::pattern("[a-zA-Z0-9_.-]+", &is_stream_name),
                                       shape::length(1, 128)};
inline constexpr shape::Rules kRequiredShardId{
    shape::required, shape::pattern("[a-zA-Z0-9_.-]+", &is_stream_name), shape::length(1, 128)};
inline constexpr shape::Rules kHashKey{shape::pattern("0|([1-9]\\d{0,38})", &is_hash_key)};
inline constexpr shape::Rules kRequiredHashKey{shape::required,
                                               shape::pattern("0|([1-9]\\d{0,38})", &is_hash_key)};
inline constexpr shape::Rules kSequenceNumber{
    shape::pattern("0|([1-9]\\d{0,128})", &is_sequence_number)};
inline constexpr shape::Rules kTags{shape::length(1, 200), shape::key_length(1, 128),
                                    shape::value_length(0, 256)};
inline constexpr shape::Rules kRequiredTags{shape::required, shape::length(1, 200),
                                            shape::key_length(1, 128), shape::value_length(0, 256)};
inline constexpr shape::Rules kRequiredTagKeys{shape::required, shape::length(1, 50),
                                               shape::element_length(1, 128)};
inline constexpr shape::Rules kRequiredResourceArn{
    shape::required,
    shape::pattern("arn:aws.*:kinesis:.*:\\d{12}:.*(stream|channel|queue)/\\S+", &is_resource_arn),
    shape::length(1, 2048)};
/// Printed neither on refusal nor in logs; the stream's own limit is usually smaller.
inline constexpr std::int64_t kDataBytesMax = 10'485'760;
inline constexpr shape::Rules kData{shape::required, shape::sensitive,
                                    shape::length(0, kDataBytesMax)};
inline constexpr std::size_t kPartitionKeyCharactersMax = 256;
/// Whether a key may be absent depends on the stream.
inline constexpr shape::Rules kPartitionKey{shape::length(1, 256)};
inline constexpr std::size_t kPutRecordsEntriesMax = 500;

// In the order in which the service prints the set.
inline constexpr std::array<std::string_view, 5> kIteratorTypes{
    "AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON"};
stream::IteratorType iterator_type_of(std::string_view text);  ///< One of them.
inline constexpr std::array<std::string_view, 2> kStreamModes{"PROVISIONED", "ON_DEMAND"};
inline constexpr std::array<std::string_view, 6> kShardFilterTypes{
    "AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON",
    "AT_LATEST",      "AT_TIMESTAMP",    "FROM_TIMESTAMP"};
inline constexpr std::array<std::string_view, 2> kDistributionStrategies{"AUTO",
                                                                         "USER_PARTITION_KEY"};
inline constexpr std::array<std::string_view, 2> kEncryptionTypes{"NONE", "KMS"};
inline constexpr std::array<std::string_view, 8> kMetricNames{"IncomingBytes",
                                                              "IncomingRecords",
                                                              "OutgoingBytes",
                                                              "OutgoingRecords",
                                                              "WriteProvisionedThroughputExceeded",
                                                              "ReadProvisionedThroughputExceeded",
                                                              "IteratorAgeMilliseconds",
                                                              "ALL"};
inline constexpr std::string_view kEncryptedType = "KMS";  ///< Of records and replies.

inline std::string_view view(const std::optional<std::string>& text) {
  return text ? std::string_view(*text) : std::string_view{};
}
inline std::optional<std::string_view> optional_view(const std::optional<std::string>& text) {
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

/// The stream a request names. Views into `input`.
template <class Input>
stream::StreamTarget target_of(const Input& input) {
  return {view(input.stream_name), view(input.stream_arn)};
}

}  // namespace penstock::api::kinesis
