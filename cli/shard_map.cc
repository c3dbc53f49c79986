#include "cli/shard_map.h"

#include "cli/terminal.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <string_view>
#include <utility>

namespace penstock::cli {
namespace {

constexpr std::size_t kBarWidthMax = 120;  // Beyond it the eye does not follow.
constexpr std::size_t kMeterCells = 10;
constexpr std::array<std::string_view, 8> kHeights{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

/// 0 at key 0, 1 behind the last key.
double place_of(HashKey key) { return std::ldexp(static_cast<double>(key.value), -128); }
double share_of(const HashKeyRange& range) {
  return std::ldexp(static_cast<double>(range.end.value - range.start.value) + 1, -128);
}

std::string coloured(std::string_view text, double use) {
  return use >= 0.8 ? red(text) : use >= 0.5 ? yellow(text) : green(text);
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", share * 100);
  return text;
}

std::string rate(double per_second) {
  char text[32];
  if (per_second > 0 && per_second < 9.95) {
    std::snprintf(text, sizeof text, "%.1f", per_second);
    return text;
  }
  return with_commas(std::llround(per_second));
}

/// The first 32 bits of a key: enough to tell where in the key space it is.
std::string first_bits(HashKey key) {
  char text[32];
  std::snprintf(text, sizeof text, "%08llx…", static_cast<unsigned long long>(key.value >> 96));
  return text;
}

std::string meter(double use) {
  const auto filled = static_cast<std::size_t>(
      std::clamp(std::ceil(use * kMeterCells - 1e-9), 0.0, static_cast<double>(kMeterCells)));
  std::string bar;
  for (std::size_t i = 0; i < kMeterCells; ++i) bar += i < filled ? "█" : "░";
  char text[32];
  std::snprintf(text, sizeof text, " %3.0f %%", use * 100);
  return coloured(bar + text, use);
}

std::vector<const DrawnShard*> open_by_key(const std::vector<DrawnShard>& shards) {
  std::vector<const DrawnShard*> open;
  for (const DrawnShard& shard : shards) {
    if (shard.open) open.push_back(&shard);
  }
  std::sort(open.begin(), open.end(), [](const DrawnShard* a, const DrawnShard* b) {
    return a->range.start < b->range.start;
  });
  return open;
}

/// The cells of a bar that a shard has: none when it is narrower than half a cell.
struct Cells {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t count() const { return end - begin; }
};

Cells cells_of(const HashKeyRange& range, std::size_t width) {
  const auto at = [width](double place) {
    return static_cast<std::size_t>(std::llround(place * static_cast<double>(width)));
  };
  return {at(place_of(range.start)), at(place_of(range.start) + share_of(range))};
}

std::string ruler(std::size_t width) {
  std::string line(width, ' ');
  const std::size_t steps = width >= 60 ? 4 : width >= 24 ? 2 : 1;
  for (std::size_t i = 0; i < steps; ++i) {
    const std::string text = std::to_string(i * 100 / steps) + (i == 0 ? "" : " %");
    line.replace(i * width / steps, text.size(), text);
  }
  const std::string end = "100 %";
  if (width > end.size() + 2) line.replace(width - end.size(), end.size(), end);
  return dim(line);
}

/// One cell of the bar. Without load, neighbours are told apart by their shade.
struct Cell {
  std::optional<double> use;  ///< The most of all shards that share it.
  std::size_t shard = 0;      ///< Index in the order of keys.
  bool begins = false;
};

std::vector<Cell> bar_of(const std::vector<const DrawnShard*>& open, const ShardLimits& limits,
                         std::size_t width) {
  std::vector<Cell> bar(width);
  for (std::size_t i = 0; i < open.size(); ++i) {
    const Cells cells = cells_of(open[i]->range, width);
    const std::size_t first = std::min(cells.begin, width - 1);
    for (std::size_t at = first; at < std::max(cells.end, first + 1); ++at) {
      Cell& cell = bar[at];
      if (open[i]->load) {
        cell.use = std::max(cell.use.value_or(0), use_of(*open[i]->load, limits));
      }
      cell.shard = i;
      cell.begins = at == cells.begin;
    }
  }
  return bar;
}

std::string_view glyph(const Cell& cell) {
  if (!cell.use) return cell.shard % 2 == 0 ? "▒" : "░";
  if (*cell.use <= 0) return "·";
  const auto height = static_cast<std::size_t>(std::clamp(std::ceil(*cell.use * 8), 1.0, 8.0));
  return kHeights[height - 1];
}

/// Cells in a row that show the same get their colour together.
std::string bar_text(const std::vector<Cell>& bar, bool has_lines) {
  std::string text;
  for (std::size_t at = 0; at < bar.size();) {
    if (has_lines && bar[at].begins) {
      text += "│";
      ++at;
      continue;
    }
    const Cell& first = bar[at];
    std::string run;
    for (; at < bar.size() && !(has_lines && bar[at].begins) && bar[at].use == first.use &&
           glyph(bar[at]) == glyph(first);
         ++at) {
      run += glyph(first);
    }
    text += !first.use ? run : *first.use <= 0 ? dim(run) : coloured(run, *first.use);
  }
  return text;
}

/// Numbers in the middle of their shards.
std::string numbers(const std::vector<const DrawnShard*>& open, std::size_t width) {
  std::string line(width, ' ');
  for (const DrawnShard* shard : open) {
    const Cells cells = cells_of(shard->range, width);
    const std::string text = std::to_string(shard->number);
    if (text.size() + 1 > cells.count()) continue;
    line.replace(cells.begin + (cells.count() - text.size() + 1) / 2, text.size(), text);
  }
  line.resize(std::min(line.find_last_not_of(' ') + 1, width));
  return line;
}

struct Column {
  std::string heading;
  int worth = 0;  ///< Columns of least worth go first where the terminal is narrow.
  std::vector<std::string> cells{};

  /// Puts cells to the right, as the table does with what is a number and no more.
  void align_right() {
    std::size_t widest = columns_of(heading);
    for (const std::string& cell : cells) widest = std::max(widest, columns_of(cell));
    for (std::string& cell : cells) cell.insert(0, widest - columns_of(cell), ' ');
  }
};

std::string fitting(std::vector<Column> columns, std::size_t width) {
  while (true) {
    std::vector<std::string> headings;
    for (const Column& column : columns) headings.push_back(column.heading);
    Table table(headings);
    for (std::size_t row = 0; row < columns.front().cells.size(); ++row) {
      std::vector<std::string> cells;
      for (const Column& column : columns) cells.push_back(column.cells[row]);
      table.row(std::move(cells));
    }
    std::string text = table.text();
    const std::string_view lines = text;
    std::size_t widest = 0;
    for (std::size_t at = 0; at < lines.size();) {
      const std::size_t end = lines.find('\n', at);
      widest = std::max(widest, columns_of(lines.substr(at, end - at)));
      at = end + 1;
    }
    if (widest <= width || columns.size() == 1) return text;
    columns.erase(
        std::min_element(columns.begin(), columns.end(),
                         [](const Column& a, const Column& b) { return a.worth < b.worth; }));
  }
}

/// One row: a shard, or neighbours.
struct Row {
  std::string name;
  HashKeyRange range;
  std::optional<ShardLoad> load;  ///< Of all of them.
  double use = 0;                 ///< Of the one that uses most.
  std::string from;
};

std::string parents_text(const std::vector<std::uint64_t>& parents) {
  std::string text;
  for (const std::uint64_t parent : parents) {
    text += (text.empty() ? "" : " + ") + std::to_string(parent);
  }
  return text;
}

Row row_of(const std::vector<const DrawnShard*>& open, std::size_t first, std::size_t count,
           const ShardLimits& limits) {
  const DrawnShard* hottest = open[first];
  Row row{.name = {},
          .range = {.start = open[first]->range.start, .end = open[first + count - 1]->range.end},
          .load = open[first]->load,
          .use = 0,
          .from = {}};
  for (std::size_t i = first; i < first + count; ++i) {
    if (!open[i]->load || !row.load) continue;
    if (i > first) {
      row.load->records += open[i]->load->records;
      row.load->bytes += open[i]->load->bytes;
      row.load->refused += open[i]->load->refused;
    }
    const double use = use_of(*open[i]->load, limits);
    if (use > row.use) {
      row.use = use;
      hottest = open[i];
    }
  }
  if (count == 1) {
    row.name = std::to_string(open[first]->number);
    row.from = parents_text(open[first]->parents);
  } else {
    row.name = std::to_string(count) + " shards";
    if (row.use > 0) row.from = "most: shard " + std::to_string(hottest->number);
  }
  return row;
}

}  // namespace

double use_of(const ShardLoad& load, const ShardLimits& limits) {
  const double records = limits.records > 0 ? load.records / limits.records : 0;
  const double bytes = limits.bytes > 0 ? load.bytes / limits.bytes : 0;
  return std::max(records, bytes);
}

std::string with_unit(double bytes) {
  constexpr std::array<std::string_view, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1023.5 && unit + 1 < kUnits.size(); bytes /= 1024) ++unit;
  char text[32];
  std::snprintf(text, sizeof text, unit > 0 && bytes < 9.95 ? "%.1f %s" : "%.0f %s", bytes,
                std::string(kUnits[unit]).c_str());
  return text;
}

std::string draw_key_space(const std::vector<DrawnShard>& shards, const ShardLimits& limits,
                           std::size_t width) {
  const auto open = open_by_key(shards);
  if (open.empty() || width == 0) return {};
  width = std::min(width, kBarWidthMax);
  constexpr std::size_t kRoomForALine = 3;
  const bool has_lines = std::all_of(open.begin(), open.end(), [width](const DrawnShard* shard) {
    return cells_of(shard->range, width).count() >= kRoomForALine;
  });
  std::string text = ruler(width) + "\n" + bar_text(bar_of(open, limits, width), has_lines) + "\n";
  const std::string line = numbers(open, width);
  return line.empty() ? text : text + line + "\n";
}

std::string draw_open_shards(const std::vector<DrawnShard>& shards, const ShardLimits& limits,
                             std::size_t width, std::size_t rows_max) {
  const auto open = open_by_key(shards);
  if (open.empty()) return {};
  const std::size_t together = (open.size() + rows_max - 1) / rows_max;
  Column name{.heading = "shard", .worth = 9};
  Column start{.heading = "keys from", .worth = 2};
  Column share{.heading = "share", .worth = 6};
  Column records{.heading = "records/s", .worth = 5};
  Column bytes{.heading = "bytes/s", .worth = 4};
  Column use{.heading = together > 1 ? "most of a limit" : "of its limit", .worth = 8};
  Column refused{.heading = "refused/s", .worth = 7};
  Column from{.heading = together > 1 ? "" : "made of", .worth = 1};
  bool has_load = false;
  bool has_refused = false;
  for (std::size_t first = 0; first < open.size(); first += together) {
    const Row row = row_of(open, first, std::min(together, open.size() - first), limits);
    name.cells.push_back(row.name);
    start.cells.push_back(first_bits(row.range.start));
    share.cells.push_back(percent(share_of(row.range)));
    from.cells.push_back(row.from);
    const ShardLoad load = row.load.value_or(ShardLoad{});
    has_load = has_load || row.load.has_value();
    has_refused = has_refused || load.refused > 0;
    records.cells.push_back(rate(load.records));
    bytes.cells.push_back(with_unit(load.bytes));
    use.cells.push_back(meter(row.use));
    refused.cells.push_back(load.refused > 0 ? red(rate(load.refused)) : "0");
  }
  for (Column* column : {&share, &bytes, &refused}) column->align_right();
  std::vector<Column> columns{std::move(name), std::move(start), std::move(share)};
  if (has_load) {
    columns.push_back(std::move(records));
    columns.push_back(std::move(bytes));
    if (limits.records > 0 || limits.bytes > 0) columns.push_back(std::move(use));
  }
  if (has_refused) columns.push_back(std::move(refused));
  const auto is_said = [](const std::string& cell) { return !cell.empty(); };
  if (std::any_of(from.cells.begin(), from.cells.end(), is_said)) {
    columns.push_back(std::move(from));
  }
  return fitting(std::move(columns), width);
}

std::string draw_lineage(const std::vector<DrawnShard>& shards, std::size_t lines_max) {
  std::map<std::uint64_t, std::vector<const DrawnShard*>> children;
  for (const DrawnShard& shard : shards) {
    for (const std::uint64_t parent : shard.parents) children[parent].push_back(&shard);
  }
  std::vector<std::string> lines;
  for (const DrawnShard& shard : shards) {
    if (shard.open) continue;
    const auto& made = children[shard.number];
    if (made.empty()) continue;
    const DrawnShard& first = *made.front();
    if (first.parents.size() == 2) {
      if (first.parents.front() != shard.number) continue;  // The other parent's line says it.
      lines.push_back(parents_text(first.parents) + " merged into " + std::to_string(first.number));
    } else {
      std::string line = std::to_string(shard.number) + " split into ";
      for (std::size_t i = 0; i < made.size(); ++i) {
        line += (i == 0 ? "" : " and ") + std::to_string(made[i]->number);
      }
      lines.push_back(std::move(line));
    }
  }
  std::string text;
  const std::size_t left_out = lines.size() > lines_max ? lines.size() - lines_max : 0;
  if (left_out > 0) {
    text += "… and " + with_commas(static_cast<long long>(left_out)) + " before\n";
  }
  for (std::size_t i = left_out; i < lines.size(); ++i) text += lines[i] + "\n";
  return text;
}

}  // namespace penstock::cli
