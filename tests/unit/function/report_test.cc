#include "function/report.h"

#include <gtest/gtest.h>

#include <csignal>

namespace penstock::function {
namespace {

TEST(Report, TheLinesAroundAnInvocation) {
  EXPECT_EQ(init_start_line("python3.11", ""), "INIT_START Runtime Version: python:3.11");
  EXPECT_EQ(init_start_line("provided.al2023", "no bwrap"),
            "INIT_START Runtime Version: provided:al2023\tRuns without a sandbox: no bwrap");
  EXPECT_EQ(start_line("id", "$LATEST"), "START RequestId: id Version: $LATEST");
  EXPECT_EQ(end_line("id"), "END RequestId: id");
}

TEST(Report, AnInvocationIsBilledInWholeMilliseconds) {
  EXPECT_EQ(report_line({.request_id = "id",
                         .duration = std::chrono::microseconds{12'341},
                         .memory_mb = 256,
                         .memory_used_mb = 40}),
            "REPORT RequestId: id\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 256 "
            "MB\tMax Memory Used: 40 MB\t");
}

TEST(Report, InitialisationIsBilledWithTheFirst) {
  EXPECT_EQ(report_line({.request_id = "id", .duration = Millis{2}, .init = Millis{100}}),
            "REPORT RequestId: id\tDuration: 2.00 ms\tBilled Duration: 102 ms\tMemory Size: 128 "
            "MB\tMax Memory Used: 0 MB\tInit Duration: 100.00 ms\t");
}

TEST(Report, HowItFailed) {
  EXPECT_TRUE(report_line({.request_id = "id", .duration = Seconds{3}, .status = "timeout"})
                  .ends_with("\tStatus: timeout"));
  EXPECT_TRUE(report_line({.request_id = "id",
                           .duration = Seconds{3},
                           .status = "error",
                           .error_type = "Runtime.ExitError"})
                  .ends_with("\tStatus: error\tError Type: Runtime.ExitError"));
  EXPECT_EQ(init_report_line(Millis{10'000}, "timeout", ""),
            "INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout");
}

TEST(Report, FailuresAsObjects) {
  EXPECT_EQ(
      failure_payload("id", "Runtime.ExitError", "a \"quoted\" reason"),
      R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: id Error: a \"quoted\" reason"})");
  EXPECT_EQ(
      timeout_payload("id", Millis{3'000}),
      R"({"errorType":"Sandbox.Timedout","errorMessage":"RequestId: id Error: Task timed out after 3.00 seconds"})");
  EXPECT_EQ(
      response_too_large_payload(),
      R"({"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"})");
}

TEST(Report, HowAProcessEnded) {
  EXPECT_EQ(exit_message(0, 0), "Runtime exited without providing a reason");
  EXPECT_EQ(exit_message(7, 0), "Runtime exited with error: exit status 7");
  EXPECT_EQ(exit_message(0, SIGKILL), "Runtime exited with error: signal: killed");
  EXPECT_EQ(exit_message(0, SIGSEGV), "Runtime exited with error: signal: segmentation fault");
  EXPECT_EQ(exit_message(0, SIGRTMIN),
            "Runtime exited with error: signal: " + std::to_string(SIGRTMIN));
}

}  // namespace
}  // namespace penstock::function
