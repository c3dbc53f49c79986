#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "stream/types.h"

#include <optional>
#include <string>
#include <string_view>

namespace penstock::stream {

struct StreamParts;

/// What an account has committed itself to in a region: to pay for a minimum of throughput, which
/// makes every on-demand stream there an Advantage one. At least 24 hours. Pure.
struct BillingCommitment {
  std::optional<ServiceTime> started;
  std::optional<ServiceTime> ends;  ///< Ended then, or will end.

  bool is_on(ServiceTime now) const { return started && (!ends || now < *ends); }
  std::optional<ServiceTime> earliest_end() const;
  /// Starts it, or takes back that it shall end.
  void enable(ServiceTime now);
  /// Ends it, not before 24 hours have passed.
  void disable(ServiceTime now);
  CommitmentView view(ServiceTime now) const;
  bool operator==(const BillingCommitment&) const = default;
};

std::string encode(const BillingCommitment& commitment);
/// fails     Errc::kCorrupt
Result<BillingCommitment> decode_commitment(std::string_view document);

/// The settings of accounts, each in a document of its own: "account-settings/<account>/<region>".
/// Looking is for any loop, changing for the control loop.
class AccountSettings {
 public:
  explicit AccountSettings(const StreamParts& parts) : parts_(parts) {}

  CommitmentView commitment(const Tenant& tenant) const;
  /// Whether on-demand streams of the account are Advantage streams now: warm throughput, and 50
  /// consumers instead of 20.
  bool has_advantage(const Tenant& tenant) const;
  Task<Result<CommitmentView>> set_commitment(Tenant tenant, bool enabled);

 private:
  BillingCommitment read(const Tenant& tenant) const;
  const StreamParts& parts_;
};

}  // namespace penstock::stream
