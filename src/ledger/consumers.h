#pragma once

#include "base/ids.h"
#include "ledger/books.h"

#include <cstdint>
#include <string>
#include <vector>

namespace penstock::ledger {

/// One consumer of one shard, as the audit sees it.
struct ConsumerShardView {
  std::uint32_t shard = 0;
  ConsumerBook book;
  std::uint64_t stored = 0;   ///< The log's own count of the shard's records, ever.
  std::uint64_t pending = 0;  ///< From positions: at or behind the checkpoint, before the end.
};

struct ConsumerView {
  Tenant tenant;
  std::string id;        ///< The mapping's UUID.
  std::string function;  ///< Its function's ARN.
  std::string stream;    ///< Name of the stream.
  LogId log;
  std::vector<ConsumerShardView> shards;
};

/// Whoever consumes streams tells the audit so; the mapping service does. Control loop.
class ConsumerSource {
 public:
  virtual ~ConsumerSource() = default;
  virtual std::vector<ConsumerView> consumers() const = 0;
};

/// What the log says of a stream's shards, without consumers. Control loop.
struct StreamCounts {
  Tenant tenant;
  std::string name;
  LogId log;
  std::uint64_t stored = 0;
  std::uint64_t expired = 0;
  std::uint64_t damaged = 0;  ///< Stored, not expired, and unreadable.
};

class StreamSource {
 public:
  virtual ~StreamSource() = default;
  virtual std::vector<StreamCounts> streams() const = 0;
};

}  // namespace penstock::ledger
