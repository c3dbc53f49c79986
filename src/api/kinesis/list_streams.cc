#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/structures.h"

namespace penstock::api::kinesis {
namespace {

struct ListStreamsRequest {
  std::optional<std::int32_t> limit;
  std::optional<std::string> exclusive_start_stream_name;
  std::optional<std::string> next_token;

  static constexpr auto shape() {
    using Self = ListStreamsRequest;
    return std::array{
        shape::member<&Self::limit>("Limit", {shape::range(1, 10'000)},
                                    "Streams in the reply; default and most 100."),
        shape::member<&Self::exclusive_start_stream_name>("ExclusiveStartStreamName", kStreamName,
                                                          "Greater names only; it need not exist."),
        shape::member<&Self::next_token>("NextToken", {shape::length(1, 1'048'576)},
                                         "From the page before."),
    };
  }
};

struct StreamSummary {
  std::string stream_name;
  std::string stream_arn;
  std::string stream_status;
  StreamModeDetails stream_mode_details;
  shape::Timestamp stream_creation_timestamp;
  static constexpr std::string_view kShapeName = "StreamSummary";
  static constexpr auto shape() {
    using Self = StreamSummary;
    return std::array{
        shape::member<&Self::stream_name>("StreamName", kRequiredStreamName),
        shape::member<&Self::stream_arn>("StreamARN", {shape::required}),
        shape::member<&Self::stream_status>("StreamStatus", {shape::required}),
        shape::member<&Self::stream_mode_details>("StreamModeDetails"),
        shape::member<&Self::stream_creation_timestamp>("StreamCreationTimestamp"),
    };
  }
};

struct ListStreamsReply {
  std::vector<std::string> stream_names;
  bool has_more_streams = false;
  std::optional<std::string> next_token;
  std::vector<StreamSummary> stream_summaries;
  static constexpr auto shape() {
    using Self = ListStreamsReply;
    return std::array{
        shape::member<&Self::stream_names>("StreamNames", {shape::required}, "In their order."),
        shape::member<&Self::has_more_streams>("HasMoreStreams", {shape::required}),
        shape::member<&Self::next_token>("NextToken", {shape::length(1, 1'048'576)},
                                         "Only when there are more."),
        shape::member<&Self::stream_summaries>("StreamSummaries"),
    };
  }
};

constexpr std::string_view kErrors[] = {"LimitExceededException", "ExpiredNextTokenException",
                                        "InvalidArgumentException"};
constexpr shape::Operation<ListStreamsRequest, ListStreamsReply> kListStreams{
    .name = "ListStreams",
    .errors = kErrors,
    .doc = "The streams of the account and region, whatever their status."};

}  // namespace

shape::OperationInfo list_streams_shape() { return shape::describe(kListStreams); }

front::Operation list_streams(Parts parts) {
  return bind(
      kListStreams, kStyle,
      [parts](const front::Request& request, ListStreamsRequest input) -> Result<ListStreamsReply> {
        TRY(const stream::StreamPage page,
            parts.streams.list(caller_of(request),
                               {.limit = input.limit,
                                .exclusive_start_name = view(input.exclusive_start_stream_name),
                                .next_token = view(input.next_token)}));
        ListStreamsReply reply{.has_more_streams = page.has_more};
        if (page.has_more) reply.next_token = page.next_token;
        for (const stream::StreamSummary& found : page.streams) {
          reply.stream_names.push_back(found.name.name);
          reply.stream_summaries.push_back({.stream_name = found.name.name,
                                            .stream_arn = found.arn,
                                            .stream_status = std::string(to_text(found.status)),
                                            .stream_mode_details = wire(found.mode),
                                            .stream_creation_timestamp = wire(found.created)});
        }
        return reply;
      });
}

}  // namespace penstock::api::kinesis
