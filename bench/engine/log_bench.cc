// engine::Log in memory, without what is around it: appends of a request's records to one shard,
// and the reading of a page of them.

#include "engine/engine.h"
#include "engine/local/local_engine.h"
#include "env/clocks.h"
#include "env/sim/world.h"

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

namespace penstock::engine {
namespace {

constexpr ShardRef kShard{LogId{1}, 0};

class Stand {
 public:
  Stand()
      : engine_(
            world_
                .run(local::open({.durability = local::Durability::kMemory}, world_.env(), budget_))
                .value()) {
    PENSTOCK_CHECK(world_.run(log().ensure(kShard.log, 1)).ok(), "the shard exists");
  }
  ~Stand() {
    world_.run(engine_->stop());
    engine_.reset();
  }
  Log& log() { return engine_->log(); }
  env::sim::World& world() { return world_; }
  Append append(std::span<const NewRecord> records) {
    return {kShard, engine_->leases().node(), records, world_.env().clocks.service_now()};
  }

 private:
  env::sim::World world_{1};
  Budget budget_{std::size_t{1} << 30};
  std::unique_ptr<Engine> engine_;
};

std::vector<NewRecord> records_of(std::string_view data, std::size_t count) {
  return std::vector<NewRecord>(count, {"a partition key, 20.", data});
}

Task<Unit> append_all(Stand& stand, benchmark::State& state,
                      const std::vector<NewRecord>& records) {
  // Trimmed chunks come back, as they do when retention removes them.
  constexpr std::uint64_t kKept = 100'000;
  for (auto _ : state) {
    Append append = stand.append(records);
    co_await stand.log().append(std::span(&append, 1));
    PENSTOCK_CHECK(append.outcome.ok(), "the records are stored");
    const std::uint64_t end = append.outcome->first.index;
    if (end > kKept) {
      const Status trimmed = co_await stand.log().trim(kShard, Position{end - kKept});
      PENSTOCK_CHECK(trimmed.ok(), "the shard is trimmed");
    }
  }
  co_return Unit{};
}

void log_append(benchmark::State& state) {
  const std::string data(static_cast<std::size_t>(state.range(1)), 'x');
  const auto records = records_of(data, static_cast<std::size_t>(state.range(0)));
  Stand stand;
  stand.world().run(append_all(stand, state, records));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(log_append)
    ->ArgNames({"records", "bytes"})
    ->Args({1, 100})
    ->Args({125, 200})
    ->Args({25, 1024});

Task<Unit> read_all(Stand& stand, benchmark::State& state) {
  const auto limit = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    const Result<Slice> slice = co_await stand.log().read(kShard, {}, {.records_max = limit});
    PENSTOCK_CHECK(slice.ok() && slice->records.size() == limit, "the page is full");
    benchmark::DoNotOptimize(slice->records.data());
  }
  co_return Unit{};
}

void log_read(benchmark::State& state) {
  Stand stand;
  const std::string data(1000, 'x');
  const auto records = records_of(data, 500);
  for (int i = 0; i < 20; ++i) {
    Append append = stand.append(records);
    stand.world().run(stand.log().append(std::span(&append, 1)));
  }
  stand.world().run(read_all(stand, state));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(log_read)->ArgName("records")->Arg(1)->Arg(100)->Arg(10'000);

}  // namespace
}  // namespace penstock::engine
