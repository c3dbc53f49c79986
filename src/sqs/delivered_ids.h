#pragma once

#include "base/result.h"

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace penstock::sqs {

/// The last ids that were delivered to a queue, so that none is delivered twice.
///
/// Kept as digests in numbered pages, of which the newest kPages are stored, one mark each: one
/// delivery writes one small page, and page n + kPages takes the place of page n.
class DeliveredIds {
 public:
  static constexpr std::size_t kPageIds = 64;
  static constexpr std::size_t kPages = 64;

  bool contains(std::string_view id) const;
  /// The page that is to be stored now.
  std::uint64_t add(std::string_view id);

  /// Where a page is stored: 0..kPages-1.
  static std::uint64_t slot_of(std::uint64_t page) { return page % kPages; }
  std::string encode_page(std::uint64_t page) const;
  /// In any order. Errors: Errc::kCorrupt.
  Status restore_page(std::string_view value);

 private:
  using Digest = std::array<char, 16>;
  static Digest digest_of(std::string_view id);
  void drop_oldest();

  std::map<std::uint64_t, Digest> by_number_;
  std::set<Digest> digests_;
  std::uint64_t next_ = 0;  ///< Of the next id; its page is this / kPageIds.
};

}  // namespace penstock::sqs
