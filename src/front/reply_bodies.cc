#include "front/reply_bodies.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace penstock::front {
namespace {

constexpr std::size_t kSmallest = 256u << 10;
constexpr std::size_t kKeptBytesMax = 32u << 20;  // Of a loop: two of the largest pages.
constexpr Nanos kUnusedMax = std::chrono::seconds(5);

struct Kept {
  std::string body;
  Budget::Share share;
};

struct Shelf {
  std::vector<Kept> bodies;
  std::size_t bytes = 0;
  SteadyTime used;
};
thread_local Shelf shelf;

}  // namespace

std::string body_with_room(std::size_t bytes) {
  std::string body;
  if (bytes >= kSmallest) {
    const auto found =
        std::find_if(shelf.bodies.begin(), shelf.bodies.end(), [bytes](const Kept& kept) {
          return kept.body.capacity() >= bytes && kept.body.capacity() / 2 <= bytes;
        });
    if (found != shelf.bodies.end()) {
      body = std::move(found->body);
      shelf.bytes -= body.capacity();
      shelf.bodies.erase(found);
    }
  }
  body.reserve(bytes);
  return body;
}

void keep_body(std::string body, SteadyTime now, Budget& budget) {
  const std::size_t bytes = body.capacity();
  const std::size_t bytes_max = std::min(budget.limit_bytes() / 8, kKeptBytesMax);
  if (bytes < kSmallest || bytes > bytes_max) return;
  shelf.used = now;
  while (shelf.bytes + bytes > bytes_max) {
    shelf.bytes -= shelf.bodies.front().body.capacity();
    shelf.bodies.erase(shelf.bodies.begin());
  }
  Budget::Share share = budget.try_take(bytes);
  if (!share) return;
  body.clear();
  shelf.bytes += bytes;
  shelf.bodies.push_back({std::move(body), std::move(share)});
}

void drop_unused_bodies(SteadyTime now) {
  if (shelf.bodies.empty() || now - shelf.used <= kUnusedMax) return;
  shelf = {};
}

void drop_kept_bodies() { shelf = {}; }

}  // namespace penstock::front
