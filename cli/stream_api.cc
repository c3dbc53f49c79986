#include "cli/stream_api.h"

#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <thread>

namespace penstock::cli {
namespace {

struct SummaryReply {
  wire::StreamFacts facts;
  static constexpr auto shape() {
    return std::array{shape::member<&SummaryReply::facts>("StreamDescriptionSummary")};
  }
};

struct ListRequest {
  std::optional<std::string> name;
  std::optional<std::string> arn;
  std::optional<std::string> next_token;
  static constexpr auto shape() {
    return std::array{shape::member<&ListRequest::name>("StreamName"),
                      shape::member<&ListRequest::arn>("StreamARN"),
                      shape::member<&ListRequest::next_token>("NextToken")};
  }
};

struct ListReply {
  std::vector<shape::RawJson> shards;
  std::optional<std::string> next_token;
  static constexpr auto shape() {
    return std::array{shape::member<&ListReply::shards>("Shards"),
                      shape::member<&ListReply::next_token>("NextToken")};
  }
};

constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::milliseconds kPauseMax{1'000};

/// Whether "Rate exceeded" may mean that a day's allowance is spent, which no pause brings back.
bool is_counted_by_the_day(std::string_view operation) {
  static constexpr std::array<std::string_view, 4> kDaily{
      "UpdateShardCount", "UpdateStreamMode", "StartStreamEncryption", "StopStreamEncryption"};
  return std::find(kDaily.begin(), kDaily.end(), operation) != kDaily.end();
}

}  // namespace

CLI::App* add_stream_command(CLI::App& parent, StreamFlags& flags, const std::string& name,
                             const std::string& help, const std::string& which) {
  CLI::App* command = parent.add_subcommand(name, help);
  if (!which.empty()) command->add_option("stream", flags.stream, which)->required();
  command->add_flag("--json", flags.json, "What the service says, as JSON");
  return command;
}

void add_wait_flags(CLI::App& command, StreamFlags& flags) {
  command.add_flag("--no-wait", flags.no_wait,
                   "Do not wait until the service has done it in the background");
  command.add_option("--timeout", flags.timeout, "How long to wait: 90s, 15m")
      ->capture_default_str();
}

/// Sends again what came too often, as SDKs do: others of the account may be asking, too.
Result<std::string> StreamApi::patient_call(std::string_view operation,
                                            const std::string& request) {
  auto pause = kFirstPause;
  for (int retries = 6;; --retries, pause *= 2) {
    auto reply = client_.target("kinesis", "Kinesis_20131202." + std::string(operation), request);
    const bool too_often = !reply.ok() && client_.last_type() == "LimitExceededException" &&
                           reply.error().message.find("Rate exceeded") != std::string::npos;
    if (!too_often || retries == 0 || is_counted_by_the_day(operation)) return reply;
    // Half of it for sure, so that a second passes; the rest by chance, so that those that were
    // refused together do not come back together.
    const auto half = std::chrono::duration_cast<std::chrono::microseconds>(pause) / 2;
    std::this_thread::sleep_for(half + half * static_cast<int>(random_() % 1'000) / 1'000);
  }
}

Result<std::string> StreamApi::call(std::string_view operation, const std::string& request) {
  auto reply = patient_call(operation, request);
  if (reply.ok() || !(reply.error().code == CliErrc::kRefused)) return reply;
  Error error = std::move(reply).error();
  if (client_.last_type() == "UnknownOperationException") {
    error.message += ": " + client_.endpoint().url + " does not know " + std::string(operation);
  }
  const bool is_stream =
      error.message.find("Stream ") != std::string::npos && error.message.ends_with("not found.");
  if (client_.last_type() == "ResourceNotFoundException" && is_stream) {
    error.message += " `penstock stream list` shows those of " + client_.endpoint().region + ".";
  }
  return error;
}

Result<std::string> StreamApi::facts_json(const std::string& stream) {
  return body("DescribeStreamSummary", wire::StreamTarget::of(stream));
}

Result<wire::StreamFacts> StreamApi::facts(const std::string& stream) {
  TRY(const auto reply, ask<SummaryReply>("DescribeStreamSummary", wire::StreamTarget::of(stream)));
  return reply.facts;
}

Result<std::string> StreamApi::arn(const std::string& stream) {
  if (stream.starts_with("arn:")) return stream;
  TRY(const wire::StreamFacts known, facts(stream));
  return known.arn;
}

Result<std::vector<shape::RawJson>> StreamApi::shards_json(const std::string& stream) {
  const auto target = wire::StreamTarget::of(stream);
  ListRequest request{.name = target.name, .arn = target.arn, .next_token = {}};
  std::vector<shape::RawJson> shards;
  while (true) {
    TRY(auto page, ask<ListReply>("ListShards", request));
    std::move(page.shards.begin(), page.shards.end(), std::back_inserter(shards));
    if (!page.next_token) return shards;
    request = {.name = {}, .arn = {}, .next_token = page.next_token};
  }
}

Result<std::vector<wire::Shard>> StreamApi::shards(const std::string& stream) {
  TRY(const auto texts, shards_json(stream));
  std::vector<wire::Shard> shards(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    TRY(shards[i], shape::from_json<wire::Shard>(texts[i].text));
  }
  return shards;
}

Status StreamApi::wait(const StreamFlags& flags, const std::string& what,
                       const std::function<Result<bool>()>& is_done) {
  TRY(const std::int64_t millis, parse_duration_millis(flags.timeout));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(millis);
  auto pause = kFirstPause;
  while (true) {
    auto done = is_done();
    // Others may be asking, too: twenty descriptions a second are an account's.
    const bool too_often = !done.ok() && client_.last_type() == "LimitExceededException";
    if (!done.ok() && !too_often) return std::move(done).error();
    if (done.ok() && *done) return ok();
    if (std::chrono::steady_clock::now() + pause > deadline) {
      return Error{CliErrc::kUnexpected,
                   what + " within " + flags.timeout + "; `penstock stream wait` goes on waiting"};
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kPauseMax);
  }
}

Result<wire::StreamFacts> StreamApi::wait_until_active(const std::string& stream,
                                                       const StreamFlags& flags) {
  wire::StreamFacts known;
  TRY_OK(wait(flags, "stream " + stream + " did not become ACTIVE", [&]() -> Result<bool> {
    TRY(known, facts(stream));
    return known.status == "ACTIVE";
  }));
  return known;
}

Status StreamApi::wait_until_gone(const std::string& stream, const StreamFlags& flags) {
  return wait(flags, "stream " + stream + " was still there", [&]() -> Result<bool> {
    auto known = facts(stream);
    if (known.ok()) return false;
    if (client_.last_type() == "ResourceNotFoundException") return true;
    return std::move(known).error();
  });
}

Result<int> settle(StreamApi& api, const StreamFlags& flags, const std::string& done) {
  wire::StreamFacts facts;
  if (flags.no_wait) {
    TRY(facts, api.facts(flags.stream));
  } else {
    TRY(facts, api.wait_until_active(flags.stream, flags));
  }
  if (flags.json) {
    TRY(const std::string json, api.facts_json(flags.stream));
    std::printf("%s\n", json.c_str());
    return 0;
  }
  std::string said;
  for (const std::string& fact : main_facts(facts)) said += (said.empty() ? "" : ", ") + fact;
  std::printf("%s; %s is %s: %s\n", done.c_str(), facts.name.c_str(), facts.status.c_str(),
              said.c_str());
  return 0;
}

std::vector<std::string> main_facts(const wire::StreamFacts& facts) {
  std::vector<std::string> said{counted(facts.open_shards, "open shard")};
  if (facts.mode) said.emplace_back(facts.is_on_demand() ? "on demand" : "provisioned");
  if (facts.retention_hours) {
    said.push_back("records kept for " + std::to_string(*facts.retention_hours) + " h");
  }
  return said;
}

}  // namespace penstock::cli
