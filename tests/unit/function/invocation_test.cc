#include "env/sim/prng.h"
#include "function/errors.h"
#include "support/seeds.h"
#include "unit/function/function_stand.h"

#include <gtest/gtest.h>

namespace penstock::function {
namespace {

using Kind = InvokeOutcome::Kind;

FunctionSettings at_most(std::size_t environments) {
  return {.folder = "/functions", .environments_max = environments};
}

/// An hour: whoever gets this waits for it.
ModelHost::Plan never() { return {.takes = Seconds{3'600}}; }

TEST(Invocation, GivesTheReplyWithIdVersionAndLog) {
  FunctionStand stand;
  stand.create("f");
  stand.host.run_as([](const EnvironmentSpec&, const Event& event) {
    ModelHost::Plan plan;
    plan.result.payload = "[" + event.payload + "]";
    return plan;
  });
  const InvokeOutcome outcome = stand.invoke("f", "7");
  EXPECT_EQ(outcome.kind, Kind::kSucceeded);
  EXPECT_EQ(outcome.payload, "[7]");
  EXPECT_EQ(outcome.executed_version, "$LATEST");
  EXPECT_EQ(outcome.log_tail, "begin 7\nend\n");
  ASSERT_EQ(stand.host.events.size(), 1u);
  EXPECT_EQ(stand.host.events[0].request_id, outcome.request_id);
  EXPECT_EQ(stand.host.events[0].invoked_arn, "arn:aws:lambda:us-east-1:000000000000:function:f");
}

TEST(Invocation, TheEnvironmentIsMadeFromTheConfiguration) {
  FunctionStand stand;
  stand.create("f");
  stand.change("f", {.timeout_s = 9,
                     .memory_mb = 512,
                     .variables = std::map<std::string, std::string>{{"AB", "c"}},
                     .log_format = "JSON"});
  stand.invoke("f");
  const EnvironmentSpec& spec = stand.host.made.at(0);
  EXPECT_EQ(spec.handler, "app.handler");
  EXPECT_EQ(spec.timeout, Seconds{9});
  EXPECT_EQ(spec.memory_mb, 512);
  EXPECT_EQ(spec.variables,
            (std::map<std::string, std::string>{
                {"AB", "c"}, {"AWS_LAMBDA_LOG_FORMAT", "JSON"}, {"AWS_LAMBDA_LOG_LEVEL", "INFO"}}));
  EXPECT_EQ(spec.log_group, "/aws/lambda/f");
  EXPECT_EQ(spec.package_path, "/functions/packages/" + spec.package_sha256 + ".zip");
  EXPECT_EQ(spec.package_sha256.size(), 64u);
}

TEST(Invocation, AnErrorOfTheFunctionIsAnAnswer) {
  FunctionStand stand;
  stand.create("f");
  stand.host.run_as([](const EnvironmentSpec&, const Event&) {
    return ModelHost::Plan{.result = {.kind = RunResult::Kind::kFunctionError,
                                      .payload = "\"no\"",
                                      .is_reusable = true}};
  });
  const InvokeOutcome outcome = stand.invoke("f");
  EXPECT_EQ(outcome.kind, Kind::kFunctionError);
  EXPECT_EQ(outcome.function_error, "Unhandled");
  EXPECT_EQ(outcome.payload, "\"no\"");
}

TEST(Invocation, AFunctionThatIsNotThere) {
  FunctionStand stand;
  EXPECT_EQ(stand.invoke("none").kind, Kind::kNotFound);
  stand.create("f");
  EXPECT_EQ(stand.invoke("f:7").kind, Kind::kNotFound);
  EXPECT_TRUE(stand.world().run(stand.functions().remove(stand.tenant(), "f", "")).ok());
  EXPECT_EQ(stand.invoke("f").kind, Kind::kNotFound);
}

// --- Environments: used again, limited, evicted, ended
// ---------------------------------------------

TEST(Invocation, AnEnvironmentTakesOneEventAfterTheOther) {
  FunctionStand stand;
  stand.create("f");
  stand.invoke("f");
  stand.invoke("f");
  EXPECT_EQ(stand.host.made.size(), 1u);
  EXPECT_EQ(stand.functions().environments_idle(), 1u);
}

TEST(Invocation, EventsAtOnceHaveEnvironmentsOfTheirOwn) {
  FunctionStand stand;
  stand.create("f");
  const auto first = stand.begin("f");
  const auto second = stand.begin("f");
  EXPECT_EQ(stand.host.running, 2);
  stand.wait(first);
  stand.wait(second);
  EXPECT_EQ(stand.host.made.size(), 2u);
}

TEST(Invocation, BeyondTheLimitIsThrottledAndNothingRuns) {
  FunctionStand stand(at_most(2));
  stand.create("f");
  stand.create("g");
  const auto first = stand.begin("f");
  const auto second = stand.begin("g");
  const InvokeOutcome third = stand.invoke("f");
  EXPECT_EQ(third.kind, Kind::kThrottled);
  EXPECT_EQ(stand.host.events.size(), 2u);
  EXPECT_EQ(stand.wait(first).kind, Kind::kSucceeded);
  EXPECT_EQ(stand.invoke("f").kind, Kind::kSucceeded);
  stand.wait(second);
}

TEST(Invocation, AnIdleEnvironmentMakesRoomForAnotherFunction) {
  FunctionStand stand(at_most(1));
  stand.create("f");
  stand.create("g");
  stand.invoke("f");
  EXPECT_EQ(stand.invoke("g").kind, Kind::kSucceeded);
  EXPECT_EQ(stand.host.made.size(), 2u);
  EXPECT_EQ(stand.host.alive, 1);
}

TEST(Invocation, AnEnvironmentThatCannotGoOnIsShutDown) {
  FunctionStand stand;
  stand.create("f");
  stand.host.run_as([](const EnvironmentSpec&, const Event&) {
    return ModelHost::Plan{.result = {.kind = RunResult::Kind::kFunctionError}};
  });
  stand.invoke("f");
  stand.world().run_for(Millis{1});
  EXPECT_EQ(stand.host.alive, 0);
  stand.invoke("f");
  EXPECT_EQ(stand.host.made.size(), 2u);
}

TEST(Invocation, AnEnvironmentThatEndedWhileIdleIsReplaced) {
  FunctionStand stand;
  stand.create("f");
  stand.invoke("f");
  stand.host.end_idle(0);
  EXPECT_EQ(stand.invoke("f").kind, Kind::kSucceeded);
  EXPECT_EQ(stand.host.made.size(), 2u);
  EXPECT_EQ(stand.host.alive, 1);
}

TEST(Invocation, AnIdleEnvironmentIsShutDownInTime) {
  FunctionStand stand({.folder = "/functions", .idle_max = Seconds{100}});
  stand.create("f");
  stand.invoke("f");
  stand.world().run_for(Seconds{99});
  EXPECT_EQ(stand.host.alive, 1);
  stand.invoke("f");  // Counts anew from here.
  stand.world().run_for(Seconds{99});
  EXPECT_EQ(stand.host.alive, 1);
  stand.world().run_for(Seconds{12});
  EXPECT_EQ(stand.host.alive, 0);
  EXPECT_EQ(stand.functions().environments_idle(), 0u);
}

// --- Events that did not arrive ------------------------------------------------------------------

TEST(Invocation, AnEventThatWasNotTakenGoesToAnotherEnvironment) {
  FunctionStand stand;
  stand.create("f");
  stand.host.run_as([&](const EnvironmentSpec&, const Event&) {
    ModelHost::Plan plan;
    if (stand.host.events.size() < 3) plan.result = {.kind = RunResult::Kind::kNotDelivered};
    return plan;
  });
  EXPECT_EQ(stand.invoke("f").kind, Kind::kSucceeded);
  EXPECT_EQ(stand.host.made.size(), 3u);
  EXPECT_EQ(stand.host.events[0].request_id, stand.host.events[2].request_id);
}

TEST(Invocation, ThreeEnvironmentsThatDoNotTakeItAreEnough) {
  FunctionStand stand;
  stand.create("f");
  stand.host.run_as([](const EnvironmentSpec&, const Event&) {
    return ModelHost::Plan{.result = {.kind = RunResult::Kind::kNotDelivered}};
  });
  EXPECT_EQ(stand.invoke("f").kind, Kind::kUnavailable);
  EXPECT_EQ(stand.host.made.size(), 3u);
}

TEST(Invocation, WhyNothingCouldBeStartedIsSaid) {
  FunctionStand stand;
  stand.create("f");
  stand.host.run_as([](const EnvironmentSpec&, const Event&) {
    return ModelHost::Plan{
        .result = {.kind = RunResult::Kind::kUnavailable, .message = "no more memory"}};
  });
  const InvokeOutcome outcome = stand.invoke("f");
  EXPECT_EQ(outcome.kind, Kind::kUnavailable);
  EXPECT_EQ(outcome.message, "no more memory");
  EXPECT_EQ(stand.host.made.size(), 1u) << "it would be no better a second time";
}

// --- Updates and deletions
// -------------------------------------------------------------------------

TEST(Invocation, AnUpdateRetiresEnvironmentsOnceTheyHaveEnded) {
  FunctionStand stand;
  stand.create("f");
  const auto before = stand.begin("f");
  stand.change("f", {.memory_mb = 256});
  EXPECT_FALSE(before->ended());
  EXPECT_EQ(stand.invoke("f").kind, Kind::kSucceeded);
  EXPECT_EQ(stand.host.made.at(1).memory_mb, 256);
  EXPECT_EQ(stand.wait(before).kind, Kind::kSucceeded);
  stand.world().run_for(Millis{1});
  EXPECT_EQ(stand.host.alive, 1);
  EXPECT_EQ(stand.functions().environments_idle(), 1u);
}

TEST(Invocation, AnUpdateEndsIdleEnvironmentsAtOnce) {
  FunctionStand stand;
  stand.create("f");
  stand.invoke("f");
  const std::string old_package = stand.host.made.at(0).package_sha256;
  const auto updated = stand.world().run(stand.functions().update_code(
      stand.tenant(), {.name = "f", .code = {.zip = zip_of({{"app.py", "new"}})}}));
  ASSERT_TRUE(updated.ok()) << updated.error().message;
  stand.world().run_for(Millis{1});
  EXPECT_EQ(stand.host.alive, 0);
  stand.invoke("f");
  EXPECT_NE(stand.host.made.at(1).package_sha256, old_package);
}

TEST(Invocation, ADeletedFunctionsInvocationEnds) {
  FunctionStand stand;
  stand.create("f");
  const auto running = stand.begin("f");
  ASSERT_TRUE(stand.world().run(stand.functions().remove(stand.tenant(), "f", "")).ok());
  EXPECT_EQ(stand.wait(running).kind, Kind::kSucceeded);
  stand.world().run_for(Millis{1});
  EXPECT_EQ(stand.host.alive, 0);
}

// --- Cancelling and stopping
// -------------------------------------------------------------------------

TEST(Invocation, CancellingAbandonsTheWaitAndNotTheFunction) {
  FunctionStand stand;
  stand.create("f");
  stand.host.run_as(
      [](const EnvironmentSpec&, const Event&) { return ModelHost::Plan{.takes = Seconds{2}}; });
  const auto running = stand.begin("f");
  running->cancel.cancel();
  stand.world().run_for(Millis{1});
  ASSERT_TRUE(running->ended());
  EXPECT_EQ(running->outcome->kind, Kind::kUnavailable);
  EXPECT_EQ(stand.functions().environments_busy(), 1u);
  stand.world().run_for(Seconds{2});
  EXPECT_EQ(stand.functions().environments_idle(), 1u);
  stand.invoke("f");
  EXPECT_EQ(stand.host.made.size(), 1u);
}

TEST(Invocation, AStopLetsInvocationsEndAndTakesNoMore) {
  FunctionStand stand;
  stand.create("f");
  stand.host.run_as(
      [](const EnvironmentSpec&, const Event&) { return ModelHost::Plan{.takes = Seconds{5}}; });
  const auto running = stand.begin("f");
  bool has_ended = false;
  stand.world().spawn([](FunctionService& functions, bool& out) -> Task<> {
    co_await functions.end_invocations(Seconds{60});
    out = true;
  }(stand.functions(), has_ended));
  stand.world().run_for(Seconds{1});
  EXPECT_EQ(stand.invoke("f").kind, Kind::kUnavailable);
  EXPECT_FALSE(has_ended);
  EXPECT_EQ(stand.wait(running).kind, Kind::kSucceeded);
  stand.world().run_for(Millis{1});
  EXPECT_TRUE(has_ended) << "not only when the grace has passed";
  EXPECT_EQ(stand.host.alive, 0);
}

TEST(Invocation, AfterTheGraceInvocationsAreEnded) {
  FunctionStand stand;
  stand.create("f");
  stand.host.run_as([](const EnvironmentSpec&, const Event&) { return never(); });
  const auto running = stand.begin("f");
  stand.world().run(stand.functions().end_invocations(Seconds{2}));
  EXPECT_EQ(stand.wait(running).kind, Kind::kUnavailable) << "the function did not fail";
  stand.world().run_for(Millis{1});
  EXPECT_EQ(stand.host.alive, 0);
}

TEST(Invocation, AStopWithoutGraceEndsEverything) {
  FunctionStand stand;
  stand.create("f");
  stand.host.run_as([](const EnvironmentSpec&, const Event&) { return never(); });
  const auto running = stand.begin("f");
  stand.stop();
  EXPECT_TRUE(running->ended());
  EXPECT_EQ(stand.host.alive, 0);
}

// --- What lasts
// ------------------------------------------------------------------------------------

TEST(Functions, AreThereAfterARestartAndTheirPackagesWithThem) {
  FunctionStand stand;
  stand.create("kept", "kept");
  stand.create("gone", "gone");
  ASSERT_TRUE(stand.world().run(stand.functions().remove(stand.tenant(), "gone", "")).ok());
  stand.restart();
  EXPECT_EQ(stand.invoke("kept").kind, Kind::kSucceeded);
  EXPECT_EQ(stand.invoke("gone").kind, Kind::kNotFound);
  const auto package = stand.world().run(stand.functions().package(stand.tenant(), "kept"));
  ASSERT_TRUE(package.ok());
  EXPECT_EQ(*package, zip_of({{"app.py", "kept"}}));
  EXPECT_EQ(stand.world().disk().list("/functions/packages")->size(), 1u);
}

TEST(Functions, TwoShareAPackageUntilBothAreGone) {
  FunctionStand stand;
  stand.create("a", "same");
  stand.create("b", "same");
  const auto packages = [&] { return stand.world().disk().list("/functions/packages")->size(); };
  EXPECT_EQ(packages(), 1u);
  ASSERT_TRUE(stand.world().run(stand.functions().remove(stand.tenant(), "a", "")).ok());
  stand.world().run_for(Seconds{1});
  EXPECT_EQ(packages(), 1u);
  ASSERT_TRUE(stand.world().run(stand.functions().remove(stand.tenant(), "b", "")).ok());
  stand.world().run_for(Seconds{1});
  EXPECT_EQ(packages(), 0u);
}

TEST(Functions, APackageThatNobodyNamesIsSweptAtTheStart) {
  FunctionStand stand;
  stand.create("f");
  for (const std::string name :
       {"/functions/packages/0123.zip", "/functions/packages/0.zip.partial"}) {
    ASSERT_TRUE(stand.world().disk().open(name, {.create = true, .writable = true}).ok());
  }
  stand.restart();
  EXPECT_EQ(stand.world().disk().list("/functions/packages")->size(), 1u);
}

TEST(Functions, AreListedByNameAndMarker) {
  FunctionStand stand;
  for (const std::string name : {"b", "c", "a"}) stand.create(name);
  const auto first = stand.functions().list(stand.tenant(), "", 2);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->functions.at(0).record.name, "a");
  EXPECT_EQ(first->next_marker, "b");
  const auto second = stand.functions().list(stand.tenant(), first->next_marker, 2);
  ASSERT_EQ(second->functions.size(), 1u);
  EXPECT_EQ(second->functions.at(0).record.name, "c");
  EXPECT_EQ(second->next_marker, "");
  EXPECT_TRUE(stand.functions().list({"111122223333", "us-east-1"}, "", 9)->functions.empty());
}

TEST(Functions, WhatCannotBeCreatedLeavesNothingBehind) {
  FunctionStand stand;
  auto java = FunctionStand::request("java");
  java.configuration.runtime = "java21";
  const auto refused = stand.world().run(stand.functions().create(stand.tenant(), java));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, FunctionErrc::kNotSupported);
  auto broken = FunctionStand::request("broken");
  broken.code.zip = "no archive";
  EXPECT_FALSE(stand.world().run(stand.functions().create(stand.tenant(), broken)).ok());
  stand.world().run_for(Seconds{1});
  EXPECT_TRUE(stand.world().disk().list("/functions/packages")->empty());
  EXPECT_TRUE(stand.functions().list(stand.tenant(), "", 9)->functions.empty());
}

// --- In any order
// ----------------------------------------------------------------------------------

RunResult random_result(env::sim::Prng& prng) {
  using Result = RunResult::Kind;
  constexpr Result kKinds[] = {Result::kResponse, Result::kResponse, Result::kFunctionError,
                               Result::kNotDelivered, Result::kUnavailable};
  const Result kind = kKinds[prng.below(std::size(kKinds))];
  const bool may_go_on = kind == Result::kResponse || kind == Result::kFunctionError;
  return {.kind = kind, .payload = "1", .is_reusable = may_go_on && prng.below(3) > 0};
}

TEST(Invocation, EveryOneEndsOnceAndNoLimitIsBroken) {
  for (const std::uint64_t seed : testing::seeds_or_one(60)) {
    constexpr int kMax = 3;
    FunctionStand stand({.folder = "/functions", .environments_max = kMax, .idle_max = Seconds{20}},
                        seed);
    env::sim::Prng prng(seed);
    const std::vector<std::string> names{"a", "b"};
    for (const std::string& name : names) stand.create(name);
    stand.host.run_as([&](const EnvironmentSpec&, const Event&) {
      return ModelHost::Plan{.takes = Millis{1 + static_cast<std::int64_t>(prng.below(4'000))},
                             .result = random_result(prng)};
    });
    std::vector<std::shared_ptr<FunctionStand::Running>> all;
    for (int step = 0; step < 60; ++step) {
      const std::string& name = names[prng.below(names.size())];
      const std::uint64_t what = prng.below(12);
      if (what < 8) all.push_back(stand.begin(name));
      if (what == 8) stand.change(name, {.memory_mb = 128 + step});
      if (what == 9 && !all.empty()) all[prng.below(all.size())]->cancel.cancel();
      stand.world().run_for(
          Millis{static_cast<std::int64_t>(prng.below(what == 10 ? 30'000 : 700))});
      ASSERT_LE(stand.host.running, kMax) << "seed " << seed << " step " << step;
      ASSERT_LE(stand.functions().environments_busy() + stand.functions().environments_idle(),
                kMax + 0u)
          << "seed " << seed << " step " << step;
    }
    stand.world().run_for(Seconds{60});
    for (const auto& running : all) ASSERT_TRUE(running->ended()) << "seed " << seed;
    EXPECT_EQ(stand.functions().environments_busy(), 0u) << "seed " << seed;
    EXPECT_EQ(stand.host.alive, 0) << "seed " << seed << ": all were idle for long";
  }
}

}  // namespace
}  // namespace penstock::function
