#include "engine/local/segment.h"

#include "engine/local/segment_index.h"
#include "engine/local/segment_writer.h"
#include "unit/engine/local/kit.h"

#include <gtest/gtest.h>

namespace penstock::engine::local {
namespace {

constexpr ShardRef kOther{LogId{8}, 2};
constexpr std::size_t kBlockTarget = 256u << 10;

std::vector<Block> some_blocks() {
  return {{kShard, {1}, {10}, service_time(5), service_time(9), 0, 800, 1},
          {kOther, {7}, {9}, service_time(1), service_time(2), 800, 96, 2}};
}

// --- The index ------------------------------------------------------------------------------

struct Index {
  Bytes entries;
  Bytes trailer;
};

Index written_index(const std::vector<Block>& blocks, const Salt& salt) {
  Index index{encode_index(blocks), Bytes(kTrailerBytes)};
  write_trailer(index.trailer.data(),
                {.number = 3, .index_offset = 896, .count = blocks.size(), .blocks_bytes = 896},
                index.entries, salt);
  return index;
}

std::optional<std::vector<Block>> read_index(const Index& index, const Salt& salt) {
  const auto trailer = peek_trailer(index.trailer);
  if (!trailer.has_value()) return std::nullopt;
  return decode_index(*trailer, index.entries, salt);
}

TEST(SegmentIndex, IsReadBack) {
  const Index index = written_index(some_blocks(), Salt());
  EXPECT_EQ(index.entries.size(), 2 * kIndexEntryBytes);
  const auto blocks = read_index(index, Salt());
  ASSERT_TRUE(blocks.has_value());
  ASSERT_EQ(blocks->size(), 2u);
  const Block& block = blocks->back();
  EXPECT_EQ(block.shard, kOther);
  EXPECT_EQ(block.first, Position{7});
  EXPECT_EQ(block.next, Position{9});
  EXPECT_EQ(block.first_arrival, service_time(1));
  EXPECT_EQ(block.last_arrival, service_time(2));
  EXPECT_EQ(block.offset, 800u);
  EXPECT_EQ(block.length, 96u);
  EXPECT_EQ(block.crc, 2u);
}

TEST(SegmentIndex, AnyBitThatTurnsOverIsFound) {
  Index index = written_index(some_blocks(), Salt());
  for (Bytes* bytes : {&index.entries, &index.trailer}) {
    for (std::size_t bit = 0; bit < bytes->size() * 8; ++bit) {
      (*bytes)[bit / 8] = static_cast<std::uint8_t>((*bytes)[bit / 8] ^ 1u << bit % 8);
      EXPECT_FALSE(read_index(index, Salt()).has_value())
          << (bytes == &index.trailer ? "trailer" : "entries") << " bit " << bit;
      (*bytes)[bit / 8] = static_cast<std::uint8_t>((*bytes)[bit / 8] ^ 1u << bit % 8);
    }
  }
}

TEST(SegmentIndex, OfAnotherFolderDoesNotPass) {
  Salt::Bytes other{};
  other[15] = 1;
  EXPECT_FALSE(read_index(written_index(some_blocks(), Salt()), Salt(other)).has_value());
}

// --- Writing and reading --------------------------------------------------------------------

class SegmentTest : public ::testing::Test {
 protected:
  Kit kit;
  SegmentWriter writer(std::uint64_t number = 1) {
    return std::move(SegmentWriter::create(kit.folder(), number).value());
  }
  Strings texts_in(const Segment& segment, const Block& block) {
    Bytes bytes(block.length);
    const Status read = read_block(segment, block, bytes);
    if (!read.ok()) return {read.error().message};
    Slice slice;
    slice.next = block.first;
    add_records(slice, bytes.data(), block.first, block.next, {});
    return texts_of(slice);
  }
};

TEST_F(SegmentTest, BlocksOfSeveralShardsAreReadBack) {
  auto out = writer();
  ASSERT_TRUE(out.add(kShard, Position{1}, Position{11},
                      records_frame(kShard, Position{1}, service_time(5), numbers(0, 10)))
                  .ok());
  ASSERT_TRUE(out.add(kOther, Position{4}, Position{6},
                      records_frame(kOther, Position{4}, service_time(6), {"x", "y"}))
                  .ok());
  const auto segment = out.finish();
  ASSERT_TRUE(segment.ok());
  ASSERT_EQ(segment->blocks.size(), 2u);
  EXPECT_TRUE(segment->segment->is_shared());
  EXPECT_EQ(texts_in(*segment->segment, segment->blocks[0]), numbers(0, 10));
  EXPECT_EQ(texts_in(*segment->segment, segment->blocks[1]), (Strings{"x", "y"}));
  EXPECT_EQ(segment->segment->total_bytes(), segment->blocks[0].length + segment->blocks[1].length);
}

TEST_F(SegmentTest, FramesThatFollowEachOtherShareABlock) {
  auto out = writer();
  Bytes frames = records_frame(kShard, Position{1}, service_time(5), {"a", "b"});
  const Bytes more = records_frame(kShard, Position{3}, service_time(9), {"c"});
  frames.insert(frames.end(), more.begin(), more.end());
  ASSERT_TRUE(out.add(kShard, Position{1}, Position{4}, frames).ok());
  const auto segment = out.finish();
  ASSERT_EQ(segment->blocks.size(), 1u);
  EXPECT_EQ(segment->blocks[0].first_arrival, service_time(5));
  EXPECT_EQ(segment->blocks[0].last_arrival, service_time(9));
  EXPECT_EQ(texts_in(*segment->segment, segment->blocks[0]), (Strings{"a", "b", "c"}));
  EXPECT_FALSE(segment->segment->is_shared());
}

TEST_F(SegmentTest, AGapOrAnEndBeginsANewBlock) {
  auto out = writer();
  ASSERT_TRUE(
      out.add(kShard, Position{1}, Position{100}, records_frame(kShard, Position{1}, {}, {"a"}))
          .ok());
  ASSERT_TRUE(
      out.add(kShard, Position{1}, Position{100}, records_frame(kShard, Position{5}, {}, {"e"}))
          .ok());
  out.end_block();
  ASSERT_TRUE(
      out.add(kShard, Position{1}, Position{100}, records_frame(kShard, Position{6}, {}, {"f"}))
          .ok());
  EXPECT_EQ(out.finish()->blocks.size(), 3u);
}

TEST_F(SegmentTest, OnlyFramesThatOverlapTheRangeAreTaken) {
  Bytes frames;
  for (std::uint64_t at = 1; at <= 9; at += 2) {
    const Bytes frame = records_frame(kShard, Position{at}, {}, {"l", "r"});
    frames.insert(frames.end(), frame.begin(), frame.end());
  }
  auto out = writer();
  ASSERT_TRUE(out.add(kShard, Position{4}, Position{7}, frames).ok());
  const auto segment = out.finish();
  ASSERT_EQ(segment->blocks.size(), 1u);
  EXPECT_EQ(segment->blocks[0].first, Position{3}) << "a frame is taken whole";
  EXPECT_EQ(segment->blocks[0].next, Position{7});
}

TEST_F(SegmentTest, BlocksEndAtTheirTargetAndALargerFrameHasOneOfItsOwn) {
  auto out = writer();
  const std::string large(2u << 20, 'L');
  Position at{1};
  for (int i = 0; i < 30; ++i) {
    const Strings data = i == 15 ? Strings{large} : Strings(10, std::string(5'000, 'd'));
    ASSERT_TRUE(
        out.add(kShard, Position{1}, Position{1'000}, records_frame(kShard, at, {}, data)).ok());
    at.index += data.size();
  }
  const auto segment = out.finish();
  ASSERT_TRUE(segment.ok());
  std::size_t oversized = 0;
  Position next{1};
  for (const Block& block : segment->blocks) {
    EXPECT_EQ(block.first, next) << "no gap between blocks";
    next = block.next;
    if (block.length <= kBlockTarget) continue;
    ++oversized;
    EXPECT_EQ(block.next.index, block.first.index + 1);
    EXPECT_EQ(texts_in(*segment->segment, block), Strings{large});
  }
  EXPECT_EQ(oversized, 1u);
  EXPECT_EQ(next, at);
}

TEST_F(SegmentTest, ABlockMovesToAnotherSegmentAsItIs) {
  auto out = writer(1);
  ASSERT_TRUE(out.add(kShard, Position{1}, Position{11},
                      records_frame(kShard, Position{1}, service_time(5), numbers(0, 10)))
                  .ok());
  const auto first = out.finish();
  Bytes bytes(first->blocks[0].length);
  ASSERT_TRUE(read_block(*first->segment, first->blocks[0], bytes).ok());
  auto copy = writer(2);
  ASSERT_TRUE(
      copy.add(kOther, Position{1}, Position{9}, records_frame(kOther, Position{1}, {}, {"before"}))
          .ok());
  ASSERT_TRUE(copy.add(first->blocks[0], bytes).ok());
  const auto second = copy.finish();
  ASSERT_EQ(second->blocks.size(), 2u);
  EXPECT_NE(second->blocks[1].offset, 0u);
  EXPECT_EQ(texts_in(*second->segment, second->blocks[1]), numbers(0, 10));
}

TEST_F(SegmentTest, IsDurableUnderItsNameWhenFinished) {
  auto out = writer();
  ASSERT_TRUE(out.add(kShard, Position{1}, Position{11},
                      records_frame(kShard, Position{1}, {}, numbers(0, 10)))
                  .ok());
  // Enough to be made durable in several steps.
  const std::string large(900'000, 'x');
  for (std::uint64_t i = 0; i < 24; ++i) {
    ASSERT_TRUE(out.add(kOther, Position{i + 1}, Position{i + 2},
                        records_frame(kOther, Position{i + 1}, {}, {large}))
                    .ok());
  }
  ASSERT_TRUE(out.finish().ok());
  kit.world.crash([&] { kit.opened.reset(); });
  kit.open_folder();
  const auto opened = Segment::open(kit.folder(), 1);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(texts_in(*opened->segment, opened->blocks[0]), numbers(0, 10));
  for (std::size_t i = 1; i < opened->blocks.size(); ++i) {
    EXPECT_EQ(texts_in(*opened->segment, opened->blocks[i]), Strings{large}) << i;
  }
}

TEST_F(SegmentTest, WithoutBlocksItOpens) {
  const auto segment = writer().finish();
  ASSERT_TRUE(segment.ok());
  EXPECT_TRUE(segment->blocks.empty());
  EXPECT_FALSE(segment->segment->is_shared());
}

TEST_F(SegmentTest, AFlippedByteIsFoundByTheBlockOrTheIndexItIsIn) {
  auto out = writer();
  ASSERT_TRUE(out.add(kShard, Position{1}, Position{4},
                      records_frame(kShard, Position{1}, {}, {"a", "b", "c"}))
                  .ok());
  const auto whole = out.finish();
  const std::string path = whole->segment->path();
  const std::size_t size = kit.disk().bytes(path).size();
  const std::uint64_t blocks_end = whole->segment->total_bytes();
  const std::uint64_t index_end = blocks_end + kIndexEntryBytes;
  for (std::uint64_t at = 0; at < size; ++at) {
    if (at >= index_end && at < size - kTrailerBytes) continue;  // Zeros that nobody reads.
    kit.disk().flip_bit(path, at, at % 8);
    const auto opened = Segment::open(kit.folder(), 1);
    if (at < blocks_end) {
      ASSERT_TRUE(opened.ok()) << at;
      Bytes bytes(opened->blocks[0].length);
      EXPECT_EQ(read_block(*opened->segment, opened->blocks[0], bytes).error().code,
                EngineErrc::kCorrupt)
          << at;
    } else {
      EXPECT_EQ(opened.error().code, EngineErrc::kCorrupt) << at;
    }
    kit.disk().flip_bit(path, at, at % 8);
  }
}

TEST_F(SegmentTest, CutShortItDoesNotOpen) {
  auto out = writer();
  ASSERT_TRUE(out.add(kShard, Position{1}, Position{4},
                      records_frame(kShard, Position{1}, {}, {"a", "b", "c"}))
                  .ok());
  const std::string path = out.finish()->segment->path();
  Bytes& bytes = kit.disk().bytes(path);
  for (const std::size_t size :
       {bytes.size() - 1, bytes.size() / 2, std::size_t{20}, std::size_t{0}}) {
    bytes.resize(size);
    EXPECT_EQ(Segment::open(kit.folder(), 1).error().code, EngineErrc::kCorrupt) << size;
  }
}

TEST_F(SegmentTest, UnderAnotherNumberItDoesNotOpen) {
  const auto segment = writer(1).finish();
  ASSERT_TRUE(kit.disk().rename(segment->segment->path(), kit.folder().segment_file(2)).ok());
  EXPECT_EQ(Segment::open(kit.folder(), 2).error().code, EngineErrc::kCorrupt);
}

/// A checksum that is right says that these are the bytes that were written, not that they are
/// the block's.
TEST_F(SegmentTest, ABlockOfAnotherShardOrPlaceIsNotGiven) {
  auto out = writer();
  ASSERT_TRUE(out.add(kShard, Position{1}, Position{4},
                      records_frame(kShard, Position{1}, {}, {"a", "b", "c"}))
                  .ok());
  const auto segment = out.finish();
  const Block block = segment->blocks[0];
  Bytes bytes(block.length);
  for (int wrong = 0; wrong < 3; ++wrong) {
    Block other = block;
    if (wrong == 0) other.shard = kOther;
    if (wrong == 1) other.first = Position{2};
    if (wrong == 2) other.next = Position{5};
    EXPECT_EQ(read_block(*segment->segment, other, bytes).error().code, EngineErrc::kCorrupt)
        << wrong;
  }
  EXPECT_TRUE(read_block(*segment->segment, block, bytes).ok());
}

}  // namespace
}  // namespace penstock::engine::local
