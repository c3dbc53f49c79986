#include "base/log.h"
#include "engine/errors.h"
#include "engine/local/commit.h"
#include "support/engine_stand.h"
#include "support/seeds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <random>

// One bit of one file of a stopped server turns over. Whatever is read afterwards is right;
// whatever is missing is named: opening fails and says where, or the report counts it.

namespace penstock::engine {
namespace {

using testing::EngineStand;

constexpr LogId kLog{1};
constexpr std::uint32_t kShards = 2;

struct Stored {
  std::map<ShardRef, std::vector<std::string>> records;
  std::map<std::string, std::string> documents;
  std::map<std::string, std::string> marks;
  std::map<std::string, std::vector<std::uint8_t>> files;

  /// Where the last commit of a journal file begins, when it is the newest file with one.
  std::size_t last_commit_at(const std::string& path) const {
    std::uint64_t newest = 0;
    std::pair<std::string, std::size_t> where;
    for (const auto& [name, bytes] : files) {
      if (name.find(".journal") == std::string::npos) continue;
      for (std::size_t at = 0; at < bytes.size(); at += local::kCommitAlign) {
        const auto header = local::peek_commit(std::span(bytes).subspan(at));
        if (!header.has_value() || header->number <= newest) continue;
        newest = header->number;
        where = {name, at};
      }
    }
    return where.first == path ? where.second : SIZE_MAX;
  }
};

enum class End {
  kStopped,  ///< In order.
  kIdle,     ///< Killed a while after the last change.
  kBusy,     ///< Killed right behind it.
};

/// A short life of an engine, with all kinds of files at its end.
Stored store_something(std::uint64_t seed, End end) {
  std::mt19937_64 random(seed);
  EngineStand stand(seed, testing::tiny_files(nullptr));
  stand.open();
  Stored stored;
  PENSTOCK_CHECK(stand.ensure(kLog, kShards).ok(), "the log can be made");
  for (int i = 0; i < 24; ++i) {
    const ShardRef ref{kLog, static_cast<std::uint32_t>(random() % kShards)};
    std::vector<std::string> data;
    for (std::uint64_t n = 0; n <= random() % 3; ++n) {
      data.push_back(std::to_string(i) + ":" + std::string(random() % 300, 'r'));
    }
    PENSTOCK_CHECK(stand.append(ref, data).ok(), "appends go through");
    auto& known = stored.records[ref];
    known.insert(known.end(), data.begin(), data.end());
    const std::string key = std::to_string(i % 5);
    const std::string value = std::to_string(i) + std::string(random() % 100, 'v');
    if (i % 4 == 1) {
      const auto present = stand.engine().meta().get(key);
      std::vector<Change> changes;
      changes.push_back({.key = key,
                         .expected = present.has_value() ? present->version : Version{},
                         .value = value});
      PENSTOCK_CHECK(stand.world.run(stand.engine().meta().commit(std::move(changes))).ok(), "");
      stored.documents[key] = value;
    }
    if (i % 4 == 2) {
      PENSTOCK_CHECK(
          stand.world.run(stand.engine().marks().put(stand.fence(), {{key, value}})).ok(), "");
      stored.marks[key] = value;
    }
  }
  if (end == End::kIdle) stand.world.run_for(std::chrono::seconds(2));
  if (end == End::kStopped) {
    stand.stop();
  } else {
    stand.kill();
  }
  for (const std::string& path : stand.world.disk().files()) {
    stored.files[path] = stand.world.disk().bytes(path);
  }
  return stored;
}

/// The same files on a new machine.
void put_files(env::sim::Disk& disk, const Stored& stored) {
  for (const char* folder : {"/data/journal", "/data/segments", "/data/state"}) {
    PENSTOCK_CHECK(disk.make_folders(folder).ok(), "");
  }
  for (const auto& [path, bytes] : stored.files) {
    auto file = disk.open(path, {.create = true, .writable = true});
    PENSTOCK_CHECK(file.ok() && (*file)->write_at(0, bytes).ok() && (*file)->sync().ok(), "");
    PENSTOCK_CHECK(disk.sync_folder(path.substr(0, path.rfind('/'))).ok(), "");
  }
}

struct Seen {
  std::size_t wrong = 0;      ///< Other bytes than were stored, or what nobody stored.
  std::size_t missing = 0;    ///< Not there, or an error that names it.
  std::uint64_t damaged = 0;  ///< What the bounds say of it afterwards.
};

Seen look(EngineStand& stand, const Stored& stored) {
  Seen seen;
  for (const auto& [ref, known] : stored.records) {
    for (std::size_t i = 0; i < known.size(); ++i) {
      const auto slice = stand.read(ref, Position{i + 1}, {.records_max = 1});
      if (!slice.ok() || slice->records.empty() || slice->records.front().at.index != i + 1) {
        ++seen.missing;
      } else if (slice->records.front().data != known[i]) {
        ++seen.wrong;
      }
    }
    const auto bounds = stand.log().bounds(ref);
    // Fenced positions may follow, records may not.
    const auto beyond = stand.read(ref, Position{known.size() + 1});
    if (bounds.ok() && beyond.ok() && !beyond->records.empty()) ++seen.wrong;
    if (bounds.ok()) seen.damaged += bounds->damaged_records;
  }
  for (const auto& [key, value] : stored.documents) {
    const auto document = stand.engine().meta().get(key);
    if (!document.has_value() || document->value != value) ++seen.missing;
  }
  for (const auto& [key, value] : stored.marks) {
    if (stand.engine().marks().get(key) != value) ++seen.missing;
  }
  return seen;
}

struct Tally {
  std::size_t flips = 0;
  std::size_t refused = 0;
  std::size_t fenced = 0;
  std::size_t torn = 0;
  std::size_t when_read = 0;  ///< Found then.
};

using Damage = std::function<void(env::sim::Disk&)>;

void damage_and_look(const Stored& stored, const std::string& path, const Damage& damage, End end,
                     Tally& tally) {
  local::OpenReport report;
  EngineStand stand(1 + tally.flips, testing::tiny_files(&report));
  put_files(stand.world.disk(), stored);
  damage(stand.world.disk());
  ++tally.flips;
  const Status opened = stand.try_open();
  if (!opened.ok()) {
    ++tally.refused;
    ASSERT_TRUE(opened.error().code == EngineErrc::kCorrupt ||
                opened.error().code == Errc::kInvalid)
        << opened.error().message;
    ASSERT_NE(opened.error().message.find("/data/"), std::string::npos) << "it says where";
    return;
  }
  const Seen seen = look(stand, stored);
  ASSERT_EQ(seen.wrong, 0u);
  const bool is_damage = report.damaged_commits + report.damaged_segments + report.damaged_records +
                             report.damaged_marks >
                         0;
  if (is_damage) ++tally.fenced;
  if (report.torn_tail) ++tally.torn;
  if (seen.missing == 0) return;
  // A block of a segment is checked when it is read: from then on it is counted.
  const bool read_says_so = path.find("segments/") != std::string::npos;
  if (read_says_so) ASSERT_EQ(seen.damaged, seen.missing);
  if (read_says_so && !is_damage) ++tally.when_read;
  if (end == End::kBusy) {
    ASSERT_TRUE(is_damage || read_says_so || report.torn_tail)
        << "silently missing: " << seen.missing;
  } else {
    ASSERT_TRUE(is_damage || read_says_so) << "taken for a torn tail or silent: " << seen.missing;
  }
}

class EngineDamage : public ::testing::TestWithParam<End> {};

TEST_P(EngineDamage, IsFoundAndNamedWhicheverBitTurnsOver) {
  log::set_level(log::Level::kOff);
  const Stored stored = store_something(7, GetParam());
  std::mt19937_64 random(11);
  Tally tally;
  // Five in a hundred bits of the bytes that are not zero, and few of the others; all bits there
  // are with PENSTOCK_SEEDS=2000.
  const std::size_t share = testing::seeds(5).size();
  const auto is_chosen = [&](std::uint8_t byte) {
    return share >= 100 || (random() % 100 < share && (byte != 0 || random() % 64 == 0));
  };
  for (const auto& [path, bytes] : stored.files) {
    for (std::size_t at = 0; at < bytes.size() * 8; ++at) {
      const std::size_t offset = at / 8;
      const auto bit = static_cast<unsigned>(at % 8);
      if (!is_chosen(bytes[offset])) continue;
      SCOPED_TRACE(path + " offset " + std::to_string(offset) + " bit " + std::to_string(bit));
      const auto flip = [&](env::sim::Disk& disk) { disk.flip_bit(path, offset, bit); };
      damage_and_look(stored, path, flip, GetParam(), tally);
      if (HasFatalFailure()) return;
    }
  }
  log::set_level(log::Level::kInfo);
  std::cout << "  " << tally.flips << " bits: " << tally.refused << " refused at the start, "
            << tally.fenced << " reported as damage, " << tally.when_read << " when read, "
            << tally.torn << " as a torn tail\n";
  EXPECT_GT(tally.flips, share * 400);
  EXPECT_GT(tally.refused, share * 8);
  EXPECT_GT(tally.fenced, share * 2);
  EXPECT_GT(tally.when_read, share * 2);
}

TEST_P(EngineDamage, IsFoundAndNamedWhicheverBlockIsLost) {
  log::set_level(log::Level::kOff);
  constexpr std::size_t kBlock = 4'096;
  const Stored stored = store_something(7, GetParam());
  Tally tally;
  for (const auto& [path, bytes] : stored.files) {
    if (path.ends_with("ballast")) continue;
    for (std::size_t offset = 0; offset < bytes.size(); offset += kBlock) {
      const auto end = std::min(offset + kBlock, bytes.size());
      const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
      if (std::all_of(&bytes[offset], &bytes[offset] + (end - offset), is_zero)) continue;
      SCOPED_TRACE(path + " offset " + std::to_string(offset) + " reads as zeros");
      const auto lose = [&](env::sim::Disk& disk) { disk.zero(path, offset, end - offset); };
      // The very last commit, killed right behind it, looks as if it had never been written.
      const bool is_last = GetParam() == End::kBusy && offset == stored.last_commit_at(path);
      if (!is_last) damage_and_look(stored, path, lose, GetParam(), tally);
      if (HasFatalFailure()) return;
    }
  }
  log::set_level(log::Level::kInfo);
  EXPECT_GT(tally.flips, 20u);
  EXPECT_GT(tally.fenced, 3u);
}

INSTANTIATE_TEST_SUITE_P(Ends, EngineDamage,
                         ::testing::Values(End::kStopped, End::kIdle, End::kBusy),
                         [](const auto& info) {
                           return info.param == End::kStopped ? "Stopped"
                                  : info.param == End::kIdle  ? "Idle"
                                                              : "Busy";
                         });

}  // namespace
}  // namespace penstock::engine
