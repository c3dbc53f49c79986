#include "function/remote_environment.h"

#include "base/base64.h"
#include "env/clocks.h"
#include "env/http_client.h"
#include "env/loop.h"
#include "function/report.h"

#include <algorithm>

namespace penstock::function {
namespace {

constexpr std::string_view kInvokePath = "/2015-03-31/functions/function/invocations";

class RemoteEnvironment final : public Environment {
 public:
  RemoteEnvironment(EnvironmentSpec spec, std::string url, LogSink& log, env::Loop& loop,
                    env::Clocks& clocks, env::HttpClient& http)
      : spec_(std::move(spec)),
        url_(std::move(url)),
        log_(log),
        clocks_(clocks),
        http_(http),
        scope_(loop.executor()) {}

  void run(Event event, std::function<void(RunResult)> done) override {
    scope_.spawn(call(std::move(event), std::move(done)));
  }

  Task<> shutdown() override {
    scope_.cancel();
    co_await scope_.join();
  }

 private:
  Task<> call(Event event, std::function<void(RunResult)> done) {
    log_.begin_invocation();
    log_.line(start_line(event.request_id, spec_.version));
    const SteadyTime begin = clocks_.steady_now();
    auto reply = co_await http_.fetch(request_of(event), scope_.token());
    Report report{.request_id = event.request_id,
                  .duration = clocks_.steady_now() - begin,
                  .memory_mb = spec_.memory_mb};
    RunResult result = result_of(event, std::move(reply), report);
    log_.line(end_line(event.request_id));
    log_.line(report_line(report));
    done(std::move(result));
  }

  env::HttpRequest request_of(Event& event) const {
    env::HttpRequest request{.url = url_,
                             .headers = {{"Content-Type", "application/json"},
                                         {"X-Amzn-RequestId", event.request_id},
                                         {"X-Amzn-Trace-Id", event.trace_id},
                                         {"X-Amz-Invoked-Function-Arn", event.invoked_arn}},
                             .body = std::move(event.payload),
                             .timeout = spec_.timeout,
                             .reply_bytes_max = kResponseBytesMax};
    if (!event.client_context.empty()) {
      request.headers.emplace_back("X-Amz-Client-Context", base64_encode(event.client_context));
    }
    return request;
  }

  RunResult result_of(const Event& event, Result<env::HttpReply> reply, Report& report) const {
    using Kind = RunResult::Kind;
    if (!reply.ok()) {
      report.status = "error";
      if (reply.error().code == Errc::kTimedOut) {
        report.status = "timeout";
        return {Kind::kFunctionError, timeout_payload(event.request_id, spec_.timeout), {}, true};
      }
      if (reply.error().code == Errc::kLimit) {
        return {Kind::kFunctionError, response_too_large_payload(), {}, true};
      }
      return {Kind::kUnavailable,
              {},
              "the function's endpoint " + url_ + ": " + reply.error().message,
              true};
    }
    if (reply->status < 200 || reply->status > 299) {
      report.status = "error";
      return {Kind::kUnavailable,
              {},
              "the function's endpoint " + url_ + " answered with status " +
                  std::to_string(reply->status),
              true};
    }
    const auto failed =
        std::find_if(reply->headers.begin(), reply->headers.end(),
                     [](const auto& header) { return header.first == "x-amz-function-error"; });
    // The emulator in a container tells errors by this header; older ones only by the body's form.
    if (failed != reply->headers.end() && !failed->second.empty()) {
      report.status = "error";
      return {Kind::kFunctionError, std::move(reply->body), {}, true};
    }
    return {Kind::kResponse, std::move(reply->body), {}, true};
  }

  const EnvironmentSpec spec_;
  const std::string url_;
  LogSink& log_;
  env::Clocks& clocks_;
  env::HttpClient& http_;
  Scope scope_;
};

}  // namespace

std::string remote_url(std::string_view image_uri) {
  std::string_view rest = image_uri;
  if (rest.starts_with("http://"))
    rest.remove_prefix(7);
  else if (rest.starts_with("https://"))
    rest.remove_prefix(8);
  else
    return {};
  const std::size_t slash = rest.find('/');
  const std::string_view authority = rest.substr(0, slash);
  const bool is_plain =
      std::all_of(rest.begin(), rest.end(), [](unsigned char c) { return c > 0x20 && c < 0x7F; });
  if (authority.empty() || authority.find('@') != std::string_view::npos || !is_plain) return {};
  std::string url(image_uri);
  if (slash == std::string_view::npos || slash + 1 == rest.size()) {
    if (slash != std::string_view::npos) url.pop_back();
    url += kInvokePath;
  }
  return url;
}

std::unique_ptr<Environment> make_remote_environment(EnvironmentSpec spec, std::string url,
                                                     LogSink& log, env::Loop& loop,
                                                     env::Clocks& clocks, env::HttpClient& http) {
  return std::make_unique<RemoteEnvironment>(std::move(spec), std::move(url), log, loop, clocks,
                                             http);
}

}  // namespace penstock::function
