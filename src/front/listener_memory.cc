#include "env/clocks.h"
#include "front/listener.h"
#include "front/reply_bodies.h"

namespace penstock::front {
namespace {

/// Larger requests wait in line for memory, and leave a part of it to smaller ones.
constexpr std::size_t kLargeRequest = 64u << 10;
constexpr Nanos kPause = std::chrono::milliseconds(10);
constexpr int kLooksToStalled = 25;
/// Who has been quiet for so long may lose its memory in the middle of a request or reply. Two in a
/// row, before those who wait for it give up.
constexpr Nanos kStalled = std::chrono::milliseconds(1'500);

}  // namespace

bool Listener::has_room_for(std::size_t total) const {
  if (total <= kLargeRequest) return true;
  return budget.used_bytes() + 2 * total <= budget.limit_bytes() / 16 * 15;
}

bool Listener::must_wait(std::size_t total) const {
  return (total > kLargeRequest && large_in_line != 0) || !has_room_for(total);
}

bool Listener::has_reserved(ConnectionBuffer& buffer, std::size_t total) const {
  if (total <= buffer.capacity()) return buffer.reserve(total);
  return !must_wait(total) && buffer.reserve(total);
}

Task<bool> Listener::wait_for_memory(std::size_t total, std::function<bool()> is_wanted,
                                     std::function<bool()> try_take) {
  drop_kept_bodies();
  shelf.clear();
  const bool is_large = total > kLargeRequest;
  // A small one finds room where connections do nothing with theirs.
  if (!is_large) make_room();
  MemoryWait own{.total = total,
                 .give_up = clocks.steady_now() + limits.memory_wait_max,
                 .is_wanted = is_wanted,
                 .try_take = try_take};
  if (line.empty()) {
    looks_at_line = 0;
    arm_line();
  }
  line.push_back(&own);
  large_in_line += is_large;
  co_await own.ended.wait();
  co_return own.is_taken;
}

/// One timer for all that wait.
void Listener::arm_line() {
  loop.arm(clocks.steady_now() + kPause, [state = weak_from_this()] {
    if (const auto self = state.lock()) self->look_at_line();
  });
}

void Listener::look_at_line() {
  if (++looks_at_line % kLooksToStalled == 0) close_stalled();
  const SteadyTime now = clocks.steady_now();
  bool passes_large = true;  // Until one is not served: those behind it wait.
  for (auto at = line.begin(); at != line.end();) {
    MemoryWait& wait = **at;
    const bool is_large = wait.total > kLargeRequest;
    const bool is_wanted = !stopping && wait.is_wanted();
    const bool has_turn = is_wanted && (!is_large || passes_large) && has_room_for(wait.total);
    wait.is_taken = has_turn && wait.try_take();
    if (!wait.is_taken && is_wanted && now < wait.give_up) {
      passes_large = passes_large && !is_large;
      ++at;
      continue;
    }
    large_in_line -= is_large;
    at = line.erase(at);
    wait.ended.release();
  }
  if (!line.empty()) arm_line();
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
