#pragma once

#include "base/ids.h"
#include "base/time.h"
#include "stream/types.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The values that operations on consumers (enhanced fan-out) take and give.
namespace penstock::stream {

enum class ConsumerStatus : std::uint8_t { kCreating, kActive, kDeleting };
std::string_view to_text(ConsumerStatus status);  ///< "CREATING", ...

/// Which consumer, as an ARN says it: a name that is registered again has another second.
struct ConsumerName {
  StreamName stream;
  std::string name;
  std::int64_t created_s = 0;
  auto operator<=>(const ConsumerName&) const = default;
  bool operator==(const ConsumerName&) const = default;
};
/// "<stream ARN>/consumer/<name>:<creation second>"
std::string consumer_arn(const ConsumerName& consumer);
/// Nothing when it is no consumer's ARN.
std::optional<ConsumerName> parse_consumer_arn(std::string_view arn);

/// Which consumer a request means: by its ARN, or by its stream's ARN and its name, or by all of
/// them, which must agree. Empty means not given. The views outlive the call.
struct ConsumerTarget {
  std::string_view arn;
  std::string_view stream_arn;
  std::string_view name;
};

/// A consumer as it is described.
struct ConsumerView {
  ConsumerName id;
  std::string arn;
  std::string stream_arn;
  ConsumerStatus status = ConsumerStatus::kActive;
  LogId log;  ///< Of its stream's incarnation.
  Tags tags;
  std::string policy;  ///< Its resource policy, as it was given; empty: none.
  ServiceTime created() const { return service_time(id.created_s * 1'000); }
};

/// What to do about a stream's consumers when it is removed.
enum class ConsumerRemoval : std::uint8_t { kRefused, kEnforced };

struct RegisterConsumer {
  std::string_view stream_arn;
  std::string_view name;
  Tags tags;
};

struct ListConsumers {
  std::string_view stream_arn;
  std::string_view next_token;
  std::optional<std::int64_t> max_results;  ///< Default 100, more than 100 counts as 100.
  std::optional<ServiceTime> stream_creation;
};
struct ConsumerPage {
  std::vector<ConsumerView> consumers;  ///< In the order of names.
  std::string next_token;               ///< Empty on the last page.
};

}  // namespace penstock::stream
