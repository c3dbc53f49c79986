// What verifying a signature costs a request: header form, path "/", as SDKs send PutRecord.

#include "base/hex.h"
#include "base/sigv4.h"
#include "front/verifier.h"

#include <benchmark/benchmark.h>

#include <string>

namespace penstock::front {
namespace {

constexpr const char* kId = "AKIAIOSFODNN7EXAMPLE";
constexpr const char* kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr std::string_view kTime = "20261124T160000Z";
constexpr std::string_view kScope = "20261124/us-east-1/kinesis/aws4_request";
constexpr std::string_view kList = "content-type;host;x-amz-date;x-amz-target";

/// The headers that boto3 sends.
struct Sent {
  explicit Sent(std::size_t size) : body(size, 'x') {
    request.method = "POST";
    request.path = "/";
    request.body = body;
    request.headers = {{"host", "127.0.0.1:4566"},
                       {"accept-encoding", "identity"},
                       {"x-amz-target", "Kinesis_20131202.PutRecords"},
                       {"content-type", "application/x-amz-json-1.1"},
                       {"user-agent", "Boto3/1.40.0 md/Botocore#1.40.0 ua/2.1 os/linux#6.1"},
                       {"x-amz-date", kTime}};
    std::string canonical;
    std::string scratch;
    const auto hash = sigv4::hex_of(sha256(body));
    benchmark::DoNotOptimize(append_canonical_request(request, {.signed_headers = kList},
                                                      sigv4::text_of(hash), canonical));
    const auto signature =
        sigv4::signature(sigv4::signing_key(kSecret, "20261124", "us-east-1", "kinesis"), kTime,
                         kScope, canonical, scratch);
    authorization = "AWS4-HMAC-SHA256 Credential=" + std::string(kId) + "/" + std::string(kScope) +
                    ", SignedHeaders=" + std::string(kList) +
                    ", Signature=" + std::string(sigv4::text_of(signature));
    request.headers.emplace_back("authorization", authorization);
    request.headers.emplace_back("content-length", "300");
  }
  std::string body;
  std::string authorization;
  Request request;
};

/// Reading the credentials and verifying, as dispatch does with each request.
void verify_of(benchmark::State& state) {
  const Sent sent(static_cast<std::size_t>(state.range(0)));
  Keyring keyring(SessionKeys::Seed{});
  keyring.replace({{kId, {.secret = kSecret, .account = "000000000000"}}}, true);
  Verifier verifier(keyring);
  const WallTime now = *sigv4::parse_basic_time(kTime);
  std::vector<std::string> storage;
  Identity who;
  for (auto _ : state) {
    const AuthResult read = parse_credentials(sent.request, storage);
    if (verifier.verify(sent.request, *read.credentials, "kinesis", now, who)) {
      state.SkipWithError("the signature is refused");
      break;
    }
  }
  state.SetBytesProcessed(state.range(0) * state.iterations());
}
BENCHMARK(verify_of)->Name("verify")->Arg(300)->Arg(130 << 10);

/// What of it every server that reads credentials pays, verifying or not.
void read_credentials(benchmark::State& state) {
  const Sent sent(300);
  std::vector<std::string> storage;
  for (auto _ : state) benchmark::DoNotOptimize(parse_credentials(sent.request, storage));
}
BENCHMARK(read_credentials);

void body_hash_of(benchmark::State& state) {
  const std::string body(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(sha256(body));
  state.SetBytesProcessed(state.range(0) * state.iterations());
}
BENCHMARK(body_hash_of)->Name("body_hash")->Arg(300)->Arg(130 << 10);

void canonical_request_of(benchmark::State& state) {
  const Sent sent(300);
  std::string out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(
        append_canonical_request(sent.request, {.signed_headers = kList},
                                 std::string_view(sent.authorization).substr(0, 64), out));
  }
}
BENCHMARK(canonical_request_of)->Name("canonical_request");

/// A key not kept yet, once a day for each key, region and service.
void derive_key(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(sigv4::signing_key(kSecret, "20261124", "us-east-1", "kinesis"));
  }
}
BENCHMARK(derive_key);

}  // namespace
}  // namespace penstock::front
