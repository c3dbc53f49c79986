#include "function/report.h"

#include "shape/json_text.h"

#include <cmath>
#include <csignal>
#include <cstdio>

namespace penstock::function {
namespace {

double in_millis(Nanos span) { return std::chrono::duration<double, std::milli>(span).count(); }

std::string decimals(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

std::string signal_name(int signal) {
  switch (signal) {
    case SIGKILL: return "killed";
    case SIGSEGV: return "segmentation fault";
    case SIGABRT: return "aborted";
    case SIGTERM: return "terminated";
    case SIGBUS: return "bus error";
    case SIGFPE: return "floating point exception";
    case SIGILL: return "illegal instruction";
    case SIGINT: return "interrupt";
    case SIGHUP: return "hangup";
    case SIGTRAP: return "trace/breakpoint trap";
    case SIGSYS: return "bad system call";
    default: return std::to_string(signal);
  }
}

void append_status(std::string& line, std::string_view status, std::string_view error_type) {
  if (status.empty()) return;
  line.append("Status: ").append(status);
  if (!error_type.empty()) line.append("\tError Type: ").append(error_type);
}

}  // namespace

std::string init_start_line(std::string_view runtime, std::string_view unprotected) {
  const std::size_t version = std::min(runtime.find_first_of("0123456789."), runtime.size());
  std::string line = "INIT_START Runtime Version: " + std::string(runtime.substr(0, version));
  std::string_view rest = runtime.substr(version);
  if (rest.starts_with('.')) rest.remove_prefix(1);
  if (!rest.empty()) line.append(":").append(rest);
  if (!unprotected.empty()) line.append("\tRuns without a sandbox: ").append(unprotected);
  return line;
}

std::string start_line(std::string_view request_id, std::string_view version) {
  return "START RequestId: " + std::string(request_id) + " Version: " + std::string(version);
}

std::string end_line(std::string_view request_id) {
  return "END RequestId: " + std::string(request_id);
}

std::string report_line(const Report& report) {
  const double duration = in_millis(report.duration);
  const double billed = std::ceil(duration + (report.init ? in_millis(*report.init) : 0));
  std::string line = "REPORT RequestId: ";
  line.append(report.request_id).append("\tDuration: ").append(decimals(duration));
  line += " ms\tBilled Duration: " + std::to_string(static_cast<std::int64_t>(billed));
  line += " ms\tMemory Size: " + std::to_string(report.memory_mb);
  line += " MB\tMax Memory Used: " + std::to_string(report.memory_used_mb) + " MB\t";
  if (report.init) line += "Init Duration: " + decimals(in_millis(*report.init)) + " ms\t";
  append_status(line, report.status, report.error_type);
  return line;
}

std::string init_report_line(Nanos init, std::string_view status, std::string_view error_type) {
  std::string line =
      "INIT_REPORT Init Duration: " + decimals(in_millis(init)) + " ms\tPhase: init\t";
  append_status(line, status, error_type);
  return line;
}

std::string failure_payload(std::string_view request_id, std::string_view type,
                            std::string_view message) {
  std::string payload;
  shape::JsonText json(payload);
  json.begin_object().key("errorType").text(type);
  json.key("errorMessage")
      .text("RequestId: " + std::string(request_id) + " Error: " + std::string(message));
  json.end_object();
  return payload;
}

std::string timeout_payload(std::string_view request_id, Millis timeout) {
  return failure_payload(
      request_id, "Sandbox.Timedout",
      "Task timed out after " + decimals(in_millis(timeout) / 1000) + " seconds");
}

std::string exit_message(int exit_status, int signal) {
  if (signal != 0) return "Runtime exited with error: signal: " + signal_name(signal);
  if (exit_status == 0) return "Runtime exited without providing a reason";
  return "Runtime exited with error: exit status " + std::to_string(exit_status);
}

std::string response_too_large_payload() {
  std::string payload;
  shape::JsonText json(payload);
  json.begin_object();
  json.key("errorMessage")
      .text("Response payload size exceeded maximum allowed payload size (" +
            std::to_string(kResponseBytesMax) + " bytes).");
  json.key("errorType").text("Function.ResponseSizeTooLarge");
  json.end_object();
  return payload;
}

}  // namespace penstock::function
