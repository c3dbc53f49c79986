#include "sim/plan.h"

namespace penstock::sim {
namespace {

template <class T>
T one_of(Prng& prng, std::initializer_list<T> choices) {
  return *(choices.begin() + prng.below(choices.size()));
}

MappingPlan mapping_plan(Prng& prng) {
  MappingPlan plan;
  plan.starting_position =
      one_of<const char*>(prng, {"TRIM_HORIZON", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"});
  plan.created_after = Millis{prng.below(3) == 0 ? prng.below(4'000) : 0};
  mapping::Configuration& to = plan.configuration;
  to.batch_size = one_of<std::int64_t>(prng, {1, 2, 5, 10, 100, 10'000});
  to.window_s = one_of<std::int64_t>(prng, {0, 0, 0, 1, 5});
  to.parallelization = one_of<std::int64_t>(prng, {1, 1, 1, 2, 3, 10});
  to.max_age_s = one_of<std::int64_t>(prng, {-1, -1, 60, 600});
  to.max_retries = one_of<std::int64_t>(prng, {-1, 0, 1, 3, 6});
  to.bisect = prng.below(2) == 0;
  to.report_item_failures = prng.below(3) == 0;
  if (prng.below(3) == 0) to.filters = {R"({"data":{"keep":[true]}})"};
  if (prng.below(3) != 0) to.destination_arn = "arn:aws:sqs:us-east-1:000000000000:failed";
  plan.function = {.flaky = one_of(prng, {0.0, 0.02, 0.1}),
                   .flaky_max = static_cast<std::uint32_t>(prng.between(1, 3)),
                   .throttle = one_of(prng, {0.0, 0.0, 0.1, 0.4}),
                   .unavailable = one_of(prng, {0.0, 0.0, 0.0, 0.2}),
                   .took_max = Millis{one_of<std::int64_t>(prng, {5, 100, 100, 1'500})}};
  return plan;
}

}  // namespace

Plan plan_of(std::uint64_t seed, Ends ends) {
  Prng prng(seed ^ 0x5EED);
  Plan plan{.seed = seed, .shards = static_cast<std::int64_t>(prng.between(1, 3))};
  plan.poison = one_of(prng, {0.0, 0.0, 0.01, 0.05});
  plan.unwanted = one_of(prng, {0.0, 0.2, 0.5});
  const std::size_t producers = prng.between(1, 3);
  const bool is_heavy = prng.below(80) == 0;  // Reaches the limits of shards and of an event.
  for (std::size_t i = 0; i < producers; ++i) {
    ProducerPlan producer{.careful = prng.below(3) != 0,
                          .records = prng.between(10, 70),
                          .batch_max = one_of<std::size_t>(prng, {1, 5, 20}),
                          .data_max = one_of<std::size_t>(prng, {1, 40, 200}),
                          .keys = one_of<std::size_t>(prng, {1, 4, 15})};
    if (is_heavy) producer.data_max = 600'000, producer.records = 10;
    plan.producers.push_back(producer);
  }
  const std::size_t mappings = prng.below(4) == 0 ? 2 : 1;
  for (std::size_t i = 0; i < mappings; ++i) plan.mappings.push_back(mapping_plan(prng));
  plan.phases = static_cast<int>(prng.between(3, 8));
  plan.reshard = one_of(prng, {0.0, 0.3, 0.6});
  plan.jump = one_of(prng, {0.0, 0.0, 0.3});
  plan.long_jump = one_of(prng, {0.0, 0.0, 0.0, 0.2});
  plan.update = one_of(prng, {0.0, 0.0, 0.4});
  plan.filter_change = one_of(prng, {0.0, 0.0, 0.0, 0.0, 0.3});
  plan.restart = one_of(prng, {0.0, 0.2});
  plan.destination_fails = one_of(prng, {0.0, 0.0, 0.2});
  plan.destination_gone = one_of(prng, {0.0, 0.0, 0.0, 0.2});
  if (ends == Ends::kForced) {
    plan.kill = one_of(prng, {0.0, 0.4});
    plan.power_cut = one_of(prng, {0.2, 0.5});
    plan.engine_faults = one_of(prng, {0.0, 0.0, 0.05, 0.3});
    plan.disk_fails = one_of(prng, {0.0, 0.0, 0.2});
    plan.slow_disk = one_of(prng, {0.0, 0.0, 0.02});
  }
  return plan;
}

}  // namespace penstock::sim
