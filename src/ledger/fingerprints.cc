#include "ledger/fingerprints.h"

#include <algorithm>

namespace penstock::ledger {
namespace {
constexpr std::size_t kStaleMax = 1'024;
}  // namespace

bool Fingerprints::refused(const Waiting& entry) {
  if (waiting_.contains(entry.fingerprint)) return true;
  if (waiting_.size() >= capacity_) return false;
  waiting_.emplace(entry.fingerprint, entry);
  by_time_.emplace_back(entry.at, entry.fingerprint);
  return true;
}

bool Fingerprints::stored(std::uint64_t fingerprint) {
  if (waiting_.erase(fingerprint) == 0) return false;
  // A producer that is refused and comes through again and again leaves only stale times behind.
  if (by_time_.size() > 2 * waiting_.size() + kStaleMax) {
    std::erase_if(by_time_, [this](const auto& one) {
      const auto found = waiting_.find(one.second);
      return found == waiting_.end() || found->second.at != one.first;
    });
  }
  return true;
}

std::vector<Waiting> Fingerprints::expire(ServiceTime until) {
  std::vector<Waiting> expired;
  while (!by_time_.empty() && by_time_.front().first <= until) {
    const auto [at, fingerprint] = by_time_.front();
    by_time_.pop_front();
    const auto found = waiting_.find(fingerprint);
    // Recovered meanwhile, or recovered and refused anew at a later time.
    if (found == waiting_.end() || found->second.at != at) continue;
    expired.push_back(found->second);
    waiting_.erase(found);
  }
  return expired;
}

std::vector<Waiting> Fingerprints::list() const {
  std::vector<Waiting> all;
  for (const auto& [fingerprint, entry] : waiting_) all.push_back(entry);
  std::sort(all.begin(), all.end(), [](const Waiting& a, const Waiting& b) {
    return std::pair(a.at, a.fingerprint) < std::pair(b.at, b.fingerprint);
  });
  return all;
}

}  // namespace penstock::ledger
