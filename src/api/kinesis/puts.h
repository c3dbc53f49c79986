#pragma once

#include "api/kinesis/operations.h"
#include "api/kinesis/put_body.h"

#include <cstddef>
#include <string>
#include <string_view>

/// What PutRecord and PutRecords have in common.
namespace penstock::api::kinesis {

/// The stream's name as the books of producers have it: what the request says, or its ARN.
std::string booked_stream(const stream::StreamTarget& target);

/// The entries of a request that could not be read as a put: its producer handed them in, so they
/// are received and rejected. `single`: PutRecord.
void book_refused(const Parts& parts, const front::Request& request, bool single);

/// Counts entries before anything decides about them.
void book_received(const Parts& parts, const front::Request& request,
                   const stream::StreamTarget& target, std::size_t entries);

}  // namespace penstock::api::kinesis
