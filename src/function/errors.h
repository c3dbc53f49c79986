#pragma once

#include "base/error.h"

namespace penstock::function {

/// Why a call is refused. Messages are the service's own texts.
enum class FunctionErrc {
  kNotFound,
  kConflict,          ///< It exists already, or its state forbids the call now.
  kInvalidParameter,  ///< The request contradicts itself, or asks for what does not exist here.
  kPrecondition,      ///< RevisionId is not the latest.
  kInvalidContent,    ///< The event is not JSON.
  kRequestTooLarge,   ///< The event exceeds its limit.
  kCodeTooLarge,      ///< The package exceeds its limit.
  kThrottled,         ///< As many invocations run as may.
  kAccessDenied,      ///< A function of another account.
  kNotSupported,      ///< Part of the service, but not of this server; the message says what to do.
  kUnavailable,       ///< The function could not be run; it was not reached.
};
const ErrorDomain& error_domain(FunctionErrc);

}  // namespace penstock::function
