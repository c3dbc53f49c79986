#include "cli/terminal.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <sys/ioctl.h>
#include <unistd.h>

namespace penstock::cli {
namespace {

bool is_number(std::string_view cell) {
  return !cell.empty() && std::all_of(cell.begin(), cell.end(), [](char c) {
    return (c >= '0' && c <= '9') || c == ',' || c == '.' || c == '-' || c == '+';
  });
}

std::string painted(std::string_view code, std::string_view text) {
  static const bool kPlain = !is_terminal(stdout) || std::getenv("NO_COLOR") != nullptr;
  if (kPlain) return std::string(text);
  return "\033[" + std::string(code) + "m" + std::string(text) + "\033[0m";
}

}  // namespace

Table::Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}

void Table::row(std::vector<std::string> cells) {
  cells.resize(headings_.size());
  rows_.push_back(std::move(cells));
}

void Table::rule() { rows_.emplace_back(); }

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const std::string& heading : headings_) widths.push_back(columns_of(heading));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  std::string out;
  const auto add_line = [&](const std::vector<std::string>& cells, bool align_numbers) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string pad(widths[i] - columns_of(cells[i]), ' ');
      const bool right = align_numbers && is_number(cells[i]);
      line += right ? pad + cells[i] : cells[i] + pad;
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  };
  const auto add_rule = [&] {
    std::size_t total = 0;
    for (const std::size_t w : widths) total += w + 2;
    for (std::size_t i = 2; i < total; ++i) out += "─";
    out += '\n';
  };
  add_line(headings_, false);
  add_rule();
  for (const auto& row : rows_) {
    if (row.empty()) {
      add_rule();
    } else {
      add_line(row, true);
    }
  }
  return out;
}

Progress::Progress(std::string label, std::size_t total)
    : label_(std::move(label)), total_(total), shown_(is_terminal(stderr)) {}

Progress::~Progress() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void Progress::update(std::size_t done, std::string_view note) {
  if (!shown_) return;
  const std::size_t percent = total_ == 0 ? 100 : done * 100 / total_;
  if (percent == last_percent_ && note.empty()) return;
  last_percent_ = percent;
  constexpr std::size_t kBar = 30;
  const std::size_t filled = std::min(kBar, percent * kBar / 100);
  std::string bar;
  for (std::size_t i = 0; i < kBar; ++i) bar += i < filled ? "█" : "░";
  std::fprintf(stderr, "\r\033[K%s %s %s of %s %.*s", label_.c_str(), bar.c_str(),
               with_commas(static_cast<long long>(done)).c_str(),
               with_commas(static_cast<long long>(total_)).c_str(), static_cast<int>(note.size()),
               note.data());
  std::fflush(stderr);
}

std::string with_commas(long long number) {
  std::string digits = std::to_string(number < 0 ? -number : number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return number < 0 ? "-" + digits : digits;
}

std::string counted(long long count, const std::string& thing) {
  return with_commas(count) + " " + thing + (count == 1 ? "" : "s");
}

bool is_terminal(std::FILE* stream) { return ::isatty(::fileno(stream)) == 1; }

std::string bold(std::string_view text) { return painted("1", text); }
std::string dim(std::string_view text) { return painted("2", text); }
std::string red(std::string_view text) { return painted("31", text); }
std::string green(std::string_view text) { return painted("32", text); }
std::string yellow(std::string_view text) { return painted("33", text); }

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\033') {
      i = std::min(text.find('m', i), text.size());
    } else if ((text[i] & 0xC0) != 0x80) {  // UTF-8 continuation bytes take none.
      ++columns;
    }
  }
  return columns;
}

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const long said = columns == nullptr ? 0 : std::strtol(columns, nullptr, 10);
  return said > 0 ? static_cast<std::size_t>(said) : 80;
}

std::string utc_time(std::int64_t millis) {
  const std::time_t seconds = millis / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace penstock::cli
