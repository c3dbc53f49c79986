#include "cli/shard_reader.h"

#include "cli/shards.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace penstock::cli {

ShardReader::ShardReader(ApiClient& client, std::string stream, std::string start,
                         wire::Timestamp at)
    : client_(client), stream_(std::move(stream)), start_(std::move(start)), at_(at) {}

Result<std::string> ShardReader::iterator_for(const std::string& shard, const std::string& type,
                                              const std::string& after) {
  const auto target = wire::StreamTarget::of(stream_);
  wire::GetShardIterator request{
      .stream_name = target.name, .stream_arn = target.arn, .shard_id = shard, .type = type};
  if (!after.empty()) request.sequence_number = after;
  if (type == "AT_TIMESTAMP") request.timestamp = at_;
  TRY(const auto reply, client_.kinesis<wire::ShardIterator>("GetShardIterator", request));
  return reply.iterator;
}

Status ShardReader::open() {
  TRY(const auto shards, list_shards(client_, stream_));
  std::set<std::string> listed;
  for (const wire::Shard& shard : shards) listed.insert(shard.id);
  for (const wire::Shard& shard : shards) {
    TRY(const HashKeyRange range, range_of(shard.hash_keys));
    std::vector<std::string> parents;
    if (shard.parent && listed.contains(*shard.parent)) parents.push_back(*shard.parent);
    if (shard.adjacent_parent && listed.contains(*shard.adjacent_parent)) {
      parents.push_back(*shard.adjacent_parent);
    }
    if (parents.empty() || start_ == "LATEST") {
      readers_[shard.id].range = range;
      TRY(readers_[shard.id].iterator, iterator_for(shard.id, start_, {}));
    } else {
      waiting_[shard.id] = {.parents = std::move(parents), .range = range};
    }
  }
  return ok();
}

Status ShardReader::start_children(const std::string& parent,
                                   const std::vector<wire::ChildShard>& children) {
  done_.insert(parent);
  for (const wire::ChildShard& child : children) {
    if (is_done(child.id) || readers_.contains(child.id)) continue;
    TRY(const HashKeyRange range, range_of(child.hash_keys));
    waiting_.try_emplace(child.id, Waiting{.parents = child.parents, .range = range});
  }
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto& parents = it->second.parents;
    const bool ready = std::all_of(parents.begin(), parents.end(), [this](const std::string& id) {
      return is_done(id) || (!readers_.contains(id) && !waiting_.contains(id));
    });
    if (!ready) {
      ++it;
      continue;
    }
    readers_[it->first].range = it->second.range;
    TRY(readers_[it->first].iterator, iterator_for(it->first, "TRIM_HORIZON", {}));
    it = waiting_.erase(it);
  }
  return ok();
}

Result<std::size_t> ShardReader::round(const Visit& visit) {
  std::size_t seen = 0;
  caught_up_ = true;
  std::vector<std::string> ids;
  for (const auto& [id, reader] : readers_) ids.push_back(id);
  for (const std::string& id : ids) {
    Reader& reader = readers_.at(id);
    auto reply = client_.kinesis<wire::GetRecordsReply>(
        "GetRecords", wire::GetRecords{.iterator = reader.iterator});
    if (!reply.ok()) {
      const std::string& type = client_.last_type();
      if (type == "ProvisionedThroughputExceededException") {
        // Another reader shares the shard's 5 calls a second.
        caught_up_ = false;
        std::this_thread::sleep_for(std::chrono::milliseconds(250));
        continue;
      }
      if (type != "ExpiredIteratorException") return std::move(reply).error();
      const bool fresh = reader.last_sequence_number.empty();
      TRY(reader.iterator,
          iterator_for(id, fresh ? start_ : "AFTER_SEQUENCE_NUMBER", reader.last_sequence_number));
      caught_up_ = false;
      continue;
    }
    for (const wire::Record& record : reply->records) {
      ++seen;
      reader.last_sequence_number = record.sequence_number;
      if (!visit(id, reader.range, record)) return seen;
    }
    // A closed shard's last records come with one more iterator: only an empty page is the tip.
    if (!reply->records.empty() || reply->millis_behind.value_or(0) > 0) caught_up_ = false;
    if (reply->next_iterator) {
      reader.iterator = *reply->next_iterator;
      continue;
    }
    const auto children = reply->children;
    readers_.erase(id);
    caught_up_ = false;
    TRY_OK(start_children(id, children));
  }
  return seen;
}

}  // namespace penstock::cli
