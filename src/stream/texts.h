#pragma once

#include "base/error.h"
#include "base/result.h"
#include "stream/consumer_types.h"
#include "stream/types.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The service's own sentences. docs/compat.md says which are known word for word.
namespace penstock::stream {

/// "S under account A"
std::string in_account(const StreamName& stream);

/// The stream a request means: by name in the caller's account and region, or by ARN, which then
/// decides. fails: kInvalidArgument for neither, for both that differ, for an ARN that is none.
Result<StreamName> resolve_target(const Caller& caller, const StreamTarget& target);

/// The number in "shardId-000000000005", "shardId-5", "x-5" or "5".
std::optional<std::uint32_t> parse_shard_id(std::string_view text);

Error stream_not_found(const StreamName& stream);
/// For put and reshard: "Could not find shard X in stream S under account A."
Error could_not_find_shard(std::string_view shard_id, const StreamName& stream);
/// For iterators: "Shard X in stream S under account A does not exist"
Error shard_does_not_exist(std::uint32_t shard, const StreamName& stream);
/// C as the request named it, by name or ARN: "Consumer C, account A not found."
Error consumer_not_found(std::string_view consumer, const Tenant& tenant);
/// "Another active subscription exists for this consumer: A:S:shardId-...:C"
Error subscription_exists(const ConsumerName& consumer, std::uint32_t shard);
Error consumer_not_active(const ConsumerName& consumer);
Error stream_not_active(const StreamName& stream, StreamStatus status);
/// For what only streams with shards of their user's own choice take.
Error on_demand_refused(const StreamName& stream);
Error dry_run_passed();
/// Calls, or changes in a day, that come too often: "Rate exceeded for stream S under account A."
Error rate_exceeded(const StreamName& stream);
/// Distribution::kAuto on a provisioned stream.
Error auto_refused(const StreamName& stream);
/// kExpiredNextToken after 300 s.
Status check_token_age(ServiceTime issued, ServiceTime now);
std::string rate_exceeded_text(std::uint32_t shard, const StreamName& stream);

}  // namespace penstock::stream
