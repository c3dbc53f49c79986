#pragma once

#include "env/disk.h"
#include "env/sim/prng.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace penstock::env::sim {

/// What goes wrong on a simulated disk, besides cuts of power. Chances are per call.
struct DiskFaults {
  double read_error = 0;
  double write_error = 0;
  double sync_error = 0;
};

/// Files in memory that forget like real ones.
///
/// What a file shows and what survives a cut of power are kept apart. sync() and direct writes make
/// bytes durable; sync_folder makes names durable. At a crash each unsynced write survives
/// whole, in part (in 512 B or 4 KiB pieces, in any order) or not at all, and each folder keeps a
/// prefix of its unsynced changes of names. After a failed sync nothing is known: those
/// writes may be lost although later syncs succeed.
class Disk final : public env::Disk {
 public:
  explicit Disk(std::uint64_t seed);
  ~Disk() override;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Status make_folders(const std::string& folder) override;
  Status remove(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status sync_folder(const std::string& folder) override;
  Result<std::uint64_t> free_bytes(const std::string& folder) override;
  bool goes_past_cache(const std::string&) override { return goes_past_cache_; }
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override;

  /// As on a file system without O_DIRECT.
  void refuse_to_go_past_cache() { goes_past_cache_ = false; }
  void set_faults(DiskFaults faults) { faults_ = faults; }
  /// The next so many calls of that kind fail.
  void fail_writes(std::uint64_t count) { failing_writes_ = count; }
  void fail_syncs(std::uint64_t count) { failing_syncs_ = count; }
  /// All files together; growing beyond it is kNoSpace, writing inside a file is not.
  void set_capacity(std::uint64_t bytes) { capacity_ = bytes; }
  std::uint64_t used_bytes() const;

  /// The power goes inside changing call number `call`, counted from now, from 1 on. 0: never.
  void cut_power_at(std::uint64_t call) { cut_at_ = call == 0 ? 0 : calls_ + call; }
  bool power_is_out() const { return power_is_out_; }
  /// Changing calls so far: writes, syncs, truncations, names.
  std::uint64_t calls() const { return calls_; }

  /// What is left after a cut of power; old handles and locks are dead. Ends power_is_out.
  void crash();

  /// Decides instead of the seed what survives cuts of power: is asked with the number of
  /// possibilities and answers one of them, from 0 on. A write then survives as a prefix of
  /// sectors, a folder's changes of names as a prefix, as they always do.
  using Choose = std::function<std::uint64_t(std::uint64_t possibilities)>;
  void choose_survivors(Choose choose) { choose_ = std::move(choose); }

  /// For tests that damage or look at what is stored. The path must exist.
  void flip_bit(const std::string& path, std::uint64_t offset, unsigned bit);
  /// A range that reads back as zeros: a lost or misplaced write.
  void zero(const std::string& path, std::uint64_t offset, std::uint64_t bytes);
  std::vector<std::uint8_t>& bytes(const std::string& path);
  /// Every file, by path, sorted.
  std::vector<std::string> files() const;

 private:
  friend class SimFile;
  struct Inode;
  struct Folder;
  struct NameChange;

  Status changing_call(const char* operation, const std::string& path, bool* torn);
  Folder* folder_of(const std::string& path);
  std::shared_ptr<Inode> find(const std::string& path);
  void tear_into_durable(Inode& inode, std::uint64_t offset, std::vector<std::uint8_t> bytes);
  void keep_prefix(Inode& inode, std::uint64_t offset, std::span<const std::uint8_t> bytes);
  bool fits(const Inode& inode, std::uint64_t end) const;

  Prng prng_;
  DiskFaults faults_;
  std::uint64_t failing_writes_ = 0;
  std::uint64_t failing_syncs_ = 0;
  std::uint64_t capacity_ = ~std::uint64_t{0};
  std::uint64_t calls_ = 0;
  std::uint64_t cut_at_ = 0;
  bool power_is_out_ = false;
  bool goes_past_cache_ = true;
  std::uint64_t boots_ = 0;
  std::uint64_t last_inode_ = 0;
  Choose choose_;
  std::map<std::string, std::unique_ptr<Folder>> folders_;
  std::shared_ptr<std::set<std::string>> locks_;
};

}  // namespace penstock::env::sim
