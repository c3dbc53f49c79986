#include "stream/parts.h"
#include "stream/policy.h"
#include "stream/tags.h"
#include "stream/texts.h"

/// Tags and policies of whatever an ARN names: a stream or a consumer of one.
namespace penstock::stream {
namespace {

using Holds = Catalog::Holds;

/// An ARN of neither a stream nor a consumer: of a queue, a channel, or of nothing at all.
Error no_such_resource(std::string_view arn) {
  return {StreamErrc::kNotFound, "Resource " + std::string(arn) +
                                     " not found. This server has streams and their consumers."};
}

Error policy_target_not_found(std::string_view arn, const Tenant& tenant) {
  return {StreamErrc::kNotFound,
          "Stream " + std::string(arn) + " under account " + tenant.account + " not found."};
}

Error no_policy(std::string_view arn) {
  return {StreamErrc::kNotFound, "No resource policy found for resource ARN " + std::string(arn)};
}

Status check_active(const ConsumerView& consumer) {
  if (consumer.status == ConsumerStatus::kActive) return ok();
  return Error{StreamErrc::kInUse, "Consumer " + consumer.id.name + " with creation timestamp " +
                                       std::to_string(consumer.id.created_s) + " under stream " +
                                       consumer.id.stream.name + " and account " +
                                       consumer.id.stream.tenant.account +
                                       " is not in ACTIVE status."};
}

}  // namespace

/// Exactly one of the two is there.
struct StreamService::Resource {
  std::optional<StreamName> stream;
  std::optional<ConsumerView> consumer;
};

Result<StreamService::Resource> StreamService::find_resource(std::string_view arn) const {
  if (const std::optional<ConsumerName> named = parse_consumer_arn(arn)) {
    Resource found{.consumer = find_consumer(arn)};
    if (!found.consumer) return consumer_not_found(arn, named->stream.tenant);
    return found;
  }
  Resource found{.stream = parse_stream_arn(arn)};
  if (!found.stream) return no_such_resource(arn);
  return found;
}

Task<Status> StreamService::tag_resource(std::string_view arn, Tags tags) {
  CO_TRY(const Resource resource, find_resource(arn));
  if (resource.consumer) co_return co_await add_consumer_tags(arn, std::move(tags));
  co_return co_await parts_->catalog.add_tags(*resource.stream, std::move(tags));
}

Task<Status> StreamService::untag_resource(std::string_view arn, std::vector<std::string> keys) {
  CO_TRY(const Resource resource, find_resource(arn));
  if (resource.consumer) co_return co_await remove_consumer_tags(arn, std::move(keys));
  co_return co_await parts_->catalog.remove_tags(*resource.stream, std::move(keys));
}

Result<Tags> StreamService::resource_tags(std::string_view arn) const {
  TRY(const Resource resource, find_resource(arn));
  if (resource.consumer) return resource.consumer->tags;
  const LiveStreamPtr stream = parts_->directory.find(*resource.stream);
  if (stream == nullptr) return stream_not_found(*resource.stream);
  return stream->entry.tags;
}

Task<Status> StreamService::put_policy(std::string_view arn, std::string_view policy) {
  CO_TRY(const Resource resource, find_resource(arn));
  if (resource.stream && parts_->directory.find(*resource.stream) == nullptr) {
    co_return policy_target_not_found(arn, resource.stream->tenant);
  }
  CO_TRY_OK(check_policy(policy, arn));
  co_return co_await set_policy(arn, resource, std::string(policy));
}

Result<std::string> StreamService::policy_of(std::string_view arn) const {
  TRY(const Resource resource, find_resource(arn));
  if (resource.consumer) return resource.consumer->policy;
  const LiveStreamPtr stream = parts_->directory.find(*resource.stream);
  if (stream == nullptr) return policy_target_not_found(arn, resource.stream->tenant);
  return stream->entry.options.policy;
}

Task<Status> StreamService::delete_policy(std::string_view arn) {
  CO_TRY(const std::string policy, policy_of(arn));
  if (policy.empty()) co_return no_policy(arn);
  CO_TRY(const Resource resource, find_resource(arn));
  co_return co_await set_policy(arn, resource, {});
}

Task<Status> StreamService::set_policy(std::string_view arn, Resource resource,
                                       std::string policy) {
  if (resource.consumer) {
    CO_TRY_OK(check_active(*resource.consumer));
    co_return co_await set_consumer_policy(arn, std::move(policy));
  }
  CO_TRY_OK(co_await parts_->catalog.change(*resource.stream, Holds::kAtOnce,
                                            [&policy](StreamEntry& entry) -> Status {
                                              entry.options.policy = policy;
                                              return ok();
                                            }));
  co_return ok();
}

}  // namespace penstock::stream
