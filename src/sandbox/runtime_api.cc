#include "sandbox/runtime_api.h"

#include "function/report.h"
#include "shape/json_text.h"

namespace penstock::sandbox {
namespace {

constexpr std::string_view kBase = "/2018-06-01/runtime/";
/// Above the largest response, so that a response that is too large is read and refused by name.
constexpr std::size_t kBodyMax = 64u << 20;

front::Reply json_reply(int status, std::string body) {
  return {.status = status, .content_type = "application/json", .body = std::move(body)};
}

front::Reply accepted() { return json_reply(202, "{\"status\":\"OK\"}\n"); }

front::Reply refusal(int status, std::string_view type, std::string_view message) {
  std::string body;
  shape::JsonText json(body);
  json.begin_object().key("errorMessage").text(message).key("errorType").text(type).end_object();
  return json_reply(status, std::move(body));
}

front::Reply wrong_state(std::string_view what) {
  return refusal(403, "InvalidStateTransition",
                 "The runtime may not call " + std::string(what) + " now.");
}

std::string error_type_of(const front::Request& request) {
  const std::string_view type = request.header("lambda-runtime-function-error-type");
  return type.empty() ? "Runtime.Unknown" : std::string(type);
}

}  // namespace

RuntimeApi::RuntimeApi(env::Loop& loop, env::Clocks& clocks, Budget& budget,
                       RuntimeObserver& observer)
    : observer_(observer),
      listener_(loop, clocks, budget, [this](front::Request& request) { return serve(request); },
                {.connections_max = 64,
                 .idle_max = std::chrono::hours(24),
                 .body_bytes_max = [](const front::RequestHead&) { return kBodyMax; }}) {}

Result<std::string> RuntimeApi::listen() {
  TRY(const std::uint16_t port, listener_.listen("127.0.0.1", 0, false));
  return "127.0.0.1:" + std::to_string(port);
}

void RuntimeApi::give(function::Event event) {
  event_ = std::move(event);
  given_.notify();
}

bool RuntimeApi::take_back() {
  if (!event_ || state_ == State::kRunning) return false;
  event_.reset();
  return true;
}

void RuntimeApi::withdraw() {
  event_.reset();
  if (state_ == State::kRunning) state_ = State::kAnswered;
}

Task<> RuntimeApi::stop() {
  is_stopping_ = true;
  stop_.cancel();
  listener_.abort();
  co_await listener_.stop();
}

Task<front::Reply> RuntimeApi::serve(front::Request& request) {
  std::string_view path = request.path;
  if (request.method == "GET" && path == "/2018-06-01/ping") co_return json_reply(200, "pong");
  if (!path.starts_with(kBase)) co_return refusal(404, "NotFound", "There is nothing here.");
  path.remove_prefix(kBase.size());
  if (request.method == "GET" && path == "invocation/next") co_return co_await next();
  if (request.method == "POST" && path == "init/error") co_return init_error(request);
  constexpr std::string_view kInvocation = "invocation/";
  if (request.method == "POST" && path.starts_with(kInvocation)) {
    path.remove_prefix(kInvocation.size());
    const std::size_t slash = path.find('/');
    if (slash != std::string_view::npos)
      co_return post(request, path.substr(0, slash), path.substr(slash + 1));
  }
  co_return refusal(404, "NotFound", "There is nothing here.");
}

Task<front::Reply> RuntimeApi::next() {
  if (is_polled_) co_return wrong_state("next twice at once");
  const bool was_starting = state_ == State::kStarting;
  // Called again before an answer, `next` gives the same event again, as Lambda does.
  const bool is_again = state_ == State::kRunning;
  if (!is_again) state_ = State::kWaiting;
  if (was_starting) observer_.ready();
  is_polled_ = true;
  while (!event_ && !is_stopping_) co_await given_.wait(stop_.token());
  is_polled_ = false;
  if (!event_) co_return refusal(500, "InternalServerError", "The environment is shut down.");
  state_ = State::kRunning;
  if (!is_again) deadline_ms_ = observer_.delivered();
  front::Reply reply{.content_type = "application/json", .body = event_->payload};
  auto& headers = reply.headers;
  headers.emplace_back("Lambda-Runtime-Aws-Request-Id", event_->request_id);
  headers.emplace_back("Lambda-Runtime-Deadline-Ms", std::to_string(deadline_ms_));
  headers.emplace_back("Lambda-Runtime-Invoked-Function-Arn", event_->invoked_arn);
  headers.emplace_back("Lambda-Runtime-Trace-Id", event_->trace_id);
  // Clients parse a context that is there but empty, and fail.
  if (!event_->client_context.empty())
    headers.emplace_back("Lambda-Runtime-Client-Context", event_->client_context);
  co_return reply;
}

front::Reply RuntimeApi::post(front::Request& request, std::string_view id, std::string_view what) {
  const bool is_response = what == "response";
  if (!is_response && what != "error") return refusal(404, "NotFound", "There is nothing here.");
  if (state_ == State::kStarting || state_ == State::kWaiting) return wrong_state(what);
  if (state_ != State::kRunning || !event_ || event_->request_id != id) {
    return refusal(400, "InvalidRequestID", "Invalid request ID");
  }
  const std::string_view mode = request.header("lambda-runtime-function-response-mode");
  if (is_response && !mode.empty() && mode != "streaming") {
    return refusal(400, "InvalidFunctionResponseMode", "Invalid function response mode");
  }
  state_ = State::kAnswered;
  event_.reset();
  if (request.body.size() > function::kResponseBytesMax) {
    observer_.response_too_large();
    return refusal(413, "RequestEntityTooLarge",
                   "Exceeded maximum allowed payload size (" +
                       std::to_string(function::kResponseBytesMax) + " bytes).");
  }
  if (is_response) {
    observer_.responded(std::string(request.body));
  } else {
    observer_.failed(std::string(request.body), error_type_of(request));
  }
  return accepted();
}

front::Reply RuntimeApi::init_error(front::Request& request) {
  if (state_ != State::kStarting) return wrong_state("init/error");
  observer_.init_failed(std::string(request.body), error_type_of(request));
  return accepted();
}

}  // namespace penstock::sandbox
