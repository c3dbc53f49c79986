#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace penstock::env {
class Random;
}

namespace penstock::front {

/// Ids for requests: unique, not secret. Seeded from the outside world, then xoshiro256**, because
/// a system call for each request would cost more than parsing it. One per loop.
class RequestIds {
 public:
  explicit RequestIds(env::Random& random);
  std::string request_id();   ///< UUID v4, for x-amzn-RequestId
  std::string extended_id();  ///< Base64 of 64 bytes, for x-amz-id-2

 private:
  std::uint64_t next();
  std::array<std::uint64_t, 4> state_;
};

}  // namespace penstock::front
