#include "engine/local/documents.h"

#include "base/check.h"

#include <algorithm>
#include <iterator>

namespace penstock::engine::local {

Version Documents::staged_version_of(const std::string& key) const {
  if (const auto staged = staged_.find(key); staged != staged_.end()) return staged->second;
  const auto stored = documents_.find(key);
  return stored == documents_.end() ? Version{} : stored->second.version;
}

Result<MetaFrame> Documents::stage(std::vector<Change> changes) {
  const std::lock_guard lock(mutex_);
  for (const Change& change : changes) {
    const Version present = staged_version_of(change.key);
    if (present != change.expected) {
      return Error{EngineErrc::kConflict, change.key + ": version is " +
                                              std::to_string(present.value) + ", expected " +
                                              std::to_string(change.expected.value)};
    }
  }
  std::erase_if(changes, [](const Change& change) { return change.op == Change::Op::kCheck; });
  MetaFrame frame{Version{++last_staged_.value}, std::move(changes)};
  for (const Change& change : frame.changes) {
    staged_[change.key] = change.op == Change::Op::kErase ? Version{} : frame.version;
  }
  return frame;
}

void Documents::unstage() {
  const std::lock_guard lock(mutex_);
  staged_.clear();
  last_staged_ = applied_;
}

void Documents::apply(const MetaFrame& frame, Wakeups& wakeups) {
  const std::lock_guard lock(mutex_);
  PENSTOCK_CHECK(frame.version > applied_, "commits are applied in the order of versions");
  applied_ = frame.version;
  last_staged_ = std::max(last_staged_, frame.version);
  change(frame);
  for (const Change& change : frame.changes) {
    for (const Watch& watch : watches_) {
      if (change.key.starts_with(watch.prefix)) wakeups.add(watch.watcher);
    }
  }
  // What later commits staged for the same keys stays.
  if (applied_ == last_staged_) staged_.clear();
}

void Documents::change(const MetaFrame& frame) {
  for (const Change& change : frame.changes) {
    if (change.op == Change::Op::kErase) {
      documents_.erase(change.key);
    } else {
      documents_.insert_or_assign(change.key, Stored{frame.version, change.value});
    }
  }
}

void Documents::replay(const MetaFrame& frame) {
  const std::lock_guard lock(mutex_);
  change(frame);
  applied_ = std::max(applied_, frame.version);
  last_staged_ = std::max(last_staged_, frame.version);
}

std::optional<Document> Documents::get(std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto found = documents_.find(key);
  if (found == documents_.end()) return std::nullopt;
  return Document{found->first, found->second.version, found->second.value};
}

std::vector<Document> Documents::list(std::string_view prefix) const {
  const std::lock_guard lock(mutex_);
  std::vector<Document> found;
  for (auto at = documents_.lower_bound(prefix);
       at != documents_.end() && at->first.starts_with(prefix); ++at) {
    found.push_back({at->first, at->second.version, at->second.value});
  }
  return found;
}

Version Documents::applied_version() const {
  const std::lock_guard lock(mutex_);
  return applied_;
}

void Documents::watch(std::string prefix, std::shared_ptr<Watcher> watcher) {
  const std::lock_guard lock(mutex_);
  watches_.push_back({std::move(prefix), std::move(watcher)});
}

void Documents::unwatch(const Watcher* watcher) {
  const std::lock_guard lock(mutex_);
  std::erase_if(watches_, [&](const Watch& one) { return one.watcher.get() == watcher; });
}

std::vector<Document> Documents::page(std::string_view after, std::size_t count) const {
  const std::lock_guard lock(mutex_);
  std::vector<Document> found;
  for (auto at = documents_.upper_bound(after); at != documents_.end() && found.size() < count;
       ++at) {
    found.push_back({at->first, at->second.version, at->second.value});
  }
  return found;
}

void Documents::restore(Document document) {
  const std::lock_guard lock(mutex_);
  documents_.insert_or_assign(std::move(document.key),
                              Stored{document.version, std::move(document.value)});
}

void Documents::restore_version(Version version) {
  const std::lock_guard lock(mutex_);
  applied_ = std::max(applied_, version);
  last_staged_ = std::max(last_staged_, version);
}

MarksFrame MarkTable::stage(std::vector<Marks::Mark> marks) {
  const std::lock_guard lock(mutex_);
  return MarksFrame{++last_staged_, std::move(marks)};
}

void MarkTable::unstage() {
  const std::lock_guard lock(mutex_);
  last_staged_ = applied_;
}

void MarkTable::apply(const MarksFrame& frame) {
  const std::lock_guard lock(mutex_);
  PENSTOCK_CHECK(frame.sequence > applied_, "marks are applied in the order of the calls");
  applied_ = frame.sequence;
  last_staged_ = std::max(last_staged_, applied_);
  change(frame);
}

void MarkTable::change(const MarksFrame& frame) {
  for (const Marks::Mark& mark : frame.marks) {
    if (mark.value.has_value()) {
      marks_.insert_or_assign(mark.key, *mark.value);
    } else if (const auto found = marks_.find(mark.key); found != marks_.end()) {
      marks_.erase(found);
    }
  }
}

void MarkTable::replay(const MarksFrame& frame) {
  const std::lock_guard lock(mutex_);
  change(frame);
  applied_ = std::max(applied_, frame.sequence);
  last_staged_ = std::max(last_staged_, frame.sequence);
}

std::optional<std::string> MarkTable::get(std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto found = marks_.find(key);
  if (found == marks_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::pair<std::string, std::string>> MarkTable::list(std::string_view prefix) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, std::string>> found;
  for (auto at = marks_.lower_bound(prefix); at != marks_.end() && at->first.starts_with(prefix);
       ++at) {
    found.emplace_back(at->first, at->second);
  }
  return found;
}

std::uint64_t MarkTable::applied_sequence() const {
  const std::lock_guard lock(mutex_);
  return applied_;
}

std::vector<std::pair<std::string, std::string>> MarkTable::page(std::string_view after,
                                                                 std::size_t count) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, std::string>> found;
  for (auto at = marks_.upper_bound(after); at != marks_.end() && found.size() < count; ++at) {
    found.emplace_back(at->first, at->second);
  }
  return found;
}

void MarkTable::restore(std::string key, std::string value) {
  const std::lock_guard lock(mutex_);
  marks_.insert_or_assign(std::move(key), std::move(value));
}

void MarkTable::restore_sequence(std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  applied_ = std::max(applied_, sequence);
  last_staged_ = std::max(last_staged_, sequence);
}

}  // namespace penstock::engine::local
