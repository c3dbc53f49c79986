#pragma once

#include "base/ids.h"
#include "base/task.h"

#include <string>

namespace penstock::function {

/// One synchronous invocation (RequestResponse).
struct InvokeRequest {
  Tenant tenant;
  std::string function;        ///< Name, partial ARN or ARN, with or without a qualifier.
  std::string payload;         ///< JSON, at most 6 MiB.
  std::string client_context;  ///< Base64, as in X-Amz-Client-Context; usually empty.
};

/// What became of it. Only kSucceeded and kFunctionError reached the function and count as
/// attempts.
struct InvokeOutcome {
  enum class Kind {
    kSucceeded,
    kFunctionError,  ///< Exception, time-out, crash, out of memory, bad reply.
    kThrottled,      ///< No environment free; nothing ran.
    kNotFound,       ///< The function, version or alias does not exist.
    /// The service could not run it (sandbox failed, remote endpoint unreachable), or stopped under
    /// it.
    kUnavailable,
  };
  Kind kind = Kind::kUnavailable;
  std::string payload;           ///< The function's reply, or its error object.
  std::string function_error;    ///< "Unhandled" or "Handled" for kFunctionError.
  std::string executed_version;  ///< "$LATEST".
  std::string request_id;        ///< UUID of this invocation.
  std::string log_tail;          ///< Last 4 KiB of its log, plain.
  std::string message;           ///< For people, when nothing ran.
};

/// What mappings need of functions; the simulator models it. Control loop only.
class Invoker {
 public:
  virtual ~Invoker() = default;
  /// Ends at the latest when the function's time-out has passed. Cancelling abandons the wait; the
  /// function may still run.
  virtual Task<InvokeOutcome> invoke(InvokeRequest request, CancelToken cancel) = 0;
  /// Whether the function (and qualifier) exists now, and its ARN as mappings print it
  /// (unqualified: without ":$LATEST"); empty when it does not exist.
  virtual std::string resolve_arn(const Tenant& tenant, const std::string& function) const = 0;
  /// The execution role of the function, for invokeIdentityArn; empty when it does not exist.
  virtual std::string role_arn(const Tenant& tenant, const std::string& function) const = 0;
};

}  // namespace penstock::function
