#pragma once

#include "base/budget.h"
#include "base/task.h"
#include "front/http_parse.h"
#include "front/listener.h"

#include <boost/asio/buffer.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace penstock::front {

/// HTTP/1.1 on one connection: one request after the other, bodies by length or in chunks, one send
/// a reply. Lives in the coroutine that serves the connection.
class Http1 {
 public:
  Http1(Listener& listener, Connection& connection)
      : listener_(listener), connection_(connection) {}
  enum class Ended : std::uint8_t { kForGood, kBecomesHttp2 };
  /// Until the connection ends, or turns out to speak HTTP/2: its preface is in the buffer.
  Task<Ended> serve();
  /// Ends its side, and takes what the peer still sends, so that it sees what was said last.
  Task<> drain();

 private:
  using Charges = std::vector<Budget::Share>;
  /// What of a reply is still to be sent: head or the size of a chunk, body, the end of a chunk.
  using Rest = std::array<boost::asio::const_buffer, 3>;

  // http1_read.cc
  Task<bool> read_some(std::size_t total);
  Task<bool> read_head();
  bool is_http2_preface();
  Task<bool> reserve(std::size_t total, std::function<bool()> try_take);
  bool has_body_already();
  Task<bool> read_body();
  Task<bool> read_chunks(std::size_t body_max);
  Task<bool> reserve_chunked(std::string& body, std::size_t more);

  // http1.cc
  void fill(Request& request);
  BodyLength length_of(const Reply& reply) const;
  struct Form {
    bool keep_alive;
    bool with_body;
    BodyLength length;
  };
  std::optional<Rest> send_at_once(const Reply& reply, Form form);
  Task<bool> send_rest(Rest rest);
  Task<bool> send_stream(BodyStream& stream);
  Task<bool> send_piece(const std::string& piece);
  static Rest behind(Rest rest, std::size_t sent);
  Task<> refuse(int status);

  Listener& listener_;
  Connection& connection_;
  bool becomes_http2_ = false;
  RequestHead head_;
  // Of the request in hand:
  std::size_t request_bytes_ = 0;  ///< In the connection's buffer.
  std::string chunked_;
  Charges charges_;  ///< For `chunked_`.
};

}  // namespace penstock::front
