#pragma once

#include "base/budget.h"
#include "base/result.h"
#include "base/task.h"
#include "front/connection_slots.h"
#include "front/http_parse.h"
#include "front/request.h"
#include "front/tls.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace penstock::env {
class Clocks;
class Loop;
}  // namespace penstock::env

namespace penstock::front {

struct Listener;

struct HttpLimits {
  std::size_t head_bytes_max = 16u << 10;          ///< Beyond: 431.
  std::size_t connections_max = 10'000;            ///< Unless `slots` says it.
  std::chrono::seconds idle_max{75};               ///< Without a request in progress.
  std::chrono::milliseconds dormant_after{5'000};  ///< Idle for so long: without a buffer.
  std::chrono::seconds greeting_max{
      10};  ///< From a connection's first byte on, until TLS is agreed upon.
  std::chrono::seconds head_read_max{30};      ///< From a head's first byte to its last.
  std::chrono::seconds request_read_max{300};  ///< From a request's first byte to its last.
  /// From the last word of HTTP/2 on, for its peer to read that and to close.
  std::chrono::milliseconds linger_max{2'000};
  std::chrono::milliseconds memory_wait_max{5'000};  ///< Of a request for memory; then 503.
  /// Bytes a body may have, by its head; beyond: 413.
  std::function<std::size_t(const RequestHead&)> body_bytes_max = [](const RequestHead&) {
    return std::size_t{16} << 20;
  };
  /// Whom it is spoken with, where it is. Null: TLS is not known.
  const TlsKeys* tls = nullptr;
  /// Whether who is not on this machine may speak without TLS, where it is known.
  bool plain_from_afar = false;
  /// Shared with the other listeners of the port. Null: connections_max, for this one alone.
  std::shared_ptr<ConnectionSlots> slots;
};

/// A server of HTTP/1.1 and, for who begins with its preface, of HTTP/2, on one loop. A connection
/// has a buffer while it has a request, and for a while behind one when memory is not short; both
/// are charged to the budget.
///
/// When there are as many connections as may be, or no descriptors for more, those that have been
/// quiet longest make room; when none is quiet, the new one gets a 503. When memory for requests is
/// spent, large ones wait in line for it, peers that stopped in the middle of theirs or of reading
/// a reply are closed, and after memory_wait_max the answer is 503. SDKs send again after each of
/// these. A reply that a peer does not take at once is charged until it has.
///
/// The handler gets requests one at a time per connection, of HTTP/2 as they come; its Request is
/// alive until it returns. It may wait as long as it likes (the Runtime API's /next does). Replies
/// of HEAD requests go out without their body.
///
/// A reply with a stream goes out in chunks. Its next bytes are asked for when the socket has taken
/// those before; whoever is slow to take some has them charged.
class HttpListener {
 public:
  using Handler = std::function<Task<Reply>(Request&)>;

  HttpListener(env::Loop& loop, env::Clocks& clocks, Budget& budget, Handler handler,
               HttpLimits limits = {});
  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  /// Fails when somebody listens there. To be asked before a port is shared, which the system would
  /// otherwise do with another server of the same user.
  Status check_free(const std::string& address, std::uint16_t port) const;
  /// Binds and begins to accept. Port 0 picks one. `shared`: other loops listen on the same port
  /// (SO_REUSEPORT). Gives the port.
  Result<std::uint16_t> listen(const std::string& address, std::uint16_t port, bool shared);
  /// Begins to accept on a listening socket made elsewhere, and owns it.
  Status adopt(int listening_socket);

  /// Stops accepting, lets requests in progress end, closes. On the loop.
  Task<> stop();
  /// Closes every connection now; handlers in progress run on, their replies go nowhere. Then
  /// stop().
  void abort();
  std::size_t connections() const;
  /// What a connection is charged as long as it is open.
  static constexpr std::size_t kConnectionBytes = 8u << 10;
  /// And what more when it speaks TLS,
  static constexpr std::size_t kTlsBytes = 40u << 10;
  /// or HTTP/2: nghttp2, its two tables of headers, and a little to read into.
  static constexpr std::size_t kHttp2Bytes = 24u << 10;

 private:
  std::shared_ptr<Listener> listener_;
};

}  // namespace penstock::front
