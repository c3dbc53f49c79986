#include "base/sigv4.h"
#include "cli/commands.h"
#include "env/posix/curl_on_demand.h"

#include <CLI/CLI.hpp>
#include <curl/curl.h>

#include <cstdio>
#include <string>

namespace penstock::cli {
namespace {

constexpr int kExitUsage = 2;

/// `serve` and `settings` are run by the server itself; here they only show in the help.
void mention_server_commands(CLI::App& app) {
  app.add_subcommand("serve", "Run the server (see `penstock serve --help`).");
  app.add_subcommand("settings", "Print every setting with meaning, unit and default.");
}

/// What stands where a command was expected, said with the commands before it; empty when nothing
/// does.
std::string unknown_command(const CLI::App& app) {
  std::string path = app.get_name();
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    path += " " + at->get_name();
  }
  for (const std::string& word : app.remaining(/*recurse=*/true)) {
    if (word.starts_with('-')) continue;
    return path + " has no command \"" + word + "\"; `" + path + " --help` lists those it has";
  }
  return {};
}

/// What CLI11 could not convert ("Could not convert: --shards = two") in words.
std::string conversion_text(const CLI::App& app, const std::string& said) {
  constexpr std::string_view kSaid = "Could not convert: ";
  const std::size_t equals = said.find(" = ");
  if (!said.starts_with(kSaid) || equals == std::string::npos) return said;
  const std::string name = said.substr(kSaid.size(), equals - kSaid.size());
  const CLI::App* command = &app;
  const CLI::Option* option = command->get_option_no_throw(name);
  while (option == nullptr && !command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    option = command->get_option_no_throw(name);
  }
  const std::string type = option == nullptr ? "" : option->get_type_name();
  const char* what = type == "UINT"    ? "a whole number from 0 on"
                     : type == "INT"   ? "a whole number"
                     : type == "FLOAT" ? "a number"
                                       : "something else";
  return name + " takes " + what + ", not \"" + said.substr(equals + 3) + "\"";
}

}  // namespace

int main_cli(int argc, char** argv, const std::string& version) {
  CLI::App app{
      "Penstock: Kinesis Data Streams and Lambda with its event source mapping, in one program.\n"
      "The commands below speak the public API, so put, tail and stream also work against AWS "
      "(--endpoint-url aws)."};
  app.name("penstock");
  app.set_version_flag("--version", "penstock " + version);
  app.require_subcommand(1);
  Context context{.endpoint = Endpoint::from_environment()};
  Action action;
  app.add_option("--endpoint-url", context.endpoint.url, "Where the server is, or \"aws\"")
      ->capture_default_str();
  app.add_option("--ca-file", context.endpoint.ca_file,
                 "CA to trust at https://, as `penstock serve --tls=self-signed` names it");
  app.add_option("--region", context.endpoint.region, "Region of the streams and functions")
      ->capture_default_str();
  app.fallthrough();  // Global options may stand after the subcommand, as people type them.
  mention_server_commands(app);
  add_demo(app, context, action);
  add_stream(app, context, action);
  add_put(app, context, action);
  add_tail(app, context, action);
  add_function(app, context, action);
  add_mapping(app, context, action);
  add_audit(app, context, action);
  add_clock(app, context, action);
  add_keys(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& error) {
    const std::string unknown = unknown_command(app);
    if (unknown.empty()) {
      app.exit(error);
    } else {
      std::fprintf(stderr, "penstock: %s\n", unknown.c_str());
    }
    return kExitUsage;
  } catch (const CLI::ConversionError& error) {
    std::fprintf(stderr, "penstock: %s\n", conversion_text(app, error.what()).c_str());
    return kExitUsage;
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : kExitUsage;
  }
  if (!action) return kExitUsage;
  // A server would take anything else for its own region.
  if (!sigv4::is_region(context.endpoint.region)) {
    std::fprintf(stderr,
                 "penstock: \"%s\" is no region; --region, AWS_REGION or AWS_DEFAULT_REGION names "
                 "one such as eu-west-1\n",
                 context.endpoint.region.c_str());
    return kExitUsage;
  }
  if (const Status loaded = env::posix::load_libcurl(); !loaded.ok()) {
    std::fprintf(stderr, "penstock: %s\n", loaded.error().message.c_str());
    return 1;
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const Result<int> outcome = action();
  curl_global_cleanup();
  if (outcome.ok()) return *outcome;
  std::fprintf(stderr, "penstock: %s\n", outcome.error().message.c_str());
  return outcome.error().code == CliErrc::kUsage ? kExitUsage : 1;
}

}  // namespace penstock::cli
