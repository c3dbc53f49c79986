#include "stream/entry.h"

#include "base/error.h"

#include <gtest/gtest.h>

#include <random>

namespace penstock::stream {
namespace {

constexpr ServiceTime at(std::int64_t seconds) { return ServiceTime{Millis{seconds * 1'000}}; }
constexpr std::int64_t kNow = 1'790'000'000;

StreamEntry new_stream(std::uint32_t shards) {
  StreamEntry entry{.name = {{"123456789012", "eu-west-1"}, "orders"},
                    .log = LogId{5},
                    .created = at(kNow),
                    .shards_wanted = shards};
  add_first_shards(entry, at(kNow));
  return entry;
}

void split(StreamEntry& entry, std::uint32_t shard, HashKey where, ServiceTime now) {
  entry.status = StreamStatus::kUpdating;
  entry.transition = {
      .kind = Transition::Kind::kSplit, .due = now, .shard = shard, .split_at = where};
  finish_split(entry, now);
}

void merge(StreamEntry& entry, std::uint32_t lower, std::uint32_t upper, ServiceTime now) {
  entry.status = StreamStatus::kUpdating;
  entry.transition = {
      .kind = Transition::Kind::kMerge, .due = now, .shard = lower, .adjacent = upper};
  finish_merge(entry, now);
}

/// The invariant of StreamEntry.
testing::AssertionResult covers_the_key_space_once(const StreamEntry& entry) {
  std::vector<HashKeyRange> open;
  for (const ShardEntry& shard : entry.shards) {
    if (!shard.closed) open.push_back(shard.range);
  }
  std::sort(open.begin(), open.end(),
            [](const auto& a, const auto& b) { return a.start < b.start; });
  Uint128 next = 0;
  for (const HashKeyRange& range : open) {
    if (range.start.value != next) {
      return testing::AssertionFailure() << "gap or overlap at " << range.start.to_string();
    }
    if (range.end < range.start) return testing::AssertionFailure() << "an empty range";
    next = range.end.value + 1;
  }
  if (next != 0 || open.empty()) return testing::AssertionFailure() << "the end is not covered";
  return testing::AssertionSuccess();
}

class FirstShards : public testing::TestWithParam<std::uint32_t> {};
TEST_P(FirstShards, CoverTheKeySpaceOnceAndAreNumberedFromZero) {
  const StreamEntry entry = new_stream(GetParam());
  EXPECT_EQ(entry.status, StreamStatus::kActive);
  EXPECT_EQ(entry.open_shards(), GetParam());
  EXPECT_EQ(entry.next_shard, GetParam());
  EXPECT_TRUE(covers_the_key_space_once(entry));
  for (std::uint32_t i = 0; i < GetParam(); ++i) {
    ASSERT_NE(entry.find(i), nullptr);
    ASSERT_EQ(entry.find(i)->number, i);
  }
  EXPECT_EQ(entry.find(GetParam()), nullptr);
}
INSTANTIATE_TEST_SUITE_P(Counts, FirstShards, testing::Values(1u, 2u, 3u, 7u, 500u));

TEST(Split, ClosesTheParentAndOpensTwoChildrenAtTheGivenKey) {
  StreamEntry entry = new_stream(1);
  const HashKey middle{Uint128{1} << 127};
  split(entry, 0, middle, at(kNow + 10));
  ASSERT_EQ(entry.shards.size(), 3u);
  EXPECT_EQ(entry.find(0)->closed, at(kNow + 10));
  EXPECT_EQ(entry.find(1)->range.end.value + 1, middle.value);
  EXPECT_EQ(entry.find(2)->range.start, middle);
  EXPECT_EQ(entry.find(1)->parent, 0u);
  EXPECT_EQ(entry.find(2)->parent, 0u);
  EXPECT_FALSE(entry.find(1)->adjacent_parent);
  EXPECT_EQ(entry.transition, Transition{});
  EXPECT_TRUE(covers_the_key_space_once(entry));
}

TEST(Merge, ClosesBothParentsAndOpensOneChildOverBothRanges) {
  StreamEntry entry = new_stream(2);
  merge(entry, 0, 1, at(kNow + 10));
  ASSERT_EQ(entry.shards.size(), 3u);
  EXPECT_EQ(entry.find(2)->parent, 0u);
  EXPECT_EQ(entry.find(2)->adjacent_parent, 1u);
  EXPECT_EQ(entry.find(2)->range, (HashKeyRange{HashKey{0}, HashKey::max()}));
  EXPECT_TRUE(entry.find(0)->closed);
  EXPECT_TRUE(entry.find(1)->closed);
  EXPECT_TRUE(covers_the_key_space_once(entry));
}

TEST(Split, ChildrenSortBehindTheirParentEvenWithinOneSecond) {
  StreamEntry entry = new_stream(1);
  split(entry, 0, {Uint128{1} << 127}, at(kNow));
  split(entry, 1, {Uint128{1} << 126}, at(kNow));
  split(entry, 3, {Uint128{1} << 125}, at(kNow));
  for (const ShardEntry& shard : entry.shards) {
    if (!shard.parent) continue;
    EXPECT_LT(*entry.find(*shard.parent)->ending(), shard.stamp().starting())
        << shard.number << " of " << *shard.parent;
  }
}

/// Law: any sequence of splits and merges keeps the key space covered and children behind parents.
TEST(Resharding, KeepsTheKeySpaceCoveredWhateverTheOrder) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    std::mt19937_64 random(seed);
    StreamEntry entry = new_stream(1 + static_cast<std::uint32_t>(random() % 5));
    std::int64_t now = kNow;
    for (int step = 0; step < 60; ++step) {
      now += static_cast<std::int64_t>(random() % 3);
      std::vector<ShardEntry> open;
      for (const ShardEntry& shard : entry.shards) {
        if (!shard.closed) open.push_back(shard);
      }
      std::sort(open.begin(), open.end(),
                [](const auto& a, const auto& b) { return a.range.start < b.range.start; });
      const std::size_t i = random() % open.size();
      if (random() % 2 == 0 && i + 1 < open.size()) {
        merge(entry, open[i].number, open[i + 1].number, at(now));
      } else {
        const Uint128 width = open[i].range.end.value - open[i].range.start.value;
        if (width == 0) continue;
        split(entry, open[i].number, {open[i].range.start.value + 1 + random() % width}, at(now));
      }
      ASSERT_TRUE(covers_the_key_space_once(entry)) << "seed " << seed << " step " << step;
    }
    for (const ShardEntry& shard : entry.shards) {
      for (const auto& parent : {shard.parent, shard.adjacent_parent}) {
        if (parent) ASSERT_LT(*entry.find(*parent)->ending(), shard.stamp().starting());
      }
    }
    const auto decoded = decode_entry(document_key(entry.name), encode(entry));
    ASSERT_TRUE(decoded.ok());
    ASSERT_EQ(*decoded, entry);
  }
}

TEST(Expiry, AShardIsKeptForTheWholeRetentionAfterItClosed) {
  StreamEntry entry = new_stream(1);
  split(entry, 0, {Uint128{1} << 127}, at(kNow));
  const ServiceTime last = at(kNow) + entry.retention();
  EXPECT_FALSE(entry.expired(*entry.find(0), last));
  EXPECT_TRUE(entry.expired(*entry.find(0), last + Millis(1)));
  EXPECT_FALSE(drop_expired_shards(entry, last));
  EXPECT_TRUE(drop_expired_shards(entry, last + Millis(1)));
  EXPECT_EQ(entry.find(0), nullptr);
  EXPECT_NE(entry.find(1), nullptr);
  EXPECT_FALSE(drop_expired_shards(entry, last + Millis(1)));
}

TEST(Expiry, AnOpenShardNeverExpires) {
  const StreamEntry entry = new_stream(2);
  EXPECT_FALSE(entry.expired(entry.shards[0], at(kNow) + std::chrono::hours(24 * 365 * 50)));
}

StreamEntry full_entry() {
  StreamEntry entry = new_stream(3);
  split(entry, 0, {Uint128{7}}, at(kNow + 1));
  merge(entry, 1, 2, at(kNow + 2));
  entry.mode = StreamMode::kOnDemand;
  entry.log = LogId{~std::uint64_t{0}};
  entry.retention_hours = 8'760;
  entry.gone_before = at(kNow - 10);
  entry.max_record_kib = 10'240;
  entry.tags = {{"a", ""}, {"b \"quoted\"", "\u00E4\n"}};
  entry.steps = {{.shard = 3}, {.shard = 4, .merged_with = 5}};
  entry.resizes = {at(kNow + 2), at(kNow + 3)};
  entry.mode_changes = {at(kNow + 4)};
  entry.warm_mibps = 0;
  entry.status = StreamStatus::kUpdating;
  entry.transition = {.kind = Transition::Kind::kMerge,
                      .due = at(kNow + 5),
                      .shard = 3,
                      .adjacent = 4,
                      .split_at = HashKey::max()};
  return entry;
}

TEST(StoredStream, ComesBackWithEveryField) {
  const StreamEntry entry = full_entry();
  const auto decoded = decode_entry(document_key(entry.name), encode(entry));
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(*decoded, entry);
}

TEST(StoredStream, EveryStatusAndTransitionComesBack) {
  for (int status = 0; status < 4; ++status) {
    for (int kind = 0; kind <= static_cast<int>(Transition::Kind::kReshard); ++kind) {
      StreamEntry entry = new_stream(1);
      entry.status = static_cast<StreamStatus>(status);
      entry.transition.kind = static_cast<Transition::Kind>(kind);
      const auto decoded = decode_entry("k", encode(entry));
      ASSERT_TRUE(decoded.ok());
      EXPECT_EQ(*decoded, entry);
    }
  }
}

TEST(StoredStream, AStepThatIsNoneIsCorrupt) {
  StreamEntry entry = new_stream(1);
  entry.steps = {{.shard = 0}};
  std::string text = encode(entry);
  text.replace(text.find("\"0\"]"), 3, "\"0+\"");
  EXPECT_FALSE(decode_entry("k", text).ok()) << text;
}

TEST(StoredStream, TheKeyNamesAccountRegionAndStream) {
  EXPECT_EQ(document_key(full_entry().name), "stream/123456789012/eu-west-1/orders");
  EXPECT_EQ(page_prefix(full_entry().name), "stream-shards/123456789012/eu-west-1/orders/");
}

TEST(StoredStream, ADocumentThatIsNoStreamIsCorruptAndNamed) {
  for (const char* text : {"", "{", "[]", "null", "{\"name\":5}", "{\"status\":\"SLEEPING\"}"}) {
    const auto decoded = decode_entry("stream/a/b/c", text);
    ASSERT_FALSE(decoded.ok()) << text;
    EXPECT_TRUE(decoded.error().code == Errc::kCorrupt) << text;
    EXPECT_NE(decoded.error().message.find("stream/a/b/c"), std::string::npos);
  }
}

TEST(StoredStream, NoCutDocumentIsTakenForAWholeOne) {
  const std::string text = encode(full_entry());
  for (std::size_t size = 0; size < text.size(); ++size) {
    ASSERT_FALSE(decode_entry("k", text.substr(0, size)).ok()) << size;
  }
}

TEST(StoredStream, ChangedBytesDecodeToSomethingOrAreCorruptButDoNotCrash) {
  const std::string text = encode(full_entry());
  std::mt19937_64 random(7);
  int refused = 0;
  for (int i = 0; i < 3'000; ++i) {
    std::string changed = text;
    changed[random() % changed.size()] = static_cast<char>(random());
    const auto decoded = decode_entry("k", changed);
    if (decoded.ok()) continue;
    ASSERT_TRUE(decoded.error().code == Errc::kCorrupt);
    ++refused;
  }
  EXPECT_GT(refused, 300);
}

TEST(StoredStream, ManyShardsStandInPagesAndComeBack) {
  StreamEntry entry = new_stream(static_cast<std::uint32_t>(kShardsOfPage * 2 + 5));
  const auto pages = encode_pages(entry);
  ASSERT_EQ(pages.size(), 3u);
  const std::string document = encode(entry);
  EXPECT_LT(document.size(), 2'000u);
  auto decoded = decode_entry("k", document);
  ASSERT_TRUE(decoded.ok());
  EXPECT_TRUE(decoded->shards.empty());
  std::string last;
  for (const auto& [key, page] : pages) {
    EXPECT_LT(last, key) << "pages sort in their order";
    EXPECT_LT(page.size(), std::size_t{1} << 20) << "a document is at most 1 MiB";
    last = key;
    ASSERT_TRUE(decode_page(key, page, *decoded).ok());
  }
  EXPECT_EQ(*decoded, entry);
}

TEST(StoredStream, AStreamOfOnePageHasNone) {
  EXPECT_TRUE(encode_pages(new_stream(static_cast<std::uint32_t>(kShardsOfPage))).empty());
  EXPECT_EQ(encode_pages(new_stream(static_cast<std::uint32_t>(kShardsOfPage) + 1)).size(), 2u);
}

TEST(StoredStream, APageThatIsNoneIsCorrupt) {
  StreamEntry entry = new_stream(1);
  for (const char* page : {"", "{\"shards\":[\"1\"]}", "{\"shards\":[\"1:::x:y:1:\"]}"}) {
    const Status status = decode_page("stream-shards/k/00", page, entry);
    ASSERT_FALSE(status.ok()) << page;
    EXPECT_TRUE(status.error().code == Errc::kCorrupt);
  }
}

}  // namespace
}  // namespace penstock::stream
