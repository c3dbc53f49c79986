#pragma once

#include "env/http_client.h"

#include <memory>

namespace penstock::env::posix {

/// Outgoing HTTP by libcurl on one thread, any number of requests at once. The thread is started
/// by the first request. Destroy after every fetch has completed.
class CurlHttpClient final : public HttpClient {
 public:
  CurlHttpClient();
  ~CurlHttpClient() override;
  Task<Result<HttpReply>> fetch(HttpRequest request, CancelToken cancel) override;

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace penstock::env::posix
