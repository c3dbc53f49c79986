#pragma once

#include "api/kinesis/members.h"
#include "api/kinesis/structures.h"
#include "stream/consumer_types.h"

#include <string>
#include <string_view>

/// What the operations on consumers share.
namespace penstock::api::kinesis {

// arn:aws.*:kinesis:.*:\d{12}:.*stream/[a-zA-Z0-9_.-]+/consumer/[a-zA-Z0-9_.-]+:[0-9]+
bool is_consumer_arn(std::string_view text);

inline constexpr std::string_view kConsumerArnPattern =
    "^(arn):aws.*:kinesis:.*:\\d{12}:.*stream\\/[a-zA-Z0-9_.-]+\\/consumer\\/"
    "[a-zA-Z0-9_.-]+:[0-9]+";
inline constexpr shape::Rules kConsumerArn{shape::pattern(kConsumerArnPattern, &is_consumer_arn),
                                           shape::length(1, 2048)};
inline constexpr shape::Rules kRequiredConsumerArn{
    shape::required, shape::pattern(kConsumerArnPattern, &is_consumer_arn), shape::length(1, 2048)};
inline constexpr shape::Rules kConsumerName{shape::pattern("[a-zA-Z0-9_.-]+", &is_stream_name),
                                            shape::length(1, 128)};
inline constexpr shape::Rules kRequiredConsumerName{
    shape::required, shape::pattern("[a-zA-Z0-9_.-]+", &is_stream_name), shape::length(1, 128)};
inline constexpr std::array<std::string_view, 3> kConsumerStatuses{"CREATING", "DELETING",
                                                                   "ACTIVE"};

struct Consumer {
  std::string consumer_name;
  std::string consumer_arn;
  std::string consumer_status;
  shape::Timestamp consumer_creation_timestamp;
  static constexpr std::string_view kShapeName = "Consumer";
  static constexpr auto shape() {
    using Self = Consumer;
    return std::array{
        shape::member<&Self::consumer_name>("ConsumerName", kRequiredConsumerName),
        shape::member<&Self::consumer_arn>("ConsumerARN", kRequiredConsumerArn,
                                           "Another one when the name is registered again."),
        shape::member<&Self::consumer_status>("ConsumerStatus",
                                              {shape::required, shape::one_of(kConsumerStatuses)}),
        shape::member<&Self::consumer_creation_timestamp>("ConsumerCreationTimestamp",
                                                          {shape::required}),
    };
  }
};
Consumer wire(const stream::ConsumerView& consumer);

/// The consumer a request names. Views into `input`.
template <class Input>
stream::ConsumerTarget consumer_of(const Input& input) {
  return {view(input.consumer_arn), view(input.stream_arn), view(input.consumer_name)};
}

}  // namespace penstock::api::kinesis
