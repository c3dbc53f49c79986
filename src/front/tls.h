#pragma once

#include "base/result.h"

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

struct ssl_ctx_st;

namespace penstock::front {

/// A certificate with its key and how TLS is spoken with it: 1.2 and 1.3, h2 and http/1.1 by ALPN,
/// session tickets. For all loops.
class TlsContext {
 public:
  /// certificate  PEM: the server's certificate, then those between it and its CA
  /// key          PEM, without a pass phrase
  /// fails        Errc::kInvalid with what is wrong with which of them
  static Result<std::shared_ptr<const TlsContext>> make(const std::string& certificate,
                                                        const std::string& key);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ssl_ctx_st* context() const { return context_; }

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* const context_;
};

/// The context that new connections get, replaced while they come. Thread-safe.
class TlsKeys {
 public:
  /// Null: TLS is not spoken.
  std::shared_ptr<const TlsContext> current() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }
  void replace(std::shared_ptr<const TlsContext> context) {
    const std::lock_guard lock(mutex_);
    current_ = std::move(context);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsContext> current_;
};

/// A CA made for one certificate, and that certificate; all PEM. The CA's own key is thrown away,
/// so that whoever trusts the CA trusts nothing else by it.
struct SelfSigned {
  std::string ca;
  std::string certificate;
  std::string key;
};
/// For these host names and addresses; valid for ten years. EC keys on P-256.
SelfSigned make_self_signed(const std::vector<std::string>& hosts);
/// Whether they belong together and are for all of these hosts, and for the next 30 days.
bool is_usable(const SelfSigned& made, const std::vector<std::string>& hosts);

}  // namespace penstock::front
