#pragma once

#include "base/result.h"
#include "cli/wire.h"

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace penstock::cli {

/// Records, and the line each of them was.
struct NumberedLines {
  std::vector<wire::PutEntry> entries;
  std::vector<std::size_t> numbers;
};

/// Reads a file ("-": standard input) as one record a line; empty lines are skipped.
class LineReader {
 public:
  /// When enough was read of an input that may pause. A file is read as a whole.
  struct Enough {
    std::size_t entries;
    std::size_t bytes;
  };

  /// key_field  top-level member of each JSON line whose text is the partition key; empty: a random
  ///            key for each record
  /// fails      CliErrc::kUsage
  static Result<LineReader> open(const std::string& file, const std::string& key_field);

  /// The next lines: all of a file, of a pipe or a terminal what has come. Waits for the first
  /// line; no lines at the end.
  /// fails      CliErrc::kUsage naming file and line
  Result<NumberedLines> next(Enough enough);
  /// Whether next() gives everything at once, and fails before it has given anything.
  bool is_file() const { return is_file_; }
  /// "orders.ndjson:7"
  std::string place(std::size_t number) const { return file_ + ":" + std::to_string(number); }

 private:
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  LineReader(std::string file, std::string key_field);

  Result<wire::PutEntry> entry_of(std::string line);
  /// The end of a line that was read, or of what was; npos when more must be read.
  std::size_t line_end();
  Status read_more();
  /// Whether something can be read, or the end was reached.
  bool is_readable_within(std::chrono::milliseconds pause) const;

  std::string file_;
  std::string key_field_;
  File opened_{nullptr, &std::fclose};  ///< Nothing for standard input.
  int descriptor_ = -1;
  bool is_file_ = false;
  bool is_at_end_ = false;
  std::string buffer_;
  std::size_t taken_ = 0;     ///< So much of the buffer has become lines.
  std::size_t searched_ = 0;  ///< Between taken_ and here no line ends.
  std::size_t number_ = 0;    ///< Of the last line.
  std::mt19937_64 random_{std::random_device{}()};
};

/// All lines of a file.
Result<std::vector<wire::PutEntry>> read_lines(const std::string& file,
                                               const std::string& key_field);

}  // namespace penstock::cli
