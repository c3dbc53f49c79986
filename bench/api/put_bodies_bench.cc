// What stands between the bytes of a put and its answer in api and shape: the body's reading, the
// numbers and texts of the reply.

#include "api/kinesis/put_body.h"
#include "base/base64.h"
#include "shape/json_text.h"
#include "stream/sequence_number.h"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace penstock::api::kinesis {
namespace {

std::string put_records_body(std::size_t records, std::size_t data_bytes) {
  const std::string data = base64_encode(std::string(data_bytes, 'x'));
  std::string body = R"({"StreamName":"stream","Records":[)";
  for (std::size_t i = 0; i < records; ++i) {
    if (i != 0) body += ',';
    body += R"({"Data":")" + data + R"(","PartitionKey":"a partition key, 20."})";
  }
  return body + "]}";
}

void read_put_records(benchmark::State& state) {
  const std::string body = put_records_body(static_cast<std::size_t>(state.range(0)),
                                            static_cast<std::size_t>(state.range(1)));
  std::string readable = body + std::string(64, '\0');
  std::vector<char> arena(put_arena_bytes(body.size()));
  for (auto _ : state) {
    const auto read =
        read_put_records_json(std::string_view(readable).substr(0, body.size()), arena.data());
    if (!read) state.SkipWithError("the body is a usual one");
    benchmark::DoNotOptimize(read);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(read_put_records)
    ->ArgNames({"records", "bytes"})
    ->Args({1, 100})
    ->Args({500, 200})
    ->Args({100, 1024});

void write_sequence_number(benchmark::State& state) {
  stream::SequenceNumber number{
      .created_s = 1'790'000'000, .index = 1, .time_s = 1'790'000'100, .shard = 7};
  char text[stream::SequenceNumber::kDigits];
  for (auto _ : state) {
    ++number.index;
    number.write_to(text);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(write_sequence_number);

void write_reply_text(benchmark::State& state) {
  const std::string text(static_cast<std::size_t>(state.range(0)), '7');
  std::string out;
  for (auto _ : state) {
    out.clear();
    shape::append_json_string(out, text);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(write_reply_text)->Name("append_json_string")->Arg(12)->Arg(20)->Arg(56)->Arg(224);

}  // namespace
}  // namespace penstock::api::kinesis
