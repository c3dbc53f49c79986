#pragma once

#include "base/ids.h"
#include "base/time.h"
#include "stream/limiter.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

namespace penstock::stream {

/// How often an operation may be called in a second: per account and region, or per stream.
struct CallRate {
  enum class Per : std::uint8_t { kAccount, kStream };
  std::string_view operation;
  std::int64_t per_second = 0;
  Per per = Per::kAccount;
};
/// AWS's, of every operation of the control plane that has one.
std::span<const CallRate> aws_call_rates();

/// Counts calls against rates. Pure: no clock of its own.
class CallRates {
 public:
  /// Rates by operation that take the place of AWS's; 0: none. Names are in aws_call_rates().
  using Changes = std::map<std::string, std::int64_t, std::less<>>;

  /// `with_aws`: AWS's hold where there is no change; else only the changes.
  CallRates(bool with_aws, const Changes& changes);

  bool has(std::string_view operation) const { return rates_.contains(operation); }
  /// Counts a call, or refuses it. `stream`: empty when the call names none.
  bool admit(const Tenant& tenant, std::string_view operation, std::string_view stream,
             ServiceTime now);

  std::size_t counted() const { return buckets_.size(); }

 private:
  struct Key {
    Tenant tenant;
    std::string operation;
    std::string stream;
    auto operator<=>(const Key&) const = default;
  };
  void forget_full(ServiceTime now);

  std::map<std::string, CallRate, std::less<>> rates_;
  std::map<Key, Bucket> buckets_;
  std::size_t forget_at_ = kForgetAt;
  static constexpr std::size_t kForgetAt = 1'024;
};

}  // namespace penstock::stream
