#pragma once

#include "base/result.h"
#include "cli/signer.h"
#include "shape/json.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::cli {

enum class CliErrc {
  kUnreachable,  ///< No answer: nobody listens, or the connection broke.
  kRefused,      ///< The service answered with an error; its type is in ApiClient::last_type().
  kUsage,        ///< The command line or an input file cannot be used as given.
  kUnexpected,   ///< The answer was not what the API promises.
};
const ErrorDomain& error_domain(CliErrc);

/// A small signed client of the public APIs. Blocking, one connection, one thread.
class ApiClient {
 public:
  explicit ApiClient(Endpoint endpoint);
  ~ApiClient();

  /// A call by X-Amz-Target, e.g. ("kinesis", "Kinesis_20131202.PutRecords", body). The reply's
  /// body.
  Result<std::string> target(std::string_view service, std::string_view target, std::string body);

  /// A REST call; `path` begins with '/' and is already percent-encoded.
  Result<std::string> rest(std::string_view service, std::string_view method, std::string path,
                           std::string body, std::vector<std::string> headers = {});

  template <class Response, class Request>
  Result<Response> kinesis(std::string_view operation, const Request& request) {
    TRY(const std::string body,
        target("kinesis", "Kinesis_20131202." + std::string(operation), shape::to_json(request)));
    return shape::from_json<Response>(body.empty() ? "{}" : body);
  }
  template <class Response, class Request>
  Result<Response> sqs(std::string_view operation, const Request& request) {
    TRY(const std::string body,
        target("sqs", "AmazonSQS." + std::string(operation), shape::to_json(request)));
    return shape::from_json<Response>(body.empty() ? "{}" : body);
  }

  /// The error type of the last refusal, e.g. "ResourceNotFoundException".
  const std::string& last_type() const { return last_type_; }
  /// The headers of the last answer, names in lower case.
  std::string_view last_header(std::string_view name) const;
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  Result<std::string> send(std::string_view service, std::string_view method,
                           const std::string& path, const std::string& body,
                           std::vector<std::string> headers);
  Error refusal(int status, const std::string& body);
  std::string base_url(std::string_view service) const;
  std::string advice() const;

  struct Curl;
  std::unique_ptr<Curl> curl_;
  Endpoint endpoint_;
  std::string last_type_;
};

}  // namespace penstock::cli
