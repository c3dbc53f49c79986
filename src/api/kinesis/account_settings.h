#pragma once

#include "api/kinesis/structures.h"
#include "shape/shape.h"
#include "stream/types.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>

/// The reply that reading and changing an account's settings share.
namespace penstock::api::kinesis {

inline constexpr std::array<std::string_view, 3> kCommitmentStatuses{
    "ENABLED", "DISABLED", "ENABLED_UNTIL_EARLIEST_ALLOWED_END"};

struct MinimumThroughputBillingCommitmentOutput {
  std::string status;
  std::optional<shape::Timestamp> started_at;
  std::optional<shape::Timestamp> ended_at;
  std::optional<shape::Timestamp> earliest_allowed_end_at;
  static constexpr std::string_view kShapeName = "MinimumThroughputBillingCommitmentOutput";
  static constexpr auto shape() {
    using Self = MinimumThroughputBillingCommitmentOutput;
    return std::array{
        shape::member<&Self::status>("Status",
                                     {shape::required, shape::one_of(kCommitmentStatuses)}),
        shape::member<&Self::started_at>("StartedAt"),
        shape::member<&Self::ended_at>("EndedAt"),
        shape::member<&Self::earliest_allowed_end_at>("EarliestAllowedEndAt", {},
                                                      "24 hours after it was started."),
    };
  }
};

struct AccountSettingsReply {
  MinimumThroughputBillingCommitmentOutput commitment;
  static constexpr auto shape() {
    return std::array{
        shape::member<&AccountSettingsReply::commitment>("MinimumThroughputBillingCommitment")};
  }
};

inline AccountSettingsReply wire(const stream::CommitmentView& view) {
  using Status = stream::CommitmentView::Status;
  const auto stamp = [](const std::optional<ServiceTime>& at) {
    return at ? std::optional(wire(*at)) : std::nullopt;
  };
  const std::string_view status = view.status == Status::kEnabled    ? kCommitmentStatuses[0]
                                  : view.status == Status::kDisabled ? kCommitmentStatuses[1]
                                                                     : kCommitmentStatuses[2];
  return {{.status = std::string(status),
           .started_at = stamp(view.started),
           .ended_at = stamp(view.ended),
           .earliest_allowed_end_at = stamp(view.earliest_end)}};
}

}  // namespace penstock::api::kinesis
