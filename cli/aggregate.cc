#include "cli/aggregate.h"

#include "base/aggregated_record.h"

#include <map>
#include <string>
#include <utility>

namespace penstock::cli {
namespace {

UserRecord view_of(const wire::PutEntry& entry) {
  return {.partition_key = entry.partition_key,
          .explicit_hash_key = entry.explicit_hash_key,
          .data = entry.data.bytes};
}

/// What is being packed for one shard.
struct Filling {
  std::vector<wire::PutEntry> records;
  AggregateBuilder builder;
};

void flush(Filling& filling, Aggregated& into) {
  if (filling.records.empty()) return;
  wire::PutEntry entry = std::move(filling.records.front());
  if (filling.builder.count() > 1) {
    entry.explicit_hash_key =
        view_of(entry).hash_key()->to_string();  // It has one: it has a shard.
    entry.partition_key = "a";
    entry.data.bytes = filling.builder.take();
    ++into.envelopes;
  }
  filling = {};
  into.entries.push_back(std::move(entry));
}

}  // namespace

Aggregated aggregate(std::vector<wire::PutEntry> records, const OpenShards& shards) {
  Aggregated made;
  std::map<std::string, Filling> filling;
  for (wire::PutEntry& record : records) {
    const UserRecord view = view_of(record);
    const auto key = view.hash_key();
    const std::string* shard = key ? shards.at(*key) : nullptr;
    if (shard == nullptr) {
      made.entries.push_back(std::move(record));
      continue;
    }
    Filling& into = filling[*shard];
    if (into.builder.size_with(view) > kAggregateBytesMax) flush(into, made);
    into.builder.add(view);
    into.records.push_back(std::move(record));
  }
  for (auto& [id, last] : filling) flush(last, made);
  return made;
}

std::vector<wire::PutEntry> misplaced_in(const wire::PutEntry& stored, const HashKeyRange& shard) {
  if (!stored.explicit_hash_key) return {};
  const auto records = deaggregate(stored.data.bytes);
  if (!records || belong_to(*records, shard)) return {};
  std::vector<wire::PutEntry> misplaced;
  for (const UserRecord& record : *records) {
    wire::PutEntry& entry = misplaced.emplace_back();
    entry.partition_key = record.partition_key;
    if (record.explicit_hash_key) entry.explicit_hash_key = *record.explicit_hash_key;
    entry.data.bytes = record.data;
  }
  return misplaced;
}

}  // namespace penstock::cli
