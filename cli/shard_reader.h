#pragma once

#include "base/hash_key.h"
#include "cli/api_client.h"
#include "cli/wire.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace penstock::cli {

/// Reads a whole stream through the public API: every shard, parents before their children.
class ShardReader {
 public:
  /// start     "TRIM_HORIZON", "LATEST" or "AT_TIMESTAMP"; children always begin at their horizon
  ShardReader(ApiClient& client, std::string stream, std::string start, wire::Timestamp at);

  /// Lists the shards and takes iterators; closed shards too, unless reading starts at LATEST.
  Status open();

  /// One round of GetRecords over all shards that are open for reading.
  /// Returns how many records were seen; `visit` returns false to stop early.
  using Visit = std::function<bool(const std::string& shard, const HashKeyRange& range,
                                   const wire::Record& record)>;
  Result<std::size_t> round(const Visit& visit);

  /// Every shard was read to a closed end and left no children.
  bool finished() const { return readers_.empty(); }
  /// Every open shard answered "nothing behind" in the last round.
  bool caught_up() const { return caught_up_; }

 private:
  struct Reader {
    std::string iterator;
    std::string last_sequence_number;
    HashKeyRange range;
  };
  struct Waiting {
    std::vector<std::string> parents;  ///< Still being read.
    HashKeyRange range;
  };
  Result<std::string> iterator_for(const std::string& shard, const std::string& type,
                                   const std::string& after);
  Status start_children(const std::string& parent, const std::vector<wire::ChildShard>& children);
  bool is_done(const std::string& shard) const { return done_.contains(shard); }

  ApiClient& client_;
  std::string stream_;
  std::string start_;
  wire::Timestamp at_;
  std::map<std::string, Reader> readers_;
  std::map<std::string, Waiting> waiting_;  ///< Children.
  std::set<std::string> done_;
  bool caught_up_ = false;
};

}  // namespace penstock::cli
