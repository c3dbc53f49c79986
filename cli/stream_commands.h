#pragma once

#include "cli/commands.h"

/// The parts of `penstock stream`, each in a file of its own.
namespace penstock::cli {

void add_stream_lifecycle(CLI::App& stream, Context& context, Action& action);
void add_stream_shards(CLI::App& stream, Context& context, Action& action);
void add_stream_describe(CLI::App& stream, Context& context, Action& action);
void add_stream_capacity(CLI::App& stream, Context& context, Action& action);
void add_stream_limits(CLI::App& stream, Context& context, Action& action);
void add_stream_settings(CLI::App& stream, Context& context, Action& action);
void add_stream_policy(CLI::App& stream, Context& context, Action& action);
void add_stream_consumers(CLI::App& stream, Context& context, Action& action);
void add_stream_tags(CLI::App& stream, Context& context, Action& action);

/// "a=b" as a key and a value; the value may be empty.
Result<std::pair<std::string, std::string>> parse_tag(const std::string& text);

}  // namespace penstock::cli
