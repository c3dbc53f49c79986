#pragma once

#include "base/result.h"
#include "cli/api_client.h"
#include "cli/wire.h"

#include <string>
#include <vector>

namespace penstock::cli::demo {

/// A record that was given up, fetched back from the stream by the range of its failure record.
struct GivenUp {
  std::string condition;
  std::int64_t attempts = 0;
  std::string shard;
  wire::Record record;
};

Status create_queue(ApiClient& client, const std::string& name);

/// Receives every failure record of the queue, then reads the ranges they name.
Result<std::vector<GivenUp>> drain_failures(ApiClient& client, const std::string& queue,
                                            const std::string& stream);

}  // namespace penstock::cli::demo
