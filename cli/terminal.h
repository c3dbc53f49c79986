#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::cli {

/// A table for people: columns as wide as their widest cell, numbers to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> headings);
  void row(std::vector<std::string> cells);
  /// A line between groups of rows.
  void rule();
  std::string text() const;
  bool empty() const { return rows_.empty(); }

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<std::string>> rows_;  ///< An empty row is a rule.
};

/// One line on standard error that is drawn again and again; silent where that is not a terminal.
class Progress {
 public:
  Progress(std::string label, std::size_t total);
  ~Progress();
  void update(std::size_t done, std::string_view note = {});

 private:
  std::string label_;
  std::size_t total_;
  bool shown_;
  std::size_t last_percent_ = 101;
};

/// 1707 as "1,707".
std::string with_commas(long long number);
/// "1 shard", "1,707 shards"
std::string counted(long long count, const std::string& thing);
bool is_terminal(std::FILE* stream);
/// Text between the terminal's codes; plain where stdout is no terminal, or NO_COLOR is set.
std::string bold(std::string_view text);
std::string dim(std::string_view text);
std::string red(std::string_view text);
std::string green(std::string_view text);
std::string yellow(std::string_view text);
/// Columns a text takes: the codes above take none.
std::size_t columns_of(std::string_view text);
/// Of the terminal on stdout; 80 where there is none and COLUMNS does not say.
std::size_t terminal_width();
/// "2026-11-25T16:00:00Z"
std::string utc_time(std::int64_t millis);

}  // namespace penstock::cli
