#include "mapping/failure_record.h"

#include "base/uuid.h"
#include "unit/mapping/items.h"

#include <gtest/gtest.h>

#include <set>

namespace penstock::mapping {
namespace {

using test::number_at;

FailureRecord example() {
  return {.request_id = "316aa6d0-8154-xmpl-9af7-85d5f4a6bc81",
          .function_arn = "arn:aws:lambda:us-east-2:123456789012:function:myfunction",
          .invoke_count = 2,
          .function_error = "Unhandled",
          .at = service_time(1'573'691'886'021),
          .shard_id = "shardId-000000000001",
          .stream_arn = "arn:aws:kinesis:us-east-2:123456789012:stream/mystream",
          .first = number_at(22),
          .last = number_at(86),
          .first_arrival = service_time(1'573'691'884'835),
          .last_arrival = service_time(1'573'691'885'580),
          .batch_size = 500};
}

std::string batch_info() {
  return R"("KinesisBatchInfo":{"shardId":"shardId-000000000001","startSequenceNumber":")" +
         number_at(22).to_string() + R"(","endSequenceNumber":")" + number_at(86).to_string() +
         R"(","approximateArrivalOfFirstRecord":"2019-11-14T00:38:04.835Z",)"
         R"("approximateArrivalOfLastRecord":"2019-11-14T00:38:05.580Z","batchSize":500,)"
         R"("streamArn":"arn:aws:kinesis:us-east-2:123456789012:stream/mystream"}})";
}

TEST(FailureRecord, OfExhaustedAttemptsHasTheRecordedForm) {
  EXPECT_EQ(
      failure_json(example()),
      R"({"requestContext":{"requestId":"316aa6d0-8154-xmpl-9af7-85d5f4a6bc81",)"
      R"("functionArn":"arn:aws:lambda:us-east-2:123456789012:function:myfunction",)"
      R"("condition":"RetryAttemptsExhausted","approximateInvokeCount":2},)"
      R"("responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},)"
      R"("version":"1.0","timestamp":"2019-11-14T00:38:06.021Z",)" +
          batch_info());
}

TEST(FailureRecord, OfAPartialFailureHasANullFunctionError) {
  FailureRecord record = example();
  record.function_error.reset();
  EXPECT_NE(
      failure_json(record).find(
          R"("responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":null},)"),
      std::string::npos);
}

TEST(FailureRecord, OfExceededAgeHasNoResponse) {
  FailureRecord record = example();
  record.condition = FailureRecord::Condition::kRecordAgeExceeded;
  record.invoke_count = 1;
  EXPECT_EQ(failure_json(record),
            R"({"requestContext":{"requestId":"316aa6d0-8154-xmpl-9af7-85d5f4a6bc81",)"
            R"("functionArn":"arn:aws:lambda:us-east-2:123456789012:function:myfunction",)"
            R"("condition":"RecordAgeExceeded","approximateInvokeCount":1},)"
            R"("version":"1.0","timestamp":"2019-11-14T00:38:06.021Z",)" +
                batch_info());
}

TEST(FailureRecord, OfATooLargeRecordHasNoResponse) {
  FailureRecord record = example();
  record.condition = FailureRecord::Condition::kMaximumPayloadSizeExceeded;
  const std::string text = failure_json(record);
  EXPECT_NE(text.find(R"("condition":"MaximumPayloadSizeExceeded")"), std::string::npos);
  EXPECT_EQ(text.find("responseContext"), std::string::npos);
}

struct Moment {
  std::int64_t unix_ms;
  const char* text;
};
class UtcText : public testing::TestWithParam<Moment> {};

TEST_P(UtcText, HasMillisecondsAndZ) {
  EXPECT_EQ(utc_text(service_time(GetParam().unix_ms)), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(Moments, UtcText,
                         testing::Values(Moment{0, "1970-01-01T00:00:00.000Z"},
                                         Moment{1, "1970-01-01T00:00:00.001Z"},
                                         Moment{-1, "1969-12-31T23:59:59.999Z"},
                                         Moment{951'782'400'000, "2000-02-29T00:00:00.000Z"},
                                         Moment{1'573'691'886'021, "2019-11-14T00:38:06.021Z"},
                                         Moment{4'102'444'799'999, "2099-12-31T23:59:59.999Z"}));

TEST(FailureId, IsAUuidThatDependsOnNothingButTheRange) {
  const std::string id = failure_id("m", "shardId-000000000000", number_at(1), number_at(5));
  EXPECT_TRUE(is_uuid(id)) << id;
  EXPECT_EQ(id, failure_id("m", "shardId-000000000000", number_at(1), number_at(5)));
}

TEST(FailureId, DiffersWhereAnyPartDiffers) {
  const std::set<std::string> ids{
      failure_id("m", "shardId-000000000000", number_at(1), number_at(5)),
      failure_id("n", "shardId-000000000000", number_at(1), number_at(5)),
      failure_id("m", "shardId-000000000001", number_at(1), number_at(5)),
      failure_id("m", "shardId-000000000000", number_at(2), number_at(5)),
      failure_id("m", "shardId-000000000000", number_at(1), number_at(6)),
      failure_id("ms", "hardId-000000000000", number_at(1), number_at(5))};
  EXPECT_EQ(ids.size(), 6u);
}

}  // namespace
}  // namespace penstock::mapping
