#include "front/connection.h"

namespace penstock::front {

CancelToken Connection::watch(const Executor& here) {
  auto gone = std::make_shared<CancelSource>();
  CancelToken token = gone->token();
  post(transport.executor(),
       [weak = weak_from_this(), watched = request, gone = std::move(gone), here]() mutable {
         if (const auto self = weak.lock())
           self->begin_watch(watched, std::move(gone), std::move(here));
       });
  return token;
}

void Connection::begin_watch(std::uint64_t watched, std::shared_ptr<CancelSource> gone,
                             Executor there) {
  if (watched != request) return;
  is_watched = true;
  transport.when_readable(
      [weak = weak_from_this(), watched, gone, there](const boost::system::error_code&) {
        const auto self = weak.lock();
        if (self == nullptr || self->request != watched) return;
        self->is_watched = false;
        // Something can be read: the end, or the next request, or a record of TLS for TLS itself.
        if (self->transport.has_ended()) return post(there, [gone] { gone->cancel(); });
        if (!self->transport.has_bytes()) self->begin_watch(watched, gone, there);
      });
}

void Connection::end_request() {
  ++request;
  if (std::exchange(is_watched, false)) transport.cancel_waits();
}

bool Connection::is_quiet(SteadyTime now, Nanos span) {
  const bool has_requests = phase == Phase::kHandling || phase == Phase::kStreaming;
  if (waits_for_memory) return false;
  if (has_requests && (streams == nullptr || !streams->waits_only_for_peer())) return false;
  if (phase == Phase::kWriting || has_requests) look_at_unsent(now);
  return now - quiet_since > span;
}

/// A socket that is full takes more only when a third of it is free: a slow reader is not one that
/// has stopped. (Unless it takes less than a segment in kStalled: on loopback that is 43 KiB/s.)
void Connection::look_at_unsent(SteadyTime now) {
  const int unsent = transport.unsent_bytes();
  if (unsent < 0) return;
  if (unsent < unsent_bytes) quiet_since = now;
  unsent_bytes = unsent;
}

}  // namespace penstock::front
