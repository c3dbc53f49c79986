#include "contract/engine/engine_kinds.h"
#include "engine/errors.h"
#include "support/engine_stand.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock::engine {
namespace {

using namespace std::chrono_literals;

Change put(std::string key, std::string value, Version expected = {}) {
  return {Change::Op::kPut, std::move(key), expected, std::move(value)};
}
Change erase(std::string key, Version expected) {
  return {Change::Op::kErase, std::move(key), expected, {}};
}
Change check(std::string key, Version expected) {
  return {Change::Op::kCheck, std::move(key), expected, {}};
}

class MetaContract : public EngineContract {
 protected:
  Meta& meta() { return stand().engine().meta(); }
  Result<Version> commit(std::vector<Change> changes) {
    return stand().world.run(meta().commit(std::move(changes)));
  }
};

TEST_P(MetaContract, ADocumentIsReadBackWithItsVersion) {
  const auto version = commit({put("a/1", "value")});
  ASSERT_TRUE(version.ok());
  const auto document = meta().get("a/1");
  ASSERT_TRUE(document.has_value());
  EXPECT_EQ(document->value, "value");
  EXPECT_EQ(document->version, *version);
  EXPECT_FALSE(meta().get("a/2").has_value());
}

TEST_P(MetaContract, VersionsGrowWithEveryCommit) {
  const auto first = commit({put("a", "1")});
  const auto second = commit({put("b", "1")});
  const auto third = commit({put("a", "2", *first)});
  EXPECT_LT(*first, *second);
  EXPECT_LT(*second, *third);
}

TEST_P(MetaContract, AWrongVersionRefusesTheWholeCommitAndNamesTheKey) {
  const auto version = commit({put("a", "1")});
  const auto refused = commit({put("b", "new"), put("a", "2", Version{version->value + 1})});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, EngineErrc::kConflict);
  EXPECT_NE(refused.error().message.find("a:"), std::string::npos) << refused.error().message;
  EXPECT_FALSE(meta().get("b").has_value());
  EXPECT_EQ(meta().get("a")->value, "1");
  EXPECT_EQ(commit({put("a", "again")}).error().code, EngineErrc::kConflict);
}

TEST_P(MetaContract, ChecksGuardWithoutWriting) {
  const auto a = commit({put("a", "1")});
  EXPECT_TRUE(commit({check("a", *a), put("b", "1")}).ok());
  EXPECT_EQ(meta().get("a")->version, *a);
  EXPECT_EQ(commit({check("a", Version{}), put("c", "1")}).error().code, EngineErrc::kConflict);
  EXPECT_TRUE(commit({check("nothing", Version{})}).ok());
}

TEST_P(MetaContract, AnErasedDocumentMayBeMadeAgain) {
  const auto a = commit({put("a", "1")});
  ASSERT_TRUE(commit({erase("a", *a)}).ok());
  EXPECT_FALSE(meta().get("a").has_value());
  EXPECT_EQ(commit({erase("a", *a)}).error().code, EngineErrc::kConflict);
  EXPECT_TRUE(commit({put("a", "2")}).ok());
}

TEST_P(MetaContract, OfTwoCommitsForOneVersionOneWins) {
  const auto version = commit({put("a", "0")});
  std::vector<Result<Version>> outcomes;
  for (int i = 0; i < 2; ++i) {
    stand().world.spawn(
        [](Meta& m, Version v, int number, std::vector<Result<Version>>& out) -> Task<> {
          std::vector<Change> changes;
          changes.push_back(put("a", std::to_string(number), v));
          auto outcome = co_await m.commit(std::move(changes));
          out.push_back(std::move(outcome));
        }(meta(), *version, i, outcomes));
  }
  ASSERT_TRUE(stand().world.run_until([&] { return outcomes.size() == 2; }, 100s));
  EXPECT_NE(outcomes[0].ok(), outcomes[1].ok());
}

TEST_P(MetaContract, ListGivesAPrefixInOrder) {
  ASSERT_TRUE(commit({put("s/b", "2"), put("s/a", "1"), put("t/a", "3"), put("s", "0")}).ok());
  const auto listed = meta().list("s/");
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].key, "s/a");
  EXPECT_EQ(listed[1].key, "s/b");
  EXPECT_EQ(meta().list("").size(), 4u);
}

TEST_P(MetaContract, AWatchHearsOfItsPrefixOnly) {
  int wakes = 0;
  auto watch = meta().watch("s/", [&] { ++wakes; });
  ASSERT_TRUE(commit({put("t/1", "x")}).ok());
  stand().world.run_for(5s);
  EXPECT_EQ(wakes, 0);
  const auto version = commit({put("s/1", "x")});
  stand().world.run_for(5s);
  EXPECT_EQ(wakes, 1);
  ASSERT_TRUE(commit({erase("s/1", *version)}).ok());
  stand().world.run_for(5s);
  EXPECT_EQ(wakes, 2);
  watch.reset();
  ASSERT_TRUE(commit({put("s/1", "y")}).ok());
  stand().world.run_for(5s);
  EXPECT_EQ(wakes, 2);
}

TEST_P(MetaContract, ABarrierSeesEarlierCommits) {
  auto& world = stand().world;
  world.spawn([](Meta& m) -> Task<> {
    std::vector<Change> changes;
    changes.push_back(put("a", "1"));
    (co_await m.commit(std::move(changes))).ignore("the barrier looks");
  }(meta()));
  // Behind the first part of the other task, wherever that leaves off.
  const bool seen = world.run([](env::Env& env, Meta& m) -> Task<bool> {
    co_await env::sleep_until(*env.loops.front(), env.clocks.steady_now() + Millis{1}, {});
    if (!(co_await m.barrier()).ok()) co_return false;
    co_return m.get("a").has_value();
  }(world.env(), meta()));
  EXPECT_TRUE(seen);
}

TEST_P(MetaContract, DocumentsAndVersionsSurviveAReopen) {
  if (!survives_reopen()) GTEST_SKIP() << "a memory engine keeps nothing";
  const auto a = commit({put("a", std::string(200'000, 'v')), put("b", "1")});
  ASSERT_TRUE(commit({erase("b", *a)}).ok());
  const auto c = commit({put("c", "3")});
  stand().reopen();
  EXPECT_EQ(meta().get("a")->value, std::string(200'000, 'v'));
  EXPECT_EQ(meta().get("a")->version, *a);
  EXPECT_FALSE(meta().get("b").has_value());
  EXPECT_EQ(meta().get("c")->version, *c);
  EXPECT_GT(*commit({put("d", "4")}), *c);
}

class MarksContract : public EngineContract {
 protected:
  Marks& marks() { return stand().engine().marks(); }
  Status put_marks(std::vector<Marks::Mark> values) {
    return stand().world.run(marks().put(stand().fence(), std::move(values)));
  }
};

TEST_P(MarksContract, TheLastWriteWins) {
  ASSERT_TRUE(put_marks({{"k", "1"}, {"l", "x"}}).ok());
  ASSERT_TRUE(put_marks({{"k", "2"}}).ok());
  EXPECT_EQ(marks().get("k"), "2");
  ASSERT_TRUE(put_marks({{"k", std::nullopt}, {"m", ""}}).ok());
  EXPECT_FALSE(marks().get("k").has_value());
  EXPECT_EQ(marks().get("m"), "");
  EXPECT_EQ(marks().list("").size(), 2u);
}

TEST_P(MarksContract, AWrongFenceWritesNothing) {
  const Fence wrong{stand().fence().epoch + 1};
  const auto status = stand().world.run(marks().put(wrong, {{"k", "1"}}));
  EXPECT_EQ(status.error().code, EngineErrc::kNotOwner);
  EXPECT_FALSE(marks().get("k").has_value());
}

TEST_P(MarksContract, ConcurrentPutsLandInTheOrderTheyBegan) {
  int ended = 0;
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    stand().world.spawn([](EngineStand& s, int number, std::string& last, int& done) -> Task<> {
      std::vector<Marks::Mark> values;
      values.push_back({"k", std::to_string(number)});
      last = std::to_string(number);
      EXPECT_TRUE((co_await s.engine().marks().put(s.fence(), std::move(values))).ok());
      ++done;
    }(stand(), i, expected, ended));
  }
  ASSERT_TRUE(stand().world.run_until([&] { return ended == 20; }, 100s));
  EXPECT_EQ(marks().get("k"), expected);
}

TEST_P(MarksContract, MarksSurviveAReopen) {
  if (!survives_reopen()) GTEST_SKIP() << "a memory engine keeps nothing";
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(put_marks({{"k" + std::to_string(i % 10), std::to_string(i)}}).ok());
  }
  ASSERT_TRUE(put_marks({{"k3", std::nullopt}}).ok());
  stand().reopen();
  EXPECT_EQ(marks().list("k").size(), 9u);
  EXPECT_EQ(marks().get("k9"), "99");
  ASSERT_TRUE(put_marks({{"k9", "100"}}).ok());
  EXPECT_EQ(marks().get("k9"), "100");
}

class LeasesContract : public EngineContract {};

TEST_P(LeasesContract, TheNodesFenceIsValidAndOthersAreNot) {
  auto& leases = stand().engine().leases();
  EXPECT_TRUE(leases.valid(leases.node()));
  EXPECT_FALSE(leases.valid(Fence{leases.node().epoch + 1}));
  EXPECT_EQ(leases.mine(ShardRef{LogId{1}, 0}), leases.node());
}

TEST_P(LeasesContract, NothingIsWrittenAfterAStop) {
  ASSERT_TRUE(stand().ensure(LogId{1}, 1).ok());
  stand().world.run(stand().engine().stop());
  EXPECT_FALSE(stand().append(ShardRef{LogId{1}, 0}, {"late"}).ok());
}

INSTANTIATE_TEST_SUITE_P(Engines, MetaContract, ::testing::ValuesIn(engine_kinds()), kind_name);
INSTANTIATE_TEST_SUITE_P(Engines, MarksContract, ::testing::ValuesIn(engine_kinds()), kind_name);
INSTANTIATE_TEST_SUITE_P(Engines, LeasesContract, ::testing::ValuesIn(engine_kinds()), kind_name);

}  // namespace
}  // namespace penstock::engine
