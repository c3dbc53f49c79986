#pragma once

#include "base/time.h"
#include "sim/record_text.h"
#include "stream/sequence_number.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::sim {

/// Where a record lies: its shard and its position there.
struct Place {
  std::uint32_t shard = 0;
  std::uint64_t index = 0;
  auto operator<=>(const Place&) const = default;
  bool operator==(const Place&) const = default;
};

/// A record as a function was given it.
struct GivenRecord {
  stream::SequenceNumber number;
  std::string key;
  RecordText text;
  Place place() const { return {number.shard, number.index}; }
};

/// What one function saw of one record.
struct Seen {
  std::uint32_t invoked = 0;    ///< Reached the function: not throttled.
  std::uint32_t failed = 0;     ///< Known to have failed, as a whole or from here or before.
  std::uint32_t succeeded = 0;  ///< The function had answered so.
  bool is_poison = false;
};

/// What producers were told and functions did, written down by the models and never by the product.
/// The checkers hold the product's books against it. Complaints are what must never be, seen when
/// it happened.
class Witness {
 public:
  // --- Producers -------------------------------------------------------------------------------
  struct Producer {
    std::uint64_t handed_in = 0;  ///< Entries, each time they were.
    std::uint64_t stored = 0;
    std::uint64_t throttled = 0;
    std::uint64_t unknown = 0;   ///< In flight when the server died, or failed inside.
    std::uint64_t given_up = 0;  ///< Refused entries that were never sent again.
  };
  void acknowledged(const RecordText& record, const stream::SequenceNumber& number);

  // --- Functions -------------------------------------------------------------------------------
  void began(const std::string& function, const std::vector<GivenRecord>& batch);
  void failed(const std::string& function, const std::vector<GivenRecord>& batch, std::size_t from);
  /// The first `count` of the batch, at this moment.
  void succeeded(const std::string& function, const std::vector<GivenRecord>& batch,
                 std::size_t count);

  void complain(std::string what);

  std::map<std::size_t, Producer> producers;
  struct Stored {
    RecordText record;
    std::int64_t time_s = 0;  ///< Of its arrival.
  };
  std::map<Place, Stored> stored;  ///< What was acknowledged.
  struct Function {
    std::map<Place, Seen> records;
    std::map<std::string, stream::SequenceNumber> last_success;  ///< First ones only, of each key.
    bool ordered = true;  ///< False once the order of first successes is not promised any more.
  };
  std::map<std::string, Function> functions;
  std::vector<std::string> complaints;
};

}  // namespace penstock::sim
