#pragma once

#include "base/time.h"
#include "front/request.h"

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

/// Appends status line and headers up to and with the empty line.
void write_head(std::string& out, const Reply& reply, std::string_view date, bool keep_alive);

/// "Not Found" for 404; empty for codes without a phrase.
std::string_view reason_phrase(int status);

}  // namespace penstock::front
