#pragma once

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"

#include <string>
#include <utility>
#include <vector>

namespace penstock::env {

struct HttpRequest {
  std::string method = "POST";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Millis timeout{30'000};
  std::size_t reply_bytes_max = 8u << 20;
};

struct HttpReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< Names in lower case.
  std::string body;
};

/// Outgoing HTTP. Errors: kTimedOut, kUnavailable (could not connect, broken), kLimit (reply too
/// large), kCancelled.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  virtual Task<Result<HttpReply>> fetch(HttpRequest request, CancelToken cancel) = 0;
};

}  // namespace penstock::env
