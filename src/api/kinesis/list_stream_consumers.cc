#include "api/kinesis/consumers.h"
#include "api/kinesis/operations.h"

namespace penstock::api::kinesis {
namespace {

struct ListStreamConsumersRequest {
  std::optional<std::string> stream_arn;
  std::optional<std::string> next_token;
  std::optional<std::int32_t> max_results;
  std::optional<shape::Timestamp> stream_creation_timestamp;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = ListStreamConsumersRequest;
    return std::array{
        shape::member<&Self::stream_arn>("StreamARN", kRequiredStreamArn, "Also with NextToken."),
        shape::member<&Self::next_token>("NextToken", {shape::length(1, 1'048'576)},
                                         "From the page before."),
        shape::member<&Self::max_results>("MaxResults", {shape::range(1, 10'000)},
                                          "Default and most 100."),
        shape::member<&Self::stream_creation_timestamp>(
            "StreamCreationTimestamp", {},
            "Which stream of this name, when it was made again; not with NextToken."),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

struct ListStreamConsumersReply {
  std::vector<Consumer> consumers;
  std::optional<std::string> next_token;
  static constexpr auto shape() {
    using Self = ListStreamConsumersReply;
    return std::array{
        shape::member<&Self::consumers>("Consumers", {}, "In the order of names."),
        shape::member<&Self::next_token>("NextToken", {shape::length(1, 1'048'576)},
                                         "Good for 300 s."),
    };
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException", "InvalidArgumentException",
                                        "LimitExceededException", "ExpiredNextTokenException",
                                        "ResourceInUseException"};
constexpr shape::Operation<ListStreamConsumersRequest, ListStreamConsumersReply>
    kListStreamConsumers{.name = "ListStreamConsumers",
                         .errors = kErrors,
                         .doc = "A page of the consumers of a stream, in any state."};

}  // namespace

shape::OperationInfo list_stream_consumers_shape() { return shape::describe(kListStreamConsumers); }

front::Operation list_stream_consumers(Parts parts) {
  return bind(kListStreamConsumers, kStyle,
              [parts](const front::Request& request,
                      ListStreamConsumersRequest input) -> Result<ListStreamConsumersReply> {
                stream::ListConsumers list{.stream_arn = view(input.stream_arn),
                                           .next_token = view(input.next_token),
                                           .max_results = input.max_results};
                if (input.stream_creation_timestamp) {
                  list.stream_creation = service_time(input.stream_creation_timestamp->millis);
                }
                TRY(stream::ConsumerPage page,
                    parts.streams.list_consumers(caller_of(request), std::move(list)));
                ListStreamConsumersReply reply;
                for (const stream::ConsumerView& one : page.consumers) {
                  reply.consumers.push_back(wire(one));
                }
                if (!page.next_token.empty()) reply.next_token = std::move(page.next_token);
                return reply;
              });
}

}  // namespace penstock::api::kinesis
