#pragma once

#include "base/result.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace penstock::env {

struct OpenOptions {
  bool create = false;     ///< Make it when it is missing.
  bool exclusive = false;  ///< With create: it must not exist (Errc::kExists).
  bool writable = false;
  /// Each write_at is durable when it returns, past the page cache where the file system allows
  /// (O_DIRECT + RWF_DSYNC); offset, length and address must then be multiples of 4096.
  bool direct = false;
  /// Past the page cache where the file system allows (O_DIRECT), and no more than that: what is
  /// written needs sync(). Aligned like direct, reads too. Not with direct.
  bool uncached = false;
};

/// A file of the data folder. Synchronous: used by Workers, and at start and stop.
/// Every failure is Errc::kIo or kNoSpace with operation, path and errno in the message.
class File {
 public:
  virtual ~File() = default;
  /// Bytes read; fewer than asked only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> into) = 0;
  /// All of it or an error; after an error the range may hold anything.
  virtual Status write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) = 0;
  /// Everything written before survives a power cut. After a failure nothing is known, ever.
  virtual Status sync() = 0;
  virtual Result<std::uint64_t> size() = 0;
  virtual Status truncate(std::uint64_t bytes) = 0;
  /// Who may do what with it, as in chmod. Files that are nowhere are their owner's.
  virtual Result<unsigned> permissions() { return 0600u; }
};

/// Folders and files, by path. Names become durable with sync_folder of their parent.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) = 0;
  /// Names only, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  virtual Status make_folders(const std::string& folder) = 0;
  virtual Status remove(const std::string& path) = 0;
  /// Replaces `to` in one step.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status sync_folder(const std::string& folder) = 0;
  virtual Result<std::uint64_t> free_bytes(const std::string& folder) = 0;
  /// Whether direct and uncached files beside this one, which exists, go past the page cache. Where
  /// they do not they go through it, and direct writes are synced one by one.
  virtual bool goes_past_cache(const std::string& path) = 0;

  class Lock {
   public:
    virtual ~Lock() = default;
  };
  /// Against a second server on the same folder; Errc::kExists when it is taken, and stays so for
  /// two seconds.
  virtual Result<std::unique_ptr<Lock>> lock(const std::string& path) = 0;
};

}  // namespace penstock::env
