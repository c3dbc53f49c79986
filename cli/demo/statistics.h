#pragma once

#include "base/result.h"
#include "cli/function_api.h"

#include <map>
#include <string>
#include <vector>

namespace penstock::cli::demo {

/// What the function prints at the end of a batch it got through.
struct BatchResult {
  struct Strongest {
    double mag = 0;
    std::string title;
    static constexpr auto shape() {
      return std::array{shape::member<&Strongest::mag>("mag"),
                        shape::member<&Strongest::title>("title")};
    }
  };
  std::int64_t count = 0;
  double rms_mean = 0;
  double mag_mean = 0;
  std::int64_t felt_reports = 0;
  std::map<std::string, std::int64_t> networks;
  Strongest strongest;
  static constexpr auto shape() {
    using Self = BatchResult;
    return std::array{
        shape::member<&Self::count>("count"),
        shape::member<&Self::rms_mean>("rms_mean"),
        shape::member<&Self::mag_mean>("mag_mean"),
        shape::member<&Self::felt_reports>("felt_reports"),
        shape::member<&Self::networks>("networks"),
        shape::member<&Self::strongest>("strongest"),
    };
  }
};

/// Copies the function's RESULT lines into `file`, one JSON object a line, and returns how many.
Result<std::size_t> save_results(ApiClient& client, const std::string& function,
                                 const std::string& file);

/// Adds up the batches of a file written by save_results; means are weighted by count.
Result<BatchResult> merge_results(const std::string& file);

}  // namespace penstock::cli::demo
