#pragma once

#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "stream/errors.h"

namespace penstock::api::kinesis {

/// Starting and stopping take the same members.
struct EncryptionRequest {
  std::optional<std::string> encryption_type;
  std::optional<std::string> key_id;
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = EncryptionRequest;
    return std::array{
        shape::member<&Self::encryption_type>("EncryptionType",
                                              {shape::required, shape::one_of(kEncryptionTypes)},
                                              "KMS and no other."),
        shape::member<&Self::key_id>("KeyId", {shape::required, shape::length(1, 2048)},
                                     "Id, `alias/name`, or the ARN of either."),
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

inline constexpr std::string_view kEncryptionErrors[] = {
    "InvalidArgumentException", "LimitExceededException", "ResourceInUseException",
    "ResourceNotFoundException"};

inline front::Operation bind_encryption(
    Parts parts, const shape::Operation<EncryptionRequest, shape::Empty>& operation,
    stream::Switch to) {
  return bind(operation, kStyle,
              [parts, to](const front::Request& request,
                          EncryptionRequest input) -> Task<Result<shape::Empty>> {
                if (view(input.encryption_type) != kEncryptedType) {
                  co_return Error{stream::StreamErrc::kInvalidArgument,
                                  "EncryptionType must be KMS."};
                }
                co_return nothing(co_await parts.streams.set_encryption(
                    caller_of(request), target_of(input), view(input.key_id), to));
              });
}

}  // namespace penstock::api::kinesis
