#pragma once

#include "api/kinesis/members.h"
#include "api/kinesis/structures.h"
#include "engine/log.h"
#include "shape/cbor_text.h"
#include "shape/json_text.h"
#include "stream/sequence_number.h"
#include "stream/types.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Records and the children of a closed shard, as GetRecords and events of SubscribeToShard have
/// them: declared, and written by hand.
namespace penstock::api::kinesis {

struct Record {
  std::string sequence_number;
  std::optional<shape::Timestamp> approximate_arrival_timestamp;
  shape::Blob data;
  std::optional<std::string> partition_key;
  std::optional<std::string> encryption_type;
  static constexpr std::string_view kShapeName = "Record";
  static constexpr auto shape() {
    using Self = Record;
    return std::array{
        shape::member<&Self::sequence_number>(
            "SequenceNumber",
            {shape::required, shape::pattern("0|([1-9]\\d{0,128})", &is_sequence_number)}),
        shape::member<&Self::approximate_arrival_timestamp>("ApproximateArrivalTimestamp"),
        shape::member<&Self::data>("Data", kData),
        shape::member<&Self::partition_key>("PartitionKey", kPartitionKey,
                                            "As it was sent; absent when none was."),
        shape::member<&Self::encryption_type>(
            "EncryptionType", {shape::one_of(kEncryptionTypes)},
            "KMS of what arrived while the stream was encrypted, else absent."),
    };
  }
};

struct ChildShard {
  std::string shard_id;
  std::vector<std::string> parent_shards;
  HashKeyRange hash_key_range;
  static constexpr std::string_view kShapeName = "ChildShard";
  static constexpr auto shape() {
    using Self = ChildShard;
    return std::array{
        shape::member<&Self::shard_id>("ShardId", kRequiredShardId),
        shape::member<&Self::parent_shards>("ParentShards", {shape::required}),
        shape::member<&Self::hash_key_range>("HashKeyRange", {shape::required}),
    };
  }
};

/// What a page takes on the wire, so that its buffer is made once.
inline std::size_t page_bytes(const engine::Slice& slice,
                              const std::vector<stream::ChildShard>& child_shards) {
  return 1'024 + stream::wire_bytes(slice) + 512 * child_shards.size();
}

/// In JSON what is the same in every record is not looked at for escapes.
inline void write_record(shape::JsonText& out, const engine::Record& record,
                         std::string_view number, bool is_encrypted) {
  out.raw(R"({"SequenceNumber":")").add(number).add(R"(","ApproximateArrivalTimestamp":)");
  out.timestamp(wire(record.arrival));
  out.add(R"(,"Data":)").bytes(record.data);
  if (!record.key.empty()) out.add(R"(,"PartitionKey":)").text(record.key);
  if (is_encrypted) out.add(R"(,"EncryptionType":"KMS")");
  out.add("}");
}

inline void write_record(shape::CborText& out, const engine::Record& record,
                         std::string_view number, bool is_encrypted) {
  out.begin_object();
  out.key("SequenceNumber").text(number);
  out.key("ApproximateArrivalTimestamp").timestamp(wire(record.arrival));
  out.key("Data").bytes(record.data);
  if (!record.key.empty()) out.key("PartitionKey").text(record.key);
  if (is_encrypted) out.key("EncryptionType").text(kEncryptedType);
  out.end_object();
}

/// The member Records. `encryption` may be null: no record was ever encrypted.
template <class Text>
void write_records(Text& out, const engine::Slice& slice, const stream::ShardStamp& stamp,
                   const stream::Encryption* encryption) {
  out.key("Records").begin_list();
  char number[stream::SequenceNumber::kDigits];
  for (const engine::Record& record : slice.records) {
    stamp.number(record.at, record.arrival).write_to(number);
    const bool is_encrypted = encryption != nullptr && encryption->holds_at(record.arrival);
    write_record(out, record, {number, sizeof number}, is_encrypted);
  }
  out.end_list();
}

/// The member ChildShards; none without children.
template <class Text>
void write_child_shards(Text& out, const std::vector<stream::ChildShard>& children) {
  if (children.empty()) return;
  out.key("ChildShards").begin_list();
  for (const stream::ChildShard& child : children) {
    out.begin_object();
    out.key("ShardId").text(stream::shard_id_text(child.number));
    out.key("ParentShards").begin_list();
    for (const std::uint32_t parent : child.parents) out.text(stream::shard_id_text(parent));
    out.end_list();
    out.key("HashKeyRange").begin_object();
    out.key("StartingHashKey").text(child.range.start.to_string());
    out.key("EndingHashKey").text(child.range.end.to_string());
    out.end_object();
    out.end_object();
  }
  out.end_list();
}

}  // namespace penstock::api::kinesis
