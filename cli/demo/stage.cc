#include "cli/demo/stage.h"

#include "cli/function_api.h"
#include "cli/shard_reader.h"
#include "cli/terminal.h"

#include <chrono>
#include <cstdio>
#include <thread>

namespace penstock::cli::demo {

ApiClient Stage::client_of(const std::string& access_key) const {
  Endpoint as = endpoint;
  as.access_key = access_key;
  return ApiClient(as);
}

Status expect(bool holds, const std::string& what_failed) {
  if (holds) return ok();
  return Error{CliErrc::kUnexpected, "the demo did not come out as it must: " + what_failed};
}

Status create_stream(ApiClient& client, const std::string& name) {
  TRY_OK(client.kinesis<wire::Nothing>("CreateStream", wire::CreateStream{name, kShards}));
  return ok();
}

Result<std::vector<wire::Record>> read_stream(ApiClient& client, const std::string& name) {
  ShardReader reader(client, name, "TRIM_HORIZON", {});
  TRY_OK(reader.open());
  std::vector<wire::Record> records;
  do {
    TRY_OK(reader.round([&](const std::string&, const HashKeyRange&, const wire::Record& record) {
      records.push_back(record);
      return true;
    }));
    if (reader.caught_up()) break;
    // The shards' real read limits: five calls and 2 MiB a second.
    std::this_thread::sleep_for(std::chrono::milliseconds(210));
  } while (!reader.finished());
  return records;
}

Status deploy(ApiClient& client, const Stage& stage, const std::string& name) {
  wire::CreateFunction request{.function_name = name};
  request.runtime = "python3.11";
  request.handler = "app.handler";
  request.timeout_seconds = 30;
  TRY(std::string package, package_of(stage.examples + "/function"));
  request.code.zip_file = shape::Blob{std::move(package)};
  TRY_OK(deploy_function(client, request));
  return ok();
}

void heading(const std::string& text) { std::printf("\n%s\n\n", bold(text).c_str()); }
void say(const std::string& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

}  // namespace penstock::cli::demo
