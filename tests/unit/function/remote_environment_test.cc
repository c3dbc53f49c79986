#include "function/remote_environment.h"

#include "env/sim/world.h"
#include "function/report.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace penstock::function {
namespace {

class Log final : public LogSink {
 public:
  void line(std::string_view text) override { lines.emplace_back(text); }
  void begin_invocation() override { ++invocations; }
  std::vector<std::string> lines;
  int invocations = 0;
};

/// One environment in front of an endpoint that answers as told.
class Remote {
 public:
  using Reply = Result<env::HttpReply>;
  explicit Remote(std::function<Reply(const env::HttpRequest&)> answer) {
    world.http().answer_with(
        [this, answer = std::move(answer)](env::HttpRequest request, CancelToken) -> Task<Reply> {
          asked.push_back(request);
          co_return answer(request);
        });
    EnvironmentSpec spec{.function = "f", .timeout = Seconds{7}, .memory_mb = 256};
    environment = make_remote_environment(std::move(spec), "http://there/x", log, world.loop(),
                                          world.env().clocks, world.http());
  }
  ~Remote() { world.run(environment->shutdown()); }

  RunResult run(Event event = {.request_id = "id", .payload = "1", .invoked_arn = "arn"}) {
    std::optional<RunResult> ended;
    environment->run(std::move(event), [&](RunResult result) { ended = std::move(result); });
    EXPECT_FALSE(ended.has_value()) << "never from within run()";
    world.run_until([&] { return ended.has_value(); });
    return *ended;
  }
  std::string header(const std::string& name) const {
    const auto& headers = asked.back().headers;
    const auto found = std::find_if(headers.begin(), headers.end(),
                                    [&](const auto& header) { return header.first == name; });
    return found == headers.end() ? "(none)" : found->second;
  }

  env::sim::World world{1};
  Log log;
  std::vector<env::HttpRequest> asked;
  std::unique_ptr<Environment> environment;
};

TEST(RemoteEnvironment, SendsTheEventAsTheInterfaceEmulatorTakesIt) {
  Remote remote([](const env::HttpRequest&) { return env::HttpReply{200, {}, "[1]"}; });
  const RunResult result = remote.run({.request_id = "id",
                                       .payload = "{\"a\":1}",
                                       .invoked_arn = "arn",
                                       .client_context = "{}",
                                       .trace_id = "Root=1"});
  EXPECT_EQ(result.kind, RunResult::Kind::kResponse);
  EXPECT_EQ(result.payload, "[1]");
  EXPECT_TRUE(result.is_reusable);
  const env::HttpRequest& sent = remote.asked.at(0);
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.url, "http://there/x");
  EXPECT_EQ(sent.body, "{\"a\":1}");
  EXPECT_EQ(sent.timeout, Seconds{7});
  EXPECT_EQ(remote.header("X-Amzn-RequestId"), "id");
  EXPECT_EQ(remote.header("X-Amz-Invoked-Function-Arn"), "arn");
  EXPECT_EQ(remote.header("X-Amzn-Trace-Id"), "Root=1");
  EXPECT_EQ(remote.header("X-Amz-Client-Context"), "e30=");
}

TEST(RemoteEnvironment, AnEmptyContextIsNotSent) {
  Remote remote([](const env::HttpRequest&) { return env::HttpReply{200, {}, ""}; });
  remote.run();
  EXPECT_EQ(remote.header("X-Amz-Client-Context"), "(none)");
}

TEST(RemoteEnvironment, LogsLikeAFunction) {
  Remote remote([](const env::HttpRequest&) { return env::HttpReply{200, {}, ""}; });
  remote.run();
  EXPECT_EQ(remote.log.invocations, 1);
  ASSERT_EQ(remote.log.lines.size(), 3u);
  EXPECT_EQ(remote.log.lines[0], "START RequestId: id Version: $LATEST");
  EXPECT_EQ(remote.log.lines[1], "END RequestId: id");
  EXPECT_TRUE(remote.log.lines[2].starts_with("REPORT RequestId: id\t"));
}

TEST(RemoteEnvironment, TheHeaderTellsAnErrorOfTheFunction) {
  Remote remote([](const env::HttpRequest&) {
    return env::HttpReply{200, {{"x-amz-function-error", "Unhandled"}}, "\"no\""};
  });
  const RunResult result = remote.run();
  EXPECT_EQ(result.kind, RunResult::Kind::kFunctionError);
  EXPECT_EQ(result.payload, "\"no\"");
  EXPECT_TRUE(remote.log.lines.back().ends_with("Status: error"));
}

TEST(RemoteEnvironment, ATimeOutIsTheFunctions) {
  Remote remote(
      [](const env::HttpRequest&) -> Remote::Reply { return Error{Errc::kTimedOut, "no answer"}; });
  const RunResult result = remote.run();
  EXPECT_EQ(result.kind, RunResult::Kind::kFunctionError);
  EXPECT_EQ(result.payload, timeout_payload("id", Seconds{7}));
  EXPECT_TRUE(remote.log.lines.back().ends_with("Status: timeout"));
}

TEST(RemoteEnvironment, AReplyThatIsTooLargeIsTheFunctions) {
  Remote remote(
      [](const env::HttpRequest&) -> Remote::Reply { return Error{Errc::kLimit, "too large"}; });
  EXPECT_EQ(remote.run().payload, response_too_large_payload());
  EXPECT_EQ(remote.asked.at(0).reply_bytes_max, kResponseBytesMax);
}

TEST(RemoteEnvironment, WhoeverIsNotThereOrAnswersWithAnErrorWasNotReached) {
  Remote gone([](const env::HttpRequest&) -> Remote::Reply {
    return Error{Errc::kUnavailable, "connection refused"};
  });
  RunResult result = gone.run();
  EXPECT_EQ(result.kind, RunResult::Kind::kUnavailable);
  EXPECT_EQ(result.message, "the function's endpoint http://there/x: connection refused");
  for (const int status : {199, 300, 404, 500, 503}) {
    Remote failing([status](const env::HttpRequest&) { return env::HttpReply{status, {}, "x"}; });
    result = failing.run();
    EXPECT_EQ(result.kind, RunResult::Kind::kUnavailable) << status;
    EXPECT_EQ(result.message, "the function's endpoint http://there/x answered with status " +
                                  std::to_string(status));
  }
}

TEST(RemoteUrl, HasLambdasPathWhenNoneIsGiven) {
  constexpr std::string_view kPath = "/2015-03-31/functions/function/invocations";
  EXPECT_EQ(remote_url("http://h:9000"), "http://h:9000" + std::string(kPath));
  EXPECT_EQ(remote_url("http://h:9000/"), "http://h:9000" + std::string(kPath));
  EXPECT_EQ(remote_url("https://h/mine"), "https://h/mine");
}

TEST(RemoteUrl, IsEmptyForWhatIsNone) {
  for (const std::string_view text :
       {"", "h:9000", "ftp://h", "http://", "http:///x", "http://user@h/", "http://h/a b",
        "http://h/\x01", "123456789012.dkr.ecr.us-east-1.amazonaws.com/image:latest"}) {
    EXPECT_EQ(remote_url(text), "") << text;
  }
}

}  // namespace
}  // namespace penstock::function
