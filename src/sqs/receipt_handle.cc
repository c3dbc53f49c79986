#include "sqs/receipt_handle.h"

#include "base/base64.h"
#include "base/crc32c.h"
#include "sqs/bytes.h"
#include "sqs/errors.h"

namespace penstock::sqs {
namespace {

constexpr std::uint8_t kVersion = 1;

std::uint32_t sum_of(std::string_view bytes) {
  return crc32c({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

Error invalid(std::string_view text) {
  return {SqsErrc::kReceiptHandleInvalid, "The input receipt handle \"" +
                                              std::string(text.substr(0, 256)) +
                                              "\" is not a valid receipt handle."};
}

}  // namespace

std::string encode(const ReceiptHandle& handle) {
  std::string bytes;
  ByteWriter out(bytes);
  out.u8(kVersion);
  out.u64(handle.log.value);
  out.u64(handle.index);
  out.u32(handle.receive_count);
  out.u64(handle.salt);
  out.u32(sum_of(bytes));
  return base64_encode(bytes);
}

Result<ReceiptHandle> decode_receipt_handle(std::string_view text) {
  std::string bytes;
  if (base64_decode(text, bytes).status != Base64Status::kOk) return invalid(text);
  ByteReader in(bytes);
  const std::uint8_t version = in.u8();
  ReceiptHandle handle;
  handle.log = LogId(in.u64());
  handle.index = in.u64();
  handle.receive_count = in.u32();
  handle.salt = in.u64();
  const std::uint32_t sum = in.u32();
  if (!in.at_end() || version != kVersion ||
      sum != sum_of(std::string_view(bytes).substr(0, bytes.size() - 4))) {
    return invalid(text);
  }
  return handle;
}

}  // namespace penstock::sqs
