#include "cli/record_writer.h"

#include <algorithm>
#include <thread>

namespace penstock::cli {
namespace {

/// The next call's entries, taken from the back of `waiting` (which is in reverse order).
std::vector<wire::PutEntry> take_batch(std::vector<wire::PutEntry>& waiting) {
  std::vector<wire::PutEntry> batch;
  std::size_t bytes = 0;
  while (!waiting.empty() && batch.size() < kCallEntries) {
    bytes += size_of(waiting.back());
    if (!batch.empty() && bytes > kCallBytes) break;
    batch.push_back(std::move(waiting.back()));
    waiting.pop_back();
  }
  return batch;
}

bool may_pass(const ApiClient& client) {
  const std::string& type = client.last_type();
  return type == "ProvisionedThroughputExceededException" || type == "LimitExceededException" ||
         type == "ThrottlingException" || type == "InternalFailure" ||
         type == "InternalFailureException" || type == "ServiceUnavailable";
}

}  // namespace

std::size_t size_of(const wire::PutEntry& entry) {
  return entry.data.bytes.size() + entry.partition_key.size();
}

Backoff::Backoff(std::chrono::milliseconds base, std::chrono::milliseconds cap, std::uint64_t seed)
    : base_(base), cap_(cap), random_(seed) {}

std::chrono::milliseconds Backoff::next() {
  const auto grown = base_ * (1LL << std::min(attempt_, 20));
  const std::chrono::milliseconds limit = std::min<std::chrono::milliseconds>(cap_, grown);
  ++attempt_;
  return std::chrono::milliseconds(
      std::uniform_int_distribution<std::int64_t>(0, limit.count())(random_));
}

Result<WriteSummary> write_records(ApiClient& client, const std::string& stream,
                                   std::vector<wire::PutEntry> entries,
                                   const WriteOptions& options) {
  WriteSummary summary;
  summary.entries = entries.size();
  std::vector<wire::PutEntry> waiting = std::move(entries);
  std::reverse(waiting.begin(), waiting.end());
  Backoff backoff(options.backoff_base, options.backoff_cap, std::random_device{}());
  int fruitless = 0;  // Calls in a row that stored nothing.
  const auto target = wire::StreamTarget::of(stream);

  while (!waiting.empty()) {
    wire::PutRecords request{
        .stream_name = target.name, .stream_arn = target.arn, .records = take_batch(waiting)};
    const std::size_t sent = request.records.size();
    auto reply = client.kinesis<wire::PutRecordsReply>("PutRecords", request);
    ++summary.calls;
    std::vector<wire::PutEntry> again;
    if (!reply.ok()) {
      if (!may_pass(client) || fruitless >= options.retries_max) {
        if (summary.stored == 0) return std::move(reply).error();
        summary.failed = summary.entries - summary.stored;
        summary.last_error = reply.error().message;
        summary.gave_up = true;
        return summary;
      }
      summary.last_error = reply.error().message;
      again = std::move(request.records);
    } else {
      if (reply->records.size() != sent) {
        return Error{CliErrc::kUnexpected,
                     "PutRecords answered for " + std::to_string(reply->records.size()) +
                         " entries, but " + std::to_string(sent) + " were sent"};
      }
      for (std::size_t i = 0; i < sent; ++i) {
        const wire::PutResult& result = reply->records[i];
        if (!result.error_code) {
          if (options.stored) options.stored(request.records[i], result);
          continue;
        }
        summary.last_error = *result.error_code + ": " + result.error_message.value_or("");
        again.push_back(std::move(request.records[i]));
      }
      if (!again.empty()) ++summary.partial_calls;
    }
    summary.throttled += again.size();
    summary.stored += sent - again.size();
    fruitless = again.size() == sent ? fruitless + 1 : 0;
    if (options.retries_max == 0 || fruitless > options.retries_max) {
      summary.failed += again.size();
      again.clear();
    }
    if (options.progress) options.progress(summary.stored + summary.failed, again.size());
    if (again.empty()) {
      backoff.reset();
      continue;
    }
    summary.retried += again.size();
    waiting.insert(waiting.end(), std::make_move_iterator(again.rbegin()),
                   std::make_move_iterator(again.rend()));
    std::this_thread::sleep_for(backoff.next());
  }
  return summary;
}

}  // namespace penstock::cli
