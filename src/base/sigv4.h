#pragma once

#include "base/sha256.h"
#include "base/time.h"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

/// AWS Signature Version 4 for services other than S3: what is signed and with which key. The
/// server verifies with it and the command line signs with it.
///
///     canonical request   method, path, query, signed headers with their values, their names, body
///     hash string to sign      "AWS4-HMAC-SHA256", time, scope, SHA-256 of the canonical request
///     signing key         HMAC chain of "AWS4" + secret over date, region, service, "aws4_request"
///
/// source    AWS General Reference, "Create a signed AWS API request"
namespace penstock::sigv4 {

inline constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kTerminator = "aws4_request";

/// A request as its signature sees it.
struct Message {
  std::string_view method;
  std::string_view path;   ///< As on the wire, still percent-encoded.
  std::string_view query;  ///< As on the wire, without '?'.
  std::span<const std::pair<std::string_view, std::string_view>> headers;  ///< Names in lower case.
  std::string_view signed_headers;                                         ///< "host;x-amz-date"
  std::string_view payload_hash;  ///< Hex digest of the body.
};

/// Appends the path without dot segments and empty ones, each remaining one encoded once more: what
/// is encoded already gets encoded again, as every service but S3 has it.
void append_canonical_path(std::string_view path, std::string& out);
/// Appends the parameters decoded, encoded and sorted, without X-Amz-Signature. '+' is a space, as
/// it is for whoever reads the query.
void append_canonical_query(std::string_view query, std::string& out);
/// Appends the value without spaces around it and with one for each run of them inside.
void append_canonical_value(std::string_view value, std::string& out);

/// Appends the canonical request. False when a signed header is not there: nothing can be said to
/// be signed then. Several headers of a name are joined by commas. Names are put in lower case and
/// order, however the list has them.
[[nodiscard]] bool append_canonical_request(const Message& message, std::string& out);

/// Lower-case hex of a digest without allocation.
using HexDigest = std::array<char, 64>;
HexDigest hex_of(const Sha256Digest& digest);
inline std::string_view text_of(const HexDigest& hex) { return {hex.data(), hex.size()}; }

/// Whether it may stand in a scope: small letters, digits and hyphens, and at least one.
bool is_region(std::string_view text);

HmacSha256 signing_key(std::string_view secret, std::string_view date, std::string_view region,
                       std::string_view service);

/// `scope` is "20261124/eu-west-1/kinesis/aws4_request". `scratch` is overwritten.
HexDigest signature(const HmacSha256& key, std::string_view time, std::string_view scope,
                    std::string_view canonical_request, std::string& scratch);

/// "20261124T160000Z"; nothing when it is anything else.
std::optional<WallTime> parse_basic_time(std::string_view text);
/// "Tue, 24 Nov 2026 16:00:00 GMT", as the Date header has it.
std::optional<WallTime> parse_http_time(std::string_view text);
std::string basic_time(WallTime time);

}  // namespace penstock::sigv4
