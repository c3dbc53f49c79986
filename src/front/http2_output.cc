#include "front/http2_output.h"

#include "front/http2_stream.h"

#include <algorithm>

namespace penstock::front {
namespace {

/// Less is cheaper to copy than to send from where it lies.
constexpr std::size_t kWorthLending = 2u << 10;
/// Of one send: what the system takes together.
constexpr std::size_t kPiecesMax = 64;

}  // namespace

void Http2Output::add(std::string_view bytes) {
  own_.append(bytes);
  bytes_ += bytes.size();
  if (parts_.empty() || parts_.back().lent != nullptr) parts_.emplace_back();
  parts_.back().bytes += bytes.size();
}

void Http2Output::lend(std::string_view bytes, std::shared_ptr<Http2Stream> owner, bool is_end) {
  if (bytes.size() < kWorthLending) {
    add(bytes);
    if (is_end) owner->take_taken();
    return;
  }
  bytes_ += bytes.size();
  parts_.push_back(
      {.lent = bytes.data(), .bytes = bytes.size(), .owner = std::move(owner), .is_end = is_end});
}

Pieces Http2Output::pieces() {
  pieces_.clear();
  const char* own = own_.data() + own_taken_;
  for (const Part& part : parts_) {
    if (pieces_.size() == kPiecesMax) break;
    pieces_.emplace_back(part.lent != nullptr ? part.lent : own, part.bytes);
    if (part.lent == nullptr) own += part.bytes;
  }
  return pieces_;
}

void Http2Output::taken(std::size_t bytes) {
  bytes_ -= bytes;
  while (bytes != 0) {
    Part& part = parts_.front();
    const std::size_t done = std::min(bytes, part.bytes);
    bytes -= done;
    part.bytes -= done;
    if (part.lent != nullptr) {
      part.lent += done;
    } else {
      own_taken_ += done;
    }
    if (part.bytes != 0) return;
    if (part.is_end) part.owner->take_taken();
    parts_.pop_front();
  }
  if (bytes_ != 0) return;
  own_.clear();
  own_taken_ = 0;
}

void Http2Output::clear() {
  bytes_ = own_taken_ = 0;
  own_.clear();
  parts_.clear();
}

}  // namespace penstock::front
