#pragma once

#include "base/result.h"
#include "base/task.h"
#include "stream/consumers.h"
#include "stream/read_path.h"
#include "stream/stream_service.h"
#include "stream/subscription.h"
#include "stream/subscriptions.h"

#include <memory>

namespace penstock::stream {

/// How a subscription comes to be. Any loop.
class SubscribePath {
 public:
  SubscribePath(const StreamParts& parts, const ReadPath& reads, const Consumers& consumers,
                Subscriptions& subscriptions)
      : parts_(parts), reads_(reads), consumers_(consumers), subscriptions_(subscriptions) {}

  Task<Result<std::unique_ptr<Subscription>>> subscribe(SubscribeToShard request) const;

 private:
  /// The consumer of an ARN. fails: kNotFound, kInUse when it is not ACTIVE
  Result<ConsumerView> active_consumer(std::string_view arn) const;
  env::Loop& current_loop() const;

  const StreamParts& parts_;
  const ReadPath& reads_;
  const Consumers& consumers_;
  Subscriptions& subscriptions_;
};

}  // namespace penstock::stream
