#pragma once

#include "base/ids.h"
#include "front/request.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::front {

/// What a request says of its signature (SigV4), as views into it.
struct Credentials {
  bool is_in_query = false;
  std::string_view algorithm;
  std::string_view credential;  ///< All of it: "AK/20261124/eu-west-1/kinesis/aws4_request"
  std::string_view access_key;
  std::string_view date;  ///< YYYYMMDD of the scope
  std::string_view region;
  std::string_view service;
  std::string_view signed_headers;
  std::string_view signature;
  std::string_view time;            ///< X-Amz-Date, else the Date header
  std::string_view security_token;  ///< Of temporary keys.
  std::string_view expires;         ///< X-Amz-Expires, in the query only.
};

/// Why a request's signature cannot even be looked at, with the service's text.
struct AuthError {
  std::string type;
  std::string message;
};

struct AuthResult {
  std::optional<Credentials> credentials;
  std::optional<AuthError> error;
};

/// Reads the Authorization header or the query's X-Amz-* parameters. Parameters of the header may
/// stand apart by commas, spaces or both (observed on AWS). Decoded query values are kept in
/// `storage`.
AuthResult parse_credentials(const Request& request, std::vector<std::string>& storage);

/// Account: the access key when it is 12 digits, else 000000000000. Region: the scope's, else
/// `default_region`.
Tenant tenant_of(const Credentials& credentials, std::string_view default_region);

inline constexpr std::string_view kDefaultAccount = "000000000000";

}  // namespace penstock::front
