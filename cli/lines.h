#pragma once

#include "base/result.h"
#include "cli/wire.h"

#include <string>
#include <vector>

namespace penstock::cli {

/// Reads a file ("-": standard input) as one record a line; empty lines are skipped.
///
/// key_field  top-level member of each JSON line whose text is the partition key; empty: a random
///            key for each record
/// fails      CliErrc::kUsage naming file and line
Result<std::vector<wire::PutEntry>> read_lines(const std::string& file,
                                               const std::string& key_field);

}  // namespace penstock::cli
