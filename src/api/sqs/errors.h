#pragma once

#include "api/wire_error.h"

#include <string_view>

namespace penstock::api::sqs {

/// Codes of sqs and shape in SQS' names, each with the older protocol's code in the header
/// x-amzn-query-error, from which SDKs take it. Everything else is InternalError, 500.
extern const ServiceStyle kStyle;

/// The older protocol's code, which the failed entries of a batch carry: without ";Sender".
std::string_view query_code(const ErrorCode& code);

}  // namespace penstock::api::sqs
