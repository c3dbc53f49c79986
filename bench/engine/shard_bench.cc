// What a drop and a trim of a large shard cost whoever applies them (the journal, under the
// shard's lock), and the longest piece of what the store does behind them.

#include "base/check.h"
#include "engine/local/chunk.h"
#include "engine/local/segment.h"
#include "engine/local/shard.h"
#include "env/sim/world.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace penstock::engine::local {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMemory = std::size_t{512} << 20;
constexpr std::uint64_t kBlocks = 80'000;  ///< 20 GB of them.
constexpr std::uint32_t kBlockBytes = 256u << 10;

/// 20 GB at rest and half a gigabyte in memory.
class LargeShard {
 public:
  LargeShard() {
    ShardState state;
    state.ref = ShardRef{LogId{1}, 0};
    shard = std::make_unique<Shard>(state);
    for (std::uint64_t i = 0; i < kBlocks; ++i) {
      if (i % 1'000 == 0) {
        segments.push_back(std::make_shared<Segment>(world.disk(), 1 + i / 1'000, "none",
                                                     1'000u * kBlockBytes, false));
      }
      const Position first{1 + i};
      shard->restore(
          {{state.ref, first, Position{2 + i}, {}, {}, 0, kBlockBytes, 0}, segments.back()});
    }
    shard->finish_restore();
    const std::string data(1'000'000, 'x');
    const std::vector<NewRecord> records{{"key", data}};
    Wakeups nobody;
    while (budget.used_bytes() < kMemory) {
      const auto staged = shard->stage(records, {}, *pool, nullptr);
      PENSTOCK_CHECK(staged.ok(), "there is memory");
      shard->publish(Position{staged->first.index + 1}, nobody);
    }
  }
  env::sim::World world{1};
  Budget budget{std::size_t{1} << 30};
  std::shared_ptr<ChunkPool> pool = std::make_shared<ChunkPool>(budget, 0);
  std::vector<std::shared_ptr<Segment>> segments;
  std::unique_ptr<Shard> shard;
};

/// The time is that of `apply`.
template <class Apply>
void measure(benchmark::State& state, Apply apply) {
  Clock::duration longest{0};
  Clock::duration all{0};
  for (auto _ : state) {
    LargeShard large;
    const auto begin = Clock::now();
    apply(*large.shard);
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count());
    for (bool is_more = true; is_more;) {
      const auto piece = Clock::now();
      is_more = large.shard->release_some();
      longest = std::max(longest, Clock::now() - piece);
      all += Clock::now() - piece;
    }
    PENSTOCK_CHECK(large.budget.used_bytes() == 0, "everything is given back");
  }
  const auto milliseconds = [](Clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
  };
  state.counters["longest_piece_ms"] = milliseconds(longest);
  state.counters["given_back_in_ms"] =
      milliseconds(all) / static_cast<double>(std::max<std::int64_t>(1, state.iterations()));
}

void BM_DropALargeShard(benchmark::State& state) {
  measure(state, [](Shard& shard) {
    Wakeups nobody;
    shard.apply_drop(nobody);
  });
}
BENCHMARK(BM_DropALargeShard)->UseManualTime()->Iterations(5)->Unit(benchmark::kMicrosecond);

void BM_TrimALargeShard(benchmark::State& state) {
  measure(state, [](Shard& shard) { shard.apply_trim(shard.bounds().next); });
}
BENCHMARK(BM_TrimALargeShard)->UseManualTime()->Iterations(5)->Unit(benchmark::kMicrosecond);

/// What a rewriting asks of every shard.
void BM_FindTheBlocksOfASegment(benchmark::State& state) {
  LargeShard large;
  for (auto _ : state) {
    benchmark::DoNotOptimize(large.shard->blocks_in(large.segments.back().get()));
  }
}
BENCHMARK(BM_FindTheBlocksOfASegment)->Iterations(50)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace penstock::engine::local
