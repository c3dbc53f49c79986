#pragma once

#include "shape/shape.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// How an on-demand stream is scaled, and why it was: what the server says of it.
namespace penstock::cli {
namespace wire {

struct WriteRate {
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  static constexpr auto shape() {
    return std::array{shape::member<&WriteRate::records>("records"),
                      shape::member<&WriteRate::bytes>("bytes")};
  }
};

struct ScalingStep {
  std::int64_t at_ms = 0;
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::string reason;
  static constexpr auto shape() {
    using Self = ScalingStep;
    return std::array{shape::member<&Self::at_ms>("at_ms"), shape::member<&Self::from>("from"),
                      shape::member<&Self::to>("to"), shape::member<&Self::reason>("reason")};
  }
};

struct Scaling {
  std::int64_t shards_min = 0;
  std::int64_t shards_max = 0;
  std::int64_t shards_needed = 0;
  WriteRate now;
  std::optional<WriteRate> peak;
  std::vector<ScalingStep> steps;  ///< Oldest first.
  static constexpr auto shape() {
    using Self = Scaling;
    return std::array{
        shape::member<&Self::shards_min>("shards_min"),
        shape::member<&Self::shards_max>("shards_max"),
        shape::member<&Self::shards_needed>("shards_needed"),
        shape::member<&Self::now>("now"),
        shape::member<&Self::peak>("peak"),
        shape::member<&Self::steps>("steps"),
    };
  }
};

}  // namespace wire

/// What it takes in and may have, and the newest steps with their reasons.
std::string draw_scaling(const wire::Scaling& scaling, std::size_t width, std::size_t steps_max);

}  // namespace penstock::cli
