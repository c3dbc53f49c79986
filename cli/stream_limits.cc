#include "cli/stream_api.h"
#include "cli/stream_commands.h"
#include "cli/stream_load.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

#include <array>
#include <cstdio>
#include <memory>

/// Limits of one stream's shards that differ from the server's. AWS has no such call.
namespace penstock::cli {
namespace {

/// What a stream has of its own, or what holds; 0 is no limit.
struct Limits {
  std::optional<std::int64_t> write_records;
  std::optional<std::int64_t> write_bytes;
  std::optional<std::int64_t> read_calls;
  std::optional<std::int64_t> read_bytes;
  std::optional<std::int64_t> iterator_calls;
  std::optional<std::int64_t> subscribe_bytes;
  std::optional<bool> call_rates;
  static constexpr auto shape() {
    using Self = Limits;
    return std::array{
        shape::member<&Self::write_records>("write_records"),
        shape::member<&Self::write_bytes>("write_bytes"),
        shape::member<&Self::read_calls>("read_calls"),
        shape::member<&Self::read_bytes>("read_bytes"),
        shape::member<&Self::iterator_calls>("iterator_calls"),
        shape::member<&Self::subscribe_bytes>("subscribe_bytes"),
        shape::member<&Self::call_rates>("call_rates"),
    };
  }
};

struct Effective {
  Limits effective;
  static constexpr auto shape() {
    return std::array{shape::member<&Effective::effective>("effective")};
  }
};

struct NamedLimit {
  const char* name;
  std::optional<std::int64_t> Limits::* member;
  const char* meaning;
};
constexpr std::array<NamedLimit, 6> kLimits{{
    {"write_records", &Limits::write_records, "records stored"},
    {"write_bytes", &Limits::write_bytes, "bytes stored"},
    {"read_calls", &Limits::read_calls, "calls of GetRecords"},
    {"read_bytes", &Limits::read_bytes, "bytes read"},
    {"iterator_calls", &Limits::iterator_calls, "calls of GetShardIterator"},
    {"subscribe_bytes", &Limits::subscribe_bytes, "bytes pushed to a consumer"},
}};

struct LimitFlags : StreamFlags {
  std::vector<std::string> set;
  bool clear = false;
};

Error not_a_limit(const std::string& text) {
  std::string names;
  for (const NamedLimit& limit : kLimits) names += std::string(limit.name) + ", ";
  return {CliErrc::kUsage, "\"" + text + "\" is no limit; write NAME=NUMBER (0: none) with " +
                               names + "or call_rates=on or off"};
}

Status set_one(Limits& limits, const std::string& text) {
  const std::size_t equals = std::min(text.find('='), text.size());
  const std::string name = text.substr(0, equals);
  const std::string value = equals < text.size() ? text.substr(equals + 1) : "";
  if (name == "call_rates" && (value == "on" || value == "off")) {
    limits.call_rates = value == "on";
    return ok();
  }
  constexpr std::size_t kDigitsMax = 15;
  const bool is_number = !value.empty() && value.size() <= kDigitsMax &&
                         value.find_first_not_of("0123456789") == std::string::npos;
  for (const NamedLimit& limit : kLimits) {
    if (limit.name != name || !is_number) continue;
    limits.*limit.member = std::stoll(value);
    return ok();
  }
  return not_a_limit(text);
}

std::string limit_text(const std::optional<std::int64_t>& limit) {
  return !limit ? "" : *limit == 0 ? "none" : with_commas(*limit);
}

Status show(const std::string& body) {
  TRY(const Limits own, shape::from_json<Limits>(body));
  TRY(const Effective now, shape::from_json<Effective>(body));
  Table table({"limit", "a second and shard", "holds", "its own"});
  for (const NamedLimit& limit : kLimits) {
    table.row({limit.name, limit.meaning, limit_text(now.effective.*limit.member),
               limit_text(own.*limit.member)});
  }
  std::fputs(table.text().c_str(), stdout);
  if (own.call_rates == false) std::printf("calls about this stream do not count to call rates\n");
  return ok();
}

Result<int> limits(const Context& context, const LimitFlags& flags) {
  StreamApi api(context);
  ApiClient& client = api.client();
  const std::string path = admin_path(flags.stream, "limits");
  Limits wanted;
  for (const std::string& text : flags.set) TRY_OK(set_one(wanted, text));
  std::string body;
  if (flags.clear) {
    TRY(body, client.rest("penstock", "DELETE", path, ""));
  }
  if (!flags.set.empty()) {
    TRY(const std::string before, client.rest("penstock", "GET", path, ""));
    TRY(Limits all, shape::from_json<Limits>(before));
    for (const std::string& text : flags.set) TRY_OK(set_one(all, text));
    TRY(body, client.rest("penstock", "PUT", path, shape::to_json(all)));
  }
  if (body.empty()) {
    TRY(body, client.rest("penstock", "GET", path, ""));
  }
  if (flags.json) {
    std::printf("%s\n", body.c_str());
    return 0;
  }
  TRY_OK(show(body));
  return 0;
}

}  // namespace

void add_stream_limits(CLI::App& stream, Context& context, Action& action) {
  auto flags = std::make_shared<LimitFlags>();
  CLI::App* command = add_stream_command(
      stream, *flags, "limits", "Show the limits of a stream's shards, or give it its own");
  CLI::Option* set =
      command
          ->add_option("--set", flags->set,
                       "write_records=500, or read_calls=0 (no limit); may be repeated")
          ->allow_extra_args(false);
  command->add_flag("--clear", flags->clear, "Forget its own: the server's hold again")
      ->excludes(set);
  command->callback([&context, &action, flags] {
    action = [&context, flags] { return limits(context, *flags); };
  });
}

}  // namespace penstock::cli
