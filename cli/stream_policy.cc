#include "cli/stream_api.h"
#include "cli/stream_commands.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

namespace penstock::cli {
namespace {

struct PolicyRequest {
  std::string arn;
  std::optional<std::string> policy;
  static constexpr auto shape() {
    return std::array{shape::member<&PolicyRequest::arn>("ResourceARN"),
                      shape::member<&PolicyRequest::policy>("Policy")};
  }
};

struct PolicyReply {
  std::string policy;
  static constexpr auto shape() {
    return std::array{shape::member<&PolicyReply::policy>("Policy")};
  }
};

struct PolicyFlags : StreamFlags {
  std::string file;
  bool clear = false;
};

Result<std::string> read_file(const std::string& file) {
  std::ifstream opened;
  if (file != "-") {
    opened.open(file);
    if (!opened) return Error{CliErrc::kUsage, "cannot read " + file};
  }
  std::istream& input = file == "-" ? std::cin : opened;
  std::string text{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
  if (input.bad()) return Error{CliErrc::kUsage, "cannot read " + file};
  return text;
}

Result<int> policy(const Context& context, const PolicyFlags& flags) {
  StreamApi api(context);
  PolicyRequest request;
  if (!flags.file.empty()) {
    TRY(request.policy, read_file(flags.file));
  }
  TRY(request.arn, api.arn(flags.stream));
  if (flags.clear) {
    TRY_OK(api.body("DeleteResourcePolicy", request));
  } else if (request.policy) {
    TRY_OK(api.body("PutResourcePolicy", request));
    request.policy.reset();
  }
  TRY(const std::string body, api.body("GetResourcePolicy", request));
  TRY(const auto reply, shape::from_json<PolicyReply>(body));
  std::printf("%s\n", flags.json ? body.c_str() : reply.policy.c_str());
  return 0;
}

}  // namespace

void add_stream_policy(CLI::App& stream, Context& context, Action& action) {
  auto flags = std::make_shared<PolicyFlags>();
  CLI::App* command =
      add_stream_command(stream, *flags, "policy", "Show, set or delete a resource policy",
                         "Name or ARN of the stream, or ARN of a consumer");
  auto* file =
      command->add_option("--set", flags->file, "File with the policy; - is standard input");
  command->add_flag("--clear", flags->clear, "Delete it")->excludes(file);
  command->callback([&context, &action, flags] {
    action = [&context, flags] { return policy(context, *flags); };
  });
}

}  // namespace penstock::cli
