#pragma once

#include "base/time.h"

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

namespace penstock::ledger {

/// An entry that was refused and has not been stored since.
struct Waiting {
  std::uint64_t fingerprint = 0;  ///< Of partition key and data.
  std::uint32_t shard = 0;
  ServiceTime at;
  bool operator==(const Waiting&) const = default;
};

/// Refused entries of one producer and stream that may still be sent again.
///
/// Pure: time comes in as an argument. The same entry refused again is still one entry; two equal
/// entries cannot be told apart, so one stored copy recovers both.
class Fingerprints {
 public:
  explicit Fingerprints(std::size_t capacity) : capacity_(capacity) {}

  /// False: no room, the entry's fate stays unknown. A repeated refusal moves nothing: the time
  /// counts from the first.
  bool refused(const Waiting& entry);
  /// True when the entry had been waiting; it is recovered.
  bool stored(std::uint64_t fingerprint);
  /// Entries refused at or before `until`: their producer has probably lost them.
  std::vector<Waiting> expire(ServiceTime until);

  std::size_t size() const { return waiting_.size(); }
  /// In the order of refusal, for storing.
  std::vector<Waiting> list() const;

 private:
  std::size_t capacity_;
  std::unordered_map<std::uint64_t, Waiting> waiting_;
  std::deque<std::pair<ServiceTime, std::uint64_t>> by_time_;  ///< May name recovered ones.
};

}  // namespace penstock::ledger
