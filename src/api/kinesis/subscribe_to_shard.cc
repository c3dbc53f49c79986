#include "api/kinesis/consumers.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/records.h"
#include "base/event_stream.h"
#include "front/reply_bodies.h"
#include "stream/subscription.h"

namespace penstock::api::kinesis {
namespace {

struct StartingPosition {
  std::optional<std::string> type;
  std::optional<std::string> sequence_number;
  std::optional<shape::Timestamp> timestamp;
  static constexpr std::string_view kShapeName = "StartingPosition";
  static constexpr auto shape() {
    using Self = StartingPosition;
    return std::array{
        shape::member<&Self::type>("Type", {shape::required, shape::one_of(kIteratorTypes)}),
        shape::member<&Self::sequence_number>("SequenceNumber", kSequenceNumber,
                                              "For AT_SEQUENCE_NUMBER and AFTER_SEQUENCE_NUMBER."),
        shape::member<&Self::timestamp>("Timestamp", {}, "For AT_TIMESTAMP."),
    };
  }
};

struct SubscribeToShardRequest {
  std::optional<std::string> consumer_arn;
  std::optional<std::string> stream_id;
  std::optional<std::string> shard_id;
  std::optional<StartingPosition> starting_position;
  std::optional<bool> dry_run;
  static constexpr auto shape() {
    using Self = SubscribeToShardRequest;
    return std::array{
        shape::member<&Self::consumer_arn>("ConsumerARN", kRequiredConsumerArn,
                                           "A consumer that is ACTIVE."),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
        shape::member<&Self::shard_id>("ShardId", kRequiredShardId),
        shape::member<&Self::starting_position>("StartingPosition", {shape::required},
                                                "LATEST is decided by the call."),
        shape::member<&Self::dry_run>("DryRun", {}, "Only checks."),
    };
  }
};

struct SubscribeToShardEvent {
  std::vector<Record> records;
  std::optional<std::string> continuation_sequence_number;
  std::int64_t millis_behind_latest = 0;
  std::optional<std::vector<ChildShard>> child_shards;
  static constexpr std::string_view kShapeName = "SubscribeToShardEvent";
  static constexpr auto shape() {
    using Self = SubscribeToShardEvent;
    return std::array{
        shape::member<&Self::records>("Records", {shape::required},
                                      "Empty when only time has passed."),
        shape::member<&Self::continuation_sequence_number>(
            "ContinuationSequenceNumber",
            {shape::required, shape::pattern("0|([1-9]\\d{0,128})", &is_sequence_number)},
            "Where to subscribe again; absent at the end of a closed shard."),
        shape::member<&Self::millis_behind_latest>(
            "MillisBehindLatest", {shape::required, shape::range(0, shape::kNoLimit)}),
        shape::member<&Self::child_shards>("ChildShards", {}, "At the end of a closed shard."),
    };
  }
};

struct ResourceNotFound {
  std::optional<std::string> message;
  static constexpr std::string_view kShapeName = "ResourceNotFoundException";
  static constexpr auto shape() {
    return std::array{shape::member<&ResourceNotFound::message>("message")};
  }
};

struct ResourceInUse {
  std::optional<std::string> message;
  static constexpr std::string_view kShapeName = "ResourceInUseException";
  static constexpr auto shape() {
    return std::array{shape::member<&ResourceInUse::message>("message")};
  }
};

struct InternalFailure {
  std::optional<std::string> message;
  static constexpr std::string_view kShapeName = "InternalFailureException";
  static constexpr auto shape() {
    return std::array{shape::member<&InternalFailure::message>("message")};
  }
};

struct SubscribeToShardEventStream {
  SubscribeToShardEvent event;
  std::optional<ResourceNotFound> resource_not_found;
  std::optional<ResourceInUse> resource_in_use;
  std::optional<InternalFailure> internal_failure;
  static constexpr std::string_view kShapeName = "SubscribeToShardEventStream";
  static constexpr auto shape() {
    using Self = SubscribeToShardEventStream;
    return std::array{
        shape::member<&Self::event>("SubscribeToShardEvent", {shape::required}),
        shape::member<&Self::resource_not_found>("ResourceNotFoundException", {},
                                                 "The consumer or the stream has gone."),
        shape::member<&Self::resource_in_use>("ResourceInUseException", {},
                                              "A later subscription has taken the place."),
        shape::member<&Self::internal_failure>("InternalFailureException"),
    };
  }
};

struct SubscribeToShardReply {
  SubscribeToShardEventStream event_stream;
  static constexpr auto shape() {
    return std::array{shape::member<&SubscribeToShardReply::event_stream>(
        "EventStream", {shape::required}, "Messages of application/vnd.amazon.eventstream.")};
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException", "InvalidArgumentException",
                                        "ResourceInUseException", "LimitExceededException",
                                        "DryRunOperationException"};
constexpr shape::Operation<SubscribeToShardRequest, SubscribeToShardReply> kSubscribeToShard{
    .name = "SubscribeToShard",
    .errors = kErrors,
    .doc = "A shard's records as they are stored, for five minutes; JSON only."};

constexpr EventHeader kIsEvent{":message-type", "event"};
constexpr EventHeader kIsException{":message-type", "exception"};
constexpr EventHeader kIsJson{":content-type", "application/json"};

/// What every event stream begins with; some clients take nothing before it.
std::string initial_response() {
  std::string out;
  EventFrame frame(out, {kIsEvent,
                         {":event-type", "initial-response"},
                         {":content-type", "application/x-amz-json-1.1"}});
  out.append("{}");
  frame.finish();
  return out;
}

std::string event_frame(const stream::SubscriptionEvent& event) {
  std::string body = front::body_with_room(page_bytes(event.slice, event.child_shards));
  EventFrame frame(body, {kIsEvent, {":event-type", "SubscribeToShardEvent"}, kIsJson});
  shape::JsonText out(body);
  out.begin_object();
  write_records(out, event.slice, event.stamp, event.encryption.get());
  if (event.continuation) {
    out.key("ContinuationSequenceNumber").text(event.continuation->to_string());
  }
  out.key("MillisBehindLatest").number(event.millis_behind_latest);
  write_child_shards(out, event.child_shards);
  out.end_object();
  frame.finish();
  return body;
}

std::string exception_frame(const Error& error) {
  const ErrorName* name = kStyle.name_of(error.code);
  const bool is_ours = name == nullptr || name->status != 400;
  std::string body;
  EventFrame frame(body, {kIsException,
                          {":exception-type", is_ours ? "InternalFailureException" : name->name},
                          kIsJson});
  shape::JsonText out(body);
  out.begin_object();
  out.key("message").text(is_ours ? "Internal Service Error" : std::string_view(error.message));
  out.end_object();
  frame.finish();
  return body;
}

/// A subscription's events as frames, each made when the one before has gone out.
class EventBody final : public front::BodyStream {
 public:
  explicit EventBody(std::unique_ptr<stream::Subscription> subscription)
      : subscription_(std::move(subscription)) {}

  Task<std::string> next(CancelToken gone) override {
    charge_ = {};
    Result<std::optional<stream::SubscriptionEvent>> event =
        co_await subscription_->next(std::move(gone));
    if (!event.ok()) co_return exception_frame(event.error());
    if (!event->has_value()) co_return std::string();
    charge_ = std::move((*event)->charge);
    co_return event_frame(**event);
  }

 private:
  std::unique_ptr<stream::Subscription> subscription_;
  Budget::Share charge_;  ///< For the frame that is on its way.
};

Task<front::Reply> serve(Parts parts, const front::Request& request) {
  front::Reply reply;
  if (request.protocol == front::Protocol::kCbor11) {
    // As AWS does: its events are JSON, and no client asks for them in CBOR.
    kStyle.write_error(request, kStyle.internal, {}, reply);
    co_return reply;
  }
  const Result<SubscribeToShardRequest> input = decode<SubscribeToShardRequest>(request);
  if (!input.ok()) co_return error_reply(kStyle, request, input.error());
  const StartingPosition& start = *input->starting_position;
  stream::SubscribeToShard subscribe{.consumer_arn = view(input->consumer_arn),
                                     .shard_id = view(input->shard_id),
                                     .type = iterator_type_of(view(start.type)),
                                     .sequence_number = optional_view(start.sequence_number),
                                     .dry_run = input->dry_run.value_or(false)};
  if (start.timestamp) subscribe.timestamp = service_time(start.timestamp->millis);
  Result<std::unique_ptr<stream::Subscription>> made = co_await parts.streams.subscribe(subscribe);
  if (!made.ok()) co_return error_reply(kStyle, request, made.error());
  reply.content_type = "application/vnd.amazon.eventstream";
  reply.body = initial_response();
  reply.stream = std::make_unique<EventBody>(std::move(*made));
  co_return reply;
}

}  // namespace

shape::OperationInfo subscribe_to_shard_shape() { return shape::describe(kSubscribeToShard); }

front::Operation subscribe_to_shard(Parts parts) {
  return {.name = kSubscribeToShard.name,
          .affinity = front::Affinity::kAnyLoop,
          .serve = [parts](front::Request& request) { return serve(parts, request); },
          .method = kSubscribeToShard.method,
          .path = kSubscribeToShard.path};
}

}  // namespace penstock::api::kinesis
