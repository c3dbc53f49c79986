#pragma once

#include "base/uuid.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::env {
class Random;
}

namespace penstock::front {

/// The text of an id, in place.
template <std::size_t kBytes>
struct IdText {
  char text[kBytes]{};
  std::string_view view() const { return {text, kBytes}; }
};
using RequestId = IdText<kUuidBytes>;  ///< UUID v4, for x-amzn-RequestId
using ExtendedId = IdText<88>;         ///< Base64 of 64 bytes, for x-amz-id-2

/// Ids for requests: unique, not secret. Seeded from the outside world, then xoshiro256**, because
/// a system call for each request would cost more than parsing it. One per loop.
class RequestIds {
 public:
  explicit RequestIds(env::Random& random);
  RequestId request_id();
  ExtendedId extended_id();

 private:
  std::uint64_t next();
  std::array<std::uint64_t, 4> state_;
};

}  // namespace penstock::front
