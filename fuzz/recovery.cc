#include "base/check.h"
#include "base/log.h"
#include "engine/errors.h"
#include "fuzz/support/damage.h"
#include "support/engine_stand.h"

#include <algorithm>
#include <map>
#include <set>

// A life of an engine as the input chooses it, with its restarts, kills and cuts of power; then
// damage to its files, and a start. Whatever is served was stored; without damage nothing is
// missing; what is missing is named; and what starts goes on.

namespace penstock::engine {
namespace {

using testing::EngineStand;

constexpr LogId kLog{1};
constexpr std::uint32_t kShards = 2;

struct Known {
  std::map<ShardRef, std::vector<std::string>> records;  ///< Position 1 first.
  std::map<ShardRef, std::uint64_t> horizon;
  std::set<ShardRef> sealed;
  std::map<std::string, std::vector<std::string>> documents;  ///< Every value, the last in force.
  std::map<std::string, std::vector<std::string>> marks;
};

class Life {
 public:
  Life(EngineStand& stand, FuzzedDataProvider& choices) : stand_(stand), choices_(choices) {}

  Known live() {
    stand_.open();
    PENSTOCK_CHECK(stand_.ensure(kLog, kShards).ok(), "the log is made");
    const int steps = choices_.ConsumeIntegralInRange(0, 24);
    for (int i = 0; i < steps; ++i) step();
    return std::move(known_);
  }

 private:
  std::string text() {
    return std::to_string(++count_) +
           std::string(choices_.ConsumeIntegralInRange<std::size_t>(0, 2'000), 'r');
  }
  ShardRef shard() { return {kLog, choices_.ConsumeIntegralInRange(0u, kShards - 1)}; }
  std::string key() { return std::string(1, choices_.ConsumeBool() ? 'a' : 'b'); }

  void step() {
    switch (choices_.ConsumeIntegralInRange(0, 9)) {
      case 0:
      case 1:
      case 2: return append();
      case 3: return put_document();
      case 4: return put_mark();
      case 5: return trim();
      case 6: return choices_.ConsumeIntegralInRange(0, 3) == 0 ? seal() : append();
      case 7: return stand_.world.run_for(std::chrono::seconds(1));
      case 8: return stand_.reopen();
      default: return choices_.ConsumeBool() ? stand_.crash() : (stand_.kill(), stand_.open());
    }
  }
  void append() {
    const ShardRef ref = shard();
    std::vector<std::string> data(choices_.ConsumeIntegralInRange<std::size_t>(1, 3));
    for (std::string& one : data) one = text();
    const auto appended = stand_.append(ref, data);
    PENSTOCK_CHECK(appended.ok() != known_.sealed.contains(ref),
                   "a shard takes records until it is sealed");
    if (!appended.ok()) return;
    auto& known = known_.records[ref];
    PENSTOCK_CHECK(appended->first.index == known.size() + 1, "positions follow each other");
    known.insert(known.end(), data.begin(), data.end());
  }
  void put_document() {
    const std::string name = key();
    const auto present = stand_.engine().meta().get(name);
    std::vector<Change> changes;
    changes.push_back({.key = name,
                       .expected = present.has_value() ? present->version : Version{},
                       .value = text()});
    known_.documents[name].push_back(changes.front().value);
    PENSTOCK_CHECK(stand_.world.run(stand_.engine().meta().commit(std::move(changes))).ok(),
                   "a document is stored");
  }
  void put_mark() {
    const std::string name = key();
    std::string value = text();
    PENSTOCK_CHECK(
        stand_.world.run(stand_.engine().marks().put(stand_.fence(), {{name, value}})).ok(),
        "a mark is stored");
    known_.marks[name].push_back(std::move(value));
  }
  void trim() {
    const ShardRef ref = shard();
    const auto before =
        choices_.ConsumeIntegralInRange<std::uint64_t>(1, known_.records[ref].size() + 1);
    PENSTOCK_CHECK(stand_.world.run(stand_.log().trim(ref, Position{before})).ok(), "trimmed");
    std::uint64_t& horizon = known_.horizon[ref];
    horizon = std::max(horizon, before);
  }
  void seal() {
    const ShardRef ref = shard();
    PENSTOCK_CHECK(stand_.world.run(stand_.log().seal(ref, stand_.fence())).ok(), "sealed");
    known_.sealed.insert(ref);
  }

  EngineStand& stand_;
  FuzzedDataProvider& choices_;
  Known known_;
  int count_ = 0;
};

/// How many things are missing; anything served that was never stored stops the process.
std::size_t look(EngineStand& stand, const Known& known) {
  std::size_t missing = 0;
  for (const auto& [ref, records] : known.records) {
    const auto found = known.horizon.find(ref);
    const std::uint64_t horizon = found == known.horizon.end() ? 1 : found->second;
    for (std::uint64_t at = 1; at <= records.size(); ++at) {
      const auto slice = stand.read(ref, Position{at}, {.records_max = 1});
      const bool is_there =
          slice.ok() && !slice->records.empty() && slice->records.front().at.index == at;
      if (is_there) {
        PENSTOCK_CHECK(slice->records.front().data == records[at - 1], "a record is what it was");
      } else if (at >= horizon) {
        ++missing;
      }
    }
    const auto beyond = stand.read(ref, Position{records.size() + 1});
    PENSTOCK_CHECK(!beyond.ok() || beyond->records.empty(), "there are no others");
  }
  const auto look_at = [&](const std::vector<std::string>& values,
                           const std::optional<std::string>& value) {
    if (!value.has_value() || *value != values.back()) ++missing;
    if (!value.has_value()) return;
    PENSTOCK_CHECK(std::find(values.begin(), values.end(), *value) != values.end(),
                   "a value was once put there");
  };
  for (const auto& [key, values] : known.documents) {
    const auto document = stand.engine().meta().get(key);
    look_at(values, document ? std::optional(document->value) : std::nullopt);
  }
  for (const auto& [key, values] : known.marks) look_at(values, stand.engine().marks().get(key));
  return missing;
}

/// Whether anything was changed.
bool damage_files(EngineStand& stand, FuzzedDataProvider& choices) {
  bool changed = false;
  const int damages = choices.ConsumeIntegralInRange(0, 4);
  for (int i = 0; i < damages; ++i) {
    const auto files = stand.world.disk().files();
    auto& bytes = stand.world.disk().bytes(
        files[choices.ConsumeIntegralInRange<std::size_t>(0, files.size() - 1)]);
    const auto before = bytes;
    fuzz::damage(bytes, choices);
    changed |= bytes != before;
  }
  return changed;
}

/// A new record is taken, and is still there after another start.
void check_that_it_goes_on(EngineStand& stand, const Known& known) {
  for (std::uint32_t shard = 0; shard < kShards; ++shard) {
    const ShardRef ref{kLog, shard};
    const auto bounds = stand.log().bounds(ref);
    if (!bounds.ok() || bounds->sealed || known.sealed.contains(ref)) continue;
    const auto appended = stand.append(ref, {"afterwards"});
    PENSTOCK_CHECK(appended.ok(), "a damaged folder that opens takes records");
    PENSTOCK_CHECK(appended->first >= bounds->next, "behind everything else");
    stand.reopen();
    const auto slice = stand.read(ref, appended->first);
    PENSTOCK_CHECK(
        slice.ok() && slice->records.size() == 1 && slice->records.front().data == "afterwards",
        "and keeps them");
  }
}

void check_recovery(FuzzedDataProvider& choices) {
  local::OpenReport report;
  EngineStand stand(1, testing::tiny_files(&report));
  const Known known = Life(stand, choices).live();
  PENSTOCK_CHECK(look(stand, known) == 0, "everything stored is there");
  choices.ConsumeBool() ? stand.stop() : stand.kill();
  const bool damaged = damage_files(stand, choices);

  const Status opened = stand.try_open();
  if (!opened.ok()) {
    PENSTOCK_CHECK(damaged, "a folder that is whole opens");
    PENSTOCK_CHECK(
        opened.error().code == EngineErrc::kCorrupt || opened.error().code == Errc::kInvalid,
        "damage is called damage");
    return;
  }
  PENSTOCK_CHECK(look(stand, known) == 0 || damaged, "nothing is missing without damage");
  check_that_it_goes_on(stand, known);
}

}  // namespace
}  // namespace penstock::engine

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  penstock::log::set_level(penstock::log::Level::kOff);
  FuzzedDataProvider choices(data, size);
  penstock::engine::check_recovery(choices);
  return 0;
}
