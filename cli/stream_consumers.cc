#include "cli/stream_api.h"
#include "cli/stream_commands.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <map>
#include <memory>

namespace penstock::cli {
namespace {

struct Consumer {
  std::string name;
  std::string arn;
  std::string status;
  std::optional<shape::Timestamp> created;
  static constexpr auto shape() {
    using Self = Consumer;
    return std::array{shape::member<&Self::name>("ConsumerName"),
                      shape::member<&Self::arn>("ConsumerARN"),
                      shape::member<&Self::status>("ConsumerStatus"),
                      shape::member<&Self::created>("ConsumerCreationTimestamp")};
  }
};

/// Names a consumer; registering takes tags, too.
struct ConsumerRequest {
  std::string stream_arn;
  std::string name;
  std::optional<std::map<std::string, std::string>> tags;
  static constexpr auto shape() {
    using Self = ConsumerRequest;
    return std::array{shape::member<&Self::stream_arn>("StreamARN"),
                      shape::member<&Self::name>("ConsumerName"),
                      shape::member<&Self::tags>("Tags")};
  }
};

struct DescribeReply {
  Consumer consumer;
  static constexpr auto shape() {
    return std::array{shape::member<&DescribeReply::consumer>("ConsumerDescription")};
  }
};

struct ListRequest {
  std::string stream_arn;
  std::optional<std::string> next_token;
  static constexpr auto shape() {
    return std::array{shape::member<&ListRequest::stream_arn>("StreamARN"),
                      shape::member<&ListRequest::next_token>("NextToken")};
  }
};

struct ListReply {
  std::vector<shape::RawJson> consumers;
  std::optional<std::string> next_token;
  static constexpr auto shape() {
    return std::array{shape::member<&ListReply::consumers>("Consumers"),
                      shape::member<&ListReply::next_token>("NextToken")};
  }
};

struct ConsumerFlags : StreamFlags {
  std::string name;
  std::vector<std::string> tags;
};

Result<int> list(const Context& context, const StreamFlags& flags) {
  StreamApi api(context);
  ListRequest request;
  TRY(request.stream_arn, api.arn(flags.stream));
  ListReply all;
  do {
    TRY(auto page, api.ask<ListReply>("ListStreamConsumers", request));
    for (auto& consumer : page.consumers) all.consumers.push_back(std::move(consumer));
    request.next_token = page.next_token;
  } while (request.next_token);
  if (flags.json) {
    std::printf("%s\n", shape::to_json(all).c_str());
    return 0;
  }
  if (all.consumers.empty()) {
    std::printf("%s has no consumers\n", flags.stream.c_str());
    return 0;
  }
  Table table({"consumer", "status", "created", "arn"});
  for (const auto& text : all.consumers) {
    TRY(const auto consumer, shape::from_json<Consumer>(text.text));
    table.row({consumer.name, consumer.status,
               consumer.created ? utc_time(consumer.created->millis) : "", consumer.arn});
  }
  std::fputs(table.text().c_str(), stdout);
  return 0;
}

Result<int> enroll(const Context& context, const ConsumerFlags& flags) {
  ConsumerRequest request{.stream_arn = {}, .name = flags.name, .tags = {}};
  for (const std::string& text : flags.tags) {
    TRY(auto tag, parse_tag(text));
    if (!request.tags) request.tags.emplace();
    request.tags->insert_or_assign(std::move(tag.first), std::move(tag.second));
  }
  StreamApi api(context);
  TRY(request.stream_arn, api.arn(flags.stream));
  TRY_OK(api.body("RegisterStreamConsumer", request));
  request.tags.reset();
  std::string json;
  Consumer consumer;
  const auto look = [&]() -> Result<bool> {
    TRY(json, api.body("DescribeStreamConsumer", request));
    TRY(const auto reply, shape::from_json<DescribeReply>(json));
    consumer = reply.consumer;
    return consumer.status == "ACTIVE";
  };
  if (flags.no_wait) {
    TRY_OK(look());
  } else {
    TRY_OK(api.wait(flags, "consumer " + flags.name + " did not become ACTIVE", look));
  }
  if (flags.json) {
    std::printf("%s\n", json.c_str());
  } else {
    std::printf("consumer %s is %s: %s\n", flags.name.c_str(), consumer.status.c_str(),
                consumer.arn.c_str());
  }
  return 0;
}

Result<int> dismiss(const Context& context, const ConsumerFlags& flags) {
  StreamApi api(context);
  ConsumerRequest request{.stream_arn = {}, .name = flags.name, .tags = {}};
  TRY(request.stream_arn, api.arn(flags.stream));
  TRY_OK(api.body("DeregisterStreamConsumer", request));
  if (!flags.no_wait) {
    TRY_OK(api.wait(flags, "consumer " + flags.name + " was still there", [&]() -> Result<bool> {
      auto known = api.body("DescribeStreamConsumer", request);
      if (known.ok()) return false;
      if (api.client().last_type() == "ResourceNotFoundException") return true;
      return std::move(known).error();
    }));
  }
  if (flags.json) {
    std::printf("{}\n");
  } else {
    std::printf("consumer %s %s\n", flags.name.c_str(),
                flags.no_wait ? "is being deregistered" : "is gone");
  }
  return 0;
}

}  // namespace

void add_stream_consumers(CLI::App& stream, Context& context, Action& action) {
  CLI::App* consumers =
      stream.add_subcommand("consumers", "Consumers with enhanced fan-out of a stream");
  consumers->require_subcommand(1);

  auto listing = std::make_shared<StreamFlags>();
  add_stream_command(*consumers, *listing, "list", "Every consumer, in any state")
      ->callback([&context, &action, listing] {
        action = [&context, listing] { return list(context, *listing); };
      });

  auto enrolled = std::make_shared<ConsumerFlags>();
  CLI::App* joining = add_stream_command(*consumers, *enrolled, "register",
                                         "Register a consumer, and wait until it is ACTIVE");
  joining->add_option("name", enrolled->name, "Name of the consumer")->required();
  joining->add_option("--tag", enrolled->tags, "KEY=VALUE; may be repeated")
      ->allow_extra_args(false);
  add_wait_flags(*joining, *enrolled);
  joining->callback([&context, &action, enrolled] {
    action = [&context, enrolled] { return enroll(context, *enrolled); };
  });

  auto dismissed = std::make_shared<ConsumerFlags>();
  CLI::App* leaving = add_stream_command(*consumers, *dismissed, "deregister",
                                         "Deregister a consumer; its subscriptions end");
  leaving->add_option("name", dismissed->name, "Name of the consumer")->required();
  add_wait_flags(*leaving, *dismissed);
  leaving->callback([&context, &action, dismissed] {
    action = [&context, dismissed] { return dismiss(context, *dismissed); };
  });
}

}  // namespace penstock::cli
