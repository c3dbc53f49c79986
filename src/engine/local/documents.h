#pragma once

#include "engine/errors.h"
#include "engine/local/frame.h"
#include "engine/local/wakeups.h"
#include "engine/meta.h"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::engine::local {

/// The documents of Meta: what is durable, and the versions of what is on its way. Thread-safe.
class Documents {
 public:
  /// Checks `changes` against staged state and gives them a version. kConflict names the key.
  /// The frame holds the puts and erases.
  Result<MetaFrame> stage(std::vector<Change> changes);
  /// What was staged and not applied was never staged.
  void unstage();
  /// The commit of that version is durable; in the order of versions.
  void apply(const MetaFrame& frame, Wakeups& wakeups);

  std::optional<Document> get(std::string_view key) const;
  std::vector<Document> list(std::string_view prefix) const;
  Version applied_version() const;

  void watch(std::string prefix, std::shared_ptr<Watcher> watcher);
  void unwatch(const Watcher* watcher);

  /// For snapshots: the next documents behind `after`, at most `count`.
  std::vector<Document> page(std::string_view after, std::size_t count) const;
  /// At start: from a snapshot, then from the journal. A snapshot may be ahead of the first commits
  /// that are replayed; by the last of them the two agree.
  void restore(Document document);
  void restore_version(Version version);
  void replay(const MetaFrame& frame);

 private:
  struct Stored {
    Version version;
    std::string value;
  };
  struct Watch {
    std::string prefix;
    std::shared_ptr<Watcher> watcher;
  };
  Version staged_version_of(const std::string& key) const;
  void change(const MetaFrame& frame);

  mutable std::mutex mutex_;
  std::map<std::string, Stored, std::less<>> documents_;
  /// Version 0: erased. Entries go when the commit that made them is applied.
  std::map<std::string, Version, std::less<>> staged_;
  Version last_staged_;
  Version applied_;
  std::vector<Watch> watches_;
};

/// The marks: durable values only, the last write wins. Thread-safe.
class MarkTable {
 public:
  MarksFrame stage(std::vector<Marks::Mark> marks);
  /// As in Documents.
  void unstage();
  void apply(const MarksFrame& frame);
  std::optional<std::string> get(std::string_view key) const;
  std::vector<std::pair<std::string, std::string>> list(std::string_view prefix) const;
  std::uint64_t applied_sequence() const;
  std::vector<std::pair<std::string, std::string>> page(std::string_view after,
                                                        std::size_t count) const;
  /// As in Documents.
  void restore(std::string key, std::string value);
  void restore_sequence(std::uint64_t sequence);
  void replay(const MarksFrame& frame);

 private:
  void change(const MarksFrame& frame);

  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> marks_;
  std::uint64_t last_staged_ = 0;
  std::uint64_t applied_ = 0;
};

}  // namespace penstock::engine::local
