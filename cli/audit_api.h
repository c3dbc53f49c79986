#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/api_client.h"
#include "shape/shape.h"

namespace penstock::cli {
namespace wire {

/// One producer's entries into one stream.
struct AuditProducer {
  std::string access_key;
  std::string address;
  std::string agent;
  std::int64_t received = 0;
  std::int64_t stored = 0;
  std::int64_t throttled = 0;
  std::int64_t rejected = 0;
  std::int64_t failed = 0;
  std::int64_t recovered = 0;
  std::int64_t waiting = 0;
  std::int64_t probably_lost = 0;
  std::int64_t unknown = 0;
  std::int64_t unaccounted = 0;
  static constexpr auto shape() {
    using Self = AuditProducer;
    return std::array{
        shape::member<&Self::access_key>("access_key"), shape::member<&Self::address>("address"),
        shape::member<&Self::agent>("agent"),           shape::member<&Self::received>("received"),
        shape::member<&Self::stored>("stored"),         shape::member<&Self::throttled>("throttled"),
        shape::member<&Self::rejected>("rejected"),     shape::member<&Self::failed>("failed"),
        shape::member<&Self::recovered>("recovered"),   shape::member<&Self::waiting>("waiting"),
        shape::member<&Self::probably_lost>("probably_lost"),
        shape::member<&Self::unknown>("unknown"),
        shape::member<&Self::unaccounted>("unaccounted"),
    };
  }
};

}  // namespace wire
}  // namespace penstock::cli
