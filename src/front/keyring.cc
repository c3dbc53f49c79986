#include "front/keyring.h"

#include "base/base64.h"
#include "base/hex.h"

#include <charconv>

namespace penstock::front {
namespace {

constexpr std::size_t kMacBytes = 32;
constexpr std::size_t kSecretLength = 40;
constexpr std::size_t kAccountDigits = 12;
constexpr std::size_t kIdLength = 20;

HmacSha256 derived(const SessionKeys::Seed& seed, std::string_view purpose) {
  return HmacSha256(as_chars(HmacSha256(as_chars(seed)).sign(purpose)));
}

/// 16 of the letters and digits that AWS uses.
std::string id_of(std::uint64_t random) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string id = "ASIA";
  for (int i = 0; i < 16; ++i) {
    id += kAlphabet[(random & 15) + (i % 2 == 0 ? 0 : 16)];
    random >>= 4;
  }
  return id;
}

}  // namespace

SessionKeys::SessionKeys(const Seed& seed)
    : token_key_(derived(seed, "token")), secret_key_(derived(seed, "secret")) {}

std::string SessionKeys::secret_of(std::string_view claims) const {
  return base64_encode(as_chars(secret_key_.sign(claims))).substr(0, kSecretLength);
}

SessionKeys::Issued SessionKeys::issue(std::string_view account, WallTime expires_at,
                                       std::uint64_t random, bool is_admin) const {
  Issued issued{.id = id_of(random), .secret = {}, .token = {}};
  // Account, id and rights have fixed lengths; the expiry is the rest.
  const std::string claims = std::string(account) + issued.id + (is_admin ? 'a' : 'u') +
                             std::to_string(unix_millis(expires_at));
  issued.secret = secret_of(claims);
  issued.token = base64_encode(std::string(as_chars(token_key_.sign(claims))) + claims);
  return issued;
}

std::optional<SessionKeys::Session> SessionKeys::find(std::string_view id,
                                                      std::string_view token) const {
  std::string bytes;
  if (base64_decode(token, bytes).status != Base64Status::kOk) return std::nullopt;
  constexpr std::size_t kFixed = kAccountDigits + kIdLength + 1;
  if (bytes.size() <= kMacBytes + kFixed) return std::nullopt;
  const std::string_view mac = std::string_view(bytes).substr(0, kMacBytes);
  const std::string_view claims = std::string_view(bytes).substr(kMacBytes);
  if (!equal_in_constant_time(mac, as_chars(token_key_.sign(claims)))) return std::nullopt;
  if (claims.substr(kAccountDigits, kIdLength) != id) return std::nullopt;
  std::int64_t expires = 0;
  const std::string_view digits = claims.substr(kFixed);
  std::from_chars(digits.data(), digits.data() + digits.size(), expires);
  return Session{.key = {.secret = secret_of(claims),
                         .account = std::string(claims.substr(0, kAccountDigits)),
                         .is_admin = claims[kFixed - 1] == 'a'},
                 .expires_at = WallTime{Millis{expires}}};
}

void Keyring::replace(AccessKeys keys, bool required) {
  auto next = std::make_shared<const State>(State{std::move(keys), required});
  const std::lock_guard lock(mutex_);
  state_ = std::move(next);
  generation_.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const Keyring::State> Keyring::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace penstock::front
