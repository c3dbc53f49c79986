#include "engine/local/documents.h"

#include "unit/engine/local/kit.h"

#include <gtest/gtest.h>

#include <random>

namespace penstock::engine::local {
namespace {

Change put(std::string key, std::string value, Version expected = {}) {
  return {Change::Op::kPut, std::move(key), expected, std::move(value)};
}
Change erase(std::string key, Version expected) {
  return {Change::Op::kErase, std::move(key), expected, {}};
}
Change check(std::string key, Version expected) {
  return {Change::Op::kCheck, std::move(key), expected, {}};
}

std::vector<Change> changes(auto... one) {
  std::vector<Change> all;
  (all.push_back(std::move(one)), ...);
  return all;
}

void apply(Documents& documents, const MetaFrame& frame) {
  Wakeups nobody;
  documents.apply(frame, nobody);
}

TEST(Documents, AreNotSeenBeforeTheyAreDurable) {
  Documents documents;
  const auto frame = documents.stage(changes(put("a", "1")));
  ASSERT_TRUE(frame.ok());
  EXPECT_FALSE(documents.get("a").has_value());
  EXPECT_TRUE(documents.list("").empty());
  EXPECT_EQ(documents.applied_version(), Version{});
  apply(documents, *frame);
  EXPECT_EQ(documents.get("a")->value, "1");
  EXPECT_EQ(documents.get("a")->version, frame->version);
  EXPECT_EQ(documents.applied_version(), frame->version);
}

TEST(Documents, AStagedVersionIsWhatTheNextCommitMustExpect) {
  Documents documents;
  const auto first = documents.stage(changes(put("a", "1")));
  EXPECT_EQ(documents.stage(changes(put("a", "2"))).error().code, EngineErrc::kConflict);
  EXPECT_TRUE(documents.stage(changes(put("a", "2", first->version))).ok());
}

TEST(Documents, AStagedEraseMakesTheKeyFree) {
  Documents documents;
  const auto first = documents.stage(changes(put("a", "1")));
  apply(documents, *first);
  const auto gone = documents.stage(changes(erase("a", first->version)));
  EXPECT_EQ(documents.get("a")->value, "1") << "until the erase is durable";
  const auto again = documents.stage(changes(put("a", "2")));
  ASSERT_TRUE(again.ok());
  apply(documents, *gone);
  EXPECT_FALSE(documents.get("a").has_value());
  EXPECT_EQ(documents.stage(changes(put("a", "3"))).error().code, EngineErrc::kConflict)
      << "what a later commit staged stays";
  apply(documents, *again);
  EXPECT_EQ(documents.get("a")->value, "2");
}

TEST(Documents, ARefusedCommitStagesNothingAndTakesNoVersion) {
  Documents documents;
  const auto first = documents.stage(changes(put("a", "1")));
  ASSERT_FALSE(documents.stage(changes(put("b", "1"), check("a", Version{99}))).ok());
  const auto second = documents.stage(changes(put("b", "2")));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->version.value, first->version.value + 1);
}

TEST(Documents, AFrameHoldsNoChecks) {
  Documents documents;
  const auto frame = documents.stage(changes(check("a", Version{}), put("b", "1")));
  ASSERT_EQ(frame->changes.size(), 1u);
  EXPECT_EQ(frame->changes[0].key, "b");
}

TEST(Documents, AReplayOfTheSameCommitsAnyNumberOfTimesEndsTheSame) {
  Documents live;
  std::vector<MetaFrame> journal;
  std::mt19937_64 random(5);
  for (int i = 0; i < 200; ++i) {
    const std::string key(1, static_cast<char>('a' + random() % 8));
    const auto document = live.get(key);
    const Version version = document.has_value() ? document->version : Version{};
    const bool erases = document.has_value() && random() % 3 == 0;
    const auto frame =
        live.stage(changes(erases ? erase(key, version) : put(key, std::to_string(i), version)));
    ASSERT_TRUE(frame.ok());
    apply(live, *frame);
    journal.push_back(*frame);
  }
  // A snapshot that was taken at any time, and a replay from any commit before that.
  for (std::size_t taken = 0; taken <= journal.size(); taken += 10) {
    Documents snapshot;
    for (std::size_t i = 0; i < taken; ++i) snapshot.replay(journal[i]);
    for (std::size_t from = taken / 2; from < journal.size(); ++from)
      snapshot.replay(journal[from]);
    EXPECT_EQ(snapshot.applied_version(), live.applied_version());
    const auto expected = live.list("");
    const auto found = snapshot.list("");
    ASSERT_EQ(found.size(), expected.size()) << taken;
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].key, expected[i].key);
      EXPECT_EQ(found[i].value, expected[i].value);
      EXPECT_EQ(found[i].version, expected[i].version);
    }
  }
}

TEST(Documents, VersionsGoOnBehindWhatWasRestored) {
  Documents documents;
  documents.restore({"a", Version{10}, "1"});
  documents.restore_version(Version{40});
  EXPECT_EQ(documents.get("a")->version, Version{10});
  EXPECT_EQ(documents.stage(changes(put("b", "1")))->version, Version{41});
}

TEST(Documents, PagesGiveEveryDocumentOnceInOrder) {
  Documents documents;
  for (int i = 0; i < 100; ++i) documents.restore({std::to_string(i), Version{1}, "v"});
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
    std::vector<std::string> keys;
    for (std::string after;;) {
      const auto page = documents.page(after, size);
      if (page.empty()) break;
      EXPECT_LE(page.size(), size);
      for (const Document& one : page) keys.push_back(one.key);
      after = page.back().key;
    }
    EXPECT_EQ(keys.size(), 100u);
    EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  }
}

TEST(Documents, APrefixEndsWhereItsKeysEnd) {
  Documents documents;
  for (const char* key : {"a", "a/", "a/1", "a/2", "a0", "b/1"}) {
    documents.restore({key, Version{1}, "v"});
  }
  const auto found = documents.list("a/");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found.front().key, "a/");
  EXPECT_EQ(found.back().key, "a/2");
}

TEST(MarkTable, TheLastOfSeveralStagedWins) {
  MarkTable marks;
  const MarksFrame first = marks.stage({{"k", "1"}, {"l", "1"}});
  const MarksFrame second = marks.stage({{"k", "2"}});
  EXPECT_FALSE(marks.get("k").has_value());
  marks.apply(first);
  EXPECT_EQ(marks.get("k"), "1");
  marks.apply(second);
  EXPECT_EQ(marks.get("k"), "2");
  EXPECT_EQ(marks.get("l"), "1");
}

TEST(MarkTable, ErasingWhatIsNotThereIsNothing) {
  MarkTable marks;
  marks.apply(marks.stage({{"k", std::nullopt}}));
  EXPECT_FALSE(marks.get("k").has_value());
  EXPECT_TRUE(marks.list("").empty());
}

TEST(MarkTable, AReplayFromAnyEarlierCommitEndsTheSame) {
  std::mt19937_64 random(9);
  MarkTable live;
  std::vector<MarksFrame> journal;
  for (int i = 0; i < 100; ++i) {
    std::vector<Marks::Mark> changed{{std::string(1, static_cast<char>('a' + random() % 6)), {}}};
    if (random() % 3 != 0) changed[0].value = std::to_string(i);
    journal.push_back(live.stage(std::move(changed)));
    live.apply(journal.back());
  }
  for (std::size_t taken = 0; taken <= journal.size(); taken += 5) {
    MarkTable snapshot;
    for (std::size_t i = 0; i < taken; ++i) snapshot.replay(journal[i]);
    for (std::size_t from = taken / 2; from < journal.size(); ++from)
      snapshot.replay(journal[from]);
    EXPECT_EQ(snapshot.list(""), live.list("")) << taken;
    EXPECT_EQ(snapshot.applied_sequence(), live.applied_sequence());
  }
}

TEST(MarkTable, SequencesGoOnBehindWhatWasRestored) {
  MarkTable marks;
  marks.restore("k", "v");
  marks.restore_sequence(8);
  EXPECT_EQ(marks.get("k"), "v");
  EXPECT_EQ(marks.stage({}).sequence, 9u);
}

TEST(MarkTable, PagesGiveEveryMarkOnce) {
  MarkTable marks;
  for (int i = 0; i < 50; ++i) marks.restore(std::to_string(i), "v");
  std::size_t count = 0;
  for (std::string after;;) {
    const auto page = marks.page(after, 7);
    if (page.empty()) break;
    count += page.size();
    after = page.back().first;
  }
  EXPECT_EQ(count, 50u);
}

}  // namespace
}  // namespace penstock::engine::local
