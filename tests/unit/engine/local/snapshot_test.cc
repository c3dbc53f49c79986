#include "engine/local/snapshot.h"

#include "engine/errors.h"
#include "unit/engine/local/kit.h"

#include <gtest/gtest.h>

namespace penstock::engine::local {
namespace {

Result<std::uint64_t> nothing_later() { return std::uint64_t{0}; }

class SnapshotTest : public ::testing::Test {
 protected:
  Kit kit;
  const CommitHeader as_of{
      .number = 12, .file = 3, .records_total = 100, .state_total = 9, .marks_total = 4};

  void fill(Held& held, int documents) {
    for (int i = 0; i < documents; ++i) {
      held.documents.restore(
          {"d/" + std::to_string(i), Version{1 + static_cast<unsigned>(i)}, std::string(100, 'd')});
    }
    held.documents.restore_version(Version{5'000});
    held.marks.restore("empty", "");
    held.marks.restore("mark", "value");
    held.marks.restore_sequence(77);
    held.shards.ensure(LogId{3}, 2);
    held.shards.add(
        {kShard, Position{5}, Position{9}, Position{8}, service_time(40), Position{9}, 4});
  }
  Status write(Held& held, bool direct = true) {
    return write_snapshot(kit.folder(), as_of, 6, held.state(), nothing_later, direct);
  }
  std::string path() { return kit.folder().snapshot_file(as_of.number); }
};

TEST_F(SnapshotTest, IsReadBackWithEverythingInIt) {
  Held held;
  fill(held, 200);
  ASSERT_TRUE(write_snapshot(
                  kit.folder(), as_of, 6, held.state(), [] { return std::uint64_t{15}; }, true)
                  .ok());
  Held loaded;
  const auto snapshot = load_snapshot(kit.folder(), 12, loaded.state());
  ASSERT_TRUE(snapshot.ok());
  EXPECT_EQ(snapshot->as_of.number, 12u);
  EXPECT_EQ(snapshot->as_of.records_total, 100u);
  EXPECT_EQ(snapshot->as_of.state_total, 9u);
  EXPECT_EQ(snapshot->as_of.marks_total, 4u);
  EXPECT_EQ(snapshot->facts.epoch, 6u);
  EXPECT_EQ(snapshot->facts.through, 15u);
  EXPECT_EQ(loaded.documents.list("").size(), 200u);
  EXPECT_EQ(loaded.documents.get("d/150")->version, Version{151});
  EXPECT_EQ(loaded.documents.applied_version(), Version{5'000});
  EXPECT_EQ(loaded.marks.list(""), held.marks.list(""));
  EXPECT_EQ(loaded.marks.applied_sequence(), 77u);
  EXPECT_EQ(loaded.shards.all().size(), 3u);
  const ShardState shard = loaded.shards.find(kShard)->state();
  EXPECT_EQ(shard.horizon, Position{5});
  EXPECT_EQ(shard.next, Position{9});
  EXPECT_EQ(shard.flushed_next, Position{8});
  EXPECT_EQ(shard.sealed_at, Position{9});
  EXPECT_EQ(shard.trimmed_records, 4u);
  EXPECT_EQ(shard.last_arrival, service_time(40));
}

TEST_F(SnapshotTest, OfNothingIsReadBack) {
  Held held;
  ASSERT_TRUE(write(held).ok());
  Held loaded;
  ASSERT_TRUE(load_snapshot(kit.folder(), 12, loaded.state()).ok());
  EXPECT_TRUE(loaded.documents.list("").empty());
  EXPECT_TRUE(loaded.shards.all().empty());
}

TEST_F(SnapshotTest, LargerThanOnePieceIsReadBack) {
  Held held;
  for (int i = 0; i < 30; ++i) {
    held.documents.restore({std::to_string(i), Version{1}, std::string(100'000, 'd')});
  }
  ASSERT_TRUE(write(held).ok());
  Held loaded;
  ASSERT_TRUE(load_snapshot(kit.folder(), 12, loaded.state()).ok());
  EXPECT_EQ(loaded.documents.list("").size(), 30u);
}

TEST_F(SnapshotTest, SurvivesACutOfPowerAsSoonAsItIsWritten) {
  for (const bool direct : {true, false}) {
    Held held;
    fill(held, 10);
    ASSERT_TRUE(write(held, direct).ok());
    kit.world.crash([&] { kit.opened.reset(); });
    kit.open_folder();
    Held loaded;
    EXPECT_TRUE(load_snapshot(kit.folder(), 12, loaded.state()).ok()) << "direct: " << direct;
    ASSERT_TRUE(kit.disk().remove(path()).ok());
  }
}

TEST_F(SnapshotTest, ThatWasNotFinishedLeavesNoFile) {
  Held held;
  fill(held, 10);
  const auto fails = []() -> Result<std::uint64_t> { return Error{Errc::kIo, "no sync"}; };
  EXPECT_FALSE(write_snapshot(kit.folder(), as_of, 6, held.state(), fails, true).ok());
  EXPECT_TRUE(kit.disk().list(kit.folder().state())->empty());
}

TEST_F(SnapshotTest, AnyByteOfItsPiecesThatTurnsOverIsFound) {
  Held held;
  fill(held, 5);
  ASSERT_TRUE(write(held).ok());
  const std::size_t length = peek_commit(kit.disk().bytes(path()))->length;
  ASSERT_LT(length, kit.disk().bytes(path()).size()) << "padding is not looked at";
  for (std::size_t at = 0; at < length; ++at) {
    kit.disk().flip_bit(path(), at, at % 8);
    Held loaded;
    const auto snapshot = load_snapshot(kit.folder(), 12, loaded.state());
    ASSERT_FALSE(snapshot.ok()) << "byte " << at;
    EXPECT_EQ(snapshot.error().code, EngineErrc::kCorrupt);
    EXPECT_NE(snapshot.error().message.find(path()), std::string::npos);
    kit.disk().flip_bit(path(), at, at % 8);
  }
}

TEST_F(SnapshotTest, CutShortOrWithSomethingBehindItIsDamaged) {
  Held held;
  for (int i = 0; i < 12; ++i) {
    held.documents.restore({std::to_string(i), Version{1}, std::string(100'000, 'd')});
  }
  ASSERT_TRUE(write(held).ok());
  const Bytes whole = kit.disk().bytes(path());
  for (const std::size_t size : {std::size_t{0}, std::size_t{4'096}, whole.size() / 2,
                                 whole.size() - 4'096, whole.size() + 4'096}) {
    kit.disk().bytes(path()).resize(size);
    Held loaded;
    EXPECT_EQ(load_snapshot(kit.folder(), 12, loaded.state()).error().code, EngineErrc::kCorrupt)
        << size;
    kit.disk().bytes(path()) = whole;
  }
}

TEST_F(SnapshotTest, UnderAnotherNumberIsDamaged) {
  Held held;
  ASSERT_TRUE(write(held).ok());
  ASSERT_TRUE(kit.disk().rename(path(), kit.folder().snapshot_file(13)).ok());
  Held loaded;
  EXPECT_EQ(load_snapshot(kit.folder(), 13, loaded.state()).error().code, EngineErrc::kCorrupt);
}

/// It is taken while commits go on: some of it is older, some newer. A replay makes it exact.
TEST_F(SnapshotTest, TakenWhileCommitsGoOnIsExactAfterTheReplay) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    env::sim::Prng random(seed);
    Held live;
    struct Commit {
      MetaFrame meta;
      MarksFrame marks;
    };
    std::vector<Commit> journal;
    const auto commit_once = [&] {
      const std::string key = std::to_string(random.below(150));
      const auto document = live.documents.get(key);
      Change change{.key = key, .value = std::to_string(journal.size())};
      if (document.has_value()) {
        change.expected = document->version;
        if (random.chance(0.4)) change.op = Change::Op::kErase;
      }
      std::vector<Change> changes;
      changes.push_back(std::move(change));
      std::vector<Marks::Mark> marks{{key, std::nullopt}};
      if (random.chance(0.6)) marks[0].value = std::to_string(journal.size());
      journal.push_back(
          {live.documents.stage(std::move(changes)).value(), live.marks.stage(std::move(marks))});
      Wakeups nobody;
      live.documents.apply(journal.back().meta, nobody);
      live.marks.apply(journal.back().marks);
    };
    for (int i = 0; i < 300; ++i) commit_once();
    const std::size_t as_of_commit = journal.size();

    // As write_snapshot does: a page of documents, some commits, the next page, then the marks.
    Held taken;
    for (std::string after;;) {
      const auto page = live.documents.page(after, 20);
      if (page.empty()) break;
      after = page.back().key;
      for (const Document& document : page) taken.documents.restore(document);
      for (std::uint64_t i = random.below(8); i > 0; --i) commit_once();
    }
    taken.documents.restore_version(live.documents.applied_version());
    for (std::string after;;) {
      const auto page = live.marks.page(after, 20);
      if (page.empty()) break;
      after = page.back().first;
      for (const auto& [key, value] : page) taken.marks.restore(key, value);
      for (std::uint64_t i = random.below(8); i > 0; --i) commit_once();
    }
    taken.marks.restore_sequence(live.marks.applied_sequence());
    ASSERT_TRUE(write(taken).ok());

    Held loaded;
    ASSERT_TRUE(load_snapshot(kit.folder(), 12, loaded.state()).ok());
    for (std::size_t i = as_of_commit; i < journal.size(); ++i) {
      loaded.documents.replay(journal[i].meta);
      loaded.marks.replay(journal[i].marks);
    }
    EXPECT_EQ(loaded.marks.list(""), live.marks.list("")) << "seed " << seed;
    EXPECT_EQ(loaded.documents.applied_version(), live.documents.applied_version());
    const auto expected = live.documents.list("");
    const auto found = loaded.documents.list("");
    ASSERT_EQ(found.size(), expected.size()) << "seed " << seed;
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].key, expected[i].key);
      EXPECT_EQ(found[i].version, expected[i].version) << "seed " << seed;
      EXPECT_EQ(found[i].value, expected[i].value);
    }
  }
}

}  // namespace
}  // namespace penstock::engine::local
