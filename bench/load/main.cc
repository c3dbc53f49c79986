#include "load/calls.h"
#include "load/delivery.h"
#include "load/fan_out.h"
#include "load/idle.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace {

using namespace penstock::bench;

struct Options {
  Load load;
  std::string stream = "load";
  std::string function;
  double seconds = 5;
  double warm_up = 0.3;
  std::size_t records = 500;
  std::size_t data_bytes = 200;
  std::uint64_t payload_bytes_max = UINT64_MAX;
  int samples = 500;
  std::size_t readers = 10;
  std::string idle_stream;
  std::size_t idle_shards = 0;
};

void print(const Figures& figures) {
  std::printf(
      "{\"requests\": %.0f, \"records\": %.0f, \"seconds\": %.3f, \"server_cpu_s\": %.4f, "
      "\"server_user_s\": %.2f, \"server_system_s\": %.2f, \"load_cpu_s\": %.3f, "
      "\"p50_us\": %.1f, \"p99_us\": %.1f}\n",
      static_cast<double>(figures.requests), static_cast<double>(figures.records), figures.seconds,
      figures.server.total, figures.server.user, figures.server.system, figures.own_cpu_s,
      figures.latency_us(0.5), figures.latency_us(0.99));
}

double quantile(const std::vector<double>& sorted, double at) {
  return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(at * double(sorted.size() - 1))];
}

void print(const DeliveryFigures& figures) {
  std::printf(
      "{\"requests\": %zu, \"put_p50_us\": %.1f, \"put_p99_us\": %.1f, \"p50_us\": %.1f, "
      "\"p99_us\": %.1f}\n",
      figures.put_us.size(), quantile(figures.put_us, 0.5), quantile(figures.put_us, 0.99),
      quantile(figures.function_us, 0.5), quantile(figures.function_us, 0.99));
}

void print(const FanOutFigures& figures) {
  std::printf(
      "{\"requests\": %zu, \"subscriptions\": %zu, \"put_p50_us\": %.1f, \"put_p99_us\": %.1f, "
      "\"p50_us\": %.1f, \"p99_us\": %.1f, \"whole_p50_us\": %.1f, \"whole_p99_us\": %.1f}\n",
      figures.put_us.size(), figures.subscriptions, quantile(figures.put_us, 0.5),
      quantile(figures.put_us, 0.99), quantile(figures.frame_us, 0.5),
      quantile(figures.frame_us, 0.99), quantile(figures.whole_us, 0.5),
      quantile(figures.whole_us, 0.99));
}

Load load_of(const Options& options, std::size_t records_of_request) {
  Load load = options.load;
  load.warm_up = std::chrono::nanoseconds(static_cast<std::int64_t>(options.warm_up * 1e9));
  load.measured = std::chrono::nanoseconds(static_cast<std::int64_t>(options.seconds * 1e9));
  const std::uint64_t request_bytes = records_of_request * (options.data_bytes + 20);
  load.requests_max = options.payload_bytes_max / request_bytes;
  return load;
}

void put_record(const Options& options) {
  PutRecordWork work(options.stream, {.data_bytes = options.data_bytes});
  print(run(load_of(options, 1), work));
}

void put_records(const Options& options) {
  PutRecordsWork work(options.stream, {.data_bytes = options.data_bytes}, options.records);
  print(run(load_of(options, options.records), work));
}

/// Exactly so many records, in as few calls as the service takes, each as full as the others.
void fill(const Options& options) {
  constexpr std::size_t kRecordsMax = 500;
  constexpr std::size_t kBytesMax = 4u << 20;
  const std::size_t calls = std::max((options.records + kRecordsMax - 1) / kRecordsMax,
                                     options.records * options.data_bytes / kBytesMax);
  if (options.records % calls != 0) fail("fill: the records do not spread evenly over calls");
  PutRecordsWork work(options.stream, {.data_bytes = options.data_bytes}, options.records / calls);
  Load load = load_of(options, options.records / calls);
  load.warm_up = {};
  load.measured = std::chrono::hours(1);
  load.requests_max = calls;
  print(run(load, work));
}

void get_records(const Options& options) {
  GetRecordsWork work(options.load.port, options.stream, options.records);
  print(run(load_of(options, options.records), work));
}

void catch_up(const Options& options) {
  CatchUpWork work(options.load.port, options.stream, options.load.connections, options.records);
  Load load = load_of(options, options.records);
  load.warm_up = {};
  print(run(load, work));
}

void invoke(const Options& options) {
  InvokeWork work(options.function, options.data_bytes);
  print(run(load_of(options, 1), work));
}

void idle(const Options& options) {
  hold_idle(options.load.port, options.stream, options.load.connections);
}

void deliver(const Options& options) {
  print(measure_delivery(
      {.port = options.load.port, .stream = options.stream, .measured = options.samples}));
}

void fan_out(const Options& options) {
  print(measure_fan_out({.port = options.load.port,
                         .stream = options.stream,
                         .readers = options.readers,
                         .idle_stream = options.idle_stream,
                         .idle_shards = options.idle_shards,
                         .measured = options.samples}));
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{
      "Load for a running server at 127.0.0.1, by one thread; every request is signed with "
      "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, else test and test. Prints its figures as one "
      "line of JSON; ends with 1 at the first reply that is not a full success. bench/run uses "
      "it."};
  app.require_subcommand(1);
  const auto work = [&](const char* name, const char* meaning, void (*body)(const Options&)) {
    CLI::App* const one = app.add_subcommand(name, meaning);
    one->add_option("--port", options.load.port)->required();
    one->add_option("--stream", options.stream)->capture_default_str();
    one->callback([&options, body] { body(options); });
    return one;
  };
  const auto add_loop = [&](CLI::App* one) {
    one->add_option("--pid", options.load.server_pid, "The server's, for its CPU time");
    one->add_option("--connections", options.load.connections)->capture_default_str();
    one->add_option("--http2", options.load.streams,
                    "Requests at once on each connection, over HTTP/2")
        ->capture_default_str();
    one->add_option("--tls", options.load.tls, "true: with TLS; the certificate is not looked at")
        ->capture_default_str();
    one->add_option("--seconds", options.seconds, "Measured, behind the warm-up")
        ->capture_default_str();
    one->add_option("--warm-up", options.warm_up, "Seconds")->capture_default_str();
    one->add_option("--payload-bytes-max", options.payload_bytes_max,
                    "Ends the run before the server has taken more");
  };
  const auto add_sizes = [&](CLI::App* one) {
    one->add_option("--records", options.records, "Of a request")->capture_default_str();
    one->add_option("--bytes", options.data_bytes, "Of a record's data, or of the payload")
        ->capture_default_str();
  };
  CLI::App* const puts = work("put-records", "PutRecords", put_records);
  CLI::App* const put = work("put-record", "PutRecord", put_record);
  CLI::App* const get = work("get-records", "GetRecords, the first page of shard 0", get_records);
  CLI::App* const catching_up = work(
      "catch-up", "GetRecords through as many shards as connections, each to its end", catch_up);
  CLI::App* const invocations = work("invoke", "Invoke, waiting for the answer", invoke);
  CLI::App* const filling = work("fill", "Puts --records records, once", fill);
  for (CLI::App* const one : {puts, put, get, catching_up, invocations, filling}) {
    add_loop(one);
    add_sizes(one);
  }
  invocations->add_option("--function", options.function)->required();
  work("idle", "Holds connections that have put one record each, until standard input ends", idle)
      ->add_option("--connections", options.load.connections)
      ->capture_default_str();
  work("deliver", "One put at a time, until the function has reported it", deliver)
      ->add_option("--samples", options.samples)
      ->capture_default_str();
  CLI::App* const fanning_out =
      work("fan-out", "One put at a time, until every subscription has its frame", fan_out);
  fanning_out->add_option("--samples", options.samples)->capture_default_str();
  fanning_out->add_option("--readers", options.readers)->capture_default_str();
  fanning_out->add_option("--idle-stream", options.idle_stream, "Subscribed to as well, and empty");
  fanning_out->add_option("--idle-shards", options.idle_shards, "Of it")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return 0;
}
