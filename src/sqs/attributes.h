#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::sqs {

/// The most bytes of a message, and of all messages of one batch.
inline constexpr std::size_t kMessageBytesMax = 1'048'576;

using TextMap = std::map<std::string, std::string>;

/// Where messages go that were received too often.
struct RedrivePolicy {
  std::string target_arn;
  std::uint32_t max_receive_count = 0;
  bool operator==(const RedrivePolicy&) const = default;
};

/// What a queue's attributes mean. Those without a meaning here (Policy, Kms...) are kept as text.
struct QueueAttributes {
  Seconds visibility{30};
  Seconds delay{0};
  Seconds retention{345'600};
  Seconds receive_wait{0};
  std::size_t message_bytes_max = kMessageBytesMax;
  std::optional<RedrivePolicy> redrive;
  bool operator==(const QueueAttributes&) const = default;
};

/// Reads what a client sets. An empty value of RedrivePolicy or Policy means "none".
/// Errors: SqsErrc::{kInvalidAttributeName, kInvalidAttributeValue, kUnsupported (FIFO)}.
Result<QueueAttributes> parse_attributes(const TextMap& attributes);

/// A settable attribute as GetQueueAttributes prints it, its default included; nothing when unset.
std::optional<std::string> settable_text(const TextMap& set, std::string_view name);

/// Names that settable_text knows, in no order.
std::vector<std::string_view> settable_names();

/// Every name that GetQueueAttributes knows, "All" not included.
bool is_attribute_name(std::string_view name);

/// 1 to 80 letters, digits, '-' and '_'.
/// Errors: SqsErrc::{kInvalidParameter, kUnsupported (a FIFO name)}.
Status check_queue_name(std::string_view name);

/// Errors: SqsErrc::kInvalidParameter unless 0..43200.
Status check_visibility(std::int64_t seconds);

/// A queue: whose, and its name.
struct QueueTarget {
  Tenant tenant;
  std::string name;
  bool operator==(const QueueTarget&) const = default;
};
std::string arn_of(const QueueTarget& target);
std::optional<QueueTarget> parse_queue_arn(std::string_view arn);

}  // namespace penstock::sqs
