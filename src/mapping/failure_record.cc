#include "mapping/failure_record.h"

#include "base/sha256.h"
#include "base/uuid.h"
#include "shape/json_text.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace penstock::mapping {
namespace {

using Condition = FailureRecord::Condition;

std::string_view to_text(Condition condition) {
  switch (condition) {
    case Condition::kRetryAttemptsExhausted: return "RetryAttemptsExhausted";
    case Condition::kRecordAgeExceeded: return "RecordAgeExceeded";
    case Condition::kMaximumPayloadSizeExceeded: return "MaximumPayloadSizeExceeded";
  }
  return "RetryAttemptsExhausted";
}

void write_response(const FailureRecord& record, shape::JsonText& json) {
  json.key("responseContext").begin_object().key("statusCode").number(200);
  json.key("executedVersion").text(record.executed_version).key("functionError");
  if (record.function_error) {
    json.text(*record.function_error);
  } else {
    json.null();
  }
  json.end_object();
}

void write_batch(const FailureRecord& record, shape::JsonText& json) {
  json.key("KinesisBatchInfo").begin_object();
  json.key("shardId").text(record.shard_id);
  json.key("startSequenceNumber").text(record.first.to_string());
  json.key("endSequenceNumber").text(record.last.to_string());
  json.key("approximateArrivalOfFirstRecord").text(utc_text(record.first_arrival));
  json.key("approximateArrivalOfLastRecord").text(utc_text(record.last_arrival));
  json.key("batchSize").number(record.batch_size);
  json.key("streamArn").text(record.stream_arn).end_object();
}

}  // namespace

std::string failure_json(const FailureRecord& record) {
  std::string out;
  shape::JsonText json(out);
  json.begin_object().key("requestContext").begin_object();
  json.key("requestId").text(record.request_id);
  json.key("functionArn").text(record.function_arn);
  json.key("condition").text(to_text(record.condition));
  json.key("approximateInvokeCount").number(record.invoke_count).end_object();
  if (record.condition == Condition::kRetryAttemptsExhausted) write_response(record, json);
  json.key("version").text("1.0").key("timestamp").text(utc_text(record.at));
  write_batch(record, json);
  json.end_object();
  return out;
}

std::string utc_text(ServiceTime at) {
  namespace chrono = std::chrono;
  const chrono::sys_time<Millis> moment{at.time_since_epoch()};
  const auto midnight = chrono::floor<chrono::days>(moment);
  const chrono::year_month_day day(midnight);
  const chrono::hh_mm_ss time(moment - midnight);
  char text[48];
  const int size = std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(day.year()),
      static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()),
      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return {text, static_cast<std::size_t>(size)};
}

std::string failure_id(std::string_view mapping, std::string_view shard_id,
                       const stream::SequenceNumber& first, const stream::SequenceNumber& last) {
  const std::string from = first.to_string();
  const std::string to = last.to_string();
  Sha256 hash;
  // A terminator behind each part: ("ab", "c") and ("a", "bc") are two things.
  for (const std::string_view part :
       {mapping, shard_id, std::string_view(from), std::string_view(to)}) {
    hash.update(part);
    hash.update(std::string_view("\0", 1));
  }
  const Sha256Digest digest = hash.finish();
  std::array<std::uint8_t, 16> bytes;
  std::copy_n(digest.begin(), bytes.size(), bytes.begin());
  return uuid_v4(bytes);
}

}  // namespace penstock::mapping
