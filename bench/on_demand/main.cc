#include "sim/on_demand_model.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <random>
#include <string>

// Weeks of a broadcaster's traffic on one on-demand stream, in virtual time: the server's own
// scaler and limiters, second by second. Writes one line a minute, and one for each step.
//
//     on_demand_month --csv month.csv --steps steps.csv

namespace {

using namespace penstock;
using namespace std::chrono_literals;

/// Records a second at each full hour, the mean of which is 5,800; between them the load is even.
constexpr std::array<double, 24> kHours{4'600, 3'200, 2'300, 1'900, 1'800,  2'100, 3'200, 4'600,
                                        5'400, 5'600, 5'700, 6'000, 6'500,  6'400, 6'200, 6'300,
                                        6'800, 7'600, 8'600, 9'500, 10'000, 9'800, 8'400, 6'400};

/// Election night: hours of that day and the load. Polls close at 20, the first projection comes
/// two minutes later, the hockey final ends at 21.
struct Point {
  double hour;
  double records;
};
constexpr std::array<Point, 8> kElection{{{19, 9'500},
                                          {20, 12'000},
                                          {20 + 2.0 / 60, 36'000},
                                          {20.5, 38'000},
                                          {21, 41'700},
                                          {21.5, 41'000},
                                          {23, 22'000},
                                          {24, 4'600}}};

double between(double at, double from, double to, double low, double high) {
  return low + (high - low) * (at - from) / (to - from);
}

double load(std::int64_t minute, int election_day) {
  const auto day = static_cast<int>(minute / 1'440);
  const double hour = static_cast<double>(minute % 1'440) / 60;
  if (day == election_day && hour >= kElection.front().hour) {
    for (std::size_t i = 1; i < kElection.size(); ++i) {
      const Point& from = kElection[i - 1];
      const Point& to = kElection[i];
      if (hour < to.hour) return between(hour, from.hour, to.hour, from.records, to.records);
    }
  }
  const auto full = static_cast<std::size_t>(hour);
  return between(hour, static_cast<double>(full), static_cast<double>(full) + 1, kHours[full],
                 kHours[(full + 1) % 24]);
}

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Weeks of traffic on one on-demand stream, in virtual time"};
  std::string csv = "month.csv";
  std::string steps_csv = "steps.csv";
  int days = 52;
  int election_day = 6;
  int keys = 200'000;
  app.add_option("--csv", csv, "One line a minute")->capture_default_str();
  app.add_option("--steps", steps_csv, "One line for each step of the scaler")
      ->capture_default_str();
  app.add_option("--days", days)->capture_default_str();
  app.add_option("--election", election_day, "The day of the peak, from 0")->capture_default_str();
  app.add_option("--keys", keys, "Viewers, each a partition key")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  std::FILE* minutes = std::fopen(csv.c_str(), "w");      // env: a program of its own
  std::FILE* steps = std::fopen(steps_csv.c_str(), "w");  // env: a program of its own
  if (minutes == nullptr || steps == nullptr) {
    std::fprintf(stderr, "cannot write %s or %s\n", csv.c_str(), steps_csv.c_str());
    return 1;
  }
  const ServiceTime start{Millis{1'601'510'400'000}};  // 2020-10-01, a midnight.
  sim::OnDemandModel model(sim::equal_keys(static_cast<std::size_t>(keys)), {.start = start});
  std::mt19937_64 random(20);
  std::uniform_real_distribution<double> noise(0.96, 1.04);
  std::fprintf(minutes, "minute,offered,stored,refused,shards,needed\n");
  std::fprintf(steps, "minute,from,to,reason\n");
  sim::OnDemandModel::Outcome all;
  std::size_t told = 0;
  double highest = 0;
  for (std::int64_t minute = 0; minute < std::int64_t{days} * 1'440; ++minute) {
    const double rate = load(minute, election_day) * noise(random);
    highest = std::max(highest, rate);
    const auto outcome = model.run(rate, 1min);
    all += outcome;
    std::fprintf(
        minutes, "%ld,%.0f,%.1f,%.1f,%ld,%ld\n", static_cast<long>(minute), rate,
        static_cast<double>(outcome.stored) / 60, static_cast<double>(outcome.refused) / 60,
        static_cast<long>(model.open_shards()),
        static_cast<long>(std::max<std::int64_t>(4, model.scaler().shards_needed(model.now()))));
    for (; told < model.steps().size(); ++told) {
      const stream::ScalingStep& step = model.steps()[told];
      std::fprintf(steps, "%ld,%ld,%ld,%s\n", static_cast<long>(minute),
                   static_cast<long>(step.from), static_cast<long>(step.to),
                   quoted(step.reason).c_str());
    }
  }
  std::fclose(minutes);
  std::fclose(steps);
  std::printf(
      "%d days, %ld records sent (mean %.0f a second, highest minute %.0f), %ld refused "
      "(%.4f %%), %zu steps, %ld shards at the end\n",
      days, static_cast<long>(all.stored + all.refused),
      static_cast<double>(all.stored + all.refused) / (days * 86'400.0), highest,
      static_cast<long>(all.refused),
      100.0 * static_cast<double>(all.refused) / static_cast<double>(all.stored + all.refused),
      told, static_cast<long>(model.open_shards()));
  return 0;
}
