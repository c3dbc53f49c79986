#pragma once

#include "front/tls.h"

#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct ssl_st;

namespace penstock::front {

/// TLS on a socket that does not block: what can be done now is done, and what it waits for is
/// said. Records are written from where the bytes lie; small pieces are put into one record.
class TlsStream {
 public:
  enum class Step : std::uint8_t {
    kDone,
    kWantsRead,   ///< Again, when the socket can be read,
    kWantsWrite,  ///< or written.
    kEnd,         ///< The peer has said that nothing more will come.
    kFailed,
  };

  TlsStream(std::shared_ptr<const TlsContext> context, int socket);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  Step accept();
  Step read(char* into, std::size_t room, std::size_t& bytes);
  /// Whether something can be read, without taking it.
  Step peek();
  /// As much as the socket takes; after kWantsWrite the same bytes come first again.
  Step write(std::span<const boost::asio::const_buffer> pieces, std::size_t& bytes);
  /// Tells the peer that nothing more will come, as far as that is possible now.
  void end();
  /// Whether the peer has chosen h2 by ALPN.
  bool is_http2() const;
  /// Whether bytes of a record are left that was read before.
  bool has_bytes() const;

 private:
  Step step_of(int result);
  Step write_record(std::string_view bytes, bool has_more, std::size_t& written);

  const std::shared_ptr<const TlsContext> context_;
  ssl_st* ssl_;
  bool has_more_ = false;  ///< For the socket: another record follows at once.
  bool is_broken_ = false;
};

}  // namespace penstock::front
