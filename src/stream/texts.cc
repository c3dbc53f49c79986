#include "stream/texts.h"

#include "stream/errors.h"
#include "stream/token.h"

#include <charconv>

namespace penstock::stream {

std::string in_account(const StreamName& stream) {
  return stream.name + " under account " + stream.tenant.account;
}

Result<StreamName> resolve_target(const Caller& caller, const StreamTarget& target) {
  if (target.arn.empty()) {
    if (target.name.empty()) {
      return Error{StreamErrc::kInvalidArgument, "Neither StreamName nor StreamARN was provided."};
    }
    return StreamName{caller.tenant, std::string(target.name)};
  }
  std::optional<StreamName> named = parse_stream_arn(target.arn);
  if (!named) {
    return Error{StreamErrc::kInvalidArgument,
                 "StreamARN " + std::string(target.arn) + " is not the ARN of a stream."};
  }
  if (!target.name.empty() && target.name != named->name) {
    return Error{StreamErrc::kInvalidArgument, "StreamName " + std::string(target.name) +
                                                   " and StreamARN " + std::string(target.arn) +
                                                   " do not name the same stream."};
  }
  return std::move(*named);
}

std::optional<std::uint32_t> parse_shard_id(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash != text.npos) text.remove_prefix(dash + 1);
  std::uint32_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size() || number > 0x7FFF'FFFF) {
    return std::nullopt;
  }
  return number;
}

Error stream_not_found(const StreamName& stream) {
  return {StreamErrc::kNotFound, "Stream " + in_account(stream) + " not found."};
}

Error could_not_find_shard(std::string_view shard_id, const StreamName& stream) {
  return {StreamErrc::kNotFound, "Could not find shard " + std::string(shard_id) + " in stream " +
                                     in_account(stream) + "."};
}

Error shard_does_not_exist(std::uint32_t shard, const StreamName& stream) {
  return {StreamErrc::kNotFound,
          "Shard " + shard_id_text(shard) + " in stream " + in_account(stream) + " does not exist"};
}

Error consumer_not_found(std::string_view consumer, const Tenant& tenant) {
  return {StreamErrc::kNotFound,
          "Consumer " + std::string(consumer) + ", account " + tenant.account + " not found."};
}

Error subscription_exists(const ConsumerName& consumer, std::uint32_t shard) {
  return {StreamErrc::kInUse, "Another active subscription exists for this consumer: " +
                                  consumer.stream.tenant.account + ":" + consumer.stream.name +
                                  ":" + shard_id_text(shard) + ":" + consumer.name};
}

Error consumer_not_active(const ConsumerName& consumer) {
  // The space before the comma is the service's.
  return {StreamErrc::kInUse, "Consumer " + consumer.name + " with creation timestamp " +
                                  std::to_string(consumer.created_s) +
                                  " under stream: " + consumer.stream.name + " , account " +
                                  consumer.stream.tenant.account + " is not in ACTIVE status."};
}

Error stream_not_active(const StreamName& stream, StreamStatus status) {
  return {StreamErrc::kInUse, "Stream " + in_account(stream) + " not ACTIVE, instead in state " +
                                  std::string(to_text(status))};
}

Error on_demand_refused(const StreamName& stream) {
  return {StreamErrc::kValidation,
          "Request is invalid. Stream " + in_account(stream) + " is in On-Demand mode."};
}

Error dry_run_passed() {
  return {StreamErrc::kDryRun, "The request would have succeeded, but the DryRun flag is set."};
}

Error rate_exceeded(const StreamName& stream) {
  return {StreamErrc::kLimitExceeded, "Rate exceeded for stream " + in_account(stream) + "."};
}

Error auto_refused(const StreamName& stream) {
  return {StreamErrc::kInvalidArgument,
          "RecordDistributionStrategy AUTO needs a stream in On-Demand mode. Stream " +
              in_account(stream) + " is in Provisioned mode."};
}

Status check_token_age(ServiceTime issued, ServiceTime now) {
  if (now - issued <= kTokenLife) return ok();
  return Error{
      StreamErrc::kExpiredNextToken,
      "The pagination token passed to the operation is expired: it is good for 300 seconds."};
}

std::string rate_exceeded_text(std::uint32_t shard, const StreamName& stream) {
  return "Rate exceeded for shard " + shard_id_text(shard) + " in stream " + in_account(stream) +
         ".";
}

std::string put_error_message(const PutRecordsReply& reply, const PutOutcome& outcome) {
  switch (outcome.fate) {
    case PutFate::kStored: return {};
    case PutFate::kThrottled: return rate_exceeded_text(outcome.shard, reply.stream);
    case PutFate::kFailed: return "Internal Service Failure";
  }
  return {};
}

}  // namespace penstock::stream
