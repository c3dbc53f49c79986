#include "base/base64.h"

#include "base/base64_kernels.h"
#include "base/check.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

// Every kernel against OpenSSL and against the alphabet itself. The input is taken once as bytes to
// encode and once as text to decode.

namespace penstock {
namespace {

std::string openssl_encode(std::string_view bytes) {
  std::string out(base64_encoded_size(bytes.size()) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

/// Of a text that is known to be good.
std::string openssl_decode(std::string_view text) {
  std::string out(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  PENSTOCK_CHECK(size == static_cast<int>(out.size()), "OpenSSL takes what we take");
  out.resize(base64_decoded_size(text));
  return out;
}

/// In memory of exactly the size that is asked for.
std::string encoded(std::string_view bytes, void (*encode)(std::string_view, char*)) {
  const std::size_t size = base64_encoded_size(bytes.size());
  const auto out = std::make_unique<char[]>(size);
  encode(bytes, out.get());
  return {out.get(), size};
}

struct Outcome {
  Base64Decoded decoded;
  std::string bytes;
};

Outcome decoded(std::string_view text, Base64Decoded (*decode)(std::string_view, char*)) {
  const auto out = std::make_unique<char[]>(base64_decode_capacity(text.size()));
  const Base64Decoded result = decode(text, out.get());
  return {result, {out.get(), result.size}};
}

bool equal(const Outcome& a, const Outcome& b) {
  return a.decoded.status == b.decoded.status && a.decoded.size == b.decoded.size &&
         a.decoded.at == b.decoded.at && a.bytes == b.bytes;
}

void check_encoding(std::string_view bytes) {
  const std::string text = openssl_encode(bytes);
  for (const Base64Kernel& kernel : base64_kernels()) {
    PENSTOCK_CHECK(encoded(bytes, kernel.encode) == text, "encoded as OpenSSL does");
    PENSTOCK_CHECK(decoded(text, kernel.decode).bytes == bytes, "and decoded again");
  }
}

/// OpenSSL is laxer than we are: what it makes of a text that was refused must have another one.
void check_refusal(std::string_view text) {
  std::string bytes(text.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return;
  bytes.resize(base64_decoded_size(text));
  PENSTOCK_CHECK(openssl_encode(bytes) != text, "a canonical text is taken");
}

void check_decoding(std::string_view text) {
  const Outcome scalar = decoded(text, base64_kernels().front().decode);
  for (const Base64Kernel& kernel : base64_kernels()) {
    PENSTOCK_CHECK(equal(decoded(text, kernel.decode), scalar), "the kernels agree");
  }
  if (scalar.decoded.status == Base64Status::kOk) {
    PENSTOCK_CHECK(scalar.bytes == openssl_decode(text), "decoded as OpenSSL does");
    PENSTOCK_CHECK(openssl_encode(scalar.bytes) == text, "only the canonical text is taken");
  } else if (text.size() % 4 == 0) {
    check_refusal(text);
  }
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // In memory of its own without anything behind it.
  const auto copy = std::make_unique<char[]>(size);
  std::copy_n(data, size, copy.get());
  penstock::check_encoding({copy.get(), size});
  penstock::check_decoding({copy.get(), size});
  return 0;
}
