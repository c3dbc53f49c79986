#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace penstock::bench {

/// What a request says of itself, as an SDK would: the first four headers are signed.
struct Target {
  std::string_view service;    ///< kinesis or lambda
  std::string_view path;       ///< without characters that SigV4 would encode
  std::string_view type;       ///< Content-Type
  std::string_view operation;  ///< X-Amz-Target; empty: without the header
};

/// A whole POST with a valid SigV4 signature over headers and body. Written apart from
/// base/sigv4.h, by which the server verifies, so that the two contradict each other where one is
/// wrong. The key is the one AWS clients would take from AWS_ACCESS_KEY_ID and
/// AWS_SECRET_ACCESS_KEY, else test and test; the region is us-east-1.
class SignedRequest {
 public:
  using Clock = std::chrono::steady_clock;

  SignedRequest(const Target& target, std::string_view body);
  /// Its bytes, until the next call. The service takes a signature for five minutes; one that is
  /// older than two is made anew, in the same place.
  std::string_view bytes(Clock::time_point now);

 private:
  void sign();

  std::string type_;
  std::string operation_;
  std::string service_;
  std::string path_;
  std::string payload_hash_;
  std::string bytes_;  ///< Head and body.
  std::size_t head_bytes_ = 0;
  Clock::time_point signed_at_;
};

}  // namespace penstock::bench
