#include "mapping/shard_state.h"

#include "shape/json.h"

#include <array>

namespace penstock::mapping {
namespace {

struct WireRange {
  std::int64_t fate = 0, first = 0, last = 0, count = 0, at_ms = 0;
  static constexpr auto shape() {
    using Self = WireRange;
    return std::array{shape::member<&Self::fate>("f"), shape::member<&Self::first>("a"),
                      shape::member<&Self::last>("z"), shape::member<&Self::count>("n"),
                      shape::member<&Self::at_ms>("t")};
  }
};

struct WireBatch {
  std::int64_t lane = 0, first = 0, last = 0, attempts = 0, interrupted = 0;
  static constexpr auto shape() {
    using Self = WireBatch;
    return std::array{shape::member<&Self::lane>("l"), shape::member<&Self::first>("a"),
                      shape::member<&Self::last>("z"), shape::member<&Self::attempts>("n"),
                      shape::member<&Self::interrupted>("i")};
  }
};

struct WireState {
  std::int64_t format = 1;
  std::int64_t checkpoint = 0;
  bool drained = false;
  shape::Blob book;
  std::vector<WireRange> ahead;
  std::int64_t lanes = 1;
  std::vector<WireBatch> batches;
  static constexpr auto shape() {
    using Self = WireState;
    return std::array{
        shape::member<&Self::format>("format"),   shape::member<&Self::checkpoint>("checkpoint"),
        shape::member<&Self::drained>("drained"), shape::member<&Self::book>("book"),
        shape::member<&Self::ahead>("ahead"),     shape::member<&Self::lanes>("lanes"),
        shape::member<&Self::batches>("batches")};
  }
};

constexpr std::int64_t kLanesMax = 10;

Error corrupt(const std::string& what) {
  return {Errc::kCorrupt, "the state of a mapping's shard: " + what};
}

}  // namespace

std::string ShardState::encode() const {
  WireState wire{.checkpoint = static_cast<std::int64_t>(checkpoint.index), .drained = drained};
  wire.book.bytes = book.encode();
  for (const ledger::FateRange& range : ahead) {
    wire.ahead.push_back({static_cast<std::int64_t>(range.fate),
                          static_cast<std::int64_t>(range.first),
                          static_cast<std::int64_t>(range.last),
                          static_cast<std::int64_t>(range.count), range.at_ms});
  }
  wire.lanes = static_cast<std::int64_t>(lanes.size());
  for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
    for (const StoredBatch& batch : lanes[lane]) {
      wire.batches.push_back(
          {static_cast<std::int64_t>(lane), static_cast<std::int64_t>(batch.first),
           static_cast<std::int64_t>(batch.last), batch.attempts, batch.interrupted});
    }
  }
  return shape::to_cbor(wire);
}

Result<ShardState> ShardState::decode(std::string_view bytes) {
  Result<WireState> read = shape::from_cbor<WireState>(bytes);
  if (!read.ok()) return corrupt(read.error().message);
  const WireState& wire = *read;
  if (wire.format != 1) return corrupt("format " + std::to_string(wire.format) + " is not known");
  ShardState state;
  state.checkpoint = {static_cast<std::uint64_t>(wire.checkpoint)};
  state.drained = wire.drained;
  TRY(state.book, ledger::ConsumerBook::decode(wire.book.bytes));
  for (const WireRange& range : wire.ahead) {
    if (range.fate < 0 || range.fate > static_cast<std::int64_t>(ledger::Fate::kDiscarded)) {
      return corrupt("fate " + std::to_string(range.fate));
    }
    state.ahead.push_back({static_cast<ledger::Fate>(range.fate),
                           static_cast<std::uint64_t>(range.first),
                           static_cast<std::uint64_t>(range.last),
                           static_cast<std::uint64_t>(range.count), range.at_ms});
  }
  if (wire.lanes < 0 || wire.lanes > kLanesMax)
    return corrupt(std::to_string(wire.lanes) + " lanes");
  state.lanes.resize(static_cast<std::size_t>(wire.lanes));
  for (const WireBatch& batch : wire.batches) {
    if (batch.lane < 0 || batch.lane >= wire.lanes)
      return corrupt("lane " + std::to_string(batch.lane));
    state.lanes[static_cast<std::size_t>(batch.lane)].push_back(
        {static_cast<std::uint64_t>(batch.first), static_cast<std::uint64_t>(batch.last),
         static_cast<std::uint32_t>(batch.attempts),
         static_cast<std::uint32_t>(batch.interrupted)});
  }
  return state;
}

}  // namespace penstock::mapping
