#include "engine/local/snapshot.h"

#include "base/check.h"
#include "engine/errors.h"
#include "fuzz/support/damage.h"
#include "unit/engine/local/kit.h"

#include <algorithm>

// A snapshot as the store writes it, then damage: what loads is what was written.

namespace penstock::engine::local {
namespace {

std::string text(FuzzedDataProvider& choices, std::size_t size_max) {
  return std::string(choices.ConsumeIntegralInRange<std::size_t>(0, size_max),
                     static_cast<char>(choices.ConsumeIntegral<std::uint8_t>()));
}

void fill(Held& held, FuzzedDataProvider& choices) {
  const auto number = [&] { return choices.ConsumeIntegralInRange<std::uint64_t>(1, 9); };
  const int documents = choices.ConsumeIntegralInRange(0, 4);
  for (int i = 0; i < documents; ++i) {
    held.documents.restore(
        {std::to_string(i) + text(choices, 9), Version{number()}, text(choices, 400'000)});
  }
  held.documents.restore_version(Version{10 + number()});
  const int marks = choices.ConsumeIntegralInRange(0, 4);
  for (int i = 0; i < marks; ++i) {
    held.marks.restore(std::to_string(i) + text(choices, 9), text(choices, 200'000));
  }
  held.marks.restore_sequence(number());
  const int shards = choices.ConsumeIntegralInRange(0, 4);
  for (int i = 0; i < shards; ++i) {
    ShardState shard{.ref = {LogId{number()}, static_cast<std::uint32_t>(i)}};
    shard.horizon = Position{number()};
    shard.flushed_next = Position{shard.horizon.index + number()};
    shard.next = shard.flushed_next;
    shard.last_arrival = service_time(static_cast<std::int64_t>(number()));
    if (choices.ConsumeBool()) shard.sealed_at = shard.next;
    shard.trimmed_records = shard.horizon.index - 1;
    held.shards.add(shard);
  }
}

std::vector<std::uint8_t> bytes_of(const ShardTable& shards) {
  std::vector<std::uint8_t> bytes;
  for (const auto& shard : shards.all()) encode(bytes, shard->state());
  return bytes;
}

bool equal(const Document& a, const Document& b) {
  return a.key == b.key && a.version == b.version && a.value == b.value;
}

bool equal(const Held& a, const Held& b) {
  const auto ours = a.documents.list(""), theirs = b.documents.list("");
  return a.documents.applied_version() == b.documents.applied_version() &&
         std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end(),
                    [](const auto& x, const auto& y) { return equal(x, y); }) &&
         a.marks.list("") == b.marks.list("") &&
         a.marks.applied_sequence() == b.marks.applied_sequence() &&
         bytes_of(a.shards) == bytes_of(b.shards);
}

void check_snapshot(FuzzedDataProvider& choices) {
  Kit kit;
  Held held;
  fill(held, choices);
  const CommitHeader as_of{.number = 12, .file = 3, .records_total = 100, .state_total = 9};
  const auto through = [] { return Result<std::uint64_t>(15); };
  PENSTOCK_CHECK(
      write_snapshot(kit.folder(), as_of, 6, held.state(), through, choices.ConsumeBool()).ok(),
      "it is written");
  Bytes& file = kit.disk().bytes(kit.folder().snapshot_file(as_of.number));
  const Bytes before = file;
  const int damages = choices.ConsumeIntegralInRange(0, 3);
  for (int i = 0; i < damages; ++i) fuzz::damage(file, choices);

  Held loaded;
  const auto snapshot = load_snapshot(kit.folder(), as_of.number, loaded.state());
  if (!snapshot.ok()) {
    PENSTOCK_CHECK(snapshot.error().code == EngineErrc::kCorrupt && file != before,
                   "only a damaged one is refused, as damage");
    return;
  }
  PENSTOCK_CHECK(equal(held, loaded), "what loads is what was written");
  PENSTOCK_CHECK(snapshot->facts.epoch == 6 && snapshot->facts.through == 15 &&
                     snapshot->as_of.records_total == 100 && snapshot->as_of.state_total == 9,
                 "and its facts");
}

}  // namespace
}  // namespace penstock::engine::local

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider choices(data, size);
  penstock::engine::local::check_snapshot(choices);
  return 0;
}
