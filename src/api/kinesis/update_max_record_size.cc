#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"

namespace penstock::api::kinesis {
namespace {

struct UpdateMaxRecordSizeRequest {
  std::optional<std::int32_t> max_record_size_kib;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = UpdateMaxRecordSizeRequest;
    return std::array{
        shape::member<&Self::max_record_size_kib>("MaxRecordSizeInKiB",
                                                  {shape::required, shape::range(1024, 10240)},
                                                  "Data and key of one record."),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

constexpr std::string_view kErrors[] = {"ResourceInUseException", "ResourceNotFoundException",
                                        "LimitExceededException", "InvalidArgumentException",
                                        "ValidationException"};
constexpr shape::Operation<UpdateMaxRecordSizeRequest, shape::Empty> kUpdateMaxRecordSize{
    .name = "UpdateMaxRecordSize",
    .errors = kErrors,
    .doc = "Says how large a record may be, from 1 to 10 MiB."};

}  // namespace

shape::OperationInfo update_max_record_size_shape() {
  return shape::describe(kUpdateMaxRecordSize);
}

front::Operation update_max_record_size(Parts parts) {
  return bind(
      kUpdateMaxRecordSize, kStyle,
      [parts](const front::Request& request,
              UpdateMaxRecordSizeRequest input) -> Task<Result<shape::Empty>> {
        co_return nothing(co_await parts.streams.set_max_record(
            caller_of(request), {.arn = view(input.stream_arn)}, *input.max_record_size_kib));
      });
}

}  // namespace penstock::api::kinesis
