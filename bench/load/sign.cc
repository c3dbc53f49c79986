#include "load/sign.h"

#include "base/hex.h"
#include "base/sha256.h"

#include <cstdlib>
#include <ctime>

namespace penstock::bench {
namespace {

constexpr std::string_view kHost = "127.0.0.1:4566";
constexpr std::string_view kRegion = "us-east-1";
constexpr auto kSignatureAge = std::chrono::minutes(2);

std::string from_environment(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

std::string hmac(std::string_view key, std::string_view text) {
  return std::string(as_chars(HmacSha256(key).sign(text)));
}

/// YYYYMMDDTHHMMSSZ
std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts)};
}

}  // namespace

SignedRequest::SignedRequest(const Target& target, std::string_view body)
    : type_(target.type),
      operation_(target.operation),
      service_(target.service),
      path_(target.path),
      payload_hash_(sha256_hex(body)),
      bytes_(body) {
  sign();
}

std::string_view SignedRequest::bytes(Clock::time_point now) {
  if (now - signed_at_ > kSignatureAge) sign();
  return bytes_;
}

/// Writes the head; every head of a request has the same length, so the body stays where it is.
void SignedRequest::sign() {
  signed_at_ = Clock::now();
  static const std::string key_id = from_environment("AWS_ACCESS_KEY_ID", "test");
  static const std::string secret = from_environment("AWS_SECRET_ACCESS_KEY", "test");
  const std::string time = now_text();
  const std::string day = time.substr(0, 8);

  std::string names = "content-type;host;x-amz-date";
  std::string canonical = "POST\n" + path_ + "\n\ncontent-type:" + type_ +
                          "\nhost:" + std::string(kHost) + "\nx-amz-date:" + time + "\n";
  if (!operation_.empty()) {
    names += ";x-amz-target";
    canonical += "x-amz-target:" + operation_ + "\n";
  }
  canonical += "\n" + names + "\n" + payload_hash_;
  const std::string scope = day + "/" + std::string(kRegion) + "/" + service_ + "/aws4_request";
  const std::string key =
      hmac(hmac(hmac(hmac("AWS4" + secret, day), kRegion), service_), "aws4_request");
  const std::string signature = hex_encode(
      hmac(key, "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + sha256_hex(canonical)));

  std::string head = "POST " + path_ + " HTTP/1.1\r\nHost: " + std::string(kHost) +
                     "\r\nUser-Agent: penstock_load/1 bench\r\nAccept-Encoding: identity\r\n"
                     "X-Amz-Date: " +
                     time + "\r\nAuthorization: AWS4-HMAC-SHA256 Credential=" + key_id + "/" +
                     scope + ", SignedHeaders=" + names + ", Signature=" + signature + "\r\n";
  if (!operation_.empty()) head += "X-Amz-Target: " + operation_ + "\r\n";
  head += "Content-Type: " + type_ +
          "\r\nContent-Length: " + std::to_string(bytes_.size() - head_bytes_) + "\r\n\r\n";
  bytes_.replace(0, head_bytes_, head);
  head_bytes_ = head.size();
}

}  // namespace penstock::bench
