#pragma once

#include "base/budget.h"
#include "base/check.h"
#include "engine/local/chunk.h"
#include "engine/local/core.h"
#include "engine/local/data_folder.h"
#include "engine/local/frame.h"
#include "engine/local/journal.h"
#include "engine/local/journal_files.h"
#include "engine/local/local_log.h"
#include "engine/local/local_state.h"
#include "engine/local/recovery.h"
#include "engine/local/segment_writer.h"
#include "engine/local/shard.h"
#include "engine/local/snapshot.h"
#include "engine/local/store.h"
#include "engine/local/stored_reader.h"
#include "env/sim/world.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace penstock::engine::local {

using Bytes = std::vector<std::uint8_t>;
using Strings = std::vector<std::string>;

inline constexpr ShardRef kShard{LogId{7}, 0};

/// They point into `data`.
inline std::vector<NewRecord> records_of(const Strings& data) {
  std::vector<NewRecord> records;
  for (const std::string& one : data) records.push_back({"key", one});
  return records;
}

/// One whole frame of records.
inline Bytes records_frame(ShardRef shard, Position first, ServiceTime arrival,
                           const Strings& data) {
  const auto records = records_of(data);
  const FramePlan plan = plan_frame(records, kRecordsFrameTarget);
  PENSTOCK_CHECK(plan.count == records.size(), "the records fit into one frame");
  Bytes frame(plan.length);
  write_records(frame.data(), plan, shard, first, arrival, records);
  return frame;
}

/// A block's bytes, checked.
inline Status read_block(const Segment& segment, const Block& block, Bytes& into) {
  AlignedBuffer memory;
  TRY(const auto bytes, segment.read(block, memory));
  into.assign(bytes.begin(), bytes.end());
  return ok();
}

inline Strings texts_of(const Slice& slice) {
  Strings texts;
  for (const Record& record : slice.records) texts.emplace_back(record.data);
  return texts;
}

/// The texts of a run of numbers.
inline Strings numbers(int first, int next) {
  Strings texts;
  for (; first < next; ++first) texts.push_back(std::to_string(first));
  return texts;
}

/// The state that snapshots hold, empty.
struct Held {
  Documents documents;
  MarkTable marks;
  ShardTable shards;
  State state() { return {documents, marks, shards}; }
};

/// A simulated machine with a data folder and memory for chunks.
struct Kit {
  explicit Kit(std::uint64_t seed = 1) : world(seed) { open_folder(); }

  env::sim::World world;
  Budget whole{256u << 20};
  Budget budget{64u << 20, whole};
  std::shared_ptr<ChunkPool> pool = std::make_shared<ChunkPool>(budget, 4u << 20);
  std::unique_ptr<StoredReader> reader = make_reader(4u << 20);
  std::optional<DataFolder> opened;

  std::unique_ptr<StoredReader> make_reader(std::size_t kept_bytes_max) {
    return std::make_unique<StoredReader>(
        world.env().workers, pool, kept_bytes_max,
        [](Shard& shard, const StoredBlock& block, const Error& why) {
          if (why.code == EngineErrc::kCorrupt) shard.fence(block);
        });
  }
  DataFolder& folder() { return *opened; }
  env::sim::Disk& disk() { return world.disk(); }
  void open_folder() {
    opened.reset();
    auto folder = DataFolder::open(world.disk(), "/data", world.env().random);
    PENSTOCK_CHECK(folder.ok(), folder.ok() ? "" : folder.error().message.c_str());
    opened.emplace(std::move(*folder));
  }

  /// A slice, from wherever it lies.
  Result<Slice> read(Shard& shard, Position from, ReadLimits limits = {}) {
    TRY(auto found, shard.read(from, limits));
    if (auto* slice = std::get_if<Slice>(&found)) return std::move(*slice);
    const std::shared_ptr<Shard> borrowed(std::shared_ptr<void>(), &shard);
    return world.run(reader->read(borrowed, std::get<Shard::BlockRead>(std::move(found)), limits));
  }
  Result<Strings> read_all(Shard& shard, Position from = {}) {
    Strings all;
    for (;;) {
      TRY(const Slice slice, read(shard, from));
      if (slice.records.empty()) return all;
      for (std::string& text : texts_of(slice)) all.push_back(std::move(text));
      from = slice.next;
    }
  }
  Position locate(Shard& shard, ServiceTime at) {
    auto found = shard.locate(at);
    if (const auto* position = std::get_if<Position>(&found)) return *position;
    const std::shared_ptr<Shard> borrowed(std::shared_ptr<void>(), &shard);
    auto located =
        world.run(reader->locate(borrowed, std::get<Shard::BlockRead>(std::move(found)), at));
    PENSTOCK_CHECK(located.ok(), "the block is whole");
    return *located;
  }

  /// Stages and publishes.
  Appended append(Shard& shard, const Strings& data, ServiceTime arrival = {}) {
    const auto appended = shard.stage(records_of(data), arrival, *pool, nullptr);
    PENSTOCK_CHECK(appended.ok(), "the shard takes records");
    Wakeups nobody;
    shard.publish(Position{appended->first.index + data.size()}, nobody);
    return *appended;
  }
  /// What is unflushed, as a segment; not yet told to the shard.
  Segment::Opened write_segment(const Shard& shard, const Shard::Unflushed& unflushed,
                                std::uint64_t number) {
    auto writer = SegmentWriter::create(folder(), number);
    PENSTOCK_CHECK(writer.ok(), "the segment is made");
    for (const auto& part : unflushed.parts) {
      PENSTOCK_CHECK(writer->add(shard.ref(), unflushed.from, unflushed.to, part.frames).ok(),
                     "the frames are written");
    }
    auto segment = writer->finish();
    PENSTOCK_CHECK(segment.ok(), "the segment is finished");
    return std::move(*segment);
  }
  static std::vector<StoredBlock> blocks_of(const Segment::Opened& segment) {
    std::vector<StoredBlock> blocks;
    for (const Block& block : segment.blocks) blocks.push_back({block, segment.segment});
    return blocks;
  }
  std::shared_ptr<Segment> flush(Shard& shard, std::uint64_t number) {
    const Shard::Unflushed unflushed = shard.unflushed();
    const Segment::Opened segment = write_segment(shard, unflushed, number);
    shard.flushed(blocks_of(segment), unflushed);
    return segment.segment;
  }
};

/// Files small enough to turn over in a test.
inline Options small_files() {
  Options options{.folder = "/data"};
  options.journal_first_file_bytes = 16u << 10;
  options.journal_file_bytes_max = 64u << 10;
  options.journal_bytes_max = 256u << 10;
  options.ballast_bytes = 32u << 10;
  return options;
}

/// The parts of a durable engine, put together and driven by hand.
struct Parts {
  explicit Parts(Kit& machine, Options opt = small_files())
      : kit(machine),
        options(std::move(opt)),
        core(options, kit.world.env(), kit.budget, [this] { ++journal_wakes; }),
        files(kit.folder(), options),
        journal(core.queue, files, kit.folder().salt(), options.durability, kit.world.env().faults,
                [this] { ++store_wakes; }),
        store(core, kit.folder(), files, journal, [this](Millis) { ++retries; }) {
    journal.on_unstage([this] { core.unstage(); });
    core.open_reader();
    core.wake_store = [this] { ++wakes_by_core; };
  }
  int journal_wakes = 0;
  int store_wakes = 0;    ///< By the journal.
  int wakes_by_core = 0;  ///< Of the store, too.
  int retries = 0;
  Kit& kit;
  Options options;
  Core core;
  JournalFiles files;
  Journal journal;
  Store store;
  LocalLog log{core};
  LocalMeta meta{core, core.documents};
  LocalMarks marks{core};

  Result<OpenReport> recover() { return local::recover(core, kit.folder(), files, journal, store); }
  Parts& opened() {
    const auto report = recover();
    PENSTOCK_CHECK(report.ok(), report.ok() ? "" : report.error().message.c_str());
    return *this;
  }

  /// Runs a change up to where it is staged, commits, and runs it to its end.
  template <class T>
  T run(Task<T> task) {
    const auto value = std::make_shared<std::optional<T>>();
    kit.world.spawn([](Task<T> inner, std::shared_ptr<std::optional<T>> out) -> Task<> {
      out->emplace(co_await std::move(inner));
    }(std::move(task), value));
    kit.world.run_until([&] { return value->has_value() || !core.queue.idle(); });
    journal.commit();
    kit.world.run_until([&] { return value->has_value(); });
    PENSTOCK_CHECK(value->has_value(), "the change ends after one commit");
    return std::move(**value);
  }
  Result<Appended> append(ShardRef shard, const Strings& data, ServiceTime arrival = {}) {
    const auto records = records_of(data);
    Append append{shard, core.epoch, records, arrival};
    return run([](Log& to, Append& one) -> Task<Result<Appended>> {
      co_await to.append(std::span(&one, 1));
      co_return one.outcome;
    }(log, append));
  }
  Status ensure(LogId id, std::uint32_t shards) { return run(log.ensure(id, shards)); }
  Result<Strings> read_all(ShardRef ref) {
    const auto shard = core.shards.find(ref);
    if (shard == nullptr) return Error{EngineErrc::kNoSuchShard, "none"};
    return kit.read_all(*shard);
  }
};

}  // namespace penstock::engine::local
