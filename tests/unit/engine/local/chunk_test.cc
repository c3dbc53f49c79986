#include "engine/local/chunk.h"

#include "unit/engine/local/kit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace penstock::engine::local {
namespace {

constexpr std::size_t kIndexDistance = 4'096;

std::shared_ptr<ChunkPool> pool_of(Budget& budget, std::size_t free_bytes = 8u << 20) {
  return std::make_shared<ChunkPool>(budget, free_bytes);
}

/// So many of the smallest are made, and come back.
void leave_free(ChunkPool& pool, int count) {
  std::vector<std::shared_ptr<Chunk>> chunks;
  for (int i = 0; i < count; ++i) chunks.push_back(pool.make(1));
}

/// What was put into a chunk, one by one.
struct Extent {
  std::size_t offset;
  std::size_t length;
  Position first;
  Position next;
  ServiceTime arrival;
};

std::vector<Extent> fill(Chunk& chunk, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Extent> extents;
  Position at{100};
  std::int64_t arrival = 1'000;
  for (;;) {
    const std::size_t length = 48 + 8 * (random() % (random() % 10 == 0 ? 2'000 : 60));
    if (length > chunk.room()) return extents;
    const auto count = static_cast<std::uint32_t>(1 + random() % 5);
    const std::size_t offset = chunk.bytes().size();
    chunk.extend(length, at, count, service_time(arrival));
    extents.push_back({offset, length, at, Position{at.index + count}, service_time(arrival)});
    at = extents.back().next;
    arrival += static_cast<std::int64_t>(random() % 3);
  }
}

TEST(Chunk, SeekGoesToAFrameAtMostFourKibBeforeThePosition) {
  Budget budget(8u << 20);
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto chunk = pool_of(budget)->make(64u << 10);
    for (const Extent& extent : fill(*chunk, seed)) {
      for (Position at = extent.first; at < extent.next; ++at.index) {
        const std::size_t offset = chunk->seek(at);
        EXPECT_LE(offset, extent.offset);
        EXPECT_LT(extent.offset - offset, kIndexDistance) << "seed " << seed;
      }
    }
  }
}

TEST(Chunk, SeekGivesWholeFramesOnly) {
  Budget budget(8u << 20);
  const auto chunk = pool_of(budget)->make(64u << 10);
  const auto extents = fill(*chunk, 3);
  const auto begins_one = [&](std::size_t offset) {
    return std::any_of(extents.begin(), extents.end(),
                       [&](const Extent& extent) { return extent.offset == offset; });
  };
  for (const Extent& extent : extents) {
    EXPECT_TRUE(begins_one(chunk->seek(extent.first)));
    EXPECT_TRUE(begins_one(chunk->seek(extent.arrival)));
  }
}

TEST(Chunk, SeekByTimeNeverGoesBehindTheFirstFrameOfThatTime) {
  Budget budget(8u << 20);
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto chunk = pool_of(budget)->make(64u << 10);
    const auto extents = fill(*chunk, seed);
    for (std::int64_t ms = 998; ms <= unix_millis(extents.back().arrival) + 2; ++ms) {
      const auto first = std::find_if(extents.begin(), extents.end(), [&](const Extent& extent) {
        return extent.arrival >= service_time(ms);
      });
      const std::size_t offset = chunk->seek(service_time(ms));
      const std::size_t wanted = first == extents.end() ? extents.back().offset : first->offset;
      EXPECT_LE(offset, wanted) << "seed " << seed << " ms " << ms;
      EXPECT_LT(wanted - offset, kIndexDistance + 16'100) << "seed " << seed << " ms " << ms;
    }
  }
}

TEST(Chunk, KnowsItsEndsAndItsRoom) {
  Budget budget(8u << 20);
  const auto chunk = pool_of(budget)->make(1);
  EXPECT_TRUE(chunk->empty());
  chunk->extend(48, Position{5}, 2, service_time(10));
  chunk->extend(56, Position{7}, 1, service_time(20));
  EXPECT_EQ(chunk->first(), Position{5});
  EXPECT_EQ(chunk->next(), Position{8});
  EXPECT_EQ(chunk->last_arrival(), service_time(20));
  EXPECT_EQ(chunk->bytes().size(), 104u);
  EXPECT_EQ(chunk->room(), chunk->capacity() - 104);
}

TEST(Chunk, ARewindForgetsWhatCameAfterTheMark) {
  Budget budget(8u << 20);
  const auto chunk = pool_of(budget)->make(64u << 10);
  chunk->extend(5'000, Position{1}, 3, service_time(10));
  const auto mark = chunk->mark();
  chunk->extend(5'000, Position{4}, 1, service_time(20));
  chunk->extend(5'000, Position{5}, 1, service_time(30));
  chunk->rewind(mark);
  EXPECT_EQ(chunk->next(), Position{4});
  EXPECT_EQ(chunk->last_arrival(), service_time(10));
  EXPECT_EQ(chunk->bytes().size(), 5'000u);
  EXPECT_EQ(chunk->seek(Position{5}), 0u) << "the index forgets, too";
  chunk->extend(48, Position{4}, 9, service_time(15));
  EXPECT_EQ(chunk->next(), Position{13});
  EXPECT_EQ(chunk->seek(Position{12}), 5'000u);
}

TEST(Chunk, ARewindToNothingLetsAnotherPositionBeFirst) {
  Budget budget(8u << 20);
  const auto chunk = pool_of(budget)->make(1);
  const auto mark = chunk->mark();
  chunk->extend(48, Position{1}, 1, service_time(10));
  chunk->rewind(mark);
  EXPECT_TRUE(chunk->empty());
  chunk->extend(48, Position{9}, 1, service_time(20));
  EXPECT_EQ(chunk->first(), Position{9});
}

TEST(ChunkPool, GivesTheNextClassUpToOneMibAndLargerOnesToMeasure) {
  Budget budget(64u << 20);
  const auto pool = pool_of(budget);
  EXPECT_EQ(pool->make(1)->capacity(), 16u << 10);
  EXPECT_EQ(pool->make((16u << 10) + 1)->capacity(), 32u << 10);
  EXPECT_EQ(pool->make(1u << 20)->capacity(), 1u << 20);
  EXPECT_EQ(pool->make((1u << 20) + 1)->capacity(), (1u << 20) + 4'096);
}

TEST(ChunkPool, ReusesWhatCameBackWithoutChargingAgain) {
  Budget budget(1u << 20);
  const auto pool = pool_of(budget);
  auto chunk = pool->make(1);
  chunk->extend(48, Position{1}, 1, service_time(10));
  const void* memory = chunk->bytes().data();
  chunk.reset();
  EXPECT_EQ(budget.used_bytes(), 16u << 10) << "a free chunk stays charged";
  chunk = pool->make(1);
  EXPECT_EQ(chunk->bytes().data(), memory);
  EXPECT_TRUE(chunk->empty());
  EXPECT_EQ(chunk->last_arrival(), ServiceTime{});
  EXPECT_EQ(budget.used_bytes(), 16u << 10);
}

TEST(ChunkPool, KeepsNoMoreFreeBytesThanItMay) {
  Budget budget(1u << 20);
  const auto pool = pool_of(budget, 32u << 10);
  leave_free(*pool, 5);
  EXPECT_EQ(budget.used_bytes(), 32u << 10);
  pool->clear();
  EXPECT_EQ(budget.used_bytes(), 0u);
}

TEST(ChunkPool, WhatComesBackTakesThePlaceOfAnotherSize) {
  Budget budget(4u << 20);
  const auto pool = pool_of(budget, 1u << 20);
  pool->make(1u << 20).reset();
  ASSERT_EQ(pool->free_bytes(), 1u << 20);
  auto small = pool->make(1);
  const void* const memory = small->memory().data();
  small.reset();
  EXPECT_EQ(pool->free_bytes(), 16u << 10);
  EXPECT_EQ(pool->make(1)->memory().data(), memory);
  EXPECT_LE(budget.used_bytes(), 1u << 20);
}

TEST(ChunkPool, RefusesWhenTheBudgetIsSpentUnlessForced) {
  Budget budget(32u << 10);
  const auto pool = pool_of(budget);
  const auto first = pool->make(1);
  const auto second = pool->make(1);
  EXPECT_EQ(pool->make(1), nullptr);
  const auto forced = pool->make(1, true);
  ASSERT_NE(forced, nullptr);
  EXPECT_EQ(budget.used_bytes(), 48u << 10);
}

TEST(ChunkPool, LetsFreeOnesOfOtherClassesGoBeforeItRefuses) {
  Budget budget(64u << 10);
  const auto pool = pool_of(budget);
  leave_free(*pool, 4);
  EXPECT_EQ(budget.used_bytes(), 64u << 10);
  EXPECT_NE(pool->make(64u << 10), nullptr);
}

TEST(ChunkPool, AShardsChunksDoubleUpToOneMib) {
  Budget budget(64u << 20);
  const auto pool = pool_of(budget);
  std::vector<std::shared_ptr<Chunk>> chunks{pool->make_next(nullptr, 1)};
  while (chunks.size() < 9) chunks.push_back(pool->make_next(chunks.back().get(), 1));
  std::vector<std::size_t> kib;
  for (const auto& chunk : chunks) kib.push_back(chunk->capacity() >> 10);
  EXPECT_EQ(kib, (std::vector<std::size_t>{16, 32, 64, 128, 256, 512, 1024, 1024, 1024}));
  EXPECT_EQ(pool->make_next(chunks.front().get(), 100u << 10)->capacity(), 128u << 10)
      << "what must fit comes first";
}

TEST(ChunkPool, TheChunksThatManyShardsFillGetAnEighthOfTheBudget) {
  constexpr std::size_t kBudget = 64u << 20;
  constexpr std::size_t kShards = 200;
  Budget budget(kBudget);
  const auto pool = pool_of(budget, 0);
  std::vector<std::shared_ptr<Chunk>> filled(kShards);
  const auto bytes = [&] {
    std::size_t sum = 0;
    for (const auto& chunk : filled) sum += chunk == nullptr ? 0 : chunk->capacity();
    return sum;
  };
  for (int round = 0; round < 10; ++round) {
    for (auto& chunk : filled) {
      chunk = pool->make_next(chunk.get(), 1);
      ASSERT_NE(chunk, nullptr);
    }
    ASSERT_LE(bytes(), kBudget / 8);
  }
  EXPECT_GT(bytes(), kBudget / 16) << "and use it";

  // What is no longer filled counts no longer.
  std::shared_ptr<Chunk> last = filled.back();
  filled.clear();
  for (int i = 0; i < 7; ++i) last = pool->make_next(last.get(), 1);
  EXPECT_EQ(last->capacity(), 1u << 20);
}

TEST(ChunkPool, NoMoreFreeOnesGoThanAChunkNeedsTheRoomOf) {
  Budget budget(256u << 10);
  const auto pool = pool_of(budget);
  leave_free(*pool, 16);
  const auto made = pool->make(32u << 10);
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(pool->free_bytes(), 14u * (16u << 10));
}

TEST(ChunkPool, FreeOnesGoUntilThereIsRoomWhenOthersHaveTheBudget) {
  Budget budget(64u << 10);
  const auto pool = pool_of(budget);
  std::vector<std::shared_ptr<Chunk>> small;
  for (int i = 0; i < 4; ++i) small.push_back(pool->make(1));
  small.clear();
  const auto others = budget.take(32u << 10);
  EXPECT_NE(pool->make(32u << 10), nullptr);
}

TEST(ChunkPool, AChunkMayOutliveItsPool) {
  Budget budget(1u << 20);
  auto pool = pool_of(budget);
  auto chunk = pool->make(1);
  pool.reset();
  chunk->extend(48, Position{1}, 1, {});
  EXPECT_EQ(chunk->bytes().size(), 48u);
  chunk.reset();
  EXPECT_EQ(budget.used_bytes(), 0u);
}

}  // namespace
}  // namespace penstock::engine::local
