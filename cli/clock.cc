#include "cli/commands.h"
#include "cli/terminal.h"
#include "shape/json.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>

namespace penstock::cli {
namespace {

struct ClockReply {
  std::int64_t now_ms = 0;
  std::int64_t offset_ms = 0;
  static constexpr auto shape() {
    return std::array{shape::member<&ClockReply::now_ms>("now_ms"),
                      shape::member<&ClockReply::offset_ms>("offset_ms")};
  }
};

struct Advance {
  std::int64_t advance_ms = 0;
  static constexpr auto shape() {
    return std::array{shape::member<&Advance::advance_ms>("advance_ms")};
  }
};

Result<int> show(const std::string& body) {
  TRY(const ClockReply clock, shape::from_json<ClockReply>(body));
  std::printf("%s, %lld s ahead of the wall clock\n", utc_time(clock.now_ms).c_str(),
              static_cast<long long>(clock.offset_ms / 1000));
  return 0;
}

Result<int> now(const Context& context) {
  ApiClient client(context.endpoint);
  TRY(const std::string body, client.rest("penstock", "GET", "/_penstock/clock", ""));
  return show(body);
}

Result<int> advance_clock(const Context& context, const std::string& by) {
  TRY(const std::int64_t millis, parse_duration_millis(by));
  ApiClient client(context.endpoint);
  TRY(const std::string body, client.rest("penstock", "POST", "/_penstock/clock",
                                          shape::to_json(Advance{.advance_ms = millis})));
  return show(body);
}

}  // namespace

Result<std::int64_t> parse_duration_millis(const std::string& text) {
  std::size_t digits = 0;
  std::int64_t number = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9' && digits < 12) {
    number = number * 10 + (text[digits++] - '0');
  }
  const std::string unit = text.substr(digits);
  const std::int64_t factor = unit == "ms"  ? 1
                              : unit == "s" ? 1000
                              : unit == "m" ? 60'000
                              : unit == "h" ? 3'600'000
                              : unit == "d" ? 86'400'000
                                            : 0;
  if (digits == 0 || factor == 0) {
    return Error{CliErrc::kUsage,
                 "\"" + text + "\" is not a duration; write 250ms, 90s, 15m, 24h or 7d"};
  }
  return number * factor;
}

void add_clock(CLI::App& app, Context& context, Action& action) {
  CLI::App* command = app.add_subcommand(
      "clock",
      "Show or advance the service clock (arrival times, retention, expiry, ages, retries).");
  command->require_subcommand(0, 1);
  CLI::App* forward =
      command->add_subcommand("advance", "Move the clock of a server started with --dev");
  auto by = std::make_shared<std::string>();
  forward->add_option("duration", *by, "How far: 250ms, 90s, 15m, 24h, 7d")->required();
  forward->callback(
      [&context, &action, by] { action = [&context, by] { return advance_clock(context, *by); }; });
  command->callback([&context, &action, forward] {
    if (!forward->parsed()) action = [&context] { return now(context); };
  });
}

}  // namespace penstock::cli
