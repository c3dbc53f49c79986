#pragma once

#include "base/result.h"
#include "mapping/item.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace penstock::mapping {

/// What of a record's surroundings a pattern may name beside `data`.
struct EventContext {
  std::string shard_id;    ///< "shardId-000000000000"
  std::string source_arn;  ///< The mapping's EventSourceArn.
  std::string region;
  std::string role_arn;  ///< invokeIdentityArn.
};

/// A mapping's filter patterns, compiled: a record passes when one of them matches, or there are
/// none. Pure; EventBridge's rules as Lambda documents them.
///
/// Data that is no JSON passes no pattern about it. So does data of which patterns name more than
/// shape::kValuesMax values: what a filter holds of a record is bounded.
class FilterSet {
 public:
  FilterSet();
  ~FilterSet();
  FilterSet(FilterSet&&) noexcept;
  FilterSet& operator=(FilterSet&&) noexcept;

  /// fails     MappingErrc::kInvalidParameter  "Invalid filter pattern definition."
  static Result<FilterSet> compile(std::span<const std::string> patterns);
  bool empty() const;
  bool matches(const Item& record, const EventContext& context) const;

 private:
  struct Compiled;
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace penstock::mapping
