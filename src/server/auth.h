#pragma once

#include <cstdint>

namespace penstock::server {

/// Whether requests must be signed with a key of the file.
enum class Auth : std::uint8_t {
  kOff,   ///< Any well-formed credentials are accepted.
  kAuto,  ///< As soon as the file holds keys, and from then on until the server stops.
  kOn,
};

}  // namespace penstock::server
