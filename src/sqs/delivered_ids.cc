#include "sqs/delivered_ids.h"

#include "base/sha256.h"
#include "sqs/bytes.h"

#include <algorithm>

namespace penstock::sqs {
namespace {

constexpr std::uint8_t kVersion = 1;

}  // namespace

DeliveredIds::Digest DeliveredIds::digest_of(std::string_view id) {
  const auto whole = sha256(id);
  Digest digest;
  std::copy_n(reinterpret_cast<const char*>(whole.data()), digest.size(), digest.data());
  return digest;
}

bool DeliveredIds::contains(std::string_view id) const { return digests_.contains(digest_of(id)); }

std::uint64_t DeliveredIds::add(std::string_view id) {
  const Digest digest = digest_of(id);
  const std::uint64_t number = next_++;
  if (digests_.insert(digest).second) by_number_.emplace(number, digest);
  drop_oldest();
  return number / kPageIds;
}

std::string DeliveredIds::encode_page(std::uint64_t page) const {
  std::string value;
  ByteWriter out(value);
  out.u8(kVersion);
  const std::uint64_t end = (page + 1) * kPageIds;
  for (auto at = by_number_.lower_bound(page * kPageIds); at != by_number_.end() && at->first < end;
       ++at) {
    out.u64(at->first);
    value.append(at->second.data(), at->second.size());
  }
  return value;
}

Status DeliveredIds::restore_page(std::string_view value) {
  ByteReader in(value);
  if (in.u8() != kVersion) return Error{Errc::kCorrupt, "a stored page of ids has no known form"};
  while (in.ok() && !in.at_end()) {
    const std::uint64_t number = in.u64();
    Digest digest;
    const std::string_view bytes = in.take(digest.size());
    if (!in.ok()) return Error{Errc::kCorrupt, "a stored page of ids ends too early"};
    std::copy(bytes.begin(), bytes.end(), digest.begin());
    if (digests_.insert(digest).second) by_number_.emplace(number, digest);
    next_ = std::max(next_, number + 1);
  }
  drop_oldest();
  return ok();
}

void DeliveredIds::drop_oldest() {
  while (by_number_.size() > kPageIds * kPages) {
    digests_.erase(by_number_.begin()->second);
    by_number_.erase(by_number_.begin());
  }
}

}  // namespace penstock::sqs
