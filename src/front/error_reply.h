#pragma once

#include "front/request.h"

#include <string_view>

namespace penstock::front {

/// "application/x-amz-json-1.1" and its kin; application/json for REST and plain.
std::string_view content_type_of(Protocol protocol);

/// {"__type":type,"message":message} in the protocol's encoding, with x-amzn-ErrorType. An empty
/// message is left out.
Reply typed_error(Protocol protocol, int status, std::string_view type, std::string_view message);

/// The XML that AWS's front end gives where it does not know the protocol; no Content-Type.
/// Without a message: <Type/>.
Reply xml_error(int status, std::string_view type, std::string_view message);

/// {"message":message} for REST services, with x-amzn-ErrorType.
Reply rest_error(int status, std::string_view type, std::string_view message);

/// A 503 with an error that SDKs know, and send again.
Reply out_of_memory();

}  // namespace penstock::front
