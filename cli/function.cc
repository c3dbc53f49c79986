#include "base/base64.h"
#include "base/percent.h"
#include "cli/commands.h"
#include "cli/function_api.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>
#include <thread>

namespace penstock::cli {
namespace {

struct DeployFlags {
  wire::CreateFunction request;
  std::string code;
  std::string endpoint;
  std::vector<std::string> variables;
};

Result<int> deploy(const Context& context, DeployFlags flags) {
  if (flags.code.empty() == flags.endpoint.empty()) {
    return Error{CliErrc::kUsage, "give either --code (a file, folder or zip) or --remote (a URL)"};
  }
  if (flags.endpoint.empty()) {
    TRY(std::string package, package_of(flags.code));
    flags.request.code.zip_file = shape::Blob{std::move(package)};
  } else {
    flags.request.package_type = "Image";
    flags.request.code.image_uri = flags.endpoint;
    flags.request.runtime.reset();
    flags.request.handler.reset();
  }
  for (const std::string& variable : flags.variables) {
    const auto equals = variable.find('=');
    if (equals == std::string::npos) {
      return Error{CliErrc::kUsage, "--env takes NAME=VALUE, not \"" + variable + "\""};
    }
    if (!flags.request.environment) flags.request.environment.emplace();
    flags.request.environment->variables[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  ApiClient client(context.endpoint);
  TRY(const wire::Function function, deploy_function(client, flags.request));
  std::printf("%s  %s%s%s\n", function.arn.c_str(), function.state.value_or("").c_str(),
              function.state_reason ? "  " : "", function.state_reason.value_or("").c_str());
  return 0;
}

Result<int> invoke(const Context& context, const std::string& name, const std::string& payload,
                   bool show_log) {
  std::string body = payload;
  if (payload == "-") body.assign(std::istreambuf_iterator<char>(std::cin), {});
  ApiClient client(context.endpoint);
  std::vector<std::string> headers;
  if (show_log) headers.emplace_back("X-Amz-Log-Type: Tail");
  TRY(const std::string reply,
      client.rest("lambda", "POST",
                  "/2015-03-31/functions/" + percent_encode(name) + "/invocations", body, headers));
  if (show_log) {
    std::string tail;
    base64_decode(client.last_header("x-amz-log-result"), tail);
    std::fputs(tail.c_str(), stderr);
  }
  std::printf("%s\n", reply.c_str());
  const std::string_view failure = client.last_header("x-amz-function-error");
  if (failure.empty()) return 0;
  std::fprintf(stderr, "the function failed: %.*s\n", static_cast<int>(failure.size()),
               failure.data());
  return 1;
}

Result<int> logs(const Context& context, const std::string& name, bool follow) {
  ApiClient client(context.endpoint);
  std::int64_t after = 0;
  while (true) {
    TRY(const wire::LogPage page, function_logs(client, name, after));
    if (page.dropped > 0 && after == 0) {
      std::fprintf(stderr, "(%lld earlier lines are no longer kept)\n",
                   static_cast<long long>(page.dropped));
    }
    for (const wire::LogLine& line : page.lines) {
      std::printf("%s\n", line.text.c_str());
      after = line.id;
    }
    std::fflush(stdout);
    if (!follow) return 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

void add_deploy(CLI::App& command, Context& context, Action& action) {
  auto flags = std::make_shared<DeployFlags>();
  CLI::App* made = command.add_subcommand("deploy", "Create a function or replace its code");
  made->add_option("name", flags->request.function_name, "Name of the function")->required();
  made->add_option("--code,-c", flags->code, "A source file, a folder or a zip");
  made->add_option("--remote", flags->endpoint,
                   "URL of a function that runs elsewhere (debugger, container with the runtime "
                   "interface emulator)");
  flags->request.runtime = "python3.11";
  made->add_option("--runtime", flags->request.runtime, "python3.x or provided.al2023")
      ->capture_default_str();
  flags->request.handler = "app.handler";
  made->add_option("--handler", flags->request.handler, "file.function")->capture_default_str();
  made->add_option("--timeout", flags->request.timeout_seconds,
                   "Seconds an invocation may take (3)");
  made->add_option("--memory", flags->request.memory_mb, "MiB (128)");
  made->add_option("--env,-e", flags->variables, "NAME=VALUE; may be repeated");
  made->callback([&context, &action, flags] {
    action = [&context, flags] { return deploy(context, *flags); };
  });
}

}  // namespace

void add_function(CLI::App& app, Context& context, Action& action) {
  CLI::App* command = app.add_subcommand("function", "Deploy, invoke and watch functions.");
  command->require_subcommand(1);
  add_deploy(*command, context, action);

  auto name = std::make_shared<std::string>();
  auto payload = std::make_shared<std::string>("{}");
  auto show_log = std::make_shared<bool>(false);
  CLI::App* invocation = command->add_subcommand("invoke", "Invoke a function and print its reply");
  invocation->add_option("name", *name, "Name of the function")->required();
  invocation->add_option("--payload,-p", *payload, "JSON; - reads standard input")
      ->capture_default_str();
  invocation->add_flag("--log", *show_log, "The end of its log on standard error");
  invocation->callback([&context, &action, name, payload, show_log] {
    action = [&context, name, payload, show_log] {
      return invoke(context, *name, *payload, *show_log);
    };
  });

  auto follow = std::make_shared<bool>(false);
  CLI::App* log = command->add_subcommand("logs", "Print what a function wrote");
  log->add_option("name", *name, "Name of the function")->required();
  log->add_flag("--follow,-f", *follow, "Go on as it writes more");
  log->callback([&context, &action, name, follow] {
    action = [&context, name, follow] { return logs(context, *name, *follow); };
  });
}

}  // namespace penstock::cli
