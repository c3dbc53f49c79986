#include "cli/demo/statistics.h"

#include <fstream>

namespace penstock::cli::demo {

constexpr std::string_view kMark = "RESULT ";

Result<std::size_t> save_results(ApiClient& client, const std::string& function,
                                 const std::string& file) {
  TRY(const wire::LogPage log, function_logs(client, function, 0));
  if (log.dropped > 0) {
    return Error{CliErrc::kUnexpected, "the log of " + function + " no longer holds every result"};
  }
  std::ofstream out(file);
  std::size_t count = 0;
  for (const wire::LogLine& line : log.lines) {
    const auto at = line.text.find(kMark);
    if (at == std::string::npos) continue;
    out << line.text.substr(at + kMark.size()) << '\n';
    ++count;
  }
  if (!out.flush()) return Error{CliErrc::kUsage, "cannot write " + file};
  return count;
}

Result<BatchResult> merge_results(const std::string& file) {
  std::ifstream in(file);
  BatchResult total;
  double rms_sum = 0;
  double mag_sum = 0;
  std::string line;
  while (std::getline(in, line)) {
    TRY(const BatchResult batch, shape::from_json<BatchResult>(line));
    total.count += batch.count;
    total.felt_reports += batch.felt_reports;
    rms_sum += batch.rms_mean * static_cast<double>(batch.count);
    mag_sum += batch.mag_mean * static_cast<double>(batch.count);
    for (const auto& [network, quakes] : batch.networks) total.networks[network] += quakes;
    if (batch.strongest.mag > total.strongest.mag) total.strongest = batch.strongest;
  }
  if (total.count > 0) {
    total.rms_mean = rms_sum / static_cast<double>(total.count);
    total.mag_mean = mag_sum / static_cast<double>(total.count);
  }
  return total;
}

}  // namespace penstock::cli::demo
