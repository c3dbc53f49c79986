#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/sha256.h"
#include "base/time.h"
#include "engine/log.h"
#include "stream/types.h"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::stream {

/// How long iterators and page tokens are good for.
inline constexpr Millis kTokenLife{300'000};

/// A place in a shard, as a client holds it between two reads.
struct Iterator {
  LogId log;  ///< Of the stream's incarnation.
  std::uint32_t shard = 0;
  engine::Position from;
  ServiceTime issued;
  StreamName stream;  ///< For messages when the stream is gone.
};

/// The rest of a ListShards, ListStreams or ListStreamConsumers listing.
struct PageToken {
  ServiceTime issued;
  StreamName stream;              ///< ListStreams: the last name of the page.
  LogId log;                      ///< 0 for ListStreams.
  std::uint32_t after_shard = 0;  ///< The last shard of the page.
  std::optional<ShardFilterType> filter;
  std::optional<std::uint32_t> filter_shard;
  std::optional<ServiceTime> filter_time;
  std::string after_consumer;  ///< ListStreamConsumers only: the last name of the page.
};

/// Makes tokens and tells its own from everything else: eight bytes as AWS begins them, the
/// content, padding, and a signature with the server's secret. Any thread; no two are alike.
///
/// Iterators are 224 to 376 characters of base64, and not readable by eye; clients must not look
/// into them, but nothing in them is secret.
class TokenMaker {
 public:
  /// secret    32 bytes that survive a restart, or iterators would not
  explicit TokenMaker(std::string_view secret) : key_(secret) {}

  std::string seal(const Iterator& iterator) const;
  /// In double quotes, too. Nothing when it is none of ours; age is for the caller to judge.
  std::optional<Iterator> open_iterator(std::string_view token) const;

  std::string seal(const PageToken& page) const;
  std::optional<PageToken> open_page(std::string_view token) const;

 private:
  std::string seal_bytes(std::string content) const;
  std::optional<std::string> open_bytes(std::string_view token) const;
  HmacSha256 key_;
  mutable std::atomic<std::uint64_t> serial_{0};
};

}  // namespace penstock::stream
