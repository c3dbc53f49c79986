#include "base/check.h"
#include "base/hex.h"
#include "base/sha256.h"
#include "env/posix/runtime.h"
#include "env/posix/worker.h"
#include "sandbox/host.h"
#include "support/moved_clocks.h"
#include "unit/function/zips.h"

#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <optional>
#include <thread>

// Real processes on a real loop, without a sandbox around them: any machine can run them so.

namespace penstock::sandbox {
namespace {

using function::RunResult;

/// Answers every event with the access key it was started with.
constexpr const char* kBootstrap = R"(#!/usr/bin/python3
import http.client, os
api = os.environ["AWS_LAMBDA_RUNTIME_API"]
while True:
    connection = http.client.HTTPConnection(api)
    connection.request("GET", "/2018-06-01/runtime/invocation/next")
    event = connection.getresponse()
    event.read()
    name = event.headers["Lambda-Runtime-Aws-Request-Id"]
    connection.request("POST", f"/2018-06-01/runtime/invocation/{name}/response",
                       os.environ["AWS_ACCESS_KEY_ID"])
    connection.getresponse().read()
)";

class NoLog final : public function::LogSink {
 public:
  void line(std::string_view) override {}
  void begin_invocation() override {}
};

/// A host whose clocks the test moves, and one function.
class Hosted {
 public:
  Hosted() {
    on_loop([](Hosted& self) -> Task<> {
      self.host_ = SandboxHost::open({.clocks = self.clocks,
                                      .control_loop = self.runtime_.control(),
                                      .workers = self.workers_,
                                      .budget = self.budget_},
                                     {.isolation = SandboxSettings::Isolation::kOff})
                       .value();
      const Status tried = co_await self.host_->try_isolation();
      PENSTOCK_CHECK(tried.ok(), "nothing has to be isolated");
    }(*this));
    const std::string zip = function::zip_of({{"bootstrap", kBootstrap, 0100755}});
    spec_.package_path = host_->scratch_folder() + "/package.zip";
    std::ofstream(spec_.package_path, std::ios::binary) << zip;
    spec_.package_sha256 = hex_encode(as_chars(sha256(zip)));
    spec_.runtime = "provided.al2023";
    spec_.timeout = std::chrono::minutes(1);
  }
  ~Hosted() {
    // What was posted to the loop by the host's worker comes to its end.
    on_loop([](Hosted& self) -> Task<> {
      self.host_.reset();
      co_return;
    }(*this));
    runtime_.stop();
    thread_.join();
  }
  SandboxHost& host() { return *host_; }
  std::unique_ptr<function::Environment> environment() {
    return host_->make(spec_, log_, [] {});
  }
  RunResult run(function::Environment& environment) {
    std::optional<RunResult> result;
    on_loop([](function::Environment& with, std::optional<RunResult>& out) -> Task<> {
      OneShot<RunResult> ended;
      with.run({.request_id = "id", .payload = "{}"},
               [ended](RunResult given) { ended.set(std::move(given)); });
      out = co_await ended.take();
    }(environment, result));
    return *result;
  }
  void shut_down(function::Environment& environment) { on_loop(environment.shutdown()); }

 private:
  void on_loop(Task<> task) {
    std::promise<void> done;
    start(runtime_.control().executor(), [](Task<> work, std::promise<void>& out) -> Task<> {
      co_await std::move(work);
      out.set_value();
    }(std::move(task), done));
    done.get_future().get();
  }
  env::posix::Runtime runtime_{1, Millis{0}};
  env::posix::PosixWorkers workers_;
  Budget budget_{64u << 20};
  NoLog log_;
  function::EnvironmentSpec spec_;
  std::unique_ptr<SandboxHost> host_;

 public:
  testing::MovedClocks clocks{runtime_.clocks()};

 private:
  std::thread thread_{[this] { runtime_.run(); }};
};

TEST(ProcessEnvironment, EndsItsLastEventWhenItsKeysAreToBeReplaced) {
  constexpr std::chrono::hours kDay{24};
  Hosted hosted;
  int issued = 0;
  hosted.host().set_credentials([&](const Tenant&) {
    return TemporaryCredentials{.access_key = "KEY" + std::to_string(++issued),
                                .secret_key = "s",
                                .session_token = "t",
                                .replace_at = hosted.clocks.wall_now() + kDay};
  });
  const auto first = hosted.environment();
  RunResult result = hosted.run(*first);
  EXPECT_EQ(result.payload, "KEY1");
  EXPECT_TRUE(result.is_reusable);
  hosted.clocks.move_wall(kDay - std::chrono::hours(1));
  EXPECT_TRUE(hosted.run(*first).is_reusable) << "an hour is left";
  hosted.clocks.move_wall(std::chrono::hours(1));
  result = hosted.run(*first);
  EXPECT_EQ(result.kind, RunResult::Kind::kResponse);
  EXPECT_EQ(result.payload, "KEY1") << "it had the event: that is answered";
  EXPECT_FALSE(result.is_reusable);
  hosted.shut_down(*first);

  const auto second = hosted.environment();
  result = hosted.run(*second);
  EXPECT_EQ(result.payload, "KEY2");
  EXPECT_TRUE(result.is_reusable);
  hosted.shut_down(*second);
}

TEST(ProcessEnvironment, WithoutKeysOfItsOwnLastsAsLongAsItIsWanted) {
  Hosted hosted;
  const auto environment = hosted.environment();
  EXPECT_TRUE(hosted.run(*environment).is_reusable);
  hosted.clocks.move_wall(std::chrono::hours(24 * 365));
  EXPECT_TRUE(hosted.run(*environment).is_reusable);
  hosted.shut_down(*environment);
}

}  // namespace
}  // namespace penstock::sandbox
