#pragma once

#include "front/tls.h"
#include "unit/front/served.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

namespace penstock::front::testing {

/// A client that trusts one CA, as `openssl s_client -CAfile` would.
class TlsClient final : public Client {
 public:
  struct Options {
    std::string ca;
    std::string host = "localhost";   ///< The certificate must be for it.
    std::string_view protocols = {};  ///< For ALPN, as they stand on the wire.
    int version_max = TLS1_3_VERSION;
    SSL_SESSION* session = nullptr;  ///< To be resumed.
  };
  TlsClient(const Served& server, Options options) : Client(server) {
    context_ = SSL_CTX_new(TLS_client_method());
    // A client of our choice may be older than this machine's policy has it.
    SSL_CTX_set_security_level(context_, 0);
    SSL_CTX_set_max_proto_version(context_, options.version_max);
    BIO* const bio = BIO_new_mem_buf(options.ca.data(), static_cast<int>(options.ca.size()));
    X509* const ca = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), ca);
    X509_free(ca);
    BIO_free(bio);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    ssl_ = SSL_new(context_);
    const bool is_address = options.host.find_first_not_of("0123456789.:") == std::string::npos;
    if (is_address) {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), options.host.c_str());
    } else {
      SSL_set1_host(ssl_, options.host.c_str());
    }
    if (!options.protocols.empty()) {
      SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(options.protocols.data()),
                          static_cast<unsigned>(options.protocols.size()));
    }
    if (options.session != nullptr) SSL_set_session(ssl_, options.session);
    SSL_set_fd(ssl_, socket());
    is_agreed_ = SSL_connect(ssl_) == 1;
    ERR_clear_error();
  }
  ~TlsClient() override {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  bool is_agreed() const { return is_agreed_; }
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  int version() const { return SSL_version(ssl_); }
  bool is_resumed() const { return SSL_session_reused(ssl_) == 1; }
  SSL_SESSION* session() const { return SSL_get1_session(ssl_); }
  void say_goodbye() { SSL_shutdown(ssl_); }
  /// New keys for what it sends: a record that holds nothing for the server's protocols.
  void update_keys() {
    SSL_key_update(ssl_, SSL_KEY_UPDATE_NOT_REQUESTED);
    SSL_do_handshake(ssl_);
  }

 private:
  ssize_t send_some(std::string_view bytes) override {
    return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
  }
  ssize_t receive_some(char* into, std::size_t room) override {
    const int got = SSL_read(ssl_, into, static_cast<int>(room));
    ERR_clear_error();
    return got;
  }
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  bool is_agreed_ = false;
};

}  // namespace penstock::front::testing
