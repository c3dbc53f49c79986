#include "function/pool.h"

#include "env/sim/prng.h"
#include "support/seeds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace penstock::function {
namespace {

constexpr Generation kOne{1}, kTwo{2};
SteadyTime at(int seconds) { return SteadyTime{Seconds{seconds}}; }

TEST(Pool, MakesEnvironmentsUntilAsManyAreBusyAsMayBe) {
  Pool pool(2);
  EXPECT_TRUE(pool.acquire(kOne)->is_new);
  EXPECT_TRUE(pool.acquire(kTwo)->is_new);
  EXPECT_EQ(pool.acquire(kOne), std::nullopt);
  EXPECT_EQ(pool.busy(), 2u);
}

TEST(Pool, TakesTheMostRecentlyUsedIdleOne) {
  Pool pool(3);
  const EnvironmentId a = pool.acquire(kOne)->id;
  const EnvironmentId b = pool.acquire(kOne)->id;
  EXPECT_TRUE(pool.release(b, at(1), true));
  EXPECT_TRUE(pool.release(a, at(2), true));
  const auto choice = pool.acquire(kOne);
  EXPECT_EQ(choice->id, a);
  EXPECT_FALSE(choice->is_new);
  EXPECT_EQ(pool.idle(), 1u);
}

TEST(Pool, AnotherGenerationsIdleOneIsNoMatch) {
  Pool pool(2);
  pool.release(pool.acquire(kOne)->id, at(1), true);
  EXPECT_TRUE(pool.acquire(kTwo)->is_new);
}

TEST(Pool, TheLongestIdleMakesRoomWhenItIsFull) {
  Pool pool(3);
  const EnvironmentId a = pool.acquire(kOne)->id;
  const EnvironmentId b = pool.acquire(kOne)->id;
  pool.acquire(kOne);
  pool.release(b, at(1), true);
  pool.release(a, at(2), true);
  const auto choice = pool.acquire(kTwo);
  EXPECT_TRUE(choice->is_new);
  EXPECT_EQ(choice->evicted, b);
  EXPECT_EQ(pool.busy() + pool.idle(), 3u);
}

TEST(Pool, AnUnusableOneIsForgottenAtOnce) {
  Pool pool(1);
  EXPECT_FALSE(pool.release(pool.acquire(kOne)->id, at(1), false));
  EXPECT_EQ(pool.busy() + pool.idle(), 0u);
  EXPECT_TRUE(pool.acquire(kOne)->is_new);
}

TEST(Pool, ARetiredGenerationsBusyOnesGoWhenTheyEnd) {
  Pool pool(3);
  const EnvironmentId idle = pool.acquire(kOne)->id;
  const EnvironmentId busy = pool.acquire(kOne)->id;
  const EnvironmentId other = pool.acquire(kTwo)->id;
  pool.release(idle, at(1), true);
  EXPECT_EQ(pool.retire(kOne), std::vector<EnvironmentId>{idle});
  EXPECT_EQ(pool.idle(), 0u);
  EXPECT_FALSE(pool.release(busy, at(2), true));
  EXPECT_TRUE(pool.release(other, at(3), true));
}

TEST(Pool, ExpiresThoseIdleSinceThenOrLonger) {
  Pool pool(3);
  const EnvironmentId a = pool.acquire(kOne)->id;
  const EnvironmentId b = pool.acquire(kOne)->id;
  pool.acquire(kOne);
  pool.release(a, at(1), true);
  pool.release(b, at(2), true);
  EXPECT_EQ(pool.expire(at(1)), std::vector<EnvironmentId>{a});
  EXPECT_EQ(pool.expire(at(1)), std::vector<EnvironmentId>{});
  EXPECT_EQ(pool.expire(at(9)), std::vector<EnvironmentId>{b});
  EXPECT_EQ(pool.busy(), 1u);
}

TEST(Pool, WhatItForgotIsNotChosen) {
  Pool pool(2);
  const EnvironmentId a = pool.acquire(kOne)->id;
  pool.release(a, at(1), true);
  pool.forget(a);
  pool.forget(a);  // Whoever shuts it down may say so once more.
  EXPECT_NE(pool.acquire(kOne)->id, a);
}

/// Against the rules said once more, in the plainest way.
TEST(Pool, KeepsItsInvariantsInAnyOrderOfCalls) {
  for (const std::uint64_t seed : testing::seeds(300)) {
    env::sim::Prng prng(seed);
    constexpr std::size_t kMax = 4;
    Pool pool(kMax);
    std::map<EnvironmentId, Generation> busy, idle;
    std::set<Generation> retired;
    for (int step = 0; step < 200; ++step) {
      const Generation generation{1 + prng.below(3) + 3 * static_cast<std::uint64_t>(step / 70)};
      const std::uint64_t what = prng.below(10);
      if (what < 5) {
        if (retired.contains(generation)) continue;
        const auto choice = pool.acquire(generation);
        ASSERT_EQ(choice.has_value(), busy.size() < kMax) << "seed " << seed << " step " << step;
        if (!choice) continue;
        ASSERT_FALSE(busy.contains(choice->id)) << "seed " << seed;
        if (choice->evicted) {
          ASSERT_EQ(idle.erase(*choice->evicted), 1u) << "seed " << seed;
        }
        const bool was_idle = idle.erase(choice->id) == 1;
        ASSERT_EQ(was_idle, !choice->is_new) << "seed " << seed;
        busy.emplace(choice->id, generation);
      } else if (what < 8 && !busy.empty()) {
        const auto [id, owner] = *busy.begin();
        const bool reusable = prng.below(4) > 0;
        busy.erase(id);
        const bool kept = pool.release(id, at(step), reusable);
        ASSERT_EQ(kept, reusable && !retired.contains(owner)) << "seed " << seed;
        if (kept) idle.emplace(id, owner);
      } else if (what == 8) {
        for (const EnvironmentId id : pool.retire(generation)) {
          ASSERT_EQ(idle.at(id), generation) << "seed " << seed;
          idle.erase(id);
        }
        ASSERT_TRUE(std::none_of(idle.begin(), idle.end(),
                                 [&](const auto& entry) { return entry.second == generation; }))
            << "seed " << seed;
        retired.insert(generation);
      } else {
        for (const EnvironmentId id : pool.expire(at(step - 20))) {
          ASSERT_EQ(idle.erase(id), 1u) << "seed " << seed;
        }
      }
      ASSERT_EQ(pool.busy(), busy.size()) << "seed " << seed << " step " << step;
      ASSERT_EQ(pool.idle(), idle.size()) << "seed " << seed << " step " << step;
      ASSERT_LE(busy.size() + idle.size(), kMax) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace penstock::function
