#pragma once

#include "base/time.h"

#include <cstddef>
#include <string>

/// Large bodies of replies, kept by each loop's thread from one reply to the next: a page of 13 MiB
/// in fresh memory costs 3,300 page faults, a quarter of all that is done for it.
namespace penstock::front {

/// An empty string with room for `bytes`, a kept one where one is large enough. It has no more than
/// twice the room, so that a charge for `bytes` says what is held.
std::string body_with_room(std::size_t bytes);

/// For a body that was sent. Small ones are not worth it and go at once. At most a few are kept,
/// and at most `bytes_max` (they are not charged to the budget); the oldest go for new ones.
void keep_body(std::string body, SteadyTime now, std::size_t bytes_max = 32u << 20);

/// Lets all of them go when none was given back for a while.
void drop_unused_bodies(SteadyTime now);

}  // namespace penstock::front
