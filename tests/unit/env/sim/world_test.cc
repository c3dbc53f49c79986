#include "env/sim/world.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace penstock::env::sim {
namespace {

using namespace std::chrono_literals;

struct History {
  std::string order;
  std::uint64_t trace = 0;
};

Task<> noisy(World& world, std::size_t loop, char name, std::string& order) {
  for (int i = 0; i < 5; ++i) {
    order += name;
    co_await sleep_until(world.loop(loop), world.env().clocks.steady_now() + 1ms, {});
  }
}

History play(std::uint64_t seed) {
  World world(seed, {.loops = 3});
  History history;
  for (std::size_t loop = 0; loop < 3; ++loop) {
    world.spawn(noisy(world, loop, static_cast<char>('a' + loop), history.order), loop);
  }
  world.run_idle();
  history.trace = world.trace();
  return history;
}

TEST(World, OneSeedIsOneHistory) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const History once = play(seed);
    const History again = play(seed);
    EXPECT_EQ(once.order, again.order) << "seed " << seed;
    EXPECT_EQ(once.trace, again.trace) << "seed " << seed;
  }
}

TEST(World, OtherSeedsAreOtherHistories) {
  std::set<std::uint64_t> traces;
  std::set<std::string> orders;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const History history = play(seed);
    traces.insert(history.trace);
    orders.insert(history.order);
  }
  EXPECT_EQ(traces.size(), 20u);
  EXPECT_GT(orders.size(), 10u);
}

TEST(World, TimeJumpsToTheNextTimerWhenNothingIsReady) {
  World world(1);
  const auto woken = world.run([](World& w) -> Task<Woken> {
    co_return co_await sleep_until(w.loop(), w.env().clocks.steady_now() + 24h, {});
  }(world));
  EXPECT_EQ(woken, Woken::kDeadline);
  EXPECT_EQ(world.env().clocks.steady_now(), SteadyTime{24h});
}

TEST(World, AdvancingTheServiceClockFiresServiceTimersOnly) {
  World world(1);
  int service_fired = 0;
  int steady_fired = 0;
  world.loop().arm(world.env().clocks.service_now() + 1h, [&] { ++service_fired; });
  world.loop().arm(world.env().clocks.steady_now() + 1h, [&] { ++steady_fired; });
  world.env().clocks.advance_service(2h);
  world.run_for(1s);
  EXPECT_EQ(service_fired, 1);
  EXPECT_EQ(steady_fired, 0);
  EXPECT_EQ(
      unix_millis(world.env().clocks.service_now()) - unix_millis(world.env().clocks.wall_now()),
      Millis{2h}.count());
}

TEST(World, ADisarmedTimerNeverFires) {
  World world(1);
  bool fired = false;
  const auto id = world.loop().arm(SteadyTime{1s}, [&] { fired = true; });
  world.loop().disarm(id);
  world.run_idle();
  EXPECT_FALSE(fired);
}

TEST(World, ADisarmedTimerNeverFiresAlsoWhenItIsDueAlready) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World world(seed);
    Loop& loop = world.loop();
    const SteadyTime at = world.env().clocks.steady_now() + 1ms;
    int fired = 0;
    Loop::TimerId one = 0;
    Loop::TimerId other = 0;
    one = loop.arm(at, [&] {
      ++fired;
      loop.disarm(other);
    });
    other = loop.arm(at, [&] {
      ++fired;
      loop.disarm(one);
    });
    world.run_idle();
    EXPECT_EQ(fired, 1) << "seed " << seed;
  }
}

TEST(World, HandlersKnowTheirLoop) {
  World world(3, {.loops = 2});
  const auto where = world.run(
      [](World& w) -> Task<std::pair<bool, bool>> {
        co_return std::pair{w.loop(0).is_current(), w.loop(1).is_current()};
      }(world),
      1);
  EXPECT_EQ(where, (std::pair{false, true}));
  EXPECT_FALSE(world.loop(0).is_current());
}

TEST(World, AWorkersJobsRunInOrderAndTakeTime) {
  World world(5);
  auto worker = world.env().workers.make("disk");
  std::vector<int> order;
  for (int i = 0; i < 50; ++i) worker->post([&order, i] { order.push_back(i); });
  world.run_idle();
  ASSERT_EQ(order.size(), 50u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_GT(world.env().clocks.steady_now(), SteadyTime{});
}

TEST(World, JobsOfADestroyedWorkerStillRun) {
  World world(5);
  int runs = 0;
  auto worker = world.env().workers.make("disk");
  worker->post([&] { ++runs; });
  worker->post([&] { ++runs; });
  worker.reset();
  world.run_idle();
  EXPECT_EQ(runs, 2);
}

TEST(World, BlockingWorkComesBackToTheCallersLoop) {
  World world(7, {.loops = 2});
  auto worker = world.env().workers.make("disk");
  const bool back = world.run(
      [](World& w, Worker& blocking) -> Task<bool> {
        const bool away = co_await run_blocking(blocking, [&w] { return !w.loop(1).is_current(); });
        co_return away&& w.loop(1).is_current();
      }(world, *worker),
      1);
  EXPECT_TRUE(back);
}

TEST(World, RunUntilGivesUpWhenTheTimeHasPassed) {
  World world(1);
  world.loop().arm(SteadyTime{10s}, [] {});
  EXPECT_FALSE(world.run_until([] { return false; }, 3s));
  EXPECT_EQ(world.env().clocks.steady_now(), SteadyTime{3s});
}

TEST(World, ATaskThatCannotEndIsNoticed) {
  World world(1);
  const auto value = world.try_run([]() -> Task<int> {
    Gate never;
    co_await never.wait();
    co_return 1;
  }());
  EXPECT_FALSE(value.has_value());
}

/// Counts itself, to see frames go.
struct Alive {
  explicit Alive(int& n) : count(n) { ++count; }
  Alive(const Alive&) = delete;
  ~Alive() { --count; }
  int& count;
};

TEST(World, ACrashDestroysWhateverWaitsBeforeTheObjectsItUses) {
  World world(9);
  int frames = 0;
  struct Service {
    explicit Service(World& w) : world(w), scope(w.loop().executor()) {}
    World& world;
    Scope scope;
    Gate gate;
    Signal signal;
  };
  auto service = std::make_unique<Service>(world);
  auto sleeper = [](Service& s, int& n) -> Task<> {
    const Alive alive(n);
    co_await sleep_until(s.world.loop(), SteadyTime{100h}, s.scope.token());
  };
  auto waiter = [](Service& s, int& n) -> Task<> {
    const Alive alive(n);
    co_await s.gate.wait();
  };
  auto listener = [](Service& s, int& n) -> Task<> {
    const Alive alive(n);
    co_await s.signal.wait(s.scope.token());
  };
  service->scope.spawn(sleeper(*service, frames));
  service->scope.spawn(waiter(*service, frames));
  service->scope.spawn(listener(*service, frames));
  world.run_for(1s);
  service->scope.spawn(waiter(*service, frames));  // ready, never started
  ASSERT_EQ(frames, 3);
  world.crash([&] {
    EXPECT_EQ(frames, 0);
    service.reset();
  });
  EXPECT_EQ(frames, 0);
  // The world goes on with new objects.
  EXPECT_EQ(world.run([]() -> Task<int> { co_return 4; }()), 4);
}

TEST(World, HttpIsUnreachableUntilAnswered) {
  World world(1);
  auto fetch = [](World& w) -> Task<Result<HttpReply>> {
    co_return co_await w.env().http.fetch({.url = "http://peer/"}, {});
  };
  EXPECT_EQ(world.run(fetch(world)).error().code, Errc::kUnavailable);
  world.http().answer_with([](HttpRequest request, CancelToken) -> Task<Result<HttpReply>> {
    co_return HttpReply{.status = 200, .body = request.url};
  });
  EXPECT_EQ(world.run(fetch(world))->body, "http://peer/");
}

TEST(SeededFaults, HitWithTheirChanceAndCount) {
  World world(2);
  EXPECT_FALSE(world.faults().hit(FaultPoint::kShortRead));
  world.faults().set_chance(FaultPoint::kShortRead, 0.25);
  int hits = 0;
  for (int i = 0; i < 4'000; ++i) hits += world.faults().hit(FaultPoint::kShortRead);
  EXPECT_NEAR(hits, 1'000, 120);
  EXPECT_EQ(world.faults().hits(FaultPoint::kShortRead), static_cast<std::uint64_t>(hits));
  EXPECT_FALSE(world.faults().hit(FaultPoint::kInvokeThrottled));
}

TEST(Prng, StaysInsideItsBounds) {
  Prng prng(11);
  for (int i = 0; i < 10'000; ++i) {
    const auto value = prng.between(3, 9);
    ASSERT_TRUE(value >= 3 && value <= 9) << value;
  }
}

}  // namespace
}  // namespace penstock::env::sim
