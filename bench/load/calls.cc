#include "load/calls.h"

#include "base/base64.h"

#include <random>

namespace penstock::bench {
namespace {

/// As many as make no two neighbours alike, and few enough to stay in the cache of the client.
constexpr std::size_t kRequestsAhead = 16;

std::string request(std::string_view path, std::string_view service, std::string_view type,
                    std::string_view target, std::string_view body) {
  std::string text("POST ");
  text.append(path).append(
      " HTTP/1.1\r\n"
      "Host: 127.0.0.1:4566\r\n"
      "User-Agent: penstock_load/1 bench\r\n"
      "Accept-Encoding: identity\r\n"
      "X-Amz-Date: 20260101T000000Z\r\n"
      "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/");
  text.append(service).append(
      "/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
      "Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n");
  if (!target.empty()) text.append("X-Amz-Target: ").append(target).append("\r\n");
  text.append("Content-Type: ").append(type).append("\r\nContent-Length: ");
  text.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  return text;
}

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos;
       at = text.find(what, at + what.size())) {
    ++found;
  }
  return found;
}

/// Records as random as the seed allows: keys that spread, data that no cache or filter shortens.
class Records {
 public:
  std::string json(RecordSize size) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    std::string key;
    while (key.size() < size.key_bytes) key.push_back(kHex[random_() % kHex.size()]);
    std::string data;
    while (data.size() < size.data_bytes) data.push_back(static_cast<char>(random_()));
    return R"({"Data":")" + base64_encode(data) + R"(","PartitionKey":")" + key + R"("})";
  }

 private:
  std::mt19937_64 random_{20'260'101};
};

void check_status(const Reply& reply) {
  if (reply.status == 200) return;
  fail("HTTP " + std::to_string(reply.status) + ": " + std::string(reply.body.substr(0, 500)));
}

void check_count(const Reply& reply, std::string_view what, std::size_t wanted) {
  const std::size_t found = count(reply.body, what);
  if (found == wanted) return;
  fail(std::to_string(found) + " of " + std::to_string(wanted) + " " + std::string(what) +
       " in a reply");
}

constexpr std::string_view kNumber = R"("SequenceNumber":)";

}  // namespace

std::string kinesis_request(std::string_view operation, std::string_view body) {
  return request("/", "kinesis", "application/x-amz-json-1.1",
                 "Kinesis_20131202." + std::string(operation), body);
}

std::string lambda_request(std::string_view path, std::string_view body) {
  return request(path, "lambda", "application/json", {}, body);
}

std::string member_of(const Reply& reply, std::string_view name) {
  check_status(reply);
  const std::string quoted = "\"" + std::string(name) + "\":\"";
  const std::size_t at = reply.body.find(quoted);
  if (at == std::string_view::npos) fail("a reply without " + std::string(name));
  const std::size_t begin = at + quoted.size();
  return std::string(reply.body.substr(begin, reply.body.find('"', begin) - begin));
}

std::string_view Puts::next() {
  at_ = (at_ + 1) % requests_.size();
  return requests_[at_];
}

PutRecordWork::PutRecordWork(std::string_view stream, RecordSize size) {
  Records records;
  for (std::size_t i = 0; i < kRequestsAhead; ++i) {
    std::string body = records.json(size);
    body.insert(1, R"("StreamName":")" + std::string(stream) + R"(",)");
    requests_.push_back(kinesis_request("PutRecord", body));
  }
}

void PutRecordWork::check(const Reply& reply) const {
  check_status(reply);
  check_count(reply, kNumber, 1);
}

PutRecordsWork::PutRecordsWork(std::string_view stream, RecordSize size, std::size_t records)
    : records_(records) {
  Records random;
  for (std::size_t i = 0; i < kRequestsAhead; ++i) {
    std::string body = R"({"Records":[)";
    for (std::size_t j = 0; j < records; ++j) {
      if (j != 0) body.push_back(',');
      body.append(random.json(size));
    }
    body.append(R"(],"StreamName":")").append(stream).append(R"("})");
    requests_.push_back(kinesis_request("PutRecords", body));
  }
}

void PutRecordsWork::check(const Reply& reply) const {
  check_status(reply);
  check_count(reply, R"("FailedRecordCount":0,)", 1);
  check_count(reply, kNumber, records_);
}

GetRecordsWork::GetRecordsWork(std::uint16_t port, std::string_view stream, std::size_t records)
    : records_(records) {
  Connection connection(port);
  const std::string iterator =
      member_of(connection.exchange(kinesis_request(
                    "GetShardIterator",
                    R"({"ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON",)"
                    R"("StreamName":")" +
                        std::string(stream) + R"("})")),
                "ShardIterator");
  request_ = kinesis_request("GetRecords", R"({"Limit":)" + std::to_string(records) +
                                               R"(,"ShardIterator":")" + iterator + R"("})");
}

void GetRecordsWork::check(const Reply& reply) const {
  check_status(reply);
  check_count(reply, kNumber, records_);
}

InvokeWork::InvokeWork(std::string_view function, std::size_t payload_bytes)
    : request_(lambda_request(
          "/2015-03-31/functions/" + std::string(function) + "/invocations",
          R"({"pad":")" +
              std::string(payload_bytes - std::min<std::size_t>(payload_bytes, 10), 'x') +
              R"("})")) {}

void InvokeWork::check(const Reply& reply) const {
  check_status(reply);
  check_count(reply, "errorMessage", 0);
}

}  // namespace penstock::bench
