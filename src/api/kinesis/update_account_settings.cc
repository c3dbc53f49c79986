#include "api/kinesis/account_settings.h"
#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"

namespace penstock::api::kinesis {
namespace {

constexpr std::array<std::string_view, 2> kSwitches{"ENABLED", "DISABLED"};

struct MinimumThroughputBillingCommitmentInput {
  std::optional<std::string> status;
  static constexpr std::string_view kShapeName = "MinimumThroughputBillingCommitmentInput";
  static constexpr auto shape() {
    return std::array{shape::member<&MinimumThroughputBillingCommitmentInput::status>(
        "Status", {shape::required, shape::one_of(kSwitches)})};
  }
};

struct UpdateAccountSettingsRequest {
  std::optional<MinimumThroughputBillingCommitmentInput> commitment;
  static constexpr auto shape() {
    return std::array{shape::member<&UpdateAccountSettingsRequest::commitment>(
        "MinimumThroughputBillingCommitment", {shape::required},
        "On-demand Advantage: at least 24 hours.")};
  }
};

constexpr std::string_view kErrors[] = {"InvalidArgumentException", "ValidationException",
                                        "LimitExceededException"};
constexpr shape::Operation<UpdateAccountSettingsRequest, AccountSettingsReply>
    kUpdateAccountSettings{
        .name = "UpdateAccountSettings",
        .errors = kErrors,
        .doc = "Commits the account to a minimum of throughput in a region, or ends that."};

}  // namespace

shape::OperationInfo update_account_settings_shape() {
  return shape::describe(kUpdateAccountSettings);
}

front::Operation update_account_settings(Parts parts) {
  return bind(kUpdateAccountSettings, kStyle,
              [parts](const front::Request& request,
                      UpdateAccountSettingsRequest input) -> Task<Result<AccountSettingsReply>> {
                CO_TRY(const stream::CommitmentView made,
                       co_await parts.streams.set_commitment(
                           caller_of(request), view(input.commitment->status) == "ENABLED"));
                co_return wire(made);
              });
}

}  // namespace penstock::api::kinesis
