#include "front/tls.h"

#include "base/check.h"
#include "front/openssl_owned.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>

namespace penstock::front {
namespace {

/// Why the last call failed; the queue of errors is empty afterwards.
std::string openssl_error() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  std::string text = reason != nullptr ? reason : "unknown";
  ERR_clear_error();
  return text;
}

Error invalid(const std::string& message) { return Error{Errc::kInvalid, message}; }

/// Keys with a pass phrase are refused, not asked for on a terminal.
int no_pass_phrase(char*, int, int, void*) { return -1; }

/// h2 before http/1.1; who names neither goes on without, and is looked at by what it sends.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr std::string_view kOurs("\x2h2\x8http/1.1", 12);
  unsigned char* out = nullptr;
  const int found =
      SSL_select_next_proto(&out, chosen_size, reinterpret_cast<const unsigned char*>(kOurs.data()),
                            kOurs.size(), offered, offered_size);
  *chosen = out;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

Status use_certificates(SSL_CTX* context, const std::string& text) {
  const Owned<BIO> from = reading(text);
  const Owned<X509> own(PEM_read_bio_X509_AUX(from.get(), nullptr, &no_pass_phrase, nullptr));
  if (own == nullptr || SSL_CTX_use_certificate(context, own.get()) != 1)
    return invalid("holds no certificate in PEM that can be used: " + openssl_error());
  while (X509* next = PEM_read_bio_X509(from.get(), nullptr, &no_pass_phrase, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, next) == 1) continue;
    X509_free(next);
    return invalid("holds a chain that cannot be used: " + openssl_error());
  }
  const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!is_end) return invalid("holds a chain that cannot be used: " + openssl_error());
  ERR_clear_error();
  return ok();
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::make(const std::string& certificate,
                                                           const std::string& key) {
  Owned<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
  PENSTOCK_CHECK(context != nullptr, "a TLS context takes memory, and nothing else");
  SSL_CTX* const set = context.get();
  SSL_CTX_set_min_proto_version(set, TLS1_2_VERSION);
  // Of 1.2 what keeps its secrets when the key is lost later; 1.3 has nothing else.
  SSL_CTX_set_cipher_list(set, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(set, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Tickets bring sessions back, by keys of this context: nothing is kept here.
  SSL_CTX_set_session_cache_mode(set, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(set, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(set, 1);
  SSL_CTX_set_alpn_select_cb(set, &choose_protocol, nullptr);
  const Status certified = use_certificates(set, certificate);
  if (!certified.ok()) return invalid("the certificate's file " + certified.error().message);
  const Owned<BIO> from = reading(key);
  const Owned<EVP_PKEY> own(PEM_read_bio_PrivateKey(from.get(), nullptr, &no_pass_phrase, nullptr));
  if (own == nullptr)
    return invalid("the key's file holds no key in PEM without a pass phrase: " + openssl_error());
  if (SSL_CTX_use_PrivateKey(set, own.get()) != 1 || SSL_CTX_check_private_key(set) != 1)
    return invalid("the key is not that of the certificate: " + openssl_error());
  return std::shared_ptr<const TlsContext>(new TlsContext(context.release()));
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

}  // namespace penstock::front
