#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace penstock {

/// A value that must not be swapped with another of the same representation.
template <class Tag, class Rep>
struct StrongId {
  Rep value{};

  StrongId() = default;
  constexpr explicit StrongId(Rep v) : value(std::move(v)) {}
  auto operator<=>(const StrongId&) const = default;
  bool operator==(const StrongId&) const = default;
};

/// Whose resource: everything that is stored or looked up starts with it.
/// account: 12 digits. region: as in the credential scope, e.g. "us-east-1".
struct Tenant {
  std::string account;
  std::string region;
  auto operator<=>(const Tenant&) const = default;
  bool operator==(const Tenant&) const = default;
};

/// One incarnation of a stream or queue inside an engine: unique for ever, never reused.
using LogId = StrongId<struct LogIdTag, std::uint64_t>;

/// One shard of one log. Shard numbers only grow.
struct ShardRef {
  LogId log;
  std::uint32_t shard = 0;
  auto operator<=>(const ShardRef&) const = default;
  bool operator==(const ShardRef&) const = default;
};

}  // namespace penstock

template <class Tag, class Rep>
struct std::hash<penstock::StrongId<Tag, Rep>> {
  std::size_t operator()(const penstock::StrongId<Tag, Rep>& id) const {
    return std::hash<Rep>{}(id.value);
  }
};
template <>
struct std::hash<penstock::ShardRef> {
  std::size_t operator()(const penstock::ShardRef& ref) const {
    return std::hash<std::uint64_t>{}(ref.log.value * 0x9E3779B97F4A7C15ull + ref.shard);
  }
};
