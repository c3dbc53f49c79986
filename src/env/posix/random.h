#pragma once

#include "env/random.h"

namespace penstock::env::posix {

/// The kernel's random numbers.
class PosixRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override;
};

}  // namespace penstock::env::posix
