#include "cli/stream_api.h"
#include "cli/stream_commands.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <map>
#include <memory>

namespace penstock::cli {
namespace {

struct CreateRequest {
  std::string name;
  std::optional<std::int64_t> shards;
  std::optional<wire::ModeDetails> mode;
  std::optional<std::map<std::string, std::string>> tags;
  std::optional<std::int64_t> max_record_kib;
  static constexpr auto shape() {
    using Self = CreateRequest;
    return std::array{
        shape::member<&Self::name>("StreamName"),
        shape::member<&Self::shards>("ShardCount"),
        shape::member<&Self::mode>("StreamModeDetails"),
        shape::member<&Self::tags>("Tags"),
        shape::member<&Self::max_record_kib>("MaxRecordSizeInKiB"),
    };
  }
};

struct RetentionRequest {
  std::optional<std::string> name;
  std::optional<std::string> arn;
  std::int64_t hours = 24;
  static constexpr auto shape() {
    using Self = RetentionRequest;
    return std::array{shape::member<&Self::name>("StreamName"),
                      shape::member<&Self::arn>("StreamARN"),
                      shape::member<&Self::hours>("RetentionPeriodHours")};
  }
};

struct DeleteRequest {
  std::optional<std::string> name;
  std::optional<std::string> arn;
  std::optional<bool> with_consumers;
  static constexpr auto shape() {
    using Self = DeleteRequest;
    return std::array{shape::member<&Self::name>("StreamName"),
                      shape::member<&Self::arn>("StreamARN"),
                      shape::member<&Self::with_consumers>("EnforceConsumerDeletion")};
  }
};

struct ListStreamsRequest {
  std::optional<std::string> next_token;
  static constexpr auto shape() {
    return std::array{shape::member<&ListStreamsRequest::next_token>("NextToken")};
  }
};

struct ListStreamsReply {
  std::vector<shape::RawJson> streams;
  std::optional<std::string> next_token;
  static constexpr auto shape() {
    return std::array{shape::member<&ListStreamsReply::streams>("StreamSummaries"),
                      shape::member<&ListStreamsReply::next_token>("NextToken")};
  }
};

struct CreateFlags : StreamFlags {
  std::optional<std::int64_t> shards;
  bool on_demand = false;
  std::string retention;
  std::optional<std::int64_t> max_record_kib;
  std::vector<std::string> tags;
};

/// "48h", "7d", or hours as a number alone.
Result<std::int64_t> parse_hours(const std::string& text) {
  const bool is_bare = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  TRY(const std::int64_t millis, parse_duration_millis(is_bare ? text + "h" : text));
  constexpr std::int64_t kHour = 3'600'000;
  if (millis % kHour == 0) return millis / kHour;
  return Error{CliErrc::kUsage, "\"" + text + "\" is not whole hours; write 24h or 7d"};
}

/// Says whether anything was to change.
Result<bool> change_retention(StreamApi& api, const std::string& stream, std::int64_t hours) {
  TRY(const wire::StreamFacts facts, api.facts(stream));
  if (facts.retention_hours == hours) return false;
  const auto target = wire::StreamTarget::of(stream);
  const bool more = hours > facts.retention_hours.value_or(0);
  TRY_OK(api.body(more ? "IncreaseStreamRetentionPeriod" : "DecreaseStreamRetentionPeriod",
                  RetentionRequest{.name = target.name, .arn = target.arn, .hours = hours}));
  return true;
}

Result<int> create(const Context& context, const CreateFlags& flags) {
  CreateRequest request{.name = flags.stream,
                        .shards = flags.shards,
                        .mode = {},
                        .tags = {},
                        .max_record_kib = flags.max_record_kib};
  if (flags.on_demand) {
    request.mode = wire::ModeDetails{"ON_DEMAND"};
  } else if (!flags.shards) {
    request.shards = 1;
  }
  for (const std::string& text : flags.tags) {
    TRY(auto tag, parse_tag(text));
    if (!request.tags) request.tags.emplace();
    request.tags->insert_or_assign(std::move(tag.first), std::move(tag.second));
  }
  std::optional<std::int64_t> hours;
  if (!flags.retention.empty()) {
    TRY(hours, parse_hours(flags.retention));
    constexpr std::int64_t kLeast = 24;
    constexpr std::int64_t kMost = 8'760;
    if (*hours < kLeast || *hours > kMost) {  // Before there is a stream.
      return Error{CliErrc::kUsage, "--retention " + flags.retention +
                                        " is not within 24h to 365d; no stream was made"};
    }
    if (flags.no_wait) {
      return Error{CliErrc::kUsage,
                   "--retention is set when the stream is ACTIVE, so --no-wait cannot stand beside "
                   "it; `penstock stream retention` sets it later"};
    }
  }
  StreamApi api(context);
  TRY_OK(api.body("CreateStream", request));
  if (hours) {
    TRY_OK(api.wait_until_active(flags.stream, flags));
    TRY_OK(change_retention(api, flags.stream, *hours));
  }
  return settle(api, flags, "created");
}

Result<int> remove(const Context& context, const StreamFlags& flags, bool with_consumers) {
  StreamApi api(context);
  const auto target = wire::StreamTarget::of(flags.stream);
  DeleteRequest request{.name = target.name, .arn = target.arn, .with_consumers = {}};
  if (with_consumers) request.with_consumers = true;
  if (auto reply = api.body("DeleteStream", request); !reply.ok()) {
    Error error = std::move(reply).error();
    if (error.message.find("EnforceConsumerDeletion") != std::string::npos) {
      error.message += "\nHere that is --with-consumers.";
    }
    return error;
  }
  if (!flags.no_wait) TRY_OK(api.wait_until_gone(flags.stream, flags));
  if (flags.json) {
    std::printf("{}\n");
  } else {
    std::printf("%s %s\n", flags.stream.c_str(), flags.no_wait ? "is being deleted" : "is gone");
  }
  return 0;
}

Result<int> list(const Context& context, const StreamFlags& flags) {
  StreamApi api(context);
  ListStreamsReply all;
  ListStreamsRequest request;
  do {
    TRY(auto page, api.ask<ListStreamsReply>("ListStreams", request));
    for (auto& stream : page.streams) all.streams.push_back(std::move(stream));
    request.next_token = page.next_token;
  } while (request.next_token);
  if (flags.json) {
    std::printf("%s\n", shape::to_json(all).c_str());
    return 0;
  }
  if (all.streams.empty()) {
    std::printf("no streams in %s; `penstock stream create NAME` makes one\n",
                context.endpoint.region.c_str());
    return 0;
  }
  Table table({"stream", "status", "mode", "created"});
  for (const auto& text : all.streams) {
    TRY(const auto facts, shape::from_json<wire::StreamFacts>(text.text));
    const std::string mode = !facts.mode ? "" : facts.is_on_demand() ? "on demand" : "provisioned";
    table.row(
        {facts.name, facts.status, mode, facts.created ? utc_time(facts.created->millis) : ""});
  }
  std::fputs(table.text().c_str(), stdout);
  return 0;
}

Result<int> retention(const Context& context, const StreamFlags& flags, const std::string& text) {
  TRY(const std::int64_t hours, parse_hours(text));
  StreamApi api(context);
  TRY(const bool changed, change_retention(api, flags.stream, hours));
  return settle(api, flags, changed ? "retention changed" : "retention was that already");
}

Result<int> wait(const Context& context, const StreamFlags& flags, bool gone) {
  StreamApi api(context);
  if (!gone) return settle(api, flags, "waited");
  TRY_OK(api.wait_until_gone(flags.stream, flags));
  std::printf(flags.json ? "{}\n" : "%s is gone\n", flags.stream.c_str());
  return 0;
}

void add_create(CLI::App& stream, Context& context, Action& action) {
  auto flags = std::make_shared<CreateFlags>();
  CLI::App* command = add_stream_command(stream, *flags, "create", "Make a stream", "Its name");
  auto* shards = command->add_option("--shards", flags->shards, "Shards to begin with (1)");
  command
      ->add_flag("--on-demand", flags->on_demand,
                 "The service chooses the shards, beginning with four")
      ->excludes(shards);
  command->add_option("--retention", flags->retention, "How long records are kept: 24h to 365d");
  command->add_option("--max-record-kib", flags->max_record_kib,
                      "Largest record in KiB, 1024 to 10240");
  command->add_option("--tag", flags->tags, "KEY=VALUE; may be repeated")->allow_extra_args(false);
  add_wait_flags(*command, *flags);
  command->callback([&context, &action, flags] {
    action = [&context, flags] { return create(context, *flags); };
  });
}

}  // namespace

void add_stream_lifecycle(CLI::App& stream, Context& context, Action& action) {
  add_create(stream, context, action);

  auto listing = std::make_shared<StreamFlags>();
  add_stream_command(stream, *listing, "list", "Every stream of the account and region", "")
      ->callback([&context, &action, listing] {
        action = [&context, listing] { return list(context, *listing); };
      });

  auto kept = std::make_shared<StreamFlags>();
  auto hours = std::make_shared<std::string>();
  CLI::App* keep =
      add_stream_command(stream, *kept, "retention", "Change how long records are kept");
  keep->add_option("hours", *hours, "24h to 8760h (a year), or days as 7d")->required();
  add_wait_flags(*keep, *kept);
  keep->callback([&context, &action, kept, hours] {
    action = [&context, kept, hours] { return retention(context, *kept, *hours); };
  });

  auto awaited = std::make_shared<StreamFlags>();
  auto gone = std::make_shared<bool>(false);
  CLI::App* waiting =
      add_stream_command(stream, *awaited, "wait", "Wait until a stream is ACTIVE, or gone");
  waiting->add_flag("--gone", *gone, "Until it is deleted");
  waiting->add_option("--timeout", awaited->timeout, "How long: 90s, 15m")->capture_default_str();
  waiting->callback([&context, &action, awaited, gone] {
    action = [&context, awaited, gone] { return wait(context, *awaited, *gone); };
  });

  auto removed = std::make_shared<StreamFlags>();
  auto with_consumers = std::make_shared<bool>(false);
  CLI::App* removal =
      add_stream_command(stream, *removed, "delete", "Delete a stream with all its records");
  removal->add_flag("--with-consumers", *with_consumers, "Also when consumers are registered");
  add_wait_flags(*removal, *removed);
  removal->callback([&context, &action, removed, with_consumers] {
    action = [&context, removed, with_consumers] {
      return remove(context, *removed, *with_consumers);
    };
  });
}

}  // namespace penstock::cli
