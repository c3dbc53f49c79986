#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <sys/types.h>

struct ssl_st;

namespace penstock::bench {

/// A connection to 127.0.0.1 that does not block, with or without TLS. Of TLS the server's
/// certificate is not looked at: that is nobody's figure.
class Wire {
 public:
  enum class Kind : std::uint8_t { kPlain, kTls, kTlsHttp2 };
  /// Connects and, for TLS, agrees with the server; blocks meanwhile.
  Wire(std::uint16_t port, Kind kind);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  int socket() const { return socket_; }
  /// How many bytes were taken; 0: none now. fail()s when the server has gone.
  std::size_t send(std::string_view bytes);
  /// How many bytes came; 0: none now. fail()s at the end.
  std::size_t receive(char* into, std::size_t room);
  /// Whether bytes have come that the socket does not tell of any more.
  bool has_more() const;

 private:
  int socket_;
  ssl_st* ssl_ = nullptr;
};

}  // namespace penstock::bench
