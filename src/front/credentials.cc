#include "front/credentials.h"

#include "front/query.h"

#include <algorithm>

namespace penstock::front {
namespace {

/// The parameters of an Authorization header, the first of each name.
struct HeaderParameters {
  std::optional<std::string_view> credential;
  std::optional<std::string_view> signed_headers;
  std::optional<std::string_view> signature;
};

/// "Credential=AK/20260101/us-east-1/kinesis/aws4_request" and its kin, in any order and with any
/// of the separators AWS takes.
HeaderParameters header_parameters(std::string_view header) {
  HeaderParameters found;
  const auto take = [&](std::string_view name, std::size_t equals,
                        std::optional<std::string_view>& into) {
    if (into || !header.substr(0, equals).ends_with(name)) return;
    const std::size_t at = equals - name.size();
    if (at != 0 && header[at - 1] != ' ' && header[at - 1] != ',') return;
    const std::string_view value = header.substr(equals + 1);
    into = value.substr(0, std::min(value.find(','), value.find(' ')));
  };
  for (std::size_t equals = header.find('='); equals != std::string_view::npos;
       equals = header.find('=', equals + 1)) {
    take("Credential", equals, found.credential);
    take("SignedHeaders", equals, found.signed_headers);
    take("Signature", equals, found.signature);
  }
  return found;
}

void split_scope(std::string_view scope, Credentials& credentials) {
  credentials.credential = scope;
  // The access key may hold slashes; the last four parts are the scope.
  std::string_view* const parts[] = {nullptr, &credentials.service, &credentials.region,
                                     &credentials.date};
  for (std::string_view* part : parts) {
    const std::size_t slash = scope.rfind('/');
    if (slash == std::string_view::npos) break;
    if (part != nullptr) *part = scope.substr(slash + 1);
    scope = scope.substr(0, slash);
  }
  credentials.access_key = scope;
}

AuthError incomplete(std::string message) {
  return AuthError{"IncompleteSignatureException", std::move(message)};
}

AuthResult from_header(const Request& request, std::string_view header) {
  const HeaderParameters parameters = header_parameters(header);
  const std::string_view credential = parameters.credential.value_or("");
  const std::string_view signature = parameters.signature.value_or("");
  const std::string_view signed_headers = parameters.signed_headers.value_or("");
  std::string missing;
  if (credential.empty()) missing += "Authorization header requires 'Credential' parameter. ";
  if (signature.empty()) missing += "Authorization header requires 'Signature' parameter. ";
  if (signed_headers.empty())
    missing += "Authorization header requires 'SignedHeaders' parameter. ";
  std::string_view time = request.header("x-amz-date");
  if (time.empty()) time = request.header("date");
  if (time.empty()) {
    missing +=
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  }
  if (!missing.empty()) return {{}, incomplete(missing + "Authorization=" + std::string(header))};
  Credentials credentials;
  split_scope(credential, credentials);
  credentials.algorithm = header.substr(0, header.find(' '));
  credentials.signature = signature;
  credentials.signed_headers = signed_headers;
  credentials.time = time;
  credentials.security_token = request.header("x-amz-security-token");
  return {credentials, {}};
}

AuthResult from_query(const Request& request, std::vector<std::string>& storage) {
  static constexpr std::string_view kNames[] = {"X-Amz-Algorithm", "X-Amz-Credential",
                                                "X-Amz-Signature", "X-Amz-SignedHeaders",
                                                "X-Amz-Date"};
  static constexpr std::string_view kOptional[] = {"X-Amz-Security-Token", "X-Amz-Expires"};
  storage.clear();
  storage.reserve(std::size(kNames) + std::size(kOptional));  // Short strings must not move.
  std::string missing;
  for (const std::string_view name : kNames) {
    storage.push_back(query_parameter(request.query, name).value_or(""));
    if (storage.back().empty()) {
      missing += "AWS query-string parameters must include '" + std::string(name) + "'. ";
    }
  }
  if (!missing.empty())
    return {{}, incomplete(missing + "Re-examine the query-string parameters.")};
  for (const std::string_view name : kOptional) {
    storage.push_back(query_parameter(request.query, name).value_or(""));
  }
  Credentials credentials{.is_in_query = true};
  split_scope(storage[1], credentials);
  credentials.algorithm = storage[0];
  credentials.signature = storage[2];
  credentials.signed_headers = storage[3];
  credentials.time = storage[4];
  credentials.security_token = storage[5];
  credentials.expires = storage[6];
  return {credentials, {}};
}

}  // namespace

AuthResult parse_credentials(const Request& request, std::vector<std::string>& storage) {
  const std::string_view header = request.header("authorization");
  const bool in_query = has_query_parameter(request.query, "X-Amz-Algorithm");
  if (!header.empty() && in_query) {
    return {{},
            AuthError{"InvalidSignatureException",
                      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' "
                      "as HTTP header."}};
  }
  if (!header.empty()) return from_header(request, header);
  if (in_query) return from_query(request, storage);
  return {{}, AuthError{"MissingAuthenticationTokenException", "Missing Authentication Token"}};
}

Tenant tenant_of(const Credentials& credentials, std::string_view default_region) {
  const std::string_view key = credentials.access_key;
  const bool is_account = key.size() == 12 && std::all_of(key.begin(), key.end(), [](char c) {
                            return c >= '0' && c <= '9';
                          });
  return Tenant{std::string(is_account ? key : kDefaultAccount),
                std::string(credentials.region.empty() ? default_region : credentials.region)};
}

}  // namespace penstock::front
