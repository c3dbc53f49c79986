#pragma once

#include "base/error.h"
#include "front/request.h"

#include <string>
#include <string_view>

namespace penstock::api {

/// How one error code goes on the wire. All views are to constants.
struct ErrorName {
  std::string_view name;  ///< "ResourceNotFoundException"
  int status = 400;
  std::string_view message_key = "message";
  /// Members put into the body before the others, as JSON without braces: R"("Reason":"x")".
  std::string_view fields = {};
  /// A header of its own: {"retry-after", "1"}.
  std::string_view header = {};
  std::string_view header_value = {};
  /// Printed when the Error carries no text.
  std::string_view fallback_message = {};
};

/// A service's way with errors: one table from code to name and status, one form.
struct ServiceStyle {
  /// nullptr: not known to the service; it is answered as `internal`, and logged.
  const ErrorName* (*name_of)(const ErrorCode& code);
  /// Writes status, headers and body.
  void (*write_error)(const front::Request& request, const ErrorName& name,
                      std::string_view message, front::Reply& reply);
  ErrorName internal;
};

/// {"__type":"Name","message":"..."} in JSON or CBOR, by the request's protocol. Without a text
/// the member is left out.
void write_type_error(const front::Request& request, const ErrorName& name,
                      std::string_view message, front::Reply& reply);

/// {"Type":"User","message":"..."} (Service from status 500 on), as Lambda does.
/// ValidationException has no Type.
void write_rest_error(const front::Request& request, const ErrorName& name,
                      std::string_view message, front::Reply& reply);

/// The reply to a failed operation. A code the service does not know is logged with the request id
/// and answered without its text: it would name our insides.
front::Reply error_reply(const ServiceStyle& style, const front::Request& request,
                         const Error& error);

/// ShapeErrc in the names most services use: SerializationException (text under `Message`) and
/// ValidationException. nullptr for other codes.
const ErrorName* shape_error_name(const ErrorCode& code);

}  // namespace penstock::api
