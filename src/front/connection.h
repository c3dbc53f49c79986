#pragma once

#include "base/budget.h"
#include "base/task.h"
#include "base/time.h"
#include "front/connection_buffer.h"
#include "front/request.h"
#include "front/transport.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace penstock::front {

/// What a connection is doing; it stays so until its protocol says otherwise.
enum class Phase : std::uint8_t {
  kIdle,
  kGreeting,  ///< Of a listener with TLS: what it speaks is looked at, and agreed upon.
  kHead,
  kBody,
  kHandling,
  kStreaming,  ///< A body is made while it is sent, and its next bytes are waited for.
  kWriting
};

/// A protocol with many requests at once on one connection, as the listener sees it.
class Multiplexed {
 public:
  virtual ~Multiplexed() = default;
  /// Now and then: requests that take too long to come, peers that take nothing.
  virtual void look_at_time(SteadyTime now) = 0;
  /// Memory is wanted: requests and replies whose peers have been quiet for `span` go.
  virtual void drop_stalled(SteadyTime now, Nanos span) = 0;
  /// Whether none of its requests is waited for by us, or waits for us.
  virtual bool waits_only_for_peer() const = 0;
  /// Tells the peer, and closes.
  virtual void end_idle() = 0;
};

/// One connection of a listener, on its loop. Whether its peer still waits it can be asked (Peer).
struct Connection final : Peer, std::enable_shared_from_this<Connection> {
  Connection(boost::asio::ip::tcp::socket s, BufferShelf& shelf, Budget::Share share)
      : charge(std::move(share)),
        transport(std::move(s)),
        address(transport.peer_address()),
        buffer(shelf) {}
  CancelToken watch(const Executor& here) override;
  /// Until the request has ended; `gone` is cancelled on `there`, when the peer goes.
  void begin_watch(std::uint64_t watched, std::shared_ptr<CancelSource> gone, Executor there);
  void end_request();
  /// Whether its peer has sent what was not read yet. Whoever has been kept from reading it (the
  /// machine stood still) is not to take the peer for quiet.
  bool has_unread() { return transport.has_unread(); }
  /// Whether it waits for nothing but its peer, which has sent or taken nothing for `span`.
  bool is_quiet(SteadyTime now, Nanos span);
  /// Notes whether the peer has taken some of what the socket holds for it.
  void look_at_unsent(SteadyTime now);
  void enter(Phase next, SteadyTime now) {
    phase = next;
    phase_since = quiet_since = now;
  }
  void close() { transport.close(); }

  Budget::Share charge;
  Budget::Share tls_charge;
  Transport transport;
  std::string address;
  ConnectionBuffer buffer;
  std::string head_out;
  Multiplexed* streams =
      nullptr;  ///< HTTP/2: its phases are kIdle and kHandling, of no request or some.
  Phase phase = Phase::kIdle;
  bool waits_for_memory = false;
  bool is_dormant = false;
  bool is_watched = false;
  std::uint64_t request = 0;  ///< Counts them.
  SteadyTime phase_since;
  SteadyTime quiet_since;  ///< Since then no byte has come or gone, or something else began.
  int unsent_bytes = 0;    ///< In the socket, when it was looked at.
};

}  // namespace penstock::front
