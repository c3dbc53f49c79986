#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::front {

/// The head of one HTTP/1.1 request, as views into the bytes it was parsed from.
struct RequestHead {
  std::string_view method;
  std::string_view path;
  std::string_view query;
  std::vector<std::pair<std::string_view, std::string_view>> headers;  ///< Names in lower case.
  std::size_t head_bytes = 0;  ///< Up to and with the empty line.
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  bool takes_chunks = true;  ///< HTTP/1.0 does not know them.
  bool expects_continue = false;
};

enum class ParseState : std::uint8_t {
  kNeedMore,  ///< The head is not complete.
  kDone,
  kTooLarge,  ///< The head exceeds the limit: 431.
  kBad,       ///< Not HTTP/1.x: 400.
};

/// Parses the head at the beginning of `bytes`. Header names are lower-cased in place, which is
/// why the bytes are writable. llhttp does the work.
ParseState parse_head(char* bytes, std::size_t size, std::size_t head_bytes_max, RequestHead& head);

/// Moves every view of a head from one copy of the bytes to another.
void rebase(RequestHead& head, const char* from, const char* to);

/// A body in chunks, decoded piece by piece.
class ChunkedBody {
 public:
  enum class State : std::uint8_t { kNeedMore, kDone, kTooLarge, kBad };
  explicit ChunkedBody(std::size_t body_bytes_max) : limit_(body_bytes_max) {}
  /// Consumes from `bytes` (with trailers, when it ends); `consumed` says how much.
  State feed(std::string_view bytes, std::size_t& consumed);
  std::string& body() { return body_; }

 private:
  enum class Phase : std::uint8_t { kSize, kData, kDataEnd, kTrailer };
  State take_size_line(std::string_view line);

  std::size_t limit_;
  Phase phase_ = Phase::kSize;
  std::uint64_t left_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::string body_;
};

}  // namespace penstock::front
