#pragma once

#include "base/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The lines and objects the platform adds to a function's own output, in Lambda's words.
namespace penstock::function {

struct Report {
  std::string_view request_id;
  Nanos duration{0};
  std::int64_t memory_mb = 128;
  std::int64_t memory_used_mb = 0;
  std::optional<Nanos> init;    ///< For the first invocation of an environment.
  std::string_view status;      ///< "timeout", "error"; empty: success.
  std::string_view error_type;  ///< With "error".
};

/// An environment begins. `runtime` as in "python3.11"; `unprotected` says why it has no sandbox,
/// empty when it has one.
std::string init_start_line(std::string_view runtime, std::string_view unprotected);
std::string start_line(std::string_view request_id, std::string_view version);
std::string end_line(std::string_view request_id);
/// Initialisation is billed too, since August 2025.
std::string report_line(const Report& report);
/// An initialisation that failed.
std::string init_report_line(Nanos init, std::string_view status, std::string_view error_type);

/// {"errorType":...,"errorMessage":"RequestId: <id> Error: <message>"}
std::string failure_payload(std::string_view request_id, std::string_view type,
                            std::string_view message);
/// Sandbox.Timedout, "Task timed out after 3.00 seconds".
std::string timeout_payload(std::string_view request_id, Millis timeout);
/// Runtime.ExitError: by exit status, or by the signal that ended the process.
std::string exit_message(int exit_status, int signal);
inline constexpr std::size_t kResponseBytesMax = (6u << 20) + 100;
/// Function.ResponseSizeTooLarge.
std::string response_too_large_payload();

}  // namespace penstock::function
