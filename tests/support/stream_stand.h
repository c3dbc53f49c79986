#pragma once

#include "base/budget.h"
#include "base/check.h"
#include "stream/stream_service.h"
#include "support/engine_stand.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace penstock::testing {

/// One record as a reader saw it.
struct ReadRecord {
  std::string sequence_number;
  std::string key;
  std::string data;
  ServiceTime arrival;
  bool operator==(const ReadRecord&) const = default;
};

struct ReadPage {
  std::vector<ReadRecord> records;
  std::string next_iterator;
  std::int64_t millis_behind = 0;
  std::vector<std::uint32_t> children;
};

/// A simulated machine with an engine and the streams on it, which can be stopped, killed, started.
class StreamStand {
 public:
  explicit StreamStand(std::uint64_t seed, engine::local::Options options = {},
                       stream::StreamSettings settings = {},
                       env::sim::WorldOptions world_options = {})
      : machine(seed, std::move(options), world_options), settings_(settings) {
    open();
  }
  ~StreamStand() {
    if (streams_ != nullptr) machine.world.kill([this] { destroy(); });
  }

  EngineStand machine;
  /// What replies of GetRecords are charged to; a test that takes a share leaves them less.
  Budget pages{16u << 20};

  stream::StreamService& streams() { return *streams_; }
  env::sim::World& world() { return machine.world; }
  ServiceTime now() { return world().env().clocks.service_now(); }
  void advance(Millis by) { world().env().clocks.advance_service(by); }

  static const Tenant& tenant() {
    static const Tenant one{"000000000000", "us-east-1"};
    return one;
  }
  static stream::Caller caller() { return {.tenant = tenant()}; }

  Status create(std::string_view name, std::int64_t shards) {
    return world().run(streams().create(caller(), {.name = name, .shard_count = shards}));
  }
  Result<stream::PutRecordsReply> put(std::string_view name,
                                      const std::vector<stream::PutEntry>& entries,
                                      std::size_t loop = 0) {
    return world().run(
        streams().put_records(caller(), {.stream = {.name = name}, .entries = entries}), loop);
  }
  Result<std::string> iterator(stream::GetShardIterator request) {
    return world().run(streams().get_shard_iterator(caller(), std::move(request)));
  }
  Result<ReadPage> page(std::string iterator, std::int64_t limit = 10'000) {
    return world().run(page_of(streams(), std::move(iterator), limit));
  }
  /// The same for a coroutine of a test.
  static Task<Result<ReadPage>> page_of(stream::StreamService& streams, std::string iterator,
                                        std::int64_t limit) {
    CO_TRY(const stream::GetRecordsReply reply,
           co_await streams.get_records(caller(), {.iterator = iterator, .limit = limit}));
    ReadPage page{.next_iterator = reply.next_iterator,
                  .millis_behind = reply.millis_behind_latest};
    for (const engine::Record& record : reply.slice.records) {
      page.records.push_back({reply.stamp.number(record.at, record.arrival).to_string(),
                              std::string(record.key), std::string(record.data), record.arrival});
    }
    for (const stream::ChildShard& child : reply.child_shards)
      page.children.push_back(child.number);
    co_return page;
  }
  /// Every shard that is listed, closed ones too.
  std::vector<stream::ShardView> shards(std::string_view name) {
    std::vector<stream::ShardView> all;
    stream::ListShards request{.stream = {.name = name}};
    std::string token;
    for (;;) {
      const Result<stream::ShardPage> page = streams().list_shards(caller(), request);
      PENSTOCK_CHECK(page.ok(), page.ok() ? "" : page.error().message.c_str());
      all.insert(all.end(), page->shards.begin(), page->shards.end());
      if (page->next_token.empty()) return all;
      token = page->next_token;
      request = {.next_token = token};
    }
  }

  void stop() {
    world().run(streams_->stop());
    streams_.reset();
  }
  /// Everything stops in order and starts again.
  void restart() {
    stop();
    machine.reopen();
    start_streams();
  }
  /// The streams stop and start again on the same engine.
  void reopen_streams() {
    stop();
    start_streams();
  }
  /// The power goes, or only the process; then everything starts again.
  void crash() {
    world().crash([this] { destroy(); });
    open();
  }
  void kill() {
    world().kill([this] { destroy(); });
    open();
  }

 private:
  void destroy() {
    streams_.reset();
    machine.abandon();
  }
  void open() {
    machine.open();
    start_streams();
  }
  void start_streams() {
    env::Env& env = world().env();
    auto opened = world().run(
        stream::StreamService::open({env.clocks, *env.loops.front(), env.random, machine.engine(),
                                     nullptr, nullptr, &pages, env.loops},
                                    settings_));
    PENSTOCK_CHECK(opened.ok(), opened.ok() ? "" : opened.error().message.c_str());
    streams_ = std::move(opened).value();
  }

  stream::StreamSettings settings_;
  std::unique_ptr<stream::StreamService> streams_;
};

}  // namespace penstock::testing
