#pragma once

#include "shape/shape.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// The parts of the public API's messages that the command line uses.
namespace penstock::cli::wire {

using shape::Blob;
using shape::member;
using shape::Timestamp;

/// A stream by its name or by its ARN, whichever was given. The base of most requests.
struct StreamTarget {
  std::optional<std::string> name;
  std::optional<std::string> arn;
  static StreamTarget of(const std::string& name_or_arn) {
    StreamTarget target;
    (name_or_arn.starts_with("arn:") ? target.arn : target.name) = name_or_arn;
    return target;
  }
  static constexpr auto shape() {
    return std::array{member<&StreamTarget::name>("StreamName"),
                      member<&StreamTarget::arn>("StreamARN")};
  }
};

struct CreateStream {
  std::string stream_name;
  std::int64_t shard_count = 1;
  static constexpr auto shape() {
    return std::array{member<&CreateStream::stream_name>("StreamName"),
                      member<&CreateStream::shard_count>("ShardCount")};
  }
};

struct Nothing {
  static constexpr std::array<shape::Member, 0> shape() { return {}; }
};

struct StreamSummary {
  struct Description {
    std::string arn;
    std::string status;
    std::int64_t open_shards = 0;
    static constexpr auto shape() {
      return std::array{member<&Description::arn>("StreamARN"),
                        member<&Description::status>("StreamStatus"),
                        member<&Description::open_shards>("OpenShardCount")};
    }
  };
  Description description;
  static constexpr auto shape() {
    return std::array{member<&StreamSummary::description>("StreamDescriptionSummary")};
  }
};

struct PutEntry {
  Blob data;
  std::string partition_key;
  std::optional<std::string> explicit_hash_key;
  static constexpr auto shape() {
    return std::array{member<&PutEntry::data>("Data"),
                      member<&PutEntry::partition_key>("PartitionKey"),
                      member<&PutEntry::explicit_hash_key>("ExplicitHashKey")};
  }
};

struct PutRecords {
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::vector<PutEntry> records;
  static constexpr auto shape() {
    return std::array{member<&PutRecords::stream_name>("StreamName"),
                      member<&PutRecords::stream_arn>("StreamARN"),
                      member<&PutRecords::records>("Records")};
  }
};

struct PutResult {
  std::optional<std::string> sequence_number;
  std::optional<std::string> shard_id;
  std::optional<std::string> error_code;
  std::optional<std::string> error_message;
  static constexpr auto shape() {
    return std::array{member<&PutResult::sequence_number>("SequenceNumber"),
                      member<&PutResult::shard_id>("ShardId"),
                      member<&PutResult::error_code>("ErrorCode"),
                      member<&PutResult::error_message>("ErrorMessage")};
  }
};

struct PutRecordsReply {
  std::int64_t failed = 0;
  std::vector<PutResult> records;
  static constexpr auto shape() {
    return std::array{member<&PutRecordsReply::failed>("FailedRecordCount"),
                      member<&PutRecordsReply::records>("Records")};
  }
};

struct HashKeys {
  std::string start;
  std::string end;
  static constexpr auto shape() {
    return std::array{member<&HashKeys::start>("StartingHashKey"),
                      member<&HashKeys::end>("EndingHashKey")};
  }
};

struct SequenceNumbers {
  std::string start;
  std::optional<std::string> end;  ///< Of a closed shard.
  static constexpr auto shape() {
    return std::array{member<&SequenceNumbers::start>("StartingSequenceNumber"),
                      member<&SequenceNumbers::end>("EndingSequenceNumber")};
  }
};

struct Shard {
  std::string id;
  std::optional<std::string> parent;
  std::optional<std::string> adjacent_parent;
  HashKeys hash_keys;
  SequenceNumbers sequence_numbers;
  static constexpr auto shape() {
    return std::array{member<&Shard::id>("ShardId"), member<&Shard::parent>("ParentShardId"),
                      member<&Shard::adjacent_parent>("AdjacentParentShardId"),
                      member<&Shard::hash_keys>("HashKeyRange"),
                      member<&Shard::sequence_numbers>("SequenceNumberRange")};
  }
};

struct ListShards {
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::optional<std::string> next_token;
  static constexpr auto shape() {
    return std::array{member<&ListShards::stream_name>("StreamName"),
                      member<&ListShards::stream_arn>("StreamARN"),
                      member<&ListShards::next_token>("NextToken")};
  }
};

struct ListShardsReply {
  std::vector<Shard> shards;
  std::optional<std::string> next_token;
  static constexpr auto shape() {
    return std::array{member<&ListShardsReply::shards>("Shards"),
                      member<&ListShardsReply::next_token>("NextToken")};
  }
};

struct GetShardIterator {
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::string shard_id;
  std::string type;
  std::optional<std::string> sequence_number;
  std::optional<Timestamp> timestamp;
  static constexpr auto shape() {
    return std::array{member<&GetShardIterator::stream_name>("StreamName"),
                      member<&GetShardIterator::stream_arn>("StreamARN"),
                      member<&GetShardIterator::shard_id>("ShardId"),
                      member<&GetShardIterator::type>("ShardIteratorType"),
                      member<&GetShardIterator::sequence_number>("StartingSequenceNumber"),
                      member<&GetShardIterator::timestamp>("Timestamp")};
  }
};

struct ShardIterator {
  std::string iterator;
  static constexpr auto shape() {
    return std::array{member<&ShardIterator::iterator>("ShardIterator")};
  }
};

struct GetRecords {
  std::string iterator;
  std::optional<std::int64_t> limit;
  static constexpr auto shape() {
    return std::array{member<&GetRecords::iterator>("ShardIterator"),
                      member<&GetRecords::limit>("Limit")};
  }
};

struct Record {
  std::string sequence_number;
  Timestamp arrival;
  Blob data;
  std::optional<std::string> partition_key;
  static constexpr auto shape() {
    return std::array{member<&Record::sequence_number>("SequenceNumber"),
                      member<&Record::arrival>("ApproximateArrivalTimestamp"),
                      member<&Record::data>("Data"),
                      member<&Record::partition_key>("PartitionKey")};
  }
};

struct ChildShard {
  std::string id;
  std::vector<std::string> parents;
  HashKeys hash_keys;
  static constexpr auto shape() {
    return std::array{member<&ChildShard::id>("ShardId"),
                      member<&ChildShard::parents>("ParentShards"),
                      member<&ChildShard::hash_keys>("HashKeyRange")};
  }
};

struct GetRecordsReply {
  std::vector<Record> records;
  std::optional<std::string> next_iterator;
  std::optional<std::int64_t> millis_behind;
  std::vector<ChildShard> children;
  static constexpr auto shape() {
    return std::array{member<&GetRecordsReply::records>("Records"),
                      member<&GetRecordsReply::next_iterator>("NextShardIterator"),
                      member<&GetRecordsReply::millis_behind>("MillisBehindLatest"),
                      member<&GetRecordsReply::children>("ChildShards")};
  }
};

}  // namespace penstock::cli::wire
