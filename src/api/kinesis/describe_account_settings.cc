#include "api/kinesis/account_settings.h"
#include "api/kinesis/operations.h"

namespace penstock::api::kinesis {
namespace {

struct DescribeAccountSettingsRequest {
  static constexpr std::array<shape::Member, 0> shape() { return {}; }
};

constexpr std::string_view kErrors[] = {"LimitExceededException"};
constexpr shape::Operation<DescribeAccountSettingsRequest, AccountSettingsReply>
    kDescribeAccountSettings{.name = "DescribeAccountSettings",
                             .errors = kErrors,
                             .doc = "What the account has committed itself to in a region."};

}  // namespace

shape::OperationInfo describe_account_settings_shape() {
  return shape::describe(kDescribeAccountSettings);
}

front::Operation describe_account_settings(Parts parts) {
  return bind(kDescribeAccountSettings, kStyle,
              [parts](const front::Request& request,
                      DescribeAccountSettingsRequest) -> Result<AccountSettingsReply> {
                return wire(parts.streams.commitment(caller_of(request)));
              });
}

}  // namespace penstock::api::kinesis
