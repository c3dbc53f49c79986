#pragma once

#include "base/time.h"

#include <string>
#include <string_view>
#include <vector>

namespace penstock::cli {

/// Where requests go and who signs them.
struct Endpoint {
  std::string url;  ///< "http://127.0.0.1:4566", or "aws" for the real services of the region.
  std::string region;
  std::string access_key;
  std::string secret_key;
  std::string session_token;
  std::string ca_file;           ///< For https: whom to trust; empty: whom this machine trusts.
  bool has_credentials = false;  ///< Found some; otherwise the two above are "test".

  /// As every AWS client reads it: AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION, AWS_CA_BUNDLE;
  /// credentials
  /// from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, else from the profile
  /// AWS_PROFILE
  /// ("default") of the shared credentials file. Without any a server gets "test"/"test", which one
  /// that does not check signatures takes as account 000000000000.
  static Endpoint from_environment();
};

/// One profile of a shared credentials file. Unknown lines are passed over, as AWS's clients do.
struct Profile {
  std::string access_key;
  std::string secret_key;
  std::string session_token;
};
Profile profile_in(std::string_view credentials_file, std::string_view profile);

/// What is to be signed; `target` is path and query, encoded, as they go on the wire.
struct Outgoing {
  std::string_view service;
  std::string_view method;
  std::string_view host;
  std::string_view target;
  std::string_view body;
  WallTime now;
};

/// The lines "Name: value" to send: `headers`, Host, X-Amz-Date, X-Amz-Security-Token where there
/// is one, and Authorization over all of them.
std::vector<std::string> sign(const Endpoint& endpoint, const Outgoing& request,
                              std::vector<std::string> headers);

}  // namespace penstock::cli
