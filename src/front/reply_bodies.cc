#include "front/reply_bodies.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace penstock::front {
namespace {

constexpr std::size_t kSmallest = 256u << 10;
constexpr std::size_t kKeptBytesMax = 32u << 20;  // Of a loop: two of the largest pages.
constexpr Nanos kUnusedMax = std::chrono::seconds(5);

struct Shelf {
  std::vector<std::string> bodies;
  std::size_t bytes = 0;
  SteadyTime used;
};
thread_local Shelf shelf;

}  // namespace

std::string body_with_room(std::size_t bytes) {
  std::string body;
  if (bytes >= kSmallest) {
    const auto found =
        std::find_if(shelf.bodies.begin(), shelf.bodies.end(),
                     [bytes](const std::string& kept) { return kept.capacity() >= bytes; });
    if (found != shelf.bodies.end()) {
      body = std::move(*found);
      shelf.bytes -= body.capacity();
      shelf.bodies.erase(found);
    }
  }
  body.reserve(bytes);
  return body;
}

void keep_body(std::string body, SteadyTime now) {
  const std::size_t bytes = body.capacity();
  if (bytes < kSmallest) return;
  shelf.used = now;
  if (shelf.bytes + bytes > kKeptBytesMax) return;
  body.clear();
  shelf.bytes += bytes;
  shelf.bodies.push_back(std::move(body));
}

void drop_unused_bodies(SteadyTime now) {
  if (shelf.bodies.empty() || now - shelf.used <= kUnusedMax) return;
  shelf = {};
}

}  // namespace penstock::front
