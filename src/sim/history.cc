#include "sim/history.h"

#include "env/clocks.h"
#include "mapping/errors.h"
#include "sim/checks.h"
#include "sim/producer.h"
#include "sim/system.h"
#include "stream/errors.h"

#include <algorithm>
#include <deque>

namespace penstock::sim {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// One history as it goes.
class History {
 public:
  History(const Plan& plan, const engine::local::Options& engine_options)
      : plan_(plan), prng_(plan.seed ^ 0x415), system_(plan, engine_options) {}

  Outcome run() {
    if (begin()) {
      for (int phase = 0; phase < plan_.phases && is_good_; ++phase) step();
      if (is_good_) finish();
    }
    outcome_.trace = system_.world.trace();
    outcome_.complaints.insert(outcome_.complaints.begin(), system_.witness.complaints.begin(),
                               system_.witness.complaints.end());
    outcome_.replay = "PENSTOCK_SEED=" + std::to_string(plan_.seed);
    return std::move(outcome_);
  }

 private:
  bool begin();
  void create_queue();
  void create_mappings();
  void start_models();
  void step();
  void event();
  void finish();

  void reopen();
  void restart();
  void end_by_force(bool power_cut);
  void stop_models();
  void disk_fails(Millis time);
  void reshard();
  void resize(std::size_t open);
  void update();
  void remove_queue();
  bool all_settled();
  std::string pending_text();
  bool mappings_are_steady();

  bool power_is_out() { return system_.world.disk().power_is_out(); }
  void collect_failures();
  void note(const std::string& what) {
    ++outcome_.seen[what];
    const auto at = std::chrono::duration_cast<Millis>(system_.steady_now().time_since_epoch());
    outcome_.events.push_back(std::to_string(at.count()) + " ms: " + what);
  }
  void fail(const std::string& what) {
    outcome_.complaints.push_back(what);
    is_good_ = false;
  }
  template <class T>
  std::optional<T> call(Task<T> task) {
    if (power_is_out()) return std::nullopt;
    return system_.world.try_run(std::move(task));
  }

  const Plan& plan_;
  Prng prng_;
  System system_;
  std::deque<Producer> producers_;
  Outcome outcome_;
  Facts facts_;
  bool is_good_ = true;
};

// --- Begin
// ----------------------------------------------------------------------------------------

bool History::begin() {
  system_.functions.on_begin([this](const std::string& function, std::uint32_t shard) {
    check_parents(system_, function, shard);
  });
  if (const Status opened = system_.open(); !opened.ok()) {
    fail("the first start: " + opened.error().message);
    return false;
  }
  const auto made = call(system_.streams().create(
      System::caller("operator"), {.name = System::kStream, .shard_count = plan_.shards}));
  if (!made || !made->ok()) {
    fail("the stream is created");
    return false;
  }
  create_queue();
  system_.destination_fails = plan_.destination_fails;
  for (std::size_t i = 0; i < plan_.producers.size(); ++i)
    producers_.emplace_back(system_, plan_, i);
  for (std::size_t i = 0; i < plan_.mappings.size(); ++i) {
    const std::string name = "f" + std::to_string(i);
    Consumer consumer{.plan = plan_.mappings[i], .function = FunctionModel::arn_of(name)};
    system_.functions.add(name, consumer.plan.function,
                          consumer.plan.configuration.report_item_failures);
    facts_.consumers.push_back(std::move(consumer));
  }
  start_models();
  create_mappings();
  return is_good_;
}

void History::create_queue() {
  const auto made = call(system_.queues().create(System::failed_queue(), {}, {}));
  if (made && !made->ok()) fail("the queue is created: " + made->error().message);
}

void History::create_mappings() {
  for (Consumer& consumer : facts_.consumers) {
    if (!consumer.uuid.empty()) continue;
    system_.world.run_for(consumer.plan.created_after);
    if (power_is_out()) return;
    // Made in the life before, which ended before it could say so?
    const auto listed = system_.mappings().list(System::tenant(), "", consumer.function, "", 10);
    if (listed.ok() && !listed->mappings.empty()) {
      consumer.uuid = listed->mappings.front().record.uuid;
      consumer.started_at = system_.now();
      continue;
    }
    mapping::CreateMapping request{.source_arn = System::stream_arn(),
                                   .function = consumer.function,
                                   .starting_position = consumer.plan.starting_position,
                                   .configuration = consumer.plan.configuration};
    consumer.started_at = system_.now();
    if (request.starting_position == "AT_TIMESTAMP") {
      consumer.started_at -= Millis{prng_.below(3'000)};
      request.starting_time = consumer.started_at;
    }
    const auto made = call(system_.mappings().create(System::tenant(), std::move(request)));
    if (!made || !made->ok()) {
      if (made) fail("a mapping is created: " + made->error().message);
      return;
    }
    consumer.uuid = (*made)->record.uuid;
    system_.world.run_until([this] { return mappings_are_steady(); }, seconds(30));
    if (power_is_out()) return;
    if (!mappings_are_steady()) return fail("a mapping is enabled within 30 s");
    // LATEST is frozen when the mapping is enabled.
    if (consumer.plan.starting_position == "LATEST") consumer.started_at = system_.now();
  }
}

void History::start_models() {
  for (Producer& producer : producers_) {
    if (!producer.is_done() && !producer.is_running()) system_.world.spawn(producer.run());
  }
}

// --- On its way
// -----------------------------------------------------------------------------------

void History::step() {
  const Millis time{prng_.between(200, static_cast<std::uint64_t>(plan_.phase_max.count()))};
  if (prng_.chance(plan_.power_cut)) {
    system_.world.disk().cut_power_at(prng_.between(1, 60));
    system_.world.run_for(time);
    if (prng_.below(2) == 0 && !power_is_out()) event();
    end_by_force(true);
    return;
  }
  if (prng_.chance(plan_.disk_fails)) return disk_fails(time);
  system_.world.run_for(time);
  if (prng_.chance(plan_.kill)) {
    end_by_force(false);
    return;
  }
  event();
}

/// One or several things that an operator, or time, does to the server.
void History::event() {
  if (prng_.chance(plan_.reshard)) reshard();
  collect_failures();
  if (power_is_out()) return;
  if (prng_.chance(plan_.jump)) {
    system_.advance(seconds(prng_.between(1, 900)));
    note("jump");
  }
  if (prng_.chance(plan_.long_jump)) {
    system_.advance(hours(prng_.between(20, 30)));
    note("long jump");
  }
  if (prng_.chance(plan_.destination_gone)) remove_queue();
  if (prng_.chance(plan_.update)) update();
  if (prng_.chance(plan_.restart)) restart();
}

/// A write fails, and the operator starts the server again; or the disk is full for a while.
void History::disk_fails(Millis time) {
  env::sim::Disk& disk = system_.world.disk();
  system_.is_disk_bad = facts_.disk_was_bad = true;
  if (prng_.below(2) == 0) {
    disk.fail_writes(1);
    system_.world.run_for(time);
    note("a write failed");
    disk.fail_writes(0);
    end_by_force(false);
  } else {
    disk.set_capacity(disk.used_bytes() + prng_.below(100'000));
    system_.world.run_for(time * 3);
    disk.set_capacity(~std::uint64_t{0});
    note("the disk was full");
    system_.world.run_for(seconds(5));
    std::vector<engine::Marks::Mark> probe;
    probe.push_back({"sim/probe", "written"});
    const auto written =
        call(system_.engine().marks().put(system_.engine().leases().node(), std::move(probe)));
    if (written && !written->ok()) {
      note("the journal stayed closed behind a full disk");
      end_by_force(false);
    }
  }
  // Puts that waited end with what they met.
  system_.world.run_for(seconds(3));
  system_.is_disk_bad = false;
}

void History::reshard() {
  std::vector<stream::ShardView> open;
  const auto page = system_.streams().list_shards(System::caller("operator"),
                                                  {.stream = {.name = System::kStream}});
  if (!page.ok()) return fail("shards are listed: " + page.error().message);
  for (const stream::ShardView& view : page->shards) {
    if (!view.ending) open.push_back(view);
  }
  std::sort(open.begin(), open.end(),
            [](const auto& a, const auto& b) { return a.range.start < b.range.start; });
  if (prng_.below(4) == 0) return resize(open.size());
  const std::size_t pick = prng_.below(open.size());
  std::optional<Status> done;
  const bool merges = open.size() > 3 || (open.size() > 1 && prng_.below(2) == 0);
  if (merges) {
    const std::size_t first = std::min(pick, open.size() - 2);
    const std::string one = open[first].id(), other = open[first + 1].id();
    done = call(
        system_.streams().merge(System::caller("operator"), {.name = System::kStream}, one, other));
  } else {
    const HashKeyRange& range = open[pick].range;
    const HashKey at{range.start.value + (range.end.value - range.start.value) / 2};
    const std::string id = open[pick].id(), start = at.to_string();
    done = call(
        system_.streams().split(System::caller("operator"), {.name = System::kStream}, id, start));
  }
  if (!done) return;  // The power went.
  if (!done->ok()) return fail("a reshard: " + done->error().message);
  note(merges ? "merge" : "split");
}

/// Many splits and merges at once, with shards that are open for a moment only.
void History::resize(std::size_t open) {
  const std::size_t least = (open + 1) / 2;
  const std::size_t most = std::min<std::size_t>(2 * open, 6);
  const auto target = static_cast<std::int64_t>(least + prng_.below(most - least + 1));
  const auto done = call(system_.streams().set_shard_count(System::caller("operator"),
                                                           {.name = System::kStream}, target));
  if (!done) return;  // The power went.
  // Ten a day: then the stream stays as it is.
  if (!done->ok() && !(done->error().code == stream::StreamErrc::kLimitExceeded)) {
    return fail("a resize: " + done->error().message);
  }
  note("resize");
}

void History::update() {
  Consumer& consumer = facts_.consumers[prng_.below(facts_.consumers.size())];
  if (consumer.uuid.empty()) return;
  mapping::ChangeMapping change;
  switch (prng_.below(4)) {
    case 0: change.batch_size = static_cast<std::int64_t>(prng_.between(1, 20)); break;
    case 1:
      change.parallelization = static_cast<std::int64_t>(prng_.between(1, 4));
      consumer.keeps_attempts = false;
      break;
    default: change.enabled = !consumer.enabled; break;
  }
  if (prng_.chance(plan_.filter_change)) {
    change.filters = std::vector<std::string>{};
    if (prng_.below(2) == 0) change.filters = {{R"({"data":{"keep":[false]}})"}};
    consumer.keeps_filters = false;
    system_.witness.functions[consumer.function].ordered = false;
    note("filter change");
  }
  const auto made = call(system_.mappings().update(System::tenant(), consumer.uuid, change));
  if (!made) return;
  if (!made->ok()) {
    // It may be taking up the change before.
    if (!(made->error().code == mapping::MappingErrc::kInUse))
      fail("an update: " + made->error().message);
    return;
  }
  facts_.was_restarted = true;
  if (change.enabled) consumer.enabled = *change.enabled;
  note(change.enabled ? (*change.enabled ? "enabled" : "disabled") : "update");
}

void History::remove_queue() {
  collect_failures();
  if (power_is_out()) return;
  const auto removed = call(system_.queues().remove(System::failed_queue()));
  facts_.queue_was_removed = true;  // Perhaps also when the power went before the answer came.
  if (!removed) return;
  if (!removed->ok()) return fail("the queue is removed: " + removed->error().message);
  system_.world.run_for(seconds(2));
  create_queue();
  note("queue removed");
}

// --- Ends and starts
// ------------------------------------------------------------------------------

void History::stop_models() {
  for (Producer& producer : producers_) producer.stop();
  system_.world.run_until([this] {
    return std::none_of(producers_.begin(), producers_.end(),
                        [](const Producer& one) { return one.is_running(); });
  });
}

void History::restart() {
  stop_models();
  const std::size_t running = system_.functions.running();
  if (!system_.stop()) return end_by_force(true);
  if (system_.functions.running() != 0)
    fail("a stop left " + std::to_string(running) + " invocations behind");
  facts_.was_restarted = true;
  note("restart");
  reopen();
}

void History::end_by_force(bool power_cut) {
  if (power_cut && power_is_out()) note("power went inside a disk call");
  if (system_.functions.running() > 0) note("died during an invocation");
  power_cut ? system_.cut_power() : system_.kill();
  for (Producer& producer : producers_) producer.server_died();
  facts_.was_restarted = true;
  ++facts_.deaths;
  note(power_cut ? "power cut" : "kill");
  if (prng_.below(10) == 0) system_.advance(minutes(prng_.between(1, 100)));
  reopen();
}

void History::reopen() {
  for (int attempt = 1; attempt <= 10; ++attempt) {
    if (plan_.power_cut > 0 && attempt < 3 && prng_.below(6) == 0)
      system_.world.disk().cut_power_at(prng_.between(1, 30));
    const Status opened = system_.open();
    if (opened.ok()) {
      system_.world.disk().cut_power_at(0);
      if (!system_.queues().exists(System::failed_queue()).ok()) create_queue();
      start_models();
      return create_mappings();
    }
    if (!power_is_out()) return fail("a start: " + opened.error().message);
    note("power went during a start");
    system_.cut_power();
  }
  fail("no start within ten attempts");
}

/// What an operator does with the failure queue, before its own retention does.
void History::collect_failures() {
  while (true) {
    const auto received = call(system_.queues().receive(System::failed_queue(), {.max = 10}));
    if (!received || !received->ok() || (*received)->empty()) return;
    std::vector<std::string> handles;
    for (const sqs::Received& one : **received) {
      facts_.failures.try_emplace(one.message.id, one.message.body);
      handles.push_back(one.receipt_handle);
    }
    call(system_.queues().erase(System::failed_queue(), std::move(handles)));
  }
}

// --- To rest
// --------------------------------------------------------------------------------------

bool History::mappings_are_steady() {
  for (const Consumer& consumer : facts_.consumers) {
    if (consumer.uuid.empty()) continue;
    const auto view = system_.mappings().get(System::tenant(), consumer.uuid);
    if (!view.ok() || (view->state != mapping::MappingState::kEnabled &&
                       view->state != mapping::MappingState::kDisabled)) {
      return false;
    }
  }
  return true;
}

bool History::all_settled() {
  for (const ledger::ConsumerView& view : system_.mappings().consumers()) {
    for (const ledger::ConsumerShardView& shard : view.shards) {
      if (shard.pending != 0) return false;
    }
  }
  return true;
}

std::string History::pending_text() {
  std::string text;
  for (const ledger::ConsumerView& view : system_.mappings().consumers()) {
    for (const ledger::ConsumerShardView& shard : view.shards) {
      if (shard.pending == 0) continue;
      text += view.function + " shard " + std::to_string(shard.shard) + " has " +
              std::to_string(shard.pending) + " of " + std::to_string(shard.stored) + " pending; ";
    }
  }
  return text;
}

/// Faults end, producers get their records in, mappings work everything off: by retries, then by
/// age and retention.
void History::finish() {
  system_.functions.heal();
  system_.destination_fails = 0;
  const bool all_put = system_.world.run_until(
      [this] {
        return std::all_of(producers_.begin(), producers_.end(),
                           [](const Producer& one) { return one.is_done(); });
      },
      minutes(10));
  if (!all_put) return fail("the producers come to their end");
  for (Consumer& consumer : facts_.consumers) {
    if (consumer.enabled) continue;
    system_.world.run_until([this] { return mappings_are_steady(); }, minutes(1));
    const auto made =
        call(system_.mappings().update(System::tenant(), consumer.uuid, {.enabled = true}));
    if (!made || !made->ok()) return fail("a mapping is enabled at the end");
  }
  system_.world.run_until([this] { return mappings_are_steady(); }, minutes(1));
  // Retries come to their end within minutes. A poisoned record without limits of attempts and age
  // holds its lane until it expires, and a child shard may hold the next.
  system_.world.run_until([this] { return all_settled(); }, minutes(1));
  for (int step = 0; !all_settled(); ++step) {
    if (step == 30 + 40) return fail("not settled within 40 days: " + pending_text());
    collect_failures();
    system_.advance(step < 30 ? minutes(1) : hours(25));
    system_.world.run_until([this] { return all_settled(); }, seconds(10));
  }
  system_.world.run_for(seconds(3));
  // What a receive had claimed when the power went is visible again.
  system_.advance(minutes(1));
  collect_failures();
  check_everything(system_, plan_, facts_, outcome_);
}

}  // namespace

std::string Outcome::report() const {
  std::string text;
  for (const std::string& complaint : complaints) text += complaint + "\n";
  for (const std::string& event : events) text += "  " + event + "\n";
  return text + "replay with " + replay;
}

Outcome run_history(const Plan& plan, const engine::local::Options& engine_options) {
  History history(plan, engine_options);
  return history.run();
}

}  // namespace penstock::sim
