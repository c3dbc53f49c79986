#include "cli/stream_api.h"
#include "cli/stream_commands.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <map>
#include <memory>

namespace penstock::cli {
namespace {

struct AddRequest {
  std::optional<std::string> name;
  std::optional<std::string> arn;
  std::map<std::string, std::string> tags;
  static constexpr auto shape() {
    using Self = AddRequest;
    return std::array{shape::member<&Self::name>("StreamName"),
                      shape::member<&Self::arn>("StreamARN"), shape::member<&Self::tags>("Tags")};
  }
};

struct RemoveRequest {
  std::optional<std::string> name;
  std::optional<std::string> arn;
  std::vector<std::string> keys;
  static constexpr auto shape() {
    using Self = RemoveRequest;
    return std::array{shape::member<&Self::name>("StreamName"),
                      shape::member<&Self::arn>("StreamARN"),
                      shape::member<&Self::keys>("TagKeys")};
  }
};

/// Of what is named by its ARN alone: consumers.
struct ResourceRequest {
  std::string arn;
  std::optional<std::map<std::string, std::string>> tags;
  std::optional<std::vector<std::string>> keys;
  static constexpr auto shape() {
    using Self = ResourceRequest;
    return std::array{shape::member<&Self::arn>("ResourceARN"), shape::member<&Self::tags>("Tags"),
                      shape::member<&Self::keys>("TagKeys")};
  }
};

struct ListRequest {
  std::optional<std::string> name;
  std::optional<std::string> arn;
  std::optional<std::string> after;
  static constexpr auto shape() {
    using Self = ListRequest;
    return std::array{shape::member<&Self::name>("StreamName"),
                      shape::member<&Self::arn>("StreamARN"),
                      shape::member<&Self::after>("ExclusiveStartTagKey")};
  }
};

struct Tag {
  std::string key;
  std::optional<std::string> value;
  static constexpr auto shape() {
    return std::array{shape::member<&Tag::key>("Key"), shape::member<&Tag::value>("Value")};
  }
};

struct ListReply {
  std::vector<Tag> tags;
  bool has_more = false;
  static constexpr auto shape() {
    return std::array{shape::member<&ListReply::tags>("Tags"),
                      shape::member<&ListReply::has_more>("HasMoreTags")};
  }
};

bool is_consumer(const std::string& arn) { return arn.find("/consumer/") != std::string::npos; }

struct TagFlags : StreamFlags {
  std::vector<std::string> tags;
};

Result<ListReply> tags_of(StreamApi& api, const std::string& stream) {
  if (is_consumer(stream)) {
    return api.ask<ListReply>("ListTagsForResource",
                              ResourceRequest{.arn = stream, .tags = {}, .keys = {}});
  }
  const auto target = wire::StreamTarget::of(stream);
  ListRequest request{.name = target.name, .arn = target.arn, .after = {}};
  ListReply all;
  do {
    TRY(const auto page, api.ask<ListReply>("ListTagsForStream", request));
    all.tags.insert(all.tags.end(), page.tags.begin(), page.tags.end());
    all.has_more = page.has_more && !page.tags.empty();
    if (all.has_more) request.after = page.tags.back().key;
  } while (all.has_more);
  return all;
}

Result<int> show(StreamApi& api, const StreamFlags& flags) {
  TRY(const ListReply all, tags_of(api, flags.stream));
  if (flags.json) {
    std::printf("%s\n", shape::to_json(all).c_str());
    return 0;
  }
  if (all.tags.empty()) {
    std::printf("%s has no tags\n", flags.stream.c_str());
    return 0;
  }
  Table table({"key", "value"});
  for (const Tag& tag : all.tags) table.row({tag.key, tag.value.value_or("")});
  std::fputs(table.text().c_str(), stdout);
  return 0;
}

Result<int> list(const Context& context, const StreamFlags& flags) {
  StreamApi api(context);
  return show(api, flags);
}

Result<int> add(const Context& context, const TagFlags& flags) {
  const auto target = wire::StreamTarget::of(flags.stream);
  AddRequest request{.name = target.name, .arn = target.arn, .tags = {}};
  for (const std::string& text : flags.tags) {
    TRY(auto tag, parse_tag(text));
    request.tags.insert_or_assign(std::move(tag.first), std::move(tag.second));
  }
  StreamApi api(context);
  if (is_consumer(flags.stream)) {
    TRY_OK(api.body("TagResource",
                    ResourceRequest{.arn = flags.stream, .tags = request.tags, .keys = {}}));
  } else {
    TRY_OK(api.body("AddTagsToStream", request));
  }
  return show(api, flags);
}

Result<int> remove(const Context& context, const TagFlags& flags) {
  const auto target = wire::StreamTarget::of(flags.stream);
  StreamApi api(context);
  if (is_consumer(flags.stream)) {
    TRY_OK(api.body("UntagResource",
                    ResourceRequest{.arn = flags.stream, .tags = {}, .keys = flags.tags}));
  } else {
    TRY_OK(api.body("RemoveTagsFromStream",
                    RemoveRequest{.name = target.name, .arn = target.arn, .keys = flags.tags}));
  }
  return show(api, flags);
}

}  // namespace

Result<std::pair<std::string, std::string>> parse_tag(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return Error{CliErrc::kUsage, "\"" + text + "\" is not a tag; write KEY=VALUE"};
  }
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

void add_stream_tags(CLI::App& stream, Context& context, Action& action) {
  CLI::App* tags = stream.add_subcommand("tags", "Tags of a stream, or of a consumer by its ARN");
  tags->require_subcommand(1);

  auto listing = std::make_shared<StreamFlags>();
  add_stream_command(*tags, *listing, "list", "Every tag")->callback([&context, &action, listing] {
    action = [&context, listing] { return list(context, *listing); };
  });

  auto added = std::make_shared<TagFlags>();
  CLI::App* adding =
      add_stream_command(*tags, *added, "add", "Add tags, or change what is there under a key");
  adding->add_option("tag", added->tags, "KEY=VALUE ...")->required();
  adding->callback(
      [&context, &action, added] { action = [&context, added] { return add(context, *added); }; });

  auto removed = std::make_shared<TagFlags>();
  CLI::App* removal = add_stream_command(*tags, *removed, "remove", "Remove tags by their keys");
  removal->add_option("key", removed->tags, "KEY ...")->required();
  removal->callback([&context, &action, removed] {
    action = [&context, removed] { return remove(context, *removed); };
  });
}

}  // namespace penstock::cli
