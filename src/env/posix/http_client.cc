#include "env/posix/http_client.h"

#include "base/ascii.h"
#include "env/posix/curl_on_demand.h"

#include <curl/curl.h>

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

namespace penstock::env::posix {
namespace {

/// One request on its way. Owned by the curl thread once it was handed over.
struct Transfer {
  HttpRequest request;
  HttpReply reply;
  bool too_large = false;
  std::atomic<bool> cancelled{false};
  OneShot<Result<HttpReply>> done;
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;

  ~Transfer() {
    curl_slist_free_all(headers);
    if (easy != nullptr) curl_easy_cleanup(easy);
  }
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* into) {
  auto* transfer = static_cast<Transfer*>(into);
  if (transfer->reply.body.size() + size * count > transfer->request.reply_bytes_max) {
    transfer->too_large = true;
    return 0;
  }
  transfer->reply.body.append(data, size * count);
  return size * count;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* into) {
  auto* transfer = static_cast<Transfer*>(into);
  const std::string_view line(data, size * count);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size * count;
  std::string name = ascii_lower(std::string(line.substr(0, colon)));
  std::string_view value = line.substr(colon + 1);
  const std::size_t begin = value.find_first_not_of(" \t");
  const std::size_t end = value.find_last_not_of(" \t\r\n");
  value =
      begin == std::string_view::npos ? std::string_view{} : value.substr(begin, end - begin + 1);
  transfer->reply.headers.emplace_back(std::move(name), std::string(value));
  return size * count;
}

int watch_cancel(void* of, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(of)->cancelled.load(std::memory_order_relaxed) ? 1 : 0;
}

void prepare(Transfer& transfer) {
  CURL* easy = curl_easy_init();
  PENSTOCK_CHECK(easy != nullptr, "libcurl gives a handle");
  transfer.easy = easy;
  const HttpRequest& request = transfer.request;
  for (const auto& [name, value] : request.headers) {
    transfer.headers = curl_slist_append(transfer.headers, (name + ": " + value).c_str());
  }
  transfer.headers = curl_slist_append(transfer.headers, "Expect:");
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 5'000L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &watch_cancel);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &transfer);
}

Result<HttpReply> outcome(Transfer& transfer, CURLcode code) {
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    transfer.reply.status = static_cast<int>(status);
    return std::move(transfer.reply);
  }
  const std::string what = transfer.request.method + " " + transfer.request.url + ": ";
  if (transfer.too_large) {
    return Error{Errc::kLimit, what + "the reply is larger than " +
                                   std::to_string(transfer.request.reply_bytes_max) + " bytes"};
  }
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Error{Errc::kTimedOut, what + "no answer within " +
                                        std::to_string(transfer.request.timeout.count()) + " ms"};
    case CURLE_ABORTED_BY_CALLBACK: return Error{Errc::kCancelled, what + "cancelled"};
    default: return Error{Errc::kUnavailable, what + curl_easy_strerror(code)};
  }
}

}  // namespace

class CurlHttpClient::Engine {
 public:
  ~Engine() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    curl_multi_wakeup(multi_);
    thread_.join();
    curl_multi_cleanup(multi_);
  }

  void submit(std::shared_ptr<Transfer> transfer) {
    {
      const std::lock_guard lock(mutex_);
      if (!thread_.joinable()) {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        multi_ = curl_multi_init();
        thread_ = std::thread([this] { run(); });
      }
      arrivals_.push_back(std::move(transfer));
    }
    curl_multi_wakeup(multi_);
  }
  void wake() { curl_multi_wakeup(multi_); }

 private:
  void run() {
    while (!stopping_) {
      take_arrivals();
      int running = 0;
      curl_multi_perform(multi_, &running);
      finish_completed();
      curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
  }

  void take_arrivals() {
    std::deque<std::shared_ptr<Transfer>> taken;
    {
      const std::lock_guard lock(mutex_);
      taken.swap(arrivals_);
    }
    for (auto& transfer : taken) {
      prepare(*transfer);
      curl_multi_add_handle(multi_, transfer->easy);
      active_.emplace(transfer->easy, std::move(transfer));
    }
  }

  void finish_completed() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const auto at = active_.find(message->easy_handle);
      const CURLcode code = message->data.result;
      const std::shared_ptr<Transfer> transfer = std::move(at->second);
      active_.erase(at);
      curl_multi_remove_handle(multi_, transfer->easy);
      transfer->done.set(outcome(*transfer, code));
    }
  }

  CURLM* multi_ = nullptr;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::deque<std::shared_ptr<Transfer>> arrivals_;
  std::map<CURL*, std::shared_ptr<Transfer>> active_;
};

CurlHttpClient::CurlHttpClient() : engine_(std::make_unique<Engine>()) {}
CurlHttpClient::~CurlHttpClient() = default;

Task<Result<HttpReply>> CurlHttpClient::fetch(HttpRequest request, CancelToken cancel) {
  CO_TRY_OK(load_libcurl());
  const auto transfer = std::make_shared<Transfer>();
  transfer->request = std::move(request);
  engine_->submit(transfer);
  const auto registration = cancel.on_cancel([this, transfer] {
    transfer->cancelled = true;
    engine_->wake();
  });
  co_return co_await transfer->done.take();
}

}  // namespace penstock::env::posix
