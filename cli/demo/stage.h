#pragma once

#include "base/result.h"
#include "cli/api_client.h"
#include "cli/record_writer.h"
#include "cli/wire.h"

#include <string>
#include <vector>

namespace penstock::cli::demo {

/// What the acts play with: the server, the earthquakes, and a folder for results.
struct Stage {
  Endpoint endpoint;
  std::string examples;  ///< The folder examples/earthquakes.
  std::string folder;    ///< Results land here.
  std::vector<wire::PutEntry> quakes;

  /// A client that the ledger tells apart by its access key.
  ApiClient client_of(const std::string& access_key) const;
};

constexpr std::int64_t kShards = 4;

/// Thrown nowhere: a check that fails ends the demo with this sentence and exit code 1.
Status expect(bool holds, const std::string& what_failed);

Status create_stream(ApiClient& client, const std::string& name);
/// Every record of the stream, read back through the public API.
Result<std::vector<wire::Record>> read_stream(ApiClient& client, const std::string& name);
/// Deploys examples/earthquakes/function under this name.
Status deploy(ApiClient& client, const Stage& stage, const std::string& name);

void heading(const std::string& text);
void say(const std::string& text);

/// 1. Puts everything at once and ignores FailedRecordCount.
Status careless_producer(const Stage& stage);
/// 2. Retries what was refused; the mapping has no bisect and no destination.
Status careless_mapping(const Stage& stage);
/// 3. Bisect and a failure queue.
Status both_careful(const Stage& stage);

}  // namespace penstock::cli::demo
