#include "load/calls.h"

#include "base/base64.h"

#include <algorithm>
#include <random>
#include <string.h>

namespace penstock::bench {
namespace {

/// So many different requests that neither their bytes nor what the server may keep of them stay in
/// a cache, and few enough to be made at once.
constexpr std::size_t kAheadBytes = 16u << 20;
constexpr std::size_t kAheadMin = 16;
constexpr std::size_t kAheadMax = 8192;

std::size_t requests_ahead(std::size_t body_bytes) {
  return std::clamp(kAheadBytes / body_bytes, kAheadMin, kAheadMax);
}

/// How often `what` is in the text. In replies it mostly recurs at the same distance, which is
/// looked at first; an occurrence that is passed over so makes the count too small, never too
/// large.
std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  std::size_t distance = 0;
  std::size_t last = 0;
  while (last < text.size()) {
    std::size_t at = last + distance;
    if (distance == 0 || at >= text.size() || !text.substr(at).starts_with(what)) {
      const std::size_t from = found == 0 ? 0 : last + what.size();
      const void* const hit =
          ::memmem(text.data() + from, text.size() - from, what.data(), what.size());
      if (hit == nullptr) break;
      at = static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
      distance = found == 0 ? 0 : at - last;
    }
    last = at;
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

std::string horizon(std::uint16_t port, std::string_view stream, std::size_t shard) {
  std::string number = std::to_string(shard);
  number.insert(0, 12 - number.size(), '0');
  Connection connection(port);
  SignedRequest request = kinesis_request(
      "GetShardIterator", R"({"ShardIteratorType":"TRIM_HORIZON","ShardId":"shardId-)" + number +
                              R"(","StreamName":")" + std::string(stream) + R"("})");
  return member_of(connection.exchange(request.bytes(SignedRequest::Clock::now())),
                   "ShardIterator");
}

SignedRequest get_records(const std::string& iterator, std::size_t records_max) {
  return kinesis_request("GetRecords", R"({"Limit":)" + std::to_string(records_max) +
                                           R"(,"ShardIterator":")" + iterator + R"("})");
}

}  // namespace

SignedRequest kinesis_request(std::string_view operation, std::string_view body) {
  return {{.service = "kinesis",
           .path = "/",
           .type = "application/x-amz-json-1.1",
           .operation = "Kinesis_20131202." + std::string(operation)},
          body};
}

SignedRequest lambda_request(std::string_view path, std::string_view body) {
  return {{.service = "lambda", .path = path, .type = "application/json", .operation = {}}, body};
}

std::string member_of(const Reply& reply, std::string_view name) {
  check_status(reply);
  const std::string quoted = "\"" + std::string(name) + "\":\"";
  const std::size_t at = reply.body.find(quoted);
  if (at == std::string_view::npos) fail("a reply without " + std::string(name));
  const std::size_t begin = at + quoted.size();
  return std::string(reply.body.substr(begin, reply.body.find('"', begin) - begin));
}

std::string_view Puts::next(std::size_t, Clock::time_point now) {
  at_ = (at_ + 1) % requests_.size();
  return requests_[at_].bytes(now);
}

PutRecordWork::PutRecordWork(std::string_view stream, RecordSize size) {
  Records records;
  const auto body = [&] {
    std::string text = records.json(size);
    return text.insert(1, R"("StreamName":")" + std::string(stream) + R"(",)");
  };
  for (std::size_t left = requests_ahead(body().size()); left > 0; --left) {
    requests_.push_back(kinesis_request("PutRecord", body()));
  }
}

std::size_t PutRecordWork::check(std::size_t, const Reply& reply) {
  check_status(reply);
  check_count(reply, kNumber, 1);
  return 1;
}

PutRecordsWork::PutRecordsWork(std::string_view stream, RecordSize size, std::size_t records)
    : records_(records) {
  Records random;
  const auto body = [&] {
    std::string text = R"({"Records":[)";
    for (std::size_t i = 0; i < records; ++i) {
      if (i != 0) text.push_back(',');
      text.append(random.json(size));
    }
    return text.append(R"(],"StreamName":")").append(stream).append(R"("})");
  };
  for (std::size_t left = requests_ahead(body().size()); left > 0; --left) {
    requests_.push_back(kinesis_request("PutRecords", body()));
  }
}

std::size_t PutRecordsWork::check(std::size_t, const Reply& reply) {
  check_status(reply);
  check_count(reply, R"("FailedRecordCount":0)", 1);
  check_count(reply, kNumber, records_);
  return records_;
}

GetRecordsWork::GetRecordsWork(std::uint16_t port, std::string_view stream, std::size_t records)
    : records_(records), request_(get_records(horizon(port, stream, 0), records)) {}

std::size_t GetRecordsWork::check(std::size_t, const Reply& reply) {
  check_status(reply);
  check_count(reply, kNumber, records_);
  return records_;
}

CatchUpWork::CatchUpWork(std::uint16_t port, std::string_view stream, std::size_t shards,
                         std::size_t records_max)
    : records_max_(records_max), is_at_end_(shards, false) {
  for (std::size_t shard = 0; shard < shards; ++shard) {
    requests_.push_back(get_records(horizon(port, stream, shard), records_max_));
  }
}

std::string_view CatchUpWork::next(std::size_t line, Clock::time_point now) {
  return is_at_end_[line] ? std::string_view{} : requests_[line].bytes(now);
}

std::size_t CatchUpWork::check(std::size_t line, const Reply& reply) {
  requests_[line] = get_records(member_of(reply, "NextShardIterator"), records_max_);
  const std::size_t records = count(reply.body, kNumber);
  if (count(reply.body, R"("MillisBehindLatest":0)") == 1) {
    is_at_end_[line] = true;
  } else if (records == 0) {
    fail("an empty page before the end of a shard");
  }
  return records;
}

InvokeWork::InvokeWork(std::string_view function, std::size_t payload_bytes)
    : request_(lambda_request(
          "/2015-03-31/functions/" + std::string(function) + "/invocations",
          R"({"pad":")" +
              std::string(payload_bytes - std::min<std::size_t>(payload_bytes, 10), 'x') +
              R"("})")) {}

std::size_t InvokeWork::check(std::size_t, const Reply& reply) {
  check_status(reply);
  check_count(reply, "errorMessage", 0);
  return 1;
}

}  // namespace penstock::bench
