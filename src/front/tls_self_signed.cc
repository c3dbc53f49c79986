#include "base/check.h"
#include "front/openssl_owned.h"
#include "front/tls.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

namespace penstock::front {
namespace {

constexpr long kTenYears = 3652L * 24 * 3600;
constexpr long kSoon = 30L * 24 * 3600;
/// A clock that is a little behind ours accepts it, too.
constexpr long kBefore = 3600;

/// What is asked of OpenSSL here is right as it stands: it fails without memory only.
void must(bool done) { PENSTOCK_CHECK(done, "a certificate is made"); }

Owned<EVP_PKEY> make_key() {
  Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  must(key != nullptr);
  return key;
}

bool is_address(const std::string& host) {
  ASN1_OCTET_STRING* parsed = a2i_IPADDRESS(host.c_str());
  ERR_clear_error();
  ASN1_OCTET_STRING_free(parsed);
  return parsed != nullptr;
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> made(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  must(made != nullptr && X509_add_ext(certificate, made.get(), -1) == 1);
}

Owned<X509> make_certificate(EVP_PKEY* key, std::string_view name) {
  Owned<X509> made(X509_new());
  must(made != nullptr);
  X509* const it = made.get();
  must(X509_set_version(it, X509_VERSION_3) == 1);
  std::uint64_t number = 0;
  auto* const bytes = reinterpret_cast<unsigned char*>(&number);
  must(RAND_bytes(bytes, sizeof number) == 1);  // env: of OpenSSL, as the keys are
  must(ASN1_INTEGER_set_uint64(X509_get_serialNumber(it), number | 1) == 1);
  must(X509_gmtime_adj(X509_getm_notBefore(it), -kBefore) != nullptr);
  must(X509_gmtime_adj(X509_getm_notAfter(it), kTenYears) != nullptr);
  must(X509_NAME_add_entry_by_txt(X509_get_subject_name(it), "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(name.data()),
                                  static_cast<int>(name.size()), -1, 0) == 1);
  must(X509_set_pubkey(it, key) == 1);
  return made;
}

template <class Write>
std::string pem_of(Write write) {
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  must(write(out.get()) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace

SelfSigned make_self_signed(const std::vector<std::string>& hosts) {
  const Owned<EVP_PKEY> ca_key = make_key();
  const Owned<X509> ca = make_certificate(ca_key.get(), "Penstock, a CA of this machine");
  must(X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get())) == 1);
  extend(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  extend(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(ca.get(), ca.get(), NID_subject_key_identifier, "hash");
  must(X509_sign(ca.get(), ca_key.get(), EVP_sha256()) > 0);

  const Owned<EVP_PKEY> key = make_key();
  const Owned<X509> own = make_certificate(key.get(), "Penstock");
  must(X509_set_issuer_name(own.get(), X509_get_subject_name(ca.get())) == 1);
  std::string names;
  for (const std::string& host : hosts) {
    if (!names.empty()) names += ',';
    names += (is_address(host) ? "IP:" : "DNS:") + host;
  }
  extend(own.get(), ca.get(), NID_basic_constraints, "critical,CA:FALSE");
  extend(own.get(), ca.get(), NID_key_usage, "critical,digitalSignature");
  extend(own.get(), ca.get(), NID_ext_key_usage, "serverAuth");
  extend(own.get(), ca.get(), NID_subject_alt_name, names);
  extend(own.get(), ca.get(), NID_subject_key_identifier, "hash");
  extend(own.get(), ca.get(), NID_authority_key_identifier, "keyid");
  must(X509_sign(own.get(), ca_key.get(), EVP_sha256()) > 0);

  SelfSigned made;
  made.ca = pem_of([&](BIO* out) { return PEM_write_bio_X509(out, ca.get()); });
  made.certificate = pem_of([&](BIO* out) { return PEM_write_bio_X509(out, own.get()); });
  made.key = pem_of([&](BIO* out) {
    return PEM_write_bio_PKCS8PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return made;
}

namespace {

Owned<X509> certificate_in(const std::string& text) {
  const Owned<BIO> from = reading(text);
  Owned<X509> parsed(PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return parsed;
}

}  // namespace

bool is_usable(const SelfSigned& made, const std::vector<std::string>& hosts) {
  const Owned<X509> ca = certificate_in(made.ca);
  const Owned<X509> own = certificate_in(made.certificate);
  if (ca == nullptr || own == nullptr || !TlsContext::make(made.certificate, made.key).ok())
    return false;
  const bool is_signed = X509_verify(own.get(), X509_get0_pubkey(ca.get())) == 1;
  ERR_clear_error();
  std::time_t soon = std::time(nullptr) + kSoon;  // env: OpenSSL reads the same clock
  if (!is_signed || X509_cmp_time(X509_get0_notAfter(own.get()), &soon) <= 0) return false;
  return std::all_of(hosts.begin(), hosts.end(), [&](const std::string& host) {
    return is_address(host) ? X509_check_ip_asc(own.get(), host.c_str(), 0) == 1
                            : X509_check_host(own.get(), host.data(), host.size(), 0, nullptr) == 1;
  });
}

}  // namespace penstock::front
