#include "base/log.h"
#include "engine/errors.h"
#include "engine/local/local_engine.h"
#include "env/clocks.h"
#include "env/fault_points.h"
#include "env/posix/disk.h"
#include "env/posix/http_client.h"
#include "env/posix/random.h"
#include "env/posix/runtime.h"
#include "env/posix/worker.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <unistd.h>

// The engine on real threads and a real disk: what the simulator cannot see are races between
// loops, the journal's thread and the store's. Run it under ThreadSanitizer (make tsan).

namespace penstock::engine {
namespace {

constexpr std::uint32_t kShards = 3;
constexpr int kAppends = 400;
constexpr std::size_t kLoops = 2;
constexpr int kClients = 4;

/// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    std::string name = ::testing::TempDir() + "penstock-engine-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Machine {
  explicit Machine(std::size_t memory)
      : runtime(kLoops, Millis{0}),
        budget(memory),
        env{runtime.clocks(), runtime.loops(), disk, random, workers, http, faults} {}
  env::posix::Runtime runtime;
  Budget budget;
  env::posix::PosixDisk disk;
  env::posix::PosixRandom random;
  env::posix::PosixWorkers workers;
  env::posix::CurlHttpClient http;
  env::NoFaults faults;
  env::Env env;
};

local::Options small_files(const std::string& folder, local::OpenReport* report) {
  local::Options options{.folder = folder + "/data", .durability = local::Durability::kOs};
  options.journal_first_file_bytes = 64u << 10;
  options.journal_file_bytes_max = 256u << 10;
  options.journal_bytes_max = 1u << 20;
  options.ballast_bytes = 64u << 10;
  options.report = report;
  return options;
}

/// What one client was told: shard and position of each record.
using Told = std::map<std::pair<std::uint32_t, std::uint64_t>, std::string>;

/// A log that comes and goes, while others put.
Task<bool> make_and_drop(Engine& engine, LogId log) {
  if (!(co_await engine.log().ensure(log, 2)).ok()) co_return false;
  const std::string data(20'000, 'd');
  const std::vector<NewRecord> records(5, {"key", data});
  std::array<Append, 2> appends{Append{{log, 0}, engine.leases().node(), records, {}},
                                Append{{log, 1}, engine.leases().node(), records, {}}};
  co_await engine.log().append(appends);
  if (!appends[0].outcome.ok() || !appends[1].outcome.ok()) co_return false;
  if (!(co_await engine.log().drop(log)).ok()) co_return false;
  const auto gone = co_await engine.log().read({log, 0}, Position{1}, {});
  co_return !gone.ok() && gone.error().code == EngineErrc::kNoSuchShard;
}

/// Appends, changes documents and marks, trims a log of its own, drops others and reads back, on
/// one loop.
Task<> client(Engine& engine, int number, Told& told, OneShot<bool> done) {
  const Fence fence = engine.leases().node();
  const LogId own{static_cast<std::uint64_t>(100 + number)};
  bool good = (co_await engine.log().ensure(own, 1)).ok();
  for (int i = 0; good && i < kAppends; ++i) {
    const std::string text = std::to_string(number) + ":" + std::to_string(i) + ":" +
                             std::string(static_cast<std::size_t>(i * 7 % 900), 'x');
    const NewRecord record{"key", text};
    std::array<Append, 2> appends{
        Append{{LogId{1}, static_cast<std::uint32_t>(i) % kShards}, fence, {&record, 1}, {}},
        Append{{own, 0}, fence, {&record, 1}, {}}};
    co_await engine.log().append(appends);
    good = appends[0].outcome.ok() && appends[1].outcome.ok();
    if (!good) break;
    told[{appends[0].shard.shard, appends[0].outcome->first.index}] = text;
    if (i % 16 == 0) {
      std::vector<Marks::Mark> marks{{"mark/" + std::to_string(number), text}};
      good = (co_await engine.marks().put(fence, std::move(marks))).ok();
    }
    if (i % 64 == 15) {
      good = good && co_await make_and_drop(
                         engine, LogId{1'000 * own.value + static_cast<std::uint64_t>(i)});
    }
    if (i % 32 == 31) {
      good = good && (co_await engine.log().trim({own, 0}, appends[1].outcome->first)).ok();
      const auto slice = co_await engine.log().read({own, 0}, Position{1}, {});
      good =
          good && slice.ok() && slice->records.size() == 1 && slice->records.front().data == text;
    }
  }
  done.set(good);
}

Task<bool> there_and_back() { co_return true; }

/// Reads every shard of the common log from the beginning, over and over: records stay as they are.
Task<> reader(Engine& engine, Executor other, const bool& stopping, OneShot<bool> done) {
  std::map<std::uint32_t, std::uint64_t> seen;
  bool good = true;
  while (good && !stopping) {
    co_await run_on(other, there_and_back());  // Reading from memory never lets go of the loop.
    for (std::uint32_t shard = 0; shard < kShards; ++shard) {
      std::uint64_t count = 0;
      for (Position at{1};;) {
        const auto slice = co_await engine.log().read({LogId{1}, shard}, at, {.records_max = 100});
        good = good && slice.ok();
        if (!slice.ok() || slice->records.empty()) break;
        count += slice->records.size();
        at = slice->next;
      }
      good = good && count >= seen[shard];
      seen[shard] = count;
    }
  }
  done.set(good);
}

Task<bool> everybody(Machine& machine, Engine& engine, std::vector<Told>& told) {
  const auto loops = machine.runtime.loops();
  if (!(co_await engine.log().ensure(LogId{1}, kShards)).ok()) co_return false;
  bool stopping = false;
  OneShot<bool> read;
  start(loops[0]->executor(), reader(engine, loops[1]->executor(), stopping, read));
  std::vector<OneShot<bool>> clients(kClients);
  for (int i = 0; i < kClients; ++i) {
    const auto at = static_cast<std::size_t>(i);
    start(loops[at % kLoops]->executor(), client(engine, i, told[at], clients[at]));
  }
  bool good = true;
  for (auto& one : clients) good = co_await one.take() && good;
  stopping = true;
  co_return co_await read.take() && good;
}

/// Every record that somebody was told of, where it was told to be.
Task<std::size_t> count_found(Engine& engine, const std::vector<Told>& told) {
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::string> found;
  for (std::uint32_t shard = 0; shard < kShards; ++shard) {
    for (Position at{1};;) {
      const auto slice = co_await engine.log().read({LogId{1}, shard}, at, {});
      if (!slice.ok() || slice->records.empty()) break;
      for (const Record& record : slice->records) found[{shard, record.at.index}] = record.data;
      at = slice->next;
    }
  }
  std::size_t good = 0;
  for (const Told& one : told) {
    for (const auto& [where, text] : one) good += found[where] == text ? 1 : 0;
  }
  co_return good;
}

Task<> first_life(Machine& machine, local::Options options, std::vector<Told>& told, bool& good) {
  auto opened = co_await local::open(std::move(options), machine.env, machine.budget);
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  if (opened.ok()) {
    const auto engine = std::move(opened).value();
    good = co_await everybody(machine, *engine, told);
    co_await engine->stop();
  }
  machine.runtime.stop();
}

Task<> second_life(Machine& machine, local::Options options, const std::vector<Told>& told,
                   std::size_t& found) {
  auto opened = co_await local::open(std::move(options), machine.env, machine.budget);
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  if (opened.ok()) {
    const auto engine = std::move(opened).value();
    found = co_await count_found(*engine, told);
    co_await engine->stop();
  }
  machine.runtime.stop();
}

/// Without files: what trims and drops leave is given back on the loops.
Task<> only_life(Machine& machine, std::vector<Told>& told, bool& good, std::size_t& found) {
  auto opened = co_await local::open({}, machine.env, machine.budget);
  EXPECT_TRUE(opened.ok());
  if (opened.ok()) {
    const auto engine = std::move(opened).value();
    good = co_await everybody(machine, *engine, told);
    found = co_await count_found(*engine, told);
    co_await engine->stop();
  }
  machine.runtime.stop();
}

void run(Machine& machine, Task<> task) {
  start(machine.runtime.control().executor(), std::move(task));
  machine.runtime.run();
}

TEST(EngineOnThreads, KeepsEverythingThatSeveralLoopsWereTold) {
  const Folder folder;
  std::vector<Told> told(kClients);
  bool good = false;
  std::size_t found = 0;
  local::OpenReport report;
  {
    Machine machine(8u << 20);  // Little, so that chunks are let go and segments are read.
    run(machine, first_life(machine, small_files(folder.path(), nullptr), told, good));
  }
  ASSERT_TRUE(good);
  {
    Machine machine(64u << 20);
    run(machine, second_life(machine, small_files(folder.path(), &report), told, found));
  }
  EXPECT_EQ(found, std::size_t{kClients} * kAppends);
  EXPECT_FALSE(report.torn_tail);
  EXPECT_EQ(report.damaged_records + report.damaged_commits + report.damaged_segments, 0u);
}

TEST(EngineOnThreads, KeepsEverythingWithoutFilesToo) {
  std::vector<Told> told(kClients);
  bool good = false;
  std::size_t found = 0;
  Machine machine(5u << 20);  // Less than all that is dropped.
  run(machine, only_life(machine, told, good, found));
  EXPECT_TRUE(good);
  EXPECT_EQ(found, std::size_t{kClients} * kAppends);
  EXPECT_EQ(machine.budget.used_bytes(), 0u);
}

}  // namespace
}  // namespace penstock::engine
