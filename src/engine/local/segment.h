#pragma once

#include "base/result.h"
#include "engine/local/block.h"
#include "env/disk.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace penstock::engine::local {

/// A segment file that is complete: blocks of frames and, at its end, an index of them.
/// Read by Workers; the numbers by anybody.
class Segment {
 public:
  Segment(std::uint64_t number, std::string path, std::unique_ptr<env::File> file,
          std::uint64_t total_bytes)
      : number_(number),
        path_(std::move(path)),
        file_(std::move(file)),
        total_bytes_(total_bytes) {}

  std::uint64_t number() const { return number_; }
  const std::string& path() const { return path_; }
  /// Of all its blocks, when it was written.
  std::uint64_t total_bytes() const { return total_bytes_; }

  /// Reads one block and checks it. Blocking. kCorrupt names the file and the offset.
  Status read(const Block& block, std::span<std::uint8_t> into) const;

 private:
  std::uint64_t number_;
  std::string path_;
  std::unique_ptr<env::File> file_;
  std::uint64_t total_bytes_;
};

}  // namespace penstock::engine::local
