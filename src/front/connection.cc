#include "front/connection.h"

#include <cerrno>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace penstock::front {

using boost::asio::ip::tcp;

CancelToken Connection::watch(const Executor& here) {
  auto source = std::make_shared<CancelSource>();
  CancelToken token = source->token();
  post(socket.get_executor(),
       [weak = weak_from_this(), watched = request, source = std::move(source), here]() mutable {
         if (const auto self = weak.lock())
           self->begin_watch(watched, std::move(source), std::move(here));
       });
  return token;
}

void Connection::begin_watch(std::uint64_t watched, std::shared_ptr<CancelSource> source,
                             Executor there) {
  if (watched != request || phase != Phase::kHandling) return;
  is_watched = true;
  socket.async_wait(tcp::socket::wait_read, [weak = weak_from_this(), watched, source,
                                             there](const boost::system::error_code&) {
    const auto self = weak.lock();
    if (self == nullptr || self->request != watched || self->phase != Phase::kHandling) return;
    self->is_watched = false;
    if (self->has_peer_gone()) post(there, [source] { source->cancel(); });
  });
}

void Connection::end_watch() {
  if (!is_watched) return;
  is_watched = false;
  stop_reading();
}

/// Something can be read: the end, or the next request.
bool Connection::has_peer_gone() {
  char byte = 0;
  const ssize_t peeked = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return peeked == 0 || (peeked < 0 && errno != EAGAIN && errno != EINTR);
}

bool Connection::has_unread() {
  int bytes = 0;
  return ::ioctl(socket.native_handle(), FIONREAD, &bytes) == 0 && bytes > 0;
}

bool Connection::is_quiet(SteadyTime now, Nanos span) {
  if (phase == Phase::kHandling || waits_for_memory) return false;
  if (phase == Phase::kWriting) look_at_unsent(now);
  return now - quiet_since > span;
}

/// A socket that is full takes more only when a third of it is free: a slow reader is not one that
/// has stopped. (Unless it takes less than a segment in kStalled: on loopback that is 43 KiB/s.)
void Connection::look_at_unsent(SteadyTime now) {
  int unsent = 0;
  if (::ioctl(socket.native_handle(), SIOCOUTQ, &unsent) != 0) return;
  if (unsent < unsent_bytes) quiet_since = now;
  unsent_bytes = unsent;
}

}  // namespace penstock::front
