#include "cli/stream_load.h"

#include <gtest/gtest.h>

namespace penstock::cli {
namespace {

using std::chrono::milliseconds;

LoadSample sample(milliseconds at, std::map<std::string, LoadSample::Counts> shards) {
  return {
      .shards = std::move(shards), .limits = {}, .at = std::chrono::steady_clock::time_point(at)};
}

TEST(LoadBetween, IsASecond) {
  const auto loads =
      load_between(sample(milliseconds(0), {{"a", {.records = 10, .bytes = 100, .refused = 1}}}),
                   sample(milliseconds(500), {{"a", {.records = 20, .bytes = 400, .refused = 4}}}));
  ASSERT_EQ(loads.size(), 1u);
  EXPECT_DOUBLE_EQ(loads.at("a").records, 20);
  EXPECT_DOUBLE_EQ(loads.at("a").bytes, 600);
  EXPECT_DOUBLE_EQ(loads.at("a").refused, 6);
}

TEST(LoadBetween, IsNotKnownOfAShardThatWasMadeBetween) {
  const auto loads = load_between(sample(milliseconds(0), {}),
                                  sample(milliseconds(500), {{"a", {.records = 20}}}));
  EXPECT_TRUE(loads.empty());
}

TEST(LoadBetween, IsNotKnownWhenTheCountersBeganAnew) {
  const auto loads = load_between(sample(milliseconds(0), {{"a", {.records = 10}}}),
                                  sample(milliseconds(500), {{"a", {.records = 3}}}));
  EXPECT_TRUE(loads.empty());
}

TEST(LoadBetween, OfOneMomentIsNothing) {
  const auto one = sample(milliseconds(5), {{"a", {.records = 10}}});
  EXPECT_TRUE(load_between(one, one).empty());
}

}  // namespace
}  // namespace penstock::cli
