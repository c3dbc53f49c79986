#pragma once

#include "base/result.h"
#include "engine/local/commit.h"
#include "env/disk.h"
#include "env/random.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::engine::local {

/// The suffix of a file that is not complete yet. It gets its name when it is durable.
inline constexpr std::string_view kUnfinished = ".new";

/// The names of what is in a data folder, its lock, and the salt of its checksums.
///
///     lock                              held by the server that has the folder open
///     format                            version and salt, twice; written once
///     ballast                           room for changes of state when the disk is full
///     journal/<number>.journal          commits, in the order of the numbers
///     segments/<number>.segment         records at rest
///     state/<number>.snapshot           documents, marks and shards as of a commit
class DataFolder {
 public:
  DataFolder(DataFolder&&) = default;
  DataFolder& operator=(DataFolder&&) = default;

  /// Makes the folder when it is missing, locks it, and reads or draws the salt.
  /// fails     Errc::kExists (locked), kIo, kNoSpace; EngineErrc::kCorrupt
  static Result<DataFolder> open(env::Disk& disk, const std::string& path, env::Random& random);

  env::Disk& disk() const { return *disk_; }
  const Salt& salt() const { return salt_; }
  const std::string& path() const { return path_; }
  std::string journal() const { return path_ + "/journal"; }
  std::string segments() const { return path_ + "/segments"; }
  std::string state() const { return path_ + "/state"; }
  std::string ballast() const { return path_ + "/journal/ballast"; }
  std::string journal_file(std::uint64_t number) const;
  std::string segment_file(std::uint64_t number) const;
  std::string snapshot_file(std::uint64_t number) const;

  /// The numbers of the journal's files, of segments, of snapshots, ascending.
  Result<std::vector<std::uint64_t>> journal_numbers() const;
  Result<std::vector<std::uint64_t>> segment_numbers() const;
  Result<std::vector<std::uint64_t>> snapshot_numbers() const;
  /// An empty file to write what is to be renamed to `path` when it is durable; `path` +
  /// kUnfinished.
  Result<std::unique_ptr<env::File>> create_unfinished(const std::string& path,
                                                       env::OpenOptions how) const;
  /// Gives it its name, durably.
  Status finish(const std::string& path) const;
  /// Gives it up: what a full disk did not take must not fill it further.
  void abandon(const std::string& path) const;
  /// What is needed no longer becomes unfinished again, under the path returned: durably when the
  /// folder was synced, and from then on it may be cut to pieces.
  Result<std::string> retire(const std::string& path) const;
  /// Removes what was being written when a server died.
  Status remove_unfinished() const;

 private:
  DataFolder() = default;
  Status read_format(env::Random& random);
  Status write_format(env::Random& random);

  env::Disk* disk_ = nullptr;
  std::string path_;
  std::unique_ptr<env::Disk::Lock> lock_;
  Salt salt_;
};

}  // namespace penstock::engine::local
