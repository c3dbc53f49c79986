#pragma once

#include "api/kinesis/put_arena.h"
#include "api/kinesis/put_body.h"
#include "base/check.h"
#include "unit/api/kinesis/put_oracle.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// The hand-written readers of puts against the general walker, in the two protocols. The law
/// (put_body.h): what a reader takes, the walker takes too and reads to the same; what it leaves
/// alone is the walker's. And what is usual it does take.
namespace penstock::api::kinesis::fuzz {

using test::owned;
using test::ReadBody;

/// `Form` knows one protocol: read_batch, read_single, and the Text that writes it.
template <class Form>
std::optional<ReadBody> read_by_hand(std::string_view body, bool batch, char behind) {
  const auto copy = std::make_unique<char[]>(body.size() + 64);
  std::copy(body.begin(), body.end(), copy.get());
  std::memset(copy.get() + body.size(), behind, 64);
  const std::string_view text(copy.get(), body.size());
  const auto arena = std::make_unique<char[]>(put_arena_bytes(body.size()));
  return owned(batch ? Form::read_batch(text, arena.get()) : Form::read_single(text, arena.get()));
}

template <class Form>
std::string written(const ReadBody& body, bool batch) {
  std::string out;
  typename Form::Text text(out);
  text.begin_object();
  if (!body.stream_name.empty()) text.key("StreamName").text(body.stream_name);
  if (!body.stream_arn.empty()) text.key("StreamARN").text(body.stream_arn);
  if (!body.ordering.empty()) text.key("SequenceNumberForOrdering").text(body.ordering);
  if (batch) text.key("Records").begin_list();
  for (const auto& [key, data, hash_key] : body.entries) {
    if (batch) text.begin_object();
    text.key("Data").bytes(data);
    if (!key.empty()) text.key("PartitionKey").text(key);
    if (!hash_key.empty()) text.key("ExplicitHashKey").text(hash_key);
    if (batch) text.end_object();
  }
  if (batch) text.end_list();
  text.end_object();
  return out;
}

template <class Form>
void check_body(std::string_view body, bool batch) {
  const auto hand = read_by_hand<Form>(body, batch, '\0');
  PENSTOCK_CHECK(hand == read_by_hand<Form>(body, batch, '"'), "what stands behind is not read");
  const auto table = batch ? test::read_generally<test::OraclePutRecords>(body, Form::kIsCbor)
                           : test::read_generally<test::OraclePutRecord>(body, Form::kIsCbor);
  if (hand) {
    PENSTOCK_CHECK(table.has_value(), "what the reader takes, the walker takes");
    PENSTOCK_CHECK(*hand == *table, "and reads to the same");
  }
  if (!table || table->special || !Form::is_usual(*table)) return;
  const std::string usual = written<Form>(*table, batch);
  PENSTOCK_CHECK(read_by_hand<Form>(usual, batch, '\0') == table,
                 "written as clients do, it is read by hand, to the same");
}

/// The first byte chooses the operation, so that seeds can be read: 'r' PutRecord, else PutRecords.
template <class Form>
void check_input(std::string_view input) {
  if (input.empty()) return;
  check_body<Form>(input.substr(1), input.front() != 'r');
}

}  // namespace penstock::api::kinesis::fuzz
