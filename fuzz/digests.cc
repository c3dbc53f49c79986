#include "base/check.h"
#include "base/crc32c.h"
#include "base/md5.h"
#include "base/sha256.h"
#include "support/slow_digests.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

// The digests of keys, of signatures and of what lies on disk against their definitions, in one
// piece and in two.

namespace penstock {
namespace {

Md5Digest openssl_md5(std::string_view bytes) {
  Md5Digest digest;
  unsigned size = 0;
  PENSTOCK_CHECK(
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_md5(), nullptr) == 1,
      "OpenSSL has MD5");
  return digest;
}

/// Eight keys are cut out of the input, of any length up to one block.
void check_eight(std::string_view bytes) {
  std::array<std::string_view, 8> texts;
  for (std::size_t i = 0; i < texts.size() && !bytes.empty(); ++i) {
    const std::size_t size =
        std::min({static_cast<std::size_t>(static_cast<unsigned char>(bytes.front())) % 64,
                  kMd5OneBlockBytes, bytes.size()});
    texts[i] = bytes.substr(0, size);
    bytes.remove_prefix(std::max<std::size_t>(size, 1));
  }
  const auto digests = md5_of_eight(texts);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    PENSTOCK_CHECK(digests[i] == openssl_md5(texts[i]), "eight together are what each is");
  }
}

void check_digests(std::string_view bytes, std::size_t cut) {
  PENSTOCK_CHECK(md5(bytes) == openssl_md5(bytes), "MD5 is OpenSSL's");
  check_eight(bytes);

  const Sha256Digest sha = testing::SlowSha256::of(bytes);
  PENSTOCK_CHECK(sha256(bytes) == sha, "SHA-256 is its definition's");
  Sha256 pieces;
  pieces.update(bytes.substr(0, cut));
  pieces.update(bytes.substr(cut));
  PENSTOCK_CHECK(pieces.finish() == sha, "in pieces, too");

  const std::span raw(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  const std::uint32_t crc = testing::slow_crc32c(raw);
  PENSTOCK_CHECK(crc32c(raw) == crc, "CRC-32C is its definition's");
  PENSTOCK_CHECK(crc32c(raw.subspan(cut), crc32c(raw.first(cut))) == crc, "in pieces, too");
}

}  // namespace
}  // namespace penstock

// The first byte says where the rest is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto copy = std::make_unique<char[]>(size - 1);
  std::copy(data + 1, data + size, copy.get());
  penstock::check_digests({copy.get(), size - 1}, std::min<std::size_t>(data[0], size - 1));
  return 0;
}
