// Puts and reads of many records ask for memory as often as those of one: what is per record lies
// in lists that are made once, in the arena, in chunks.

#include "api/kinesis/service.h"
#include "base/base64.h"
#include "support/stream_stand.h"
#include "unit/api/allocations/counted_new.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace penstock {
namespace {

class NoReceipts final : public front::ReceiptObserver {
 public:
  void entries_received(const front::Caller&, std::string_view, std::size_t) override {}
};

class Allocations : public ::testing::Test {
 protected:
  static constexpr std::string_view kStream = "s";

  Allocations()
      : stand_(1, {.durability = engine::local::Durability::kMemory},
               {.limits = stream::StreamSettings::Limits::kOff}),
        service_(api::kinesis::make_kinesis_service(stand_.streams(), receipts_)) {
    PENSTOCK_CHECK(stand_.create(kStream, 1).ok(), "the stream is made");
  }

  /// The reply's body, and how often the call asked for memory.
  struct Called {
    std::string body;
    std::size_t allocations = 0;
  };
  Called call(std::string_view operation, const std::string& body) {
    const auto found =
        std::find_if(service_.operations.begin(), service_.operations.end(),
                     [&](const front::Operation& one) { return one.name == operation; });
    std::string readable = body;
    readable.append(64, '\0');  // What a parser may read past its end.
    front::Request request;
    request.body = std::string_view(readable).substr(0, body.size());
    request.protocol = front::Protocol::kJson11;
    request.caller.tenant = testing::StreamStand::tenant();
    const std::size_t before = test::allocations();
    front::Reply reply = stand_.world().run(found->serve(request));
    const std::size_t after = test::allocations();
    EXPECT_EQ(reply.status, 200) << reply.body;
    return {std::move(reply.body), after - before};
  }

  static std::string put_body(std::size_t records) {
    const std::string data = base64_encode(std::string(200, 'x'));
    std::string body = R"({"StreamName":"s","Records":[)";
    for (std::size_t i = 0; i < records; ++i) {
      if (i != 0) body += ',';
      body += R"({"Data":")" + data + R"(","PartitionKey":"k)" + std::to_string(i) + R"("})";
    }
    return body + "]}";
  }

  /// The fewest of several calls: now and then one begins a chunk, which is memory for the bytes of
  /// many records and no cost of this call's.
  std::size_t fewest(std::string_view operation, const std::string& body,
                     std::string_view expected) {
    std::size_t fewest = SIZE_MAX;
    for (int i = 0; i < 20; ++i) {
      const Called one = call(operation, body);
      EXPECT_NE(one.body.find(expected), std::string::npos) << one.body.substr(0, 200);
      if (i >= 5) fewest = std::min(fewest, one.allocations);  // The first ones warm up.
    }
    return fewest;
  }

  NoReceipts receipts_;
  testing::StreamStand stand_;
  front::Service service_;
};

TEST_F(Allocations, APutOfManyRecordsAsksForMemoryAsOftenAsAPutOfOne) {
  const std::size_t one = fewest("PutRecords", put_body(1), R"("FailedRecordCount":0,)");
  const std::size_t many = fewest("PutRecords", put_body(500), R"("FailedRecordCount":0,)");
  EXPECT_EQ(many, one);
}

TEST_F(Allocations, APutOfOneRecordAsksForMemoryAFewTimes) {
  const std::size_t calls = fewest(
      "PutRecord", R"({"StreamName":"s","PartitionKey":"k","Data":"AAAA"})", R"("ShardId":)");
  // The entry, the request, the reply, what the world needs to run it; a fifth of what it was.
  EXPECT_LE(calls, 8u);
}

TEST_F(Allocations, APageOfManyRecordsDoesNotAskForMemoryForEach) {
  for (int i = 0; i < 4; ++i) call("PutRecords", put_body(500));
  const Called iterator = call(
      "GetShardIterator",
      R"({"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"})");
  constexpr std::string_view kBefore = R"({"ShardIterator":")";
  const std::string token =
      iterator.body.substr(kBefore.size(), iterator.body.size() - kBefore.size() - 2);
  const auto page = [&](int limit) {
    return fewest("GetRecords",
                  R"({"Limit":)" + std::to_string(limit) + R"(,"ShardIterator":")" + token + "\"}",
                  R"("NextShardIterator":)");
  };
  const std::size_t one = page(1);
  // The list of records grows by doubling, chunks are pinned one by one.
  EXPECT_LE(page(2'000), one + 10);
}

}  // namespace
}  // namespace penstock
