#pragma once

#include "api/admin/errors.h"
#include "api/bind.h"
#include "front/request.h"
#include "stream/errors.h"
#include "stream/types.h"

#include <array>
#include <optional>
#include <string>

/// What calls about one stream below /_penstock/streams/{name}/ have in common.
namespace penstock::api::admin {

/// The request of those that take nothing else.
struct WhichStream {
  std::optional<std::string> stream_name;
  std::optional<std::string> account;
  std::optional<std::string> region;
  static constexpr auto shape() {
    using Self = WhichStream;
    return std::array{
        shape::member<&Self::stream_name>("StreamName",
                                          {shape::required, shape::in_path("StreamName")}),
        shape::member<&Self::account>("account", {shape::in_query("account")},
                                      "That of the caller if absent."),
        shape::member<&Self::region>("region", {shape::in_query("region")},
                                     "That of the caller if absent."),
    };
  }
};

template <class Input>
stream::StreamName name_in(const front::Request& request, const Input& input) {
  const Tenant& caller = request.caller.tenant;
  return {.tenant = {input.account.value_or(caller.account), input.region.value_or(caller.region)},
          .name = *input.stream_name};
}

inline const ErrorName* stream_error_name(const ErrorCode& code) {
  static constexpr ErrorName kNotFound{.name = "ResourceNotFoundException", .status = 404};
  static constexpr ErrorName kInUse{.name = "ResourceInUseException", .status = 409};
  static constexpr ErrorName kValidation{.name = "ValidationException", .status = 400};
  static constexpr ErrorName kUnavailable{.name = "ServiceUnavailable", .status = 503};
  if (code == stream::StreamErrc::kNotFound) return &kNotFound;
  if (code == stream::StreamErrc::kInUse) return &kInUse;
  if (code == stream::StreamErrc::kValidation) return &kValidation;
  if (code == Errc::kUnavailable || code == Errc::kCancelled) return &kUnavailable;
  return body_error_name(code);
}

inline constexpr ServiceStyle kStreamStyle{.name_of = &stream_error_name,
                                           .write_error = &write_rest_error,
                                           .internal = {.name = "InternalFailure", .status = 500}};

}  // namespace penstock::api::admin
