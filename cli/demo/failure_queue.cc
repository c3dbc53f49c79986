#include "cli/demo/failure_queue.h"

#include "cli/event_source_mapping.h"

#include <chrono>
#include <thread>

namespace penstock::cli::demo {
namespace {

struct CreateQueue {
  std::string name;
  static constexpr auto shape() {
    return std::array{shape::member<&CreateQueue::name>("QueueName")};
  }
};

struct Receive {
  std::string url;
  std::int64_t max = 10;
  static constexpr auto shape() {
    return std::array{shape::member<&Receive::url>("QueueUrl"),
                      shape::member<&Receive::max>("MaxNumberOfMessages")};
  }
};

struct Message {
  std::string body;
  static constexpr auto shape() { return std::array{shape::member<&Message::body>("Body")}; }
};

struct Received {
  std::vector<Message> messages;
  static constexpr auto shape() {
    return std::array{shape::member<&Received::messages>("Messages")};
  }
};

/// The part of a failure record that leads back to the records.
struct FailureRecord {
  struct Request {
    std::string condition;
    std::int64_t attempts = 0;
    static constexpr auto shape() {
      return std::array{shape::member<&Request::condition>("condition"),
                        shape::member<&Request::attempts>("approximateInvokeCount")};
    }
  };
  struct Batch {
    std::string shard;
    std::string first;
    std::int64_t size = 0;
    static constexpr auto shape() {
      return std::array{shape::member<&Batch::shard>("shardId"),
                        shape::member<&Batch::first>("startSequenceNumber"),
                        shape::member<&Batch::size>("batchSize")};
    }
  };
  Request request;
  Batch batch;
  static constexpr auto shape() {
    return std::array{shape::member<&FailureRecord::request>("requestContext"),
                      shape::member<&FailureRecord::batch>("KinesisBatchInfo")};
  }
};

Result<std::vector<wire::Record>> fetch(ApiClient& client, const std::string& stream,
                                        const FailureRecord::Batch& batch) {
  wire::GetShardIterator at{.stream_name = stream,
                            .shard_id = batch.shard,
                            .type = "AT_SEQUENCE_NUMBER",
                            .sequence_number = batch.first};
  TRY(const auto position, client.kinesis<wire::ShardIterator>("GetShardIterator", at));
  while (true) {
    auto page = client.kinesis<wire::GetRecordsReply>(
        "GetRecords", wire::GetRecords{.iterator = position.iterator, .limit = batch.size});
    if (page.ok()) return std::move(page->records);
    if (client.last_type() != "ProvisionedThroughputExceededException") {
      return std::move(page).error();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
  }
}

}  // namespace

Status create_queue(ApiClient& client, const std::string& name) {
  TRY_OK(client.sqs<wire::Nothing>("CreateQueue", CreateQueue{name}));
  return ok();
}

Result<std::vector<GivenUp>> drain_failures(ApiClient& client, const std::string& queue,
                                            const std::string& stream) {
  TRY(const std::string url, queue_url(client, queue));
  std::vector<GivenUp> all;
  while (true) {
    TRY(const Received received, client.sqs<Received>("ReceiveMessage", Receive{.url = url}));
    if (received.messages.empty()) return all;
    for (const Message& message : received.messages) {
      TRY(const FailureRecord failure, shape::from_json<FailureRecord>(message.body));
      TRY(auto records, fetch(client, stream, failure.batch));
      for (wire::Record& record : records) {
        all.push_back({failure.request.condition, failure.request.attempts, failure.batch.shard,
                       std::move(record)});
      }
    }
  }
}

}  // namespace penstock::cli::demo
