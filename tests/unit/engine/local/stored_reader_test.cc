#include "engine/local/stored_reader.h"

#include "unit/engine/local/kit.h"

#include <gtest/gtest.h>

namespace penstock::engine::local {
namespace {

constexpr std::size_t kRecordBytes = 50'000;
constexpr std::size_t kRecords = 200;

/// A shard of ten megabytes at rest.
class StoredReaderTest : public ::testing::Test {
 protected:
  StoredReaderTest() {
    for (std::size_t i = 0; i < kRecords; ++i) {
      texts.push_back(std::to_string(i) + std::string(kRecordBytes, 'x'));
      kit.append(shard, {texts.back()});
    }
    path = kit.flush(shard, 1)->path();
    shard.evict(~std::size_t{0});
    kit.pool->clear();
  }
  std::uint64_t pieces_read() const { return kit.reader->counts().pieces_read; }
  /// Positions from..., as many as a page may have.
  Result<Slice> page(std::uint64_t from, std::size_t records) {
    return kit.read(shard, Position{from}, {.records_max = records});
  }
  void keep(std::size_t bytes) { kit.reader = kit.make_reader(bytes); }
  Strings texts_of_run(std::size_t first, std::size_t count) const {
    const auto begin = texts.begin() + static_cast<std::ptrdiff_t>(first - 1);
    return {begin, begin + static_cast<std::ptrdiff_t>(count)};
  }
  void damage(std::uint64_t offset, std::uint64_t bytes) { kit.disk().zero(path, offset, bytes); }

  Kit kit;
  Shard shard{{.ref = kShard, .horizon = Position{1}, .next = Position{1}}};
  Strings texts;
  std::string path;
};

TEST_F(StoredReaderTest, BlocksOneBehindTheOtherAreReadTogether) {
  EXPECT_EQ(page(1, 60)->records.size(), 60u);
  EXPECT_LE(pieces_read(), 5u) << "three megabytes in pieces of up to one";
}

TEST_F(StoredReaderTest, WhatWasReadIsNotReadAgainByAReaderCloseBehind) {
  ASSERT_EQ(page(1, 10)->records.size(), 10u);
  const std::uint64_t before = pieces_read();
  EXPECT_EQ(texts_of(*page(1, 10)), texts_of_run(1, 10));
  EXPECT_EQ(texts_of(*page(4, 4)), texts_of_run(4, 4)) << "in the middle of a piece";
  EXPECT_EQ(pieces_read(), before);
}

TEST_F(StoredReaderTest, AReaderThatGoesOnFindsItsNextPageInMemory) {
  ASSERT_TRUE(page(1, 20).ok());
  ASSERT_TRUE(page(21, 20).ok());
  kit.world.run_idle();
  damage(0, texts.size() * kRecordBytes);
  const auto next = page(41, 20);
  ASSERT_TRUE(next.ok()) << next.error().message;
  EXPECT_EQ(texts_of(*next), texts_of_run(41, 20));
}

TEST_F(StoredReaderTest, AReaderThatJumpsHasNothingReadAhead) {
  ASSERT_TRUE(page(1, 5).ok());
  ASSERT_TRUE(page(101, 5).ok());
  kit.world.run_idle();
  const std::uint64_t before = pieces_read();
  damage(0, texts.size() * kRecordBytes);
  EXPECT_FALSE(page(150, 5).ok());
  EXPECT_EQ(pieces_read(), before);
}

TEST_F(StoredReaderTest, DamageAheadIsToldToWhoeverReadsItAndToNobodyElse) {
  damage(3'000'000, 100);
  Position at{1};
  Result<Slice> slice = page(1, 10);
  for (; slice.ok(); slice = kit.read(shard, at, {.records_max = 10})) {
    ASSERT_FALSE(slice->records.empty());
    ASSERT_EQ(slice->records.front().at, at);
    at = slice->next;
    kit.world.run_idle();
    EXPECT_EQ(shard.bounds().damaged_records, 0u);
  }
  EXPECT_EQ(slice.error().code, EngineErrc::kCorrupt);
  EXPECT_GT(shard.bounds().damaged_records, 0u) << "and is counted from then on";
  EXPECT_GT(at, Position{55}) << "the blocks before are given";
  EXPECT_LE(at, Position{61});
}

TEST_F(StoredReaderTest, KeepsNoMoreThanItMay) {
  keep(2u << 20);
  for (std::uint64_t at = 1; at < kRecords; at += 40) {
    EXPECT_EQ(texts_of(*page(at, 40)), texts_of_run(at, 40));
    kit.world.run_idle();
    EXPECT_LE(kit.reader->counts().kept_bytes, 2u << 20);
  }
}

TEST_F(StoredReaderTest, WhatItKeepsIsChargedAndComesBackWhenCleared) {
  const std::size_t before = kit.budget.used_bytes();
  ASSERT_TRUE(page(1, 40).ok());
  EXPECT_GE(kit.budget.used_bytes(), before + kit.reader->counts().kept_bytes);
  EXPECT_GT(kit.reader->counts().kept_bytes, 0u);
  kit.reader->clear();
  kit.pool->clear();
  EXPECT_EQ(kit.reader->counts().kept_bytes, 0u);
  EXPECT_EQ(kit.budget.used_bytes(), before);
}

TEST_F(StoredReaderTest, ASliceOutlivesWhatIsKept) {
  const auto slice = page(1, 10);
  kit.reader->clear();
  ASSERT_TRUE(page(100, 60).ok());
  EXPECT_EQ(texts_of(*slice), texts_of_run(1, 10));
}

TEST_F(StoredReaderTest, NothingIsReadAheadWhenMemoryIsSpent) {
  ASSERT_TRUE(page(1, 10).ok());
  kit.reader->clear();
  kit.pool->clear();
  const Budget::Share rest = kit.budget.take(kit.budget.limit_bytes() - kit.budget.used_bytes());
  const std::size_t spent = kit.budget.used_bytes();
  const auto slice = page(11, 10);
  ASSERT_TRUE(slice.ok());
  EXPECT_EQ(slice->records.front().at, Position{11}) << "readers get on, one block at a time";
  kit.world.run_idle();
  EXPECT_LE(kit.budget.used_bytes(), spent + (512u << 10));
}

TEST_F(StoredReaderTest, ASegmentThatIsMissingIsNamed) {
  ASSERT_TRUE(kit.disk().remove(path).ok());
  const auto slice = page(1, 10);
  EXPECT_EQ(slice.error().code, EngineErrc::kCorrupt);
  EXPECT_NE(slice.error().message.find(path), std::string::npos);
}

}  // namespace
}  // namespace penstock::engine::local
