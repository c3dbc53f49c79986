#include "cli/stream_scaling.h"

#include "cli/shard_map.h"
#include "cli/terminal.h"

#include <algorithm>

namespace penstock::cli {
namespace {

std::string rate_text(const wire::WriteRate& rate) {
  return with_commas(rate.records) + " records/s, " + with_unit(static_cast<double>(rate.bytes)) +
         "/s";
}

/// Breaks lines between words; each begins with the indent.
std::string paragraph(const std::string& text, std::size_t width, std::size_t indent) {
  std::string out;
  std::string line;
  const auto flush = [&] {
    if (!line.empty()) out += std::string(indent, ' ') + line + "\n";
    line.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    at = end + 1;
    if (!line.empty() && indent + columns_of(line) + 1 + columns_of(word) > width) flush();
    line += (line.empty() ? "" : " ") + word;
  }
  flush();
  return out;
}

std::string step_text(const wire::ScalingStep& step) {
  const std::string shards = step.from == step.to ? "stays at " + counted(step.to, "shard")
                                                  : "from " + std::to_string(step.from) + " to " +
                                                        counted(step.to, "shard");
  return utc_time(step.at_ms) + "  " + shards;
}

}  // namespace

std::string draw_scaling(const wire::Scaling& scaling, std::size_t width, std::size_t steps_max) {
  std::string facts = "takes in " + rate_text(scaling.now);
  if (scaling.peak) {
    facts += "; at most " + rate_text(*scaling.peak) + " in 30 days, and twice that needs " +
             counted(scaling.shards_needed, "shard");
  }
  facts += "; may have " + with_commas(scaling.shards_min) + " to " +
           counted(scaling.shards_max, "shard");
  std::string text = paragraph(facts, width, 0);
  const std::size_t left_out =
      scaling.steps.size() > steps_max ? scaling.steps.size() - steps_max : 0;
  if (left_out > 0) {
    text += "… and " + counted(static_cast<long long>(left_out), "step") + " before\n";
  }
  for (std::size_t i = left_out; i < scaling.steps.size(); ++i) {
    const wire::ScalingStep& step = scaling.steps[i];
    text += step_text(step) + "\n" + paragraph(step.reason, width, 2);
  }
  return text;
}

}  // namespace penstock::cli
