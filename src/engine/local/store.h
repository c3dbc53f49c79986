#pragma once

#include "base/result.h"
#include "engine/local/core.h"
#include "engine/local/data_folder.h"
#include "engine/local/journal.h"
#include "engine/local/journal_files.h"
#include "engine/local/segment.h"
#include "env/worker.h"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace penstock::engine::local {

class SegmentWriter;

/// Behind the puts: moves records from memory into segments, writes snapshots, lets journal files,
/// segments and chunks go that are needed no longer, and makes journal files ahead.
///
/// Everything runs on the store's thread. The order is what keeps records: a segment and
/// a snapshot are durable before the journal's files that they replace are released; a trim or a
/// drop is durable before a segment is removed.
class Store {
 public:
  /// `wake_later` arranges for maintain() after a while: something failed that may go better then,
  /// or there is more to do, and puts are to have the disk in between.
  Store(Core& core, const DataFolder& folder, JournalFiles& files, Journal& journal,
        std::function<void(Millis)> wake_later);

  /// At start.
  void restore(std::shared_ptr<Segment> segment);
  void set_last_segment(std::uint64_t number) { last_segment_ = number; }

  void maintain();
  /// Before anything is committed: the state as of the last commit, so that what lies before it is
  /// not read again.
  Status settle(const CommitHeader& last);
  /// Writes everything durable that is in no segment yet into segments.
  Status flush();
  /// Lets chunks go that are in segments, until at most `used_bytes` of the budget are used, but by
  /// the free ones, which take the next records.
  void evict(std::size_t used_bytes);
  bool is_memory_short() const;

 private:
  struct Pending {
    std::shared_ptr<Shard> shard;
    Shard::Unflushed records;
  };
  void release();
  Status flush_and_release();
  Status flush_all();
  Status snapshot(const CommitHeader& as_of);
  Status write_segment(const std::vector<Pending>& pending);
  Status add_records(SegmentWriter& writer, const Pending& pending);
  void make_room_meanwhile();
  Status remove_older_snapshots(std::uint64_t number);
  Status sweep();
  Status retire_unneeded();
  Status give_room_back();
  Status rewrite_one();
  std::shared_ptr<Segment> to_be_rewritten() const;
  Status rewrite(std::shared_ptr<Segment> segment);
  Result<Segment::Opened> copy_live(const Segment& segment, std::uint64_t number);
  Status relieve();
  std::size_t used_bytes_max() const;
  std::size_t bytes_to_keep() const;
  bool evict_to(std::size_t used_bytes, Shard::Evicted which);
  Status sync_journal();
  void admit();
  void note(const Status& status);
  bool is_flush_due() const;

  Core& core_;
  const DataFolder& folder_;
  JournalFiles& files_;
  Journal& journal_;
  std::function<void(Millis)> wake_later_;
  const bool direct_;
  std::uint64_t last_segment_ = 0;
  std::vector<std::shared_ptr<Segment>> segments_;
  struct Retired {
    std::string path;
    std::uint64_t bytes;
  };
  std::deque<Retired> retired_;  ///< Segments that no shard needs, until their room is given back.
  bool are_retired_durably_ = true;
  ShardRef evicted_last_;
  std::size_t unwatched_bytes_ = 0;              ///< Written since memory was looked at.
  std::vector<std::uint64_t> damaged_segments_;  ///< Not to be rewritten: they do not read back.
  std::string last_trouble_;
};

}  // namespace penstock::engine::local
