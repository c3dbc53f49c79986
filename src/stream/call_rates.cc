#include "stream/call_rates.h"

#include <algorithm>
#include <iterator>

namespace penstock::stream {
namespace {

using Per = CallRate::Per;

// Developer guide and API reference. Channels are refused anyway, and so are not counted.
constexpr CallRate kRates[] = {
    {"DescribeLimits", 1, Per::kAccount},
    {"CreateStream", 5, Per::kAccount},
    {"DeleteStream", 5, Per::kAccount},
    {"ListStreams", 5, Per::kAccount},
    {"AddTagsToStream", 5, Per::kAccount},
    {"RemoveTagsFromStream", 5, Per::kAccount},
    {"ListTagsForStream", 5, Per::kAccount},
    {"SplitShard", 5, Per::kAccount},
    {"MergeShards", 5, Per::kAccount},
    {"PutResourcePolicy", 5, Per::kAccount},
    {"GetResourcePolicy", 5, Per::kAccount},
    {"DeleteResourcePolicy", 5, Per::kAccount},
    {"DescribeAccountSettings", 5, Per::kAccount},
    {"UpdateAccountSettings", 5, Per::kAccount},
    {"UpdateStreamWarmThroughput", 5, Per::kAccount},
    {"RegisterStreamConsumer", 5, Per::kStream},
    {"DeregisterStreamConsumer", 5, Per::kStream},
    {"ListStreamConsumers", 5, Per::kStream},
    {"EnableEnhancedMonitoring", 5, Per::kStream},
    {"DisableEnhancedMonitoring", 5, Per::kStream},
    {"IncreaseStreamRetentionPeriod", 5, Per::kStream},
    {"DecreaseStreamRetentionPeriod", 5, Per::kStream},
    {"DescribeStream", 10, Per::kAccount},
    {"UpdateShardCount", 10, Per::kAccount},
    {"DescribeStreamSummary", 20, Per::kAccount},
    {"DescribeStreamConsumer", 20, Per::kStream},
    {"ListShards", 1'000, Per::kStream},
};

}  // namespace

std::span<const CallRate> aws_call_rates() { return kRates; }

CallRates::CallRates(bool with_aws, const Changes& changes) {
  for (CallRate rate : kRates) {
    const auto change = changes.find(rate.operation);
    if (change != changes.end()) {
      rate.per_second = change->second;
    } else if (!with_aws) {
      continue;
    }
    if (rate.per_second > 0) rates_.emplace(rate.operation, rate);
  }
}

bool CallRates::admit(const Tenant& tenant, std::string_view operation, std::string_view stream,
                      ServiceTime now) {
  const auto found = rates_.find(operation);
  if (found == rates_.end()) return true;
  const CallRate& rate = found->second;
  if (buckets_.size() >= forget_at_) forget_full(now);
  const auto at =
      buckets_
          .try_emplace(Key{.tenant = tenant,
                           .operation = std::string(operation),
                           .stream = rate.per == Per::kStream ? std::string(stream) : ""},
                       rate.per_second, rate.per_second)
          .first;
  Bucket& bucket = at->second;
  bucket.refill(now);
  if (!bucket.has(1)) return false;
  bucket.spend(1);
  return true;
}

/// A full bucket is as good as none: who names streams at random does not fill the memory.
void CallRates::forget_full(ServiceTime now) {
  for (auto at = buckets_.begin(); at != buckets_.end();) {
    at->second.refill(now);
    at = at->second.is_full() ? buckets_.erase(at) : std::next(at);
  }
  forget_at_ = std::max(kForgetAt, 2 * buckets_.size());
}

}  // namespace penstock::stream
