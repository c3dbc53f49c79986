#pragma once

#include "stream/types.h"

#include <optional>
#include <string_view>
#include <vector>

namespace penstock::api::kinesis {

/// A PutRecord or PutRecords body, read by hand: views into the body and into the arena.
struct PutBody {
  std::string_view stream_name;
  std::string_view stream_arn;
  std::string_view sequence_number_for_ordering;
  std::vector<stream::PutEntry> entries;
  stream::StreamTarget target() const { return {stream_name, stream_arn}; }
};

/// Bytes that the blobs of a body of this size can need, with the slack of wide stores.
std::size_t put_arena_bytes(std::size_t body_bytes);

/// The usual body, valid in every respect; nothing for anything else: the general walker then
/// reads it and finds the words for what is wrong. A body that is read here is read by the walker
/// to the same entries (tests/unit/api/kinesis/put_body_test.cc holds the two together).
///
/// `body` has 64 readable bytes behind it. `arena` has put_arena_bytes() and outlives the result.
std::optional<PutBody> read_put_record_json(std::string_view body, char* arena);
std::optional<PutBody> read_put_records_json(std::string_view body, char* arena);

/// The same for CBOR; blobs stay where they are. Indefinite lengths of lists and maps are usual
/// (the Java SDK), of strings not.
std::optional<PutBody> read_put_record_cbor(std::string_view body);
std::optional<PutBody> read_put_records_cbor(std::string_view body);

}  // namespace penstock::api::kinesis
