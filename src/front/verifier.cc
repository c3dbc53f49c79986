#include "front/verifier.h"

#include "base/ascii.h"
#include "base/check.h"
#include "base/percent.h"

#include <algorithm>
#include <charconv>

namespace penstock::front {
namespace {

constexpr std::chrono::minutes kClockSkewMax{5};
constexpr std::int64_t kExpiresMax = 604'800;  ///< A week, as AWS has it.

AuthError invalid(std::string message) {
  return AuthError{"InvalidSignatureException", std::move(message)};
}
AuthError incomplete(std::string message) {
  return AuthError{"IncompleteSignatureException", std::move(message)};
}
AuthError unknown_token() {
  return AuthError{"UnrecognizedClientException",
                   "The security token included in the request is invalid."};
}
AuthError mismatch() {
  return invalid(
      "The request signature we calculated does not match the signature you provided. Check your "
      "AWS Secret Access Key and signing method. Consult the service documentation for details.");
}

bool is_signed(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(';'), list.size());
    if (equals_ignoring_case(list.substr(0, end), name)) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

/// Both ends of the time in which a request counts. A presigned one says itself for how long.
std::optional<AuthError> check_time(const Credentials& credentials, WallTime time, WallTime now) {
  std::int64_t seconds = 0;
  const std::string_view expires = credentials.expires;
  if (credentials.is_in_query && !expires.empty()) {
    const char* end = expires.data() + expires.size();
    const auto parsed = std::from_chars(expires.data(), end, seconds);
    if (parsed.ec != std::errc{} || parsed.ptr != end || seconds < 1 || seconds > kExpiresMax) {
      return incomplete("X-Amz-Expires must be a number between 1 and 604800 seconds. Got '" +
                        std::string(expires) + "'.");
    }
  }
  const Millis life = seconds != 0 ? Millis(Seconds(seconds)) : Millis(kClockSkewMax);
  if (time >= now - life && time <= now + kClockSkewMax) return std::nullopt;
  const std::string sent = sigv4::basic_time(time);
  const std::string here = sigv4::basic_time(now);
  if (time < now - life) {
    const std::string span = seconds != 0 ? std::to_string(seconds) + " sec.)" : "5 min.)";
    return invalid("Signature expired: " + sent + " is now earlier than " +
                   sigv4::basic_time(now - life) + " (" + here + " - " + span);
  }
  return invalid("Signature not yet current: " + sent + " is still later than " +
                 sigv4::basic_time(now + kClockSkewMax) + " (" + here + " + 5 min.)");
}

/// `host`, by either of its names, and every x-amz- header: AWS's reference demands both of whoever
/// signs.
std::optional<AuthError> check_signed_headers(const Request& request,
                                              const Credentials& credentials) {
  if (!is_signed(credentials.signed_headers, "host") &&
      !is_signed(credentials.signed_headers, ":authority")) {
    return invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  for (const auto& [name, value] : request.headers) {
    if (name.starts_with("x-amz-") && !is_signed(credentials.signed_headers, name)) {
      return invalid("'" + std::string(name) +
                     "' must be a 'SignedHeader' in the AWS Authorization.");
    }
  }
  return std::nullopt;
}

/// All of what is wrong with a scope, in AWS's order. `time` in basic form.
std::optional<AuthError> check_scope(const Credentials& credentials, std::string_view service,
                                     std::string_view time) {
  const std::string_view whole = credentials.credential;
  if (std::count(whole.begin(), whole.end(), '/') != 4) {
    return incomplete(
        "Credential must have exactly 5 slash-delimited elements, e.g. "
        "keyid/date/region/service/term, got '" +
        std::string(whole) + "'");
  }
  std::string wrong;
  if (!sigv4::is_region(credentials.region)) {
    wrong += "Credential should be scoped to a valid region, not '" +
             std::string(credentials.region) + "'. ";
  }
  if (credentials.service != service) {
    wrong += "Credential should be scoped to correct service: '" + std::string(service) + "'. ";
  }
  const std::string_view terminator = whole.substr(whole.rfind('/') + 1);
  if (terminator != sigv4::kTerminator) {
    wrong += "Credential should be scoped with a valid terminator: 'aws4_request', not '" +
             std::string(terminator) + "'. ";
  }
  if (credentials.date != time.substr(0, 8)) {
    wrong +=
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
        "HTTP: '" +
        std::string(credentials.date) + "' != '" + std::string(time.substr(0, 8)) + "', from '" +
        std::string(time) + "'.";
  }
  if (!wrong.empty()) return invalid(std::move(wrong));
  return std::nullopt;
}

/// A hash the client states must be the body's: no service here takes UNSIGNED-PAYLOAD or
/// chunked signatures, which are S3's.
bool states_other_body(const Request& request, std::string_view hash) {
  const std::string_view stated = request.header("x-amz-content-sha256");
  return !stated.empty() && stated != hash;
}

}  // namespace

bool append_canonical_request(const Request& request, const Credentials& credentials,
                              std::string_view payload_hash, std::string& out) {
  return sigv4::append_canonical_request({.method = request.method,
                                          .path = request.path,
                                          .query = request.query,
                                          .headers = request.headers,
                                          .signed_headers = credentials.signed_headers,
                                          .payload_hash = payload_hash},
                                         out);
}

std::string presigned_query(const SessionKeys& sessions, const Presigning& what, bool is_admin) {
  const std::string time = sigv4::basic_time(what.now);
  const std::string date = time.substr(0, 8);
  // Signed for one path and for as long as the signature: the secret is shown to nobody.
  const auto key = sessions.issue(what.tenant.account, what.now + what.life,
                                  static_cast<std::uint64_t>(unix_millis(what.now)), is_admin);
  const std::string scope = date + "/" + what.tenant.region + "/" + std::string(what.service) +
                            "/" + std::string(sigv4::kTerminator);
  std::string query(what.query);
  if (!query.empty()) query += "&";
  query += "X-Amz-Algorithm=" + std::string(sigv4::kAlgorithm) +
           "&X-Amz-Credential=" + percent_encode(key.id + "/" + scope) + "&X-Amz-Date=" + time +
           "&X-Amz-Expires=" + std::to_string(what.life.count()) +
           "&X-Amz-Security-Token=" + percent_encode(key.token) + "&X-Amz-SignedHeaders=host";
  const std::pair<std::string_view, std::string_view> host{"host", what.host};
  const sigv4::HexDigest body = sigv4::hex_of(sha256(""));
  std::string canonical;
  const bool is_whole = sigv4::append_canonical_request({.method = "GET",
                                                         .path = what.path,
                                                         .query = query,
                                                         .headers = {&host, 1},
                                                         .signed_headers = "host",
                                                         .payload_hash = sigv4::text_of(body)},
                                                        canonical);
  PENSTOCK_CHECK(is_whole, "the one signed header is there");
  std::string scratch;
  const sigv4::HexDigest signature =
      sigv4::signature(sigv4::signing_key(key.secret, date, what.tenant.region, what.service), time,
                       scope, canonical, scratch);
  return query + "&X-Amz-Signature=" + std::string(sigv4::text_of(signature));
}

void Verifier::refresh() {
  const std::uint64_t now = keyring_.generation();
  if (now == generation_) return;
  // The state may be newer than the number read before it; then it is looked at once more.
  generation_ = now;
  state_ = keyring_.state();
  cache_.clear();
}

bool Verifier::is_required() {
  refresh();
  return state_->is_required;
}

Verifier::Cached* Verifier::find(const Credentials& credentials) {
  for (Cached& cached : cache_) {
    if (cached.credential != credentials.credential || cached.token != credentials.security_token) {
      continue;
    }
    cached.used = ++uses_;
    return &cached;
  }
  return nullptr;
}

std::optional<Verifier::Cached> Verifier::derive(const Credentials& credentials) const {
  const auto make = [&](const AccessKey& key, std::optional<WallTime> expires_at) {
    return Cached{.credential = std::string(credentials.credential),
                  .token = std::string(credentials.security_token),
                  .key = sigv4::signing_key(key.secret, credentials.date, credentials.region,
                                            credentials.service),
                  .who = {key.account, key.is_admin},
                  .expires_at = expires_at};
  };
  const auto known = state_->keys.find(credentials.access_key);
  // A lasting key with a token is nobody's; whether its signature is right is not said.
  if (known != state_->keys.end() && credentials.security_token.empty()) {
    return make(known->second, std::nullopt);
  }
  if (known != state_->keys.end() || credentials.security_token.empty()) return std::nullopt;
  const auto session = keyring_.sessions().find(credentials.access_key, credentials.security_token);
  if (!session) return std::nullopt;
  return make(session->key, session->expires_at);
}

void Verifier::keep(Cached made) {
  made.used = ++uses_;
  if (cache_.size() < kCacheMax) {
    cache_.push_back(std::move(made));
    return;
  }
  *std::min_element(cache_.begin(), cache_.end(), [](const Cached& a, const Cached& b) {
    return a.used < b.used;
  }) = std::move(made);
}

bool Verifier::matches(const Request& request, const Credentials& credentials,
                       std::string_view time, const HmacSha256& key) {
  const sigv4::HexDigest body = sigv4::hex_of(sha256(request.body));
  if (states_other_body(request, sigv4::text_of(body))) return false;
  canonical_.clear();
  if (!append_canonical_request(request, credentials, sigv4::text_of(body), canonical_)) {
    return false;
  }
  const std::string_view scope = credentials.credential.substr(credentials.access_key.size() + 1);
  const sigv4::HexDigest right = sigv4::signature(key, time, scope, canonical_, to_sign_);
  return equal_in_constant_time(sigv4::text_of(right), credentials.signature);
}

std::optional<AuthError> Verifier::verify(const Request& request, const Credentials& credentials,
                                          std::string_view service, WallTime now, Identity& who) {
  refresh();
  std::string_view time = credentials.time;
  std::string converted;
  std::optional<WallTime> sent = sigv4::parse_basic_time(time);
  if (!sent) {
    sent = sigv4::parse_http_time(time);
    if (!sent) {
      return incomplete("Date must be in ISO-8601 'basic format'. Got '" + std::string(time) +
                        "'. See http://en.wikipedia.org/wiki/ISO_8601");
    }
    time = converted = sigv4::basic_time(*sent);
  }
  if (auto error = check_time(credentials, *sent, now)) return error;
  if (auto error = check_signed_headers(request, credentials)) return error;
  if (credentials.algorithm != sigv4::kAlgorithm) {
    return incomplete("Unsupported AWS 'algorithm': '" + std::string(credentials.algorithm) +
                      "' (only AWS4-HMAC-SHA256 for now). ");
  }
  if (auto error = check_scope(credentials, service, time)) return error;

  const Cached* known = find(credentials);
  std::optional<Cached> made;
  if (known == nullptr) {
    made = derive(credentials);
    if (!made) return unknown_token();
    known = &*made;
  }
  if (!matches(request, credentials, time, known->key)) return mismatch();
  if (known->expires_at && *known->expires_at <= now) {
    return AuthError{"ExpiredTokenException",
                     "The security token included in the request is expired"};
  }
  who = known->who;
  // Only now, so that who does not have the secret cannot push others' keys out.
  if (made) keep(std::move(*made));
  return std::nullopt;
}

std::string Verifier::session_account(const Credentials& credentials) const {
  if (!credentials.access_key.starts_with("ASIA") || credentials.security_token.empty()) return {};
  const auto session = keyring_.sessions().find(credentials.access_key, credentials.security_token);
  return session ? session->key.account : std::string();
}

}  // namespace penstock::front
