#pragma once

#include "base/sha256.h"
#include "base/sigv4.h"
#include "base/time.h"
#include "front/credentials.h"
#include "front/keyring.h"
#include "front/request.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::front {

/// Whose request it is, once its signature was found right.
struct Identity {
  std::string account;
  bool is_admin = false;
};

/// Checks signatures against a keyring; one per loop. Reads no clock.
///
/// Signing keys are derived once for each credential (key, date, region, service) and kept, the
/// least recently used going first. When the keyring changes, all of them are dropped: a removed
/// key is refused by the next request.
class Verifier {
 public:
  explicit Verifier(const Keyring& keyring) : keyring_(keyring) {}

  /// Whether requests must be signed with a known key at this moment.
  bool is_required();

  /// Nothing when the signature is right, else the service's complaint; the first in AWS's order
  /// (recorded from DynamoDB): time, signed headers, algorithm, scope, key, signature, token.
  ///
  /// service   "kinesis": what the scope must name
  /// now       by the wall clock; the service clock may have been advanced
  std::optional<AuthError> verify(const Request& request, const Credentials& credentials,
                                  std::string_view service, WallTime now, Identity& who);

  /// The account of a temporary key of ours, whether signatures count or not; else empty.
  std::string session_account(const Credentials& credentials) const;
  const SessionKeys& sessions() const { return keyring_.sessions(); }

  static constexpr std::size_t kCacheMax = 256;
  std::size_t cached() const { return cache_.size(); }

 private:
  struct Cached {
    std::string credential;
    std::string token;
    HmacSha256 key;
    Identity who;
    std::optional<WallTime> expires_at;
    std::uint64_t used = 0;
  };
  void refresh();
  Cached* find(const Credentials& credentials);
  std::optional<Cached> derive(const Credentials& credentials) const;
  void keep(Cached made);
  bool matches(const Request& request, const Credentials& credentials, std::string_view time,
               const HmacSha256& key);

  const Keyring& keyring_;
  std::uint64_t generation_ = 0;
  std::shared_ptr<const Keyring::State> state_;
  std::vector<Cached> cache_;
  std::uint64_t uses_ = 0;
  std::string canonical_;  ///< Kept for their memory.
  std::string to_sign_;
};

/// The query of a GET, signed with a temporary key that counts for as long as it says.
struct Presigning {
  std::string_view host;
  std::string_view path;
  std::string_view query;
  Tenant tenant;
  std::string_view service;
  WallTime now;
  Seconds life;
};
std::string presigned_query(const SessionKeys& sessions, const Presigning& what, bool is_admin);

/// Appends what a request's signature covers, of a body with this hash; false when a header that
/// it says is signed is not there.
[[nodiscard]] bool append_canonical_request(const Request& request, const Credentials& credentials,
                                            std::string_view payload_hash, std::string& out);

}  // namespace penstock::front
