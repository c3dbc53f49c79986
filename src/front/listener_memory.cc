#include "env/clocks.h"
#include "front/listener.h"
#include "front/reply_bodies.h"

namespace penstock::front {
namespace {

/// Larger requests wait in line for memory, and leave a part of it to smaller ones.
constexpr std::size_t kLargeRequest = 64u << 10;
constexpr Nanos kPause = std::chrono::milliseconds(10);
constexpr int kPausesToStalled = 25;
/// Who has been quiet for so long may lose its memory in the middle of a request or reply. Two in a
/// row, before those who wait for it give up.
constexpr Nanos kStalled = std::chrono::milliseconds(1'500);

}  // namespace

bool Listener::has_room_for(std::size_t total) const {
  if (total <= kLargeRequest) return true;
  return budget.used_bytes() + 2 * total <= budget.limit_bytes() / 16 * 15;
}

bool Listener::must_wait(std::size_t total) const {
  return (total > kLargeRequest && !line.empty()) || !has_room_for(total);
}

bool Listener::has_reserved(ConnectionBuffer& buffer, std::size_t total) const {
  if (total <= buffer.capacity()) return buffer.reserve(total);
  return !must_wait(total) && buffer.reserve(total);
}

Task<bool> Listener::wait_for_memory(std::size_t total, std::function<bool()> try_take) {
  drop_kept_bodies();
  shelf.clear();
  const bool is_large = total > kLargeRequest;
  const auto place = is_large ? line.insert(line.end(), total) : line.end();
  // A small one finds room where connections do nothing with theirs.
  if (!is_large) make_room();
  bool taken = false;
  const SteadyTime give_up = clocks.steady_now() + limits.memory_wait_max;
  for (int pause = 1; !taken && !stopping && clocks.steady_now() < give_up; ++pause) {
    co_await env::sleep_until(loop, clocks.steady_now() + kPause, scope.token());
    if (pause % kPausesToStalled == 0) close_stalled();
    const bool is_first = !is_large || line.begin() == place;
    taken = is_first && has_room_for(total) && try_take();
  }
  if (is_large) line.erase(place);
  co_return taken;
}

void Listener::close_stalled() {
  const SteadyTime now = clocks.steady_now();
  for (const auto& connection : connections) {
    if (connection->streams != nullptr) {
      connection->streams->drop_stalled(now, kStalled);
      continue;
    }
    if (connection->phase != Phase::kIdle && connection->is_quiet(now, kStalled))
      close_unless_unread(*connection, now);
  }
}

}  // namespace penstock::front
