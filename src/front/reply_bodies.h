#pragma once

#include "base/budget.h"
#include "base/time.h"

#include <cstddef>
#include <string>

/// Large bodies of replies, kept by each loop's thread from one reply to the next: a page of 13 MiB
/// in fresh memory costs 3,300 page faults, a quarter of all that is done for it.
namespace penstock::front {

/// An empty string with room for `bytes`, a kept one where one is large enough. It has no more than
/// twice the room, so that a charge for `bytes` says what is held.
std::string body_with_room(std::size_t bytes);

/// For a body that was sent. Small ones are not worth it and go at once. At most a few are kept, an
/// eighth of the budget at most, and only what it has room for; the oldest go for new ones.
void keep_body(std::string body, SteadyTime now, Budget& budget);

/// Lets all of them go when none was given back for a while.
void drop_unused_bodies(SteadyTime now);
/// At once: memory is short, or the budget is about to go.
void drop_kept_bodies();

}  // namespace penstock::front
