#include "cli/stream_scaling.h"

#include "cli/terminal.h"

#include <gtest/gtest.h>

#include <sstream>

namespace penstock::cli {
namespace {

wire::Scaling busy() {
  return {.shards_min = 4,
          .shards_max = 200,
          .shards_needed = 10,
          .now = {.records = 1'200, .bytes = 400'000},
          .peak = wire::WriteRate{.records = 5'000, .bytes = 900'000},
          .steps = {{.at_ms = 1'795'649'356'000, .from = 4, .to = 8, .reason = "It got hot."},
                    {.at_ms = 1'795'649'416'000, .from = 8, .to = 8, .reason = "One key is hot."}}};
}

TEST(Scaling, IsTakenInNowAndAtMostAndWhyItWasScaled) {
  EXPECT_EQ(
      draw_scaling(busy(), 200, 5),
      "takes in 1,200 records/s, 391 KiB/s; at most 5,000 records/s, 879 KiB/s in 30 days, and "
      "twice that needs 10 shards; may have 4 to 200 shards\n"
      "2026-11-25T23:29:16Z  from 4 to 8 shards\n"
      "  It got hot.\n"
      "2026-11-25T23:30:16Z  stays at 8 shards\n"
      "  One key is hot.\n");
}

TEST(Scaling, OfAStreamThatWasNeverBusyIsWhatItMayHave) {
  EXPECT_EQ(draw_scaling({.shards_min = 4, .shards_max = 200}, 200, 5),
            "takes in 0 records/s, 0 B/s; may have 4 to 200 shards\n");
}

TEST(Scaling, ShowsTheNewestSteps) {
  const std::string text = draw_scaling(busy(), 200, 1);
  EXPECT_NE(text.find("… and 1 step before\n2026-11-25T23:30:16Z"), std::string::npos) << text;
}

TEST(Scaling, IsBrokenBetweenWords) {
  auto scaling = busy();
  scaling.steps[0].reason = "Shards 0, 1 and 3 held more than half of what a shard takes.";
  std::istringstream lines(draw_scaling(scaling, 40, 5));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(columns_of(line), 40u) << line;
}

}  // namespace
}  // namespace penstock::cli
