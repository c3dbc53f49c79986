#pragma once

#include "base/budget.h"

#include <algorithm>

namespace penstock::server {

/// How --memory is divided. The parts together never hold more than it, and each has something that
/// the others cannot take:
///
///     pages      an eighth, 16 MiB at least: one reply of the largest size
///     the rest   requests up to one half (32 MiB at least) and records all but a sixth of it, so
///                that neither waits for the other
///
/// Records are what is in memory of them, and what waits to be written. Where they can be read back
/// from the disk, the engine lets them go when the rest is short.
struct Memory {
  explicit Memory(std::size_t bytes)
      : pages(std::max(bytes / 8, kLargestPage)),
        rest(bytes - pages.limit_bytes()),
        requests(std::max(bytes / 2, kLargestRequest), rest),
        records(rest.limit_bytes() - std::max(rest.limit_bytes() / 6, kLeastForRequests), rest) {}

  static constexpr std::size_t kLargestPage = 16u << 20;
  static constexpr std::size_t kLargestRequest = 32u << 20;
  static constexpr std::size_t kLeastForRequests = 16u << 20;

  Budget pages;  ///< Replies of GetRecords and events of subscriptions, until they are sent.
  Budget rest;
  Budget requests;  ///< Connections, their buffers, and what handlers make of those.
  Budget records;
};

}  // namespace penstock::server
