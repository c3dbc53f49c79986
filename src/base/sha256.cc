#include "base/sha256.h"

#include "base/base64.h"
#include "base/check.h"
#include "base/hex.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace penstock {
namespace {

/// Fetched once: an implicit fetch costs more than hashing a small body.
const EVP_MD* algorithm() {
  static const EVP_MD* const fetched = [] {
    const EVP_MD* md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    PENSTOCK_CHECK(md != nullptr, "OpenSSL has SHA-256");
    return md;
  }();
  return fetched;
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

EVP_MD_CTX* new_context() {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  PENSTOCK_CHECK(context != nullptr, "memory for a digest context");
  return context;
}

EVP_MD_CTX* thread_context() {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context{new_context()};
  return context.get();
}

void begin(EVP_MD_CTX* context) {
  PENSTOCK_CHECK(EVP_DigestInit_ex(context, algorithm(), nullptr) == 1, "SHA-256 starts");
}

void add(EVP_MD_CTX* context, std::string_view bytes) {
  PENSTOCK_CHECK(EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1, "SHA-256 takes bytes");
}

Sha256Digest end(EVP_MD_CTX* context) {
  Sha256Digest digest;
  unsigned size = 0;
  PENSTOCK_CHECK(EVP_DigestFinal_ex(context, digest.data(), &size) == 1 && size == digest.size(),
                 "SHA-256 ends in 32 bytes");
  return digest;
}

}  // namespace

Sha256Digest sha256(std::string_view bytes) {
  EVP_MD_CTX* context = thread_context();
  begin(context);
  add(context, bytes);
  return end(context);
}

std::string sha256_hex(std::string_view bytes) { return hex_encode(as_chars(sha256(bytes))); }
std::string sha256_base64(std::string_view bytes) { return base64_encode(as_chars(sha256(bytes))); }

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }
Sha256::Sha256() : context_(new_context()) { begin(context_.get()); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
void Sha256::update(std::string_view bytes) { add(context_.get(), bytes); }
Sha256Digest Sha256::finish() {
  const Sha256Digest digest = end(context_.get());
  begin(context_.get());
  return digest;
}

void HmacSha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }
HmacSha256::HmacSha256(std::string_view key) : inner_(new_context()), outer_(new_context()) {
  constexpr std::size_t kBlock = 64;
  std::string block(key);
  if (block.size() > kBlock) block = std::string(as_chars(sha256(block)));
  block.resize(kBlock, '\0');
  for (char& c : block) c = static_cast<char>(c ^ 0x36);
  begin(inner_.get());
  add(inner_.get(), block);
  for (char& c : block) c = static_cast<char>(c ^ 0x36 ^ 0x5C);
  begin(outer_.get());
  add(outer_.get(), block);
  OPENSSL_cleanse(block.data(), block.size());
}
HmacSha256::~HmacSha256() = default;
HmacSha256::HmacSha256(HmacSha256&&) noexcept = default;
HmacSha256& HmacSha256::operator=(HmacSha256&&) noexcept = default;

Sha256Digest HmacSha256::sign(std::string_view bytes) const {
  EVP_MD_CTX* context = thread_context();
  PENSTOCK_CHECK(EVP_MD_CTX_copy_ex(context, inner_.get()) == 1, "a digest state is copied");
  add(context, bytes);
  const Sha256Digest inner = end(context);
  PENSTOCK_CHECK(EVP_MD_CTX_copy_ex(context, outer_.get()) == 1, "a digest state is copied");
  add(context, as_chars(inner));
  return end(context);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace penstock
