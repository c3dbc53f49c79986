#include "engine/local/wakeups.h"

#include "engine/local/core.h"
#include "env/sim/world.h"

#include <gtest/gtest.h>

namespace penstock::engine::local {
namespace {

TEST(Wakeups, EachWatcherIsWokenOnItsOwnLoop) {
  env::sim::World world{1, {.loops = 3}};
  std::vector<int> woken(3);
  Wakeups wakeups;
  for (std::size_t loop = 0; loop < 3; ++loop) {
    wakeups.add(make_watcher(world.loop(loop), [&world, &woken, loop] {
      EXPECT_TRUE(world.loop(loop).is_current());
      ++woken[loop];
    }));
  }
  wakeups.send();
  EXPECT_TRUE(wakeups.empty());
  world.run_idle();
  EXPECT_EQ(woken, (std::vector<int>{1, 1, 1}));
}

TEST(Wakeups, AChangeDuringTheWakeIsAnotherWake) {
  env::sim::World world{1};
  int woken = 0;
  std::shared_ptr<Watcher> watcher;
  watcher = make_watcher(world.loop(), [&] {
    if (++woken > 1) return;
    Wakeups again;
    again.add(watcher);
    again.send();
  });
  Wakeups wakeups;
  wakeups.add(watcher);
  wakeups.send();
  world.run_idle();
  EXPECT_EQ(woken, 2);
}

TEST(Wakeups, AWatcherThatEndedMeanwhileIsNotWoken) {
  env::sim::World world{1};
  int woken = 0;
  const auto watcher = make_watcher(world.loop(), [&] { ++woken; });
  Wakeups wakeups;
  wakeups.add(watcher);
  wakeups.send();
  watcher->alive = false;
  world.run_idle();
  EXPECT_EQ(woken, 0);
}

TEST(Wakeups, WorkComesBeforeTheWatchersOfItsLoop) {
  env::sim::World world{1};
  std::string order;
  Wakeups wakeups;
  wakeups.add(make_watcher(world.loop(), [&] { order += "watcher "; }));
  wakeups.add(0, world.loop().executor(), [&] { order += "work "; });
  wakeups.send();
  world.run_idle();
  EXPECT_EQ(order, "work watcher ");
}

}  // namespace
}  // namespace penstock::engine::local
