#pragma once

#include "front/request.h"

#include <cstddef>
#include <string_view>

namespace penstock::front {

/// Told how many record entries a producer handed in, before anything decides about them.
/// The ledger compares this count with what the stream says became of them. Any loop.
class ReceiptObserver {
 public:
  virtual ~ReceiptObserver() = default;
  virtual void entries_received(const Caller& producer, std::string_view stream,
                                std::size_t entries) = 0;
};

}  // namespace penstock::front
