#include "engine/local/recovery.h"

#include "base/log.h"
#include "engine/errors.h"
#include "engine/local/frame.h"
#include "engine/local/journal_scan.h"
#include "engine/local/segment.h"
#include "engine/local/snapshot.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace penstock::engine::local {
namespace {

/// Blocks found in segments, until their shards exist.
class FoundBlocks {
 public:
  void add(const Segment::Opened& opened) {
    for (const Block& block : opened.blocks) {
      blocks_[block.shard].push_back({block, opened.segment});
    }
  }
  void give_to(Shard& shard) {
    const auto found = blocks_.find(shard.ref());
    if (found == blocks_.end()) return;
    for (StoredBlock& stored : found->second) shard.restore(std::move(stored));
    blocks_.erase(found);
    shard.finish_restore();
  }

 private:
  std::map<ShardRef, std::vector<StoredBlock>> blocks_;
};

struct OwnCounts {
  std::uint64_t records = 0;
  std::uint64_t state = 0;
  std::uint64_t marks = 0;
};

/// Of frames that fit.
OwnCounts counts_of(std::span<const std::uint8_t> frames) {
  OwnCounts counts;
  while (const auto frame = first_frame(frames)) {
    if (frame->kind == FrameKind::kRecords) {
      counts.records += records_header(frame->bytes.data()).count;
    } else if (frame->kind == FrameKind::kMarks) {
      ++counts.marks;
    } else {
      ++counts.state;
    }
    frames = frames.subspan(frame->bytes.size());
  }
  return counts;
}

class Replay final : public JournalVisitor {
 public:
  Replay(Core& core, Store& store, FoundBlocks& blocks, OpenReport& report)
      : core_(core), store_(store), blocks_(blocks), report_(report) {}

  Status commit(const CommitHeader& header, std::span<const std::uint8_t> frames) override;
  Status missing(const MissingCommits& missing) override;
  Status file_end() override;
  /// After the last commit.
  void fence_the_unexplained();
  std::uint64_t epoch() const { return epoch_; }
  void set_epoch(std::uint64_t epoch) { epoch_ = std::max(epoch_, epoch); }

 private:
  Status settle_missing(const CommitHeader& header, std::span<const std::uint8_t> frames);
  bool attribute(const MissingCommits& missing, std::uint64_t records);
  bool replay_state(const FrameView& frame);
  bool replay_shard(const FrameView& frame);
  void replay_records(std::span<const std::uint8_t> frame);
  void explain(const Shard& shard, Position next);
  void add_shards(LogId log, std::uint32_t count);

  Core& core_;
  Store& store_;
  FoundBlocks& blocks_;
  OpenReport& report_;
  std::uint64_t epoch_ = 0;
  std::optional<MissingCommits> missing_;  ///< Until the commit behind it says what it held.
  std::uint64_t unexplained_ = 0;          ///< Lost records whose shard is not known.
};

Status Replay::missing(const MissingCommits& missing) {
  missing_ = missing;
  return ok();
}

/// The totals of the commits around it say what is missing.
Status Replay::settle_missing(const CommitHeader& header, std::span<const std::uint8_t> frames) {
  const MissingCommits missing = *std::exchange(missing_, std::nullopt);
  const OwnCounts own = counts_of(frames);
  const CommitHeader& before = missing.before;
  if (header.records_total < before.records_total + own.records ||
      header.state_total < before.state_total + own.state ||
      header.marks_total < before.marks_total + own.marks) {
    return Error{EngineErrc::kCorrupt,
                 missing.where + ": the commits around it do not belong together"};
  }
  const std::uint64_t count = header.number - before.number - 1;
  const std::uint64_t records = header.records_total - own.records - before.records_total;
  const std::uint64_t state = header.state_total - own.state - before.state_total;
  const std::uint64_t marks = header.marks_total - own.marks - before.marks_total;
  if (state != 0) {
    return Error{
        EngineErrc::kCorrupt,
        missing.where + ": " + std::to_string(count) + " commits behind number " +
            std::to_string(missing.before.number) + " are damaged, among them " +
            std::to_string(state) +
            " changes of streams, shards or other documents; nothing is served without them"};
  }
  report_.damaged_commits += count;
  report_.damaged_marks += marks;
  log::error(
      "a part of the journal is damaged",
      {{"where", missing.where}, {"commits", count}, {"records", records}, {"marks", marks}});
  if (records != 0 && !attribute(missing, records)) unexplained_ += records;
  return ok();
}

/// Fences the records of one missing commit in their shards, when its remains say which they were
/// and agree with all that is known.
bool Replay::attribute(const MissingCommits& missing, std::uint64_t records) {
  if (missing.remains.empty() || missing.after.number != missing.before.number + 2) return false;
  std::vector<RecordsHeader> headers;
  for (auto frames = std::span(missing.remains).subspan(kCommitHeaderBytes); !frames.empty();) {
    const auto frame = first_frame(frames);
    if (!frame.has_value() || frame->bytes.size() < kRecordsHeaderBytes) return false;
    frames = frames.subspan(frame->bytes.size());
    if (frame->kind == FrameKind::kRecords) headers.push_back(records_header(frame->bytes.data()));
  }
  std::sort(headers.begin(), headers.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::map<ShardRef, std::uint64_t> lost;
  std::uint64_t sum = 0;
  for (const RecordsHeader& header : headers) {
    const auto shard = core_.shards.find(header.shard);
    if (shard == nullptr) return false;
    const Position next = shard->bounds().next;
    if (header.next() <= next) {  // In a segment already.
      sum += header.count;
      continue;
    }
    std::uint64_t& count = lost[header.shard];
    if (header.first.index != next.index + count) return false;
    count += header.count;
    sum += header.count;
  }
  if (sum != records) return false;
  for (const auto& [ref, count] : lost) core_.shards.find(ref)->replay_gap(count);
  return true;
}

void Replay::fence_the_unexplained() {
  if (unexplained_ == 0) return;
  for (const auto& shard : core_.shards.all()) shard->replay_gap(unexplained_);
}

Status Replay::commit(const CommitHeader& header, std::span<const std::uint8_t> frames) {
  const auto malformed = [&] {
    return Error{EngineErrc::kCorrupt, "commit " + std::to_string(header.number) +
                                           " of the journal checks out but makes no sense"};
  };
  std::vector<std::span<const std::uint8_t>> records;
  std::vector<FrameView> changes;
  for (auto left = frames; !left.empty();) {
    const auto frame = first_frame(left);
    if (!frame.has_value()) return malformed();
    left = left.subspan(frame->bytes.size());
    if (frame->kind != FrameKind::kRecords) {
      changes.push_back(*frame);
    } else if (records_fit(frame->bytes)) {
      records.push_back(frame->bytes);
    } else {
      return malformed();
    }
  }
  if (missing_.has_value()) TRY_OK(settle_missing(header, frames));
  // Two lanes may have staged for one shard in turn: inside a commit its frames are not in order.
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) {
    return records_header(a.data()).first < records_header(b.data()).first;
  });
  // Records first, as when they were published: a seal counts what lies before it.
  for (const auto& frame : records) replay_records(frame);
  for (const FrameView& change : changes) {
    if (!replay_state(change)) return malformed();
  }
  ++report_.replayed_commits;
  return ok();
}

void Replay::replay_records(std::span<const std::uint8_t> frame) {
  const RecordsHeader header = records_header(frame.data());
  const auto shard = core_.shards.find(header.shard);
  if (shard == nullptr) return;  // Dropped later.
  explain(*shard, header.first);
  shard->replay(frame, *core_.pool);
}

/// Records of this shard existed before `next`: those that are not known are among the lost ones.
void Replay::explain(const Shard& shard, Position next) {
  const Position known = shard.bounds().next;
  if (next > known) unexplained_ -= std::min(unexplained_, next.index - known.index);
}

bool Replay::replay_state(const FrameView& frame) {
  switch (frame.kind) {
    case FrameKind::kMeta: {
      const auto meta = decode_meta(frame.body());
      if (meta.has_value()) core_.documents->replay(*meta);
      return meta.has_value();
    }
    case FrameKind::kMarks: {
      const auto marks = decode_marks(frame.body());
      if (marks.has_value()) core_.marks.replay(*marks);
      return marks.has_value();
    }
    case FrameKind::kBoot: {
      const auto boot = decode_boot(frame.body());
      if (boot.has_value()) set_epoch(boot->epoch);
      return boot.has_value();
    }
    case FrameKind::kEnsure: {
      const auto ensure = decode_ensure(frame.body());
      if (ensure.has_value()) add_shards(ensure->log, ensure->shard_count);
      return ensure.has_value();
    }
    case FrameKind::kDrop: {
      const auto drop = decode_drop(frame.body());
      if (!drop.has_value()) return false;
      Wakeups nobody;
      for (const auto& shard : core_.shards.remove(drop->log)) {
        shard->apply_drop(nobody);
        shard->release_all();
      }
      return true;
    }
    case FrameKind::kSeal:
    case FrameKind::kTrim: return replay_shard(frame);
    default: return false;
  }
}

bool Replay::replay_shard(const FrameView& frame) {
  const auto change = decode_shard(frame.body());
  if (!change.has_value()) return false;
  const auto shard = core_.shards.find(change->shard);
  if (shard == nullptr) return true;  // Dropped later.
  explain(*shard, change->position);
  shard->replay_to(change->position);
  Wakeups nobody;
  if (frame.kind == FrameKind::kSeal) {
    shard->apply_seal(change->position, nobody);
  } else {
    shard->apply_trim(change->position);
    shard->release_all();
  }
  return true;
}

void Replay::add_shards(LogId log, std::uint32_t count) {
  const std::uint32_t before = core_.shards.count(log);
  core_.shards.ensure(log, count);
  for (std::uint32_t number = before; number < count; ++number) {
    blocks_.give_to(*core_.shards.find(ShardRef{log, number}));
  }
}

/// The journal may hold more than memory may.
Status Replay::file_end() {
  if (!store_.is_memory_short()) return ok();
  TRY_OK(store_.flush());
  store_.evict(core_.budget.limit_bytes() / 2);
  return ok();
}

// --- The steps ------------------------------------------------------------------------------

Result<LoadedSnapshot> load_newest_snapshot(Core& core, const DataFolder& folder) {
  TRY(const auto numbers, folder.snapshot_numbers());
  if (numbers.empty()) return LoadedSnapshot{};
  return load_snapshot(folder, numbers.back(), {*core.documents, core.marks, core.shards});
}

/// A segment whose index is damaged is named and left out: its records are fenced unless the
/// journal still has them.
Status open_segments(const DataFolder& folder, Store& store, FoundBlocks& blocks,
                     OpenReport& report) {
  TRY(const auto numbers, folder.segment_numbers());
  for (const std::uint64_t number : numbers) {
    auto opened = Segment::open(folder, number);
    store.set_last_segment(number);
    if (!opened.ok()) {
      if (opened.error().code != EngineErrc::kCorrupt) return std::move(opened).error();
      log::error("a segment is damaged", {{"cause", opened.error().message}});
      ++report.damaged_segments;
      continue;
    }
    blocks.add(*opened);
    store.restore(opened->segment);
  }
  return ok();
}

/// Where the journal goes on, and which files are still needed.
Result<std::optional<JournalFile>> sort_files(const ScannedJournal& scanned,
                                              const CommitHeader& base, JournalFiles& files) {
  std::optional<JournalFile> current;
  for (const ScannedFile& file : scanned.files) {
    const bool is_needed = file.last.has_value() && file.last->number > base.number;
    if (!is_needed) {
      files.add_spare(file.number, file.size);
    } else if (file.last->number == scanned.last.number && file.end < file.size) {
      TRY(current, files.open_at(file.number, file.size, *file.last, file.end));
    } else {
      files.add_closed(file.number, *file.last, file.size);
    }
  }
  return current;
}

void name_damage(const Core& core, OpenReport& report) {
  for (const auto& shard : core.shards.all()) {
    for (const auto& [from, to] : shard->fence_damage()) {
      report.damaged_records += to.index - from.index;
      log::error("records are damaged and will not be served", {{"log", shard->ref().log.value},
                                                                {"shard", shard->ref().shard},
                                                                {"from", from.index},
                                                                {"to", to.index - 1}});
    }
  }
}

void name_tail(const ScannedJournal& scanned, OpenReport& report) {
  report.torn_tail = scanned.torn_at.has_value();
  report.cut_commits = scanned.cut_commits;
  if (!scanned.torn_at.has_value()) return;
  log::warn(
      "the journal ends in something unreadable, which was left out: most likely what was being "
      "written when the server died, which nobody was told had been stored",
      {{"where", *scanned.torn_at}, {"later_commits_lost", scanned.cut_commits}});
}

}  // namespace

Result<OpenReport> recover(Core& core, const DataFolder& folder, JournalFiles& files,
                           Journal& journal, Store& store) {
  OpenReport report;
  FoundBlocks blocks;
  TRY(const LoadedSnapshot snapshot, load_newest_snapshot(core, folder));
  TRY_OK(open_segments(folder, store, blocks, report));
  for (const auto& shard : core.shards.all()) blocks.give_to(*shard);

  Replay replay(core, store, blocks, report);
  replay.set_epoch(snapshot.facts.epoch);
  TRY(const ScannedJournal scanned, scan_journal(folder, snapshot.as_of, replay));
  if (scanned.last.number < snapshot.facts.through) {
    return Error{EngineErrc::kCorrupt,
                 folder.journal() + ": ends at commit " + std::to_string(scanned.last.number) +
                     (scanned.torn_at.has_value() ? " (" + *scanned.torn_at + ")" : "") + ", but " +
                     folder.snapshot_file(snapshot.as_of.number) + " needs it up to commit " +
                     std::to_string(snapshot.facts.through)};
  }
  for (const auto& shard : core.shards.all()) shard->finish_replay();
  replay.fence_the_unexplained();
  name_tail(scanned, report);
  name_damage(core, report);

  TRY(auto current, sort_files(scanned, snapshot.as_of, files));
  files.find_ballast();
  if (!scanned.files.empty() && !files.has_ballast()) {
    // Killed when it was just born, or on a full disk: what there is decides what may be taken from
    // the first put on.
    files.prepare().ignore("the store tries again, and says so");
  }
  journal.start(std::move(current), scanned.last);
  core.epoch = Fence{replay.epoch() + 1};
  if (report.damaged_commits != 0) {
    // What was fenced stays fenced, whatever later starts could conclude from later commits.
    if (const Status settled = store.settle(scanned.last); !settled.ok()) {
      log::warn("what is damaged is looked at again at the next start",
                {{"cause", settled.error().message}});
    }
  }
  std::vector<std::uint8_t> boot;
  encode(boot, BootFrame{core.epoch.epoch});
  TRY_OK(journal.write_alone(boot, 0));
  return report;
}

}  // namespace penstock::engine::local
