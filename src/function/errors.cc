#include "function/errors.h"

namespace penstock::function {
namespace {

std::string_view text(int value) {
  switch (static_cast<FunctionErrc>(value)) {
    case FunctionErrc::kNotFound: return "not_found";
    case FunctionErrc::kConflict: return "conflict";
    case FunctionErrc::kInvalidParameter: return "invalid_parameter";
    case FunctionErrc::kPrecondition: return "precondition";
    case FunctionErrc::kInvalidContent: return "invalid_content";
    case FunctionErrc::kRequestTooLarge: return "request_too_large";
    case FunctionErrc::kCodeTooLarge: return "code_too_large";
    case FunctionErrc::kThrottled: return "throttled";
    case FunctionErrc::kAccessDenied: return "access_denied";
    case FunctionErrc::kNotSupported: return "not_supported";
    case FunctionErrc::kUnavailable: return "unavailable";
  }
  return "unknown";
}

}  // namespace

const ErrorDomain& error_domain(FunctionErrc) {
  static constexpr ErrorDomain kDomain{"function", text};
  return kDomain;
}

}  // namespace penstock::function
