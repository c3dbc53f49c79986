#pragma once

#include "base/time.h"
#include "front/request.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::front {

/// Today's Date header, made once a second.
class DateHeader {
 public:
  /// "Tue, 24 Nov 2026 10:25:35 GMT"
  std::string_view text(WallTime now);

 private:
  std::int64_t second_ = -1;
  char text_[32] = {};
  std::size_t size_ = 0;
};

/// How a reader finds the end of a body.
enum class BodyLength : std::uint8_t { kKnown, kChunks, kUntilClose };

/// Appends status line and headers up to and with the empty line.
void write_head(std::string& out, const Reply& reply, std::string_view date, bool keep_alive,
                BodyLength length = BodyLength::kKnown);

/// Appends what stands before a chunk of a body in chunks.
void write_chunk_size(std::string& out, std::size_t bytes);

/// "Not Found" for 404; empty for codes without a phrase.
std::string_view reason_phrase(int status);

}  // namespace penstock::front
