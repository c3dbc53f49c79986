// What every record costs in base: base64 both ways, its key's MD5; and what signatures cost.

#include "base/base64.h"
#include "base/hash_key.h"
#include "base/sha256.h"

#include <benchmark/benchmark.h>

#include <string>

namespace penstock {
namespace {

std::string bytes(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 1;
  for (char& byte : text) {
    state = state * 1'664'525 + 1'013'904'223;
    byte = static_cast<char>(state >> 24);
  }
  return text;
}

void processed(benchmark::State& state, std::size_t size) {
  state.SetBytesProcessed(static_cast<std::int64_t>(size) * state.iterations());
}

void base64_decode_of(benchmark::State& state) {
  const std::string text = base64_encode(bytes(static_cast<std::size_t>(state.range(0))));
  std::string out(base64_decode_capacity(text.size()), '\0');
  for (auto _ : state) benchmark::DoNotOptimize(base64_decode_to(text, out.data()));
  processed(state, text.size());
}
BENCHMARK(base64_decode_of)->Name("base64_decode")->Arg(100)->Arg(200)->Arg(1024)->Arg(100 << 10);

void base64_encode_of(benchmark::State& state) {
  const std::string data = bytes(static_cast<std::size_t>(state.range(0)));
  std::string out(base64_encoded_size(data.size()), '\0');
  for (auto _ : state) {
    base64_encode_to(data, out.data());
    benchmark::ClobberMemory();
  }
  processed(state, data.size());
}
BENCHMARK(base64_encode_of)->Name("base64_encode")->Arg(100)->Arg(200)->Arg(1024)->Arg(100 << 10);

void hash_key_of(benchmark::State& state) {
  const std::string key(static_cast<std::size_t>(state.range(0)), 'k');
  for (auto _ : state) benchmark::DoNotOptimize(HashKey::of_partition_key(key));
}
BENCHMARK(hash_key_of)->Name("hash_key_of_partition_key")->Arg(20)->Arg(256);

void hash_keys_of(benchmark::State& state) {
  const std::string key(static_cast<std::size_t>(state.range(0)), 'k');
  std::array<std::string_view, 8> keys;
  keys.fill(key);
  for (auto _ : state) benchmark::DoNotOptimize(HashKey::of_partition_keys(keys));
  state.SetItemsProcessed(state.iterations() * 8);
}
BENCHMARK(hash_keys_of)->Name("hash_keys_of_eight_partition_keys")->Arg(20)->Arg(256);

void sha256_of(benchmark::State& state) {
  const std::string data = bytes(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(sha256(data));
  processed(state, data.size());
}
BENCHMARK(sha256_of)->Name("sha256")->Arg(300)->Arg(130 << 10);

void hmac_of(benchmark::State& state) {
  const HmacSha256 key(bytes(32));
  const std::string text = bytes(150);
  for (auto _ : state) benchmark::DoNotOptimize(key.sign(text));
}
BENCHMARK(hmac_of)->Name("hmac_sha256_150_bytes");

}  // namespace
}  // namespace penstock
