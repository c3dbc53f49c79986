#pragma once

#include "base/result.h"
#include "cli/api_client.h"

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace penstock::cli {

/// What every subcommand gets: where the server is, once the command line is parsed.
struct Context {
  Endpoint endpoint;
  bool json = false;
};

/// Set by the chosen subcommand's callback; runs after parsing and gives the exit code.
using Action = std::function<Result<int>()>;

void add_put(CLI::App& app, Context& context, Action& action);
void add_stream(CLI::App& app, Context& context, Action& action);
void add_tail(CLI::App& app, Context& context, Action& action);
void add_function(CLI::App& app, Context& context, Action& action);
void add_mapping(CLI::App& app, Context& context, Action& action);
void add_audit(CLI::App& app, Context& context, Action& action);
void add_clock(CLI::App& app, Context& context, Action& action);
void add_keys(CLI::App& app, Action& action);
void add_demo(CLI::App& app, Context& context, Action& action);

/// "90s", "15m", "24h", "7d", "250ms" in milliseconds.
Result<std::int64_t> parse_duration_millis(const std::string& text);

/// Parses and runs everything but `serve` and `settings`, which belong to the server.
int main_cli(int argc, char** argv, const std::string& version);

}  // namespace penstock::cli
