#include "server/serve.h"

#include "base/log.h"
#include "env/posix/descriptors.h"
#include "env/posix/runtime.h"
#include "server/server.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <thread>
#include <utility>

namespace penstock::server {
namespace {

constexpr int kExitUsage = 2;

/// The --config file: names as `penstock settings` prints them or as flags, dots and all.
class SettingsFile final : public CLI::ConfigTOML {
 public:
  SettingsFile() { parentSeparatorChar = '\n'; }  // "function.idle_s" is one name, no section.
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    std::vector<CLI::ConfigItem> items = CLI::ConfigTOML::from_config(input);
    for (CLI::ConfigItem& item : items) {
      std::replace(item.name.begin(), item.name.end(), '_', '-');
    }
    return items;
  }
};

std::string describe(const SettingRow& row) {
  std::string text(row.meaning);
  if (!row.allowed.empty()) text += " [" + std::string(row.allowed) + "]";
  return text;
}

void add_option(CLI::App& app, const SettingRow& row) {
  const std::string name = flag_name(row.name);
  CLI::Option* option = nullptr;
  if (const auto* flag = std::get_if<bool*>(&row.value)) {
    option = app.add_flag(name, **flag, describe(row));
  } else if (const auto* number = std::get_if<std::int64_t*>(&row.value)) {
    option = app.add_option(name, **number, describe(row))->capture_default_str();
  } else {
    option = app.add_option(name, **std::get_if<std::string*>(&row.value), describe(row))
                 ->capture_default_str();
  }
  option->envname(environment_name(row.name));
}

/// Where CLI11's sentence leaves out what would be right; else nothing.
std::string explained(const CLI::ParseError& error) {
  constexpr const char* kMore = "; `penstock settings` prints each with what it may be";
  const std::string said = error.what();
  const auto behind = [&said](std::string_view start) {
    return said.starts_with(start) ? said.substr(start.size()) : std::string();
  };
  if (const std::string what = behind("Could not convert: "); !what.empty())
    return what + " is not a number, or not true or false" + kMore;
  if (const std::string what = behind("INI was not able to parse "); !what.empty())
    return "the file of --config: \"" + what + "\" is no setting, or has no value" + kMore;
  return {};
}

log::Level log_level(const std::string& name) {
  return name == "debug"   ? log::Level::kDebug
         : name == "warn"  ? log::Level::kWarn
         : name == "error" ? log::Level::kError
         : name == "off"   ? log::Level::kOff
                           : log::Level::kInfo;
}

struct Life {
  env::posix::Runtime runtime;
  std::unique_ptr<Server> server;
  bool starting = true;
  bool stopping = false;
  int exit_code = 0;
};

Task<> end(Life& life) {
  if (life.server != nullptr) co_await life.server->stop();
  life.runtime.stop();
}

Task<> stop(Life& life) {
  if (std::exchange(life.stopping, true)) co_return;
  if (!life.starting) co_await end(life);  // Or run() does: what has begun is ended in order.
}

Task<> run(Life& life, Options options) {
  auto started = co_await Server::start(std::move(options), life.runtime);
  life.starting = false;
  if (!started.ok()) {
    std::fprintf(stderr, "penstock: %s\n", started.error().message.c_str());
    life.exit_code = 1;
    co_return co_await end(life);
  }
  life.server = std::move(started).value();
  if (life.stopping) co_return co_await end(life);
  std::printf("%s\n", life.server->ready_line().c_str());
  std::fflush(stdout);
}

}  // namespace

int serve_main(int argc, char** argv) {
  Settings settings;
  CLI::App app{
      "Runs the server until SIGINT or SIGTERM. Each option also by environment "
      "(PENSTOCK_...) and by --config FILE."};
  app.name("penstock serve");
  app.set_config("--config", "", "File with lines of name = value");
  app.config_formatter(std::make_shared<SettingsFile>());
  app.allow_config_extras(CLI::config_extras_mode::error);
  for (const SettingRow& row : setting_rows(settings)) add_option(app, row);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (const std::string better = explained(error); !better.empty()) {
      std::fprintf(stderr, "penstock: %s\n", better.c_str());
      return kExitUsage;
    }
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  if (app.get_option("--data")->count() != 0 && settings.data.empty()) {
    // As a script's empty variable gives it: not what anybody means by "in memory".
    std::fprintf(stderr,
                 "penstock: --data is empty; name a folder, or leave it out to keep everything in "
                 "memory\n");
    return kExitUsage;
  }
  if (app.get_option("--keys")->count() != 0 && settings.keys.empty()) {
    std::fprintf(stderr,
                 "penstock: --keys is empty; name a file, or leave it out for the file keys in the "
                 "data folder\n");
    return kExitUsage;
  }
  auto options = checked(std::move(settings), std::thread::hardware_concurrency());
  if (!options.ok()) {
    std::fprintf(stderr, "penstock: %s\n", options.error().message.c_str());
    return kExitUsage;
  }
  log::set_level(log_level(options->settings.log));
  const std::size_t descriptors = env::posix::raise_descriptor_limit();
  options->connections_max = connections_possible(*options, descriptors);
  log::info("connections are bounded", {{"most", options->connections_max},
                                        {"descriptors", descriptors},
                                        {"memory_mib", options->memory_bytes >> 20}});
  Life life{.runtime = env::posix::Runtime(options->loops, Millis{0})};
  const Executor& control = life.runtime.control().executor();
  life.runtime.on_stop_signal([&] { start(control, stop(life)); });
  start(control, run(life, std::move(options).value()));
  life.runtime.run();
  life.server.reset();
  return life.exit_code;
}

int settings_main(int, char**) {
  Settings settings;
  for (const SettingRow& row : setting_rows(settings)) {
    const std::string value = value_text(row);
    std::printf("%-32s %s%s%s\n", std::string(row.name).c_str(),
                value.empty() ? "(none)" : value.c_str(), row.unit.empty() ? "" : " ",
                std::string(row.unit).c_str());
    std::printf("    %s\n    %s, %s\n", describe(row).c_str(), flag_name(row.name).c_str(),
                environment_name(row.name).c_str());
  }
  return 0;
}

}  // namespace penstock::server
