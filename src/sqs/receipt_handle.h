#pragma once

#include "base/ids.h"
#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::sqs {

/// What a receipt handle says: which message of which incarnation of a queue, and which receive.
struct ReceiptHandle {
  LogId log;
  std::uint64_t index = 0;
  std::uint32_t receive_count = 0;
  std::uint64_t salt = 0;  ///< Random: no two handles are alike.
  bool operator==(const ReceiptHandle&) const = default;
};

/// Base64 of the fields and their checksum.
std::string encode(const ReceiptHandle& handle);
/// Errors: SqsErrc::kReceiptHandleInvalid.
Result<ReceiptHandle> decode_receipt_handle(std::string_view text);

}  // namespace penstock::sqs
