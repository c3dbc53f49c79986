#pragma once

#include "base/hash_key.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The envelope in which the Kinesis Producer Library packs many records of users into one:
///
///   F3 89 9A C2 │ protobuf AggregatedRecord │ MD5 of the protobuf bytes
///
///   AggregatedRecord  1 partition_key_table, 2 explicit_hash_key_table: repeated string
///                     3 records: repeated Record
///   Record            1 partition_key_index, 2 explicit_hash_key_index (optional): uint64
///                     3 data: bytes, 4 tags: repeated {1 key, 2 value (optional): string}
///
/// The service stores it like any other record; producers and consumers agree on it.
namespace penstock {

/// One record inside an envelope. Its texts point into the envelope, or into what was added.
struct UserRecord {
  std::string_view partition_key;
  std::optional<std::string_view> explicit_hash_key;
  std::string_view data;

  /// Where it belongs; nothing when the explicit hash key is no point of the key space.
  std::optional<HashKey> hash_key() const;
  bool operator==(const UserRecord&) const = default;
};

/// The records of an envelope, in their order; nothing when `data` is a plain record: no magic, a
/// wrong sum, no such message, an index beyond its table, an explicit hash key that is none.
/// What it takes is bounded by the size of `data`: no text is copied.
std::optional<std::vector<UserRecord>> deaggregate(std::string_view data);

/// Whether each of them belongs into the shard. Consumers drop the whole envelope where one does
/// not, as the Kinesis Client Library does: it was packed before a reshard, and is sent again.
bool belong_to(const std::vector<UserRecord>& records, const HashKeyRange& shard);

/// Fills one envelope.
class AggregateBuilder {
 public:
  /// Copies the texts.
  void add(const UserRecord& record);
  /// Of the envelope, with magic and sum, if this record were added.
  std::size_t size_with(const UserRecord& record) const;
  std::size_t size() const;
  std::size_t count() const { return count_; }
  /// The envelope; the builder is empty again. Something must have been added.
  std::string take();

 private:
  /// Keys in the order in which they came, each once.
  class Table {
   public:
    explicit Table(std::uint8_t field) : field_(field) {}
    /// The index of a key, and the bytes it costs to have it in the table.
    std::size_t index_of(std::string_view key) const;
    std::size_t cost_of(std::string_view key) const;
    std::size_t add(std::string_view key);
    const std::string& bytes() const { return bytes_; }

   private:
    std::uint8_t field_;
    std::map<std::string, std::size_t, std::less<>> places_;
    std::string bytes_;
  };
  std::size_t record_size(const UserRecord& record) const;

  Table partition_keys_{1};
  Table explicit_hash_keys_{2};
  std::string records_;
  std::size_t count_ = 0;
};

}  // namespace penstock
