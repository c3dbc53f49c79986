#include "cli/commands.h"
#include "cli/demo/server_process.h"
#include "cli/demo/stage.h"
#include "cli/lines.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

namespace penstock::cli {
namespace {

namespace fs = std::filesystem;

/// Beside the sources: found from the working folder, or from build/<preset>/penstock.
std::string find_examples() {
  std::error_code ignored;
  const fs::path self = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const fs::path& base : {fs::path("."), self / "../.."}) {
    const fs::path folder = base / "examples" / "earthquakes";
    if (fs::exists(folder / "earthquakes.ndjson")) return folder.lexically_normal().string();
  }
  return {};
}

struct DemoFlags {
  std::string examples;
};

bool keep_running() {
  const char* keep = std::getenv("KEEP");
  return keep != nullptr && *keep != '\0' && std::string(keep) != "0";
}

Result<std::string> make_folder() {
  std::string pattern = (fs::temp_directory_path() / "penstock-demo-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    return Error{CliErrc::kUsage, "no temporary folder can be made at " + pattern};
  }
  return pattern;
}

Status play(demo::Stage& stage) {
  TRY(stage.quakes, read_lines(stage.examples + "/earthquakes.ndjson", "net"));
  TRY_OK(demo::careless_producer(stage));
  TRY_OK(demo::careless_mapping(stage));
  TRY_OK(demo::both_careful(stage));
  return ok();
}

Result<int> run_demo(const Context& context, const DemoFlags& flags) {
  demo::Stage stage;
  stage.examples = flags.examples.empty() ? find_examples() : flags.examples;
  if (stage.examples.empty()) {
    return Error{
        CliErrc::kUsage,
        "examples/earthquakes was not found; run the demo in the repository, or give --examples"};
  }
  TRY(stage.folder, make_folder());
  TRY(demo::ServerProcess server,
      demo::ServerProcess::start(
          {"serve", "--listen", "127.0.0.1:0", "--dev", "--data", stage.folder + "/data"},
          keep_running() ? stage.folder + "/log" : ""));
  demo::say(dim(server.ready_line()));
  stage.endpoint = context.endpoint;
  stage.endpoint.url = server.url();
  stage.endpoint.secret_key = "demo";
  stage.endpoint.session_token.clear();
  const Status outcome = play(stage);
  if (keep_running()) {
    server.leave_running();
    demo::say("\nThe server runs on at " + server.url() + " (process " +
              std::to_string(server.pid()) + "), its data and its log are in " + stage.folder +
              ". Try:\n  AWS_ENDPOINT_URL=" + server.url() +
              " build/release/penstock audit\nIt stops with: kill " + std::to_string(server.pid()));
  } else {
    {
      const demo::ServerProcess stopped = std::move(server);
    }
    std::error_code ignored;
    fs::remove_all(stage.folder, ignored);
  }
  if (!outcome.ok()) return outcome.error();
  return 0;
}

}  // namespace

void add_demo(CLI::App& app, Context& context, Action& action) {
  auto flags = std::make_shared<DemoFlags>();
  CLI::App* command = app.add_subcommand(
      "demo",
      "A week of real earthquakes in three acts: how records get lost, and how not. "
      "KEEP=1 leaves the server running.");
  command->add_option("--examples", flags->examples, "The folder examples/earthquakes");
  command->callback([&context, &action, flags] {
    action = [&context, flags] { return run_demo(context, *flags); };
  });
}

}  // namespace penstock::cli
