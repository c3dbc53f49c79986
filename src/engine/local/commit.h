#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace penstock::engine::local {

/// A secret of one data folder, mixed into every checksum: whoever writes records cannot write
/// bytes that pass for a commit.
class Salt {
 public:
  static constexpr std::size_t kBytes = 16;
  using Bytes = std::array<std::uint8_t, kBytes>;

  Salt() = default;
  explicit Salt(const Bytes& bytes);
  const Bytes& bytes() const { return bytes_; }
  /// CRC-32C of the salt, then of `bytes`.
  std::uint32_t checksum(std::span<const std::uint8_t> bytes) const;

 private:
  Bytes bytes_{};
  std::uint32_t seed_ = 0;
};

/// What is written in one piece: to the journal, and in snapshots. It starts on a multiple of
/// kCommitAlign and is padded to one. The numbers grow by one; the totals count since the folder
/// was made and include the commit itself, so that a reader knows what a missing commit held.
///
///      0  u32 magic "PSC1"      4  u32 salted CRC-32C of bytes 8 to length
///      8  u64 number           16  u64 number of the file it was written to
///     24  u32 length, header and frames, without padding     28  u32 flags
///     32  u64 records ever     40  u64 frames of state ever   48  u64 frames of marks ever
///     56  u64 zero             64  frames
struct CommitHeader {
  std::uint64_t number = 0;
  std::uint64_t file = 0;
  std::uint32_t length = 0;
  std::uint32_t flags = 0;
  std::uint64_t records_total = 0;
  std::uint64_t state_total = 0;
  std::uint64_t marks_total = 0;
};

inline constexpr std::size_t kCommitHeaderBytes = 64;
inline constexpr std::size_t kCommitAlign = 4'096;

/// Written with durability "os": a cut of power may have lost it and kept later ones.
inline constexpr std::uint32_t kCommitUnsynced = 1;
/// The last one of a server that stopped in order, or of a snapshot.
inline constexpr std::uint32_t kCommitLast = 2;

/// Writes the header at the start of `bytes`, which are header and frames; header.length is set.
void seal_commit(std::span<std::uint8_t> bytes, CommitHeader header, const Salt& salt);

/// The header at the start of `bytes` when it has the magic and a possible length; not checked
/// further.
std::optional<CommitHeader> peek_commit(std::span<const std::uint8_t> bytes);

/// The header when `bytes` hold the whole commit and its checksum is right.
std::optional<CommitHeader> check_commit(std::span<const std::uint8_t> bytes, const Salt& salt);

}  // namespace penstock::engine::local
