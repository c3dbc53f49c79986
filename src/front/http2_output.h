#pragma once

#include "front/transport.h"

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::front {

struct Http2Stream;

/// Bytes of many streams on their way into one send: small ones copied into one piece, large ones
/// where they lie in the reply of their stream, which is kept until they are taken.
class Http2Output {
 public:
  /// Enough for a send: more is not asked for.
  static constexpr std::size_t kEnough = 64u << 10;

  void add(std::string_view bytes);
  /// The end of what was asked of the stream: it is told when its bytes are taken.
  void lend(std::string_view bytes, std::shared_ptr<Http2Stream> owner, bool is_end);
  bool is_full() const { return bytes_ >= kEnough; }
  bool is_empty() const { return bytes_ == 0; }

  /// What is to be sent next, until something is added or taken.
  Pieces pieces();
  void taken(std::size_t bytes);
  /// Nobody takes them any more.
  void clear();

 private:
  struct Part {
    const char* lent = nullptr;  ///< Null: the next ones of `own_`.
    std::size_t bytes = 0;
    std::shared_ptr<Http2Stream> owner;
    bool is_end = false;
  };
  std::size_t bytes_ = 0;
  std::string own_;
  std::size_t own_taken_ = 0;
  std::deque<Part> parts_;
  std::vector<boost::asio::const_buffer> pieces_;
};

}  // namespace penstock::front
