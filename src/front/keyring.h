#pragma once

#include "base/sha256.h"
#include "base/time.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::front {

/// What a signature is checked against, and whose it is.
struct AccessKey {
  std::string secret;
  std::string account;
  bool is_admin = false;
};

/// The access keys of one moment; never changed.
using AccessKeys = std::map<std::string, AccessKey, std::less<>>;

/// Temporary keys for execution environments: ASIA..., a secret and a session token.
///
/// Nothing of them is kept. The token holds account and expiry under a MAC, and the secret follows
/// from the token, both by a key of this process that is on no disk; so they end with it. They
/// cannot be taken back one by one. Immutable, so any thread may call.
class SessionKeys {
 public:
  using Seed = std::array<std::uint8_t, 32>;
  explicit SessionKeys(const Seed& seed);

  struct Issued {
    std::string id;
    std::string secret;
    std::string token;
  };
  /// `random` makes the id differ from all others.
  Issued issue(std::string_view account, WallTime expires_at, std::uint64_t random,
               bool is_admin = false) const;

  struct Session {
    AccessKey key;
    WallTime expires_at;
  };
  /// Nothing unless the token was issued here together with `id`. It may have expired.
  std::optional<Session> find(std::string_view id, std::string_view token) const;

 private:
  std::string secret_of(std::string_view claims) const;
  HmacSha256 token_key_;
  HmacSha256 secret_key_;
};

/// The keys that count now. Changed on the control loop, read on every loop.
class Keyring {
 public:
  explicit Keyring(const SessionKeys::Seed& seed) : sessions_(seed) {}

  /// From now on only these count. `required`: requests are looked at; otherwise any well-formed
  /// credentials are accepted.
  void replace(AccessKeys keys, bool required);

  struct State {
    AccessKeys keys;
    bool is_required = false;
  };
  /// Grows with every replace(); what was read under an older one is void.
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  std::shared_ptr<const State> state() const;
  const SessionKeys& sessions() const { return sessions_; }

 private:
  const SessionKeys sessions_;
  std::atomic<std::uint64_t> generation_{1};
  mutable std::mutex mutex_;
  std::shared_ptr<const State> state_ = std::make_shared<const State>();
};

}  // namespace penstock::front
