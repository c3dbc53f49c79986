#include "stream/token.h"
#include "support/seeds.h"
#include "support/stream_stand.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

// One call after the other against a model that says exactly what each of them must answer: which
// entries are throttled, what a read from any place returns under retention, which shards exist.

namespace penstock::stream {
namespace {

using std::chrono::hours;
using testing::ReadPage;
using testing::ReadRecord;
using testing::StreamStand;
using Random = std::mt19937_64;

constexpr std::int64_t kMiB = 1'048'576;

/// "So much a second, and a second's worth at once", in millionths.
struct ModelBucket {
  std::int64_t rate;
  std::int64_t level = rate * 1'000;
  std::int64_t last_ms = 0;
  void refill(std::int64_t now_ms) {
    if (now_ms <= last_ms) return;
    level = now_ms - last_ms > 1'000'000
                ? rate * 1'000
                : std::min(rate * 1'000, level + (now_ms - last_ms) * rate);
    last_ms = now_ms;
  }
};

struct ModelRecord {
  std::string key;
  std::string data;
  std::string number;
  ServiceTime arrival;
};

struct ModelShard {
  std::uint32_t number = 0;
  HashKeyRange range;
  std::vector<std::uint32_t> parents;
  std::optional<ServiceTime> closed;
  std::vector<ModelRecord> records;
  ModelBucket write_records{1'000};
  ModelBucket write_bytes{kMiB};
  ModelBucket read_calls{5};
  ModelBucket read_bytes{2 * kMiB};
  ModelBucket iterators{5};
};

class ModelRun {
 public:
  ModelRun(std::uint64_t seed, bool limited)
      : random_(seed),
        limited_(limited),
        stand_(seed, {.durability = engine::local::Durability::kMemory}, settings(limited)) {
    const std::uint32_t count = 1 + static_cast<std::uint32_t>(random_() % 3);
    EXPECT_TRUE(stand_.create("s", count).ok());
    for (const HashKeyRange& range : equal_hash_key_ranges(count))
      shards_.push_back({.number = static_cast<std::uint32_t>(shards_.size()), .range = range});
  }

  void step() {
    switch (random_() % 16) {
      case 0:
      case 1:
      case 2:
      case 3: put(); break;
      case 4: burst(); break;
      case 5: advance(Millis(random_() % 1'500)); break;
      case 6: advance(Millis(random_() % (12 * 3'600'000))); break;
      case 7: reshard(); break;
      case 8: change_retention(); break;
      case 9: list(); break;
      case 10: stand_.world().run_for(std::chrono::seconds(61)); break;  // The sweeper.
      case 11: tamper(); break;
      case 12: read_often(); break;
      default: read();
    }
  }
  const std::map<std::string, int>& seen() const { return seen_; }

 private:
  static StreamSettings settings(bool limited) {
    StreamSettings made;
    made.limits = limited ? StreamSettings::Limits::kAws : StreamSettings::Limits::kOff;
    return made;
  }
  std::int64_t now_ms() { return unix_millis(stand_.now()); }
  ServiceTime oldest() { return stand_.now() - hours(retention_hours_); }
  bool expired(const ModelShard& shard) {
    return shard.closed && *shard.closed + hours(retention_hours_) < stand_.now();
  }
  void advance(Millis by) { stand_.advance(by); }
  ModelShard& any_shard() { return shards_[random_() % shards_.size()]; }
  ModelShard& open_shard_of(HashKey key) {
    for (ModelShard& shard : shards_) {
      if (!shard.closed && shard.range.contains(key)) return shard;
    }
    ADD_FAILURE() << "the model has no shard for a key";
    return shards_.front();
  }

  // --- Puts
  // ---------------------------------------------------------------------------------------

  void put() { put_entries(1 + random_() % 8, random_() % 4 == 0 ? 300'000 : 2'000); }
  void burst() { put_entries(500, 1 + random_() % 3'000); }

  void put_entries(std::size_t count, std::size_t data_max) {
    std::vector<std::string> keys(count);
    std::vector<std::string> data(count);
    std::vector<std::string> hash_keys(count);
    std::vector<PutEntry> entries(count);
    for (std::size_t i = 0; i < count; ++i) {
      keys[i] = "key-" + std::to_string(random_() % 50);
      data[i] = std::to_string(next_++) + ":" + std::string(random_() % data_max, 'd');
      if (random_() % 4 == 0)
        hash_keys[i] = HashKey{Uint128{random_()} << 64 | random_()}.to_string();
      entries[i] = {keys[i], data[i], hash_keys[i]};
    }
    const ServiceTime now = stand_.now();
    const auto reply = stand_.put("s", entries);
    ASSERT_TRUE(reply.ok()) << reply.error().message;
    ASSERT_EQ(reply->outcomes.size(), count);
    std::size_t not_stored = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const HashKey at =
          hash_keys[i].empty() ? HashKey::of_partition_key(keys[i]) : *HashKey::parse(hash_keys[i]);
      ModelShard& shard = open_shard_of(at);
      const PutOutcome& outcome = reply->outcomes[i];
      ASSERT_EQ(outcome.shard, shard.number);
      if (!admitted(shard, static_cast<std::int64_t>(keys[i].size() + data[i].size()), now)) {
        ASSERT_EQ(outcome.fate, PutFate::kThrottled) << "entry " << i;
        ++not_stored;
        ++seen_["throttled"];
        continue;
      }
      ASSERT_EQ(outcome.fate, PutFate::kStored) << "entry " << i << " of " << count;
      ++seen_["stored"];
      const std::string number = outcome.number.to_string();
      if (!shard.records.empty()) ASSERT_LT(shard.records.back().number, number);
      shard.records.push_back({keys[i], data[i], number, now});
    }
    ASSERT_EQ(reply->not_stored, not_stored);
  }

  bool admitted(ModelShard& shard, std::int64_t bytes, ServiceTime now) const {
    if (!limited_) return true;
    shard.write_records.refill(unix_millis(now));
    shard.write_bytes.refill(unix_millis(now));
    if (shard.write_records.level < 1'000 || shard.write_bytes.level < bytes * 1'000) return false;
    shard.write_records.level -= 1'000;
    shard.write_bytes.level -= bytes * 1'000;
    return true;
  }

  // --- Reads
  // --------------------------------------------------------------------------------------

  /// What a read of this shard may still see, in order.
  std::vector<ReadRecord> visible(const ModelShard& shard) {
    std::vector<ReadRecord> out;
    for (const ModelRecord& record : shard.records) {
      if (record.arrival >= oldest())
        out.push_back({record.number, record.key, record.data, record.arrival});
    }
    return out;
  }

  /// More often than a second allows.
  void read_often() {
    for (int i = 0; i < 12; ++i) read();
  }

  void read() {
    ModelShard& shard = any_shard();
    const std::string id = shard_id_text(shard.number);
    GetShardIterator request{.stream = {.name = "s"}, .shard_id = id};
    const std::vector<ReadRecord> all = visible(shard);
    std::vector<ReadRecord> expected = all;
    std::string at_number;
    switch (random_() % 5) {
      case 0: request.type = IteratorType::kTrimHorizon; break;
      case 1:
        request.type = IteratorType::kLatest;
        expected.clear();
        break;
      case 2: {
        request.type = IteratorType::kAtTimestamp;
        request.timestamp = stand_.now() - Millis(random_() % (30 * 3'600'000));
        std::erase_if(expected, [&](const ReadRecord& record) {
          return record.arrival < *request.timestamp;
        });
        break;
      }
      default: {
        if (shard.records.empty()) return;
        at_number = shard.records[random_() % shard.records.size()].number;
        const bool after = random_() % 2 == 0;
        request.type = after ? IteratorType::kAfterSequenceNumber : IteratorType::kAtSequenceNumber;
        request.starting_sequence_number = at_number;
        std::erase_if(expected, [&](const ReadRecord& record) {
          return after ? record.sequence_number <= at_number : record.sequence_number < at_number;
        });
      }
    }
    const auto iterator = stand_.iterator(request);
    if (expired(shard)) {
      ASSERT_FALSE(iterator.ok());
      ASSERT_TRUE(iterator.error().code == StreamErrc::kNotFound) << iterator.error().message;
      ++seen_["shard gone"];
      return;
    }
    if (limited_) {
      shard.iterators.refill(now_ms());
      if (shard.iterators.level < 1'000) {
        ASSERT_FALSE(iterator.ok());
        ASSERT_TRUE(iterator.error().code == StreamErrc::kThroughputExceeded);
        ++seen_["iterator throttled"];
        return;
      }
      shard.iterators.level -= 1'000;
    }
    ASSERT_TRUE(iterator.ok()) << iterator.error().message;
    if (random_() % 10 == 0) {
      expire(*iterator);
      return;
    }
    read_pages(shard, *iterator, expected);
  }

  void read_pages(ModelShard& shard, std::string iterator,
                  const std::vector<ReadRecord>& expected) {
    std::size_t read = 0;
    for (;;) {
      const std::int64_t limit = 1 + static_cast<std::int64_t>(random_() % 400);
      const Result<ReadPage> page = stand_.page(iterator, limit);
      if (limited_ && !read_admitted(shard)) {
        ASSERT_FALSE(page.ok());
        ASSERT_TRUE(page.error().code == StreamErrc::kThroughputExceeded);
        ++seen_["read throttled"];
        return;
      }
      ASSERT_TRUE(page.ok()) << page.error().message;
      ASSERT_LE(page->records.size(), static_cast<std::size_t>(limit));
      std::int64_t bytes = 0;
      for (const ReadRecord& record : page->records) {
        ASSERT_LT(read, expected.size()) << "more than there is";
        ASSERT_EQ(record, expected[read++]);
        bytes += static_cast<std::int64_t>(record.key.size() + record.data.size());
        ++seen_["read"];
      }
      // More than a second's worth is paid for as a whole.
      std::int64_t& level = shard.read_bytes.level;
      if (bytes > 2 << 20) level = std::min<std::int64_t>(level, 0);
      level -= bytes * 1'000;
      if (read == expected.size()) ASSERT_EQ(page->millis_behind, 0);
      if (page->next_iterator.empty()) {
        ASSERT_TRUE(shard.closed) << "only a closed shard ends";
        ASSERT_EQ(read, expected.size()) << "records are missing at the end of a shard";
        std::vector<std::uint32_t> children;
        for (const ModelShard& other : shards_) {
          if (std::count(other.parents.begin(), other.parents.end(), shard.number) > 0 &&
              !expired(other))
            children.push_back(other.number);
        }
        ASSERT_EQ(page->children, children);
        ++seen_["end of shard"];
        return;
      }
      if (page->records.empty()) {
        ASSERT_EQ(read, expected.size()) << "an empty page before the end";
        ASSERT_FALSE(shard.closed) << "a closed shard says so with its last page";
        return;
      }
      iterator = page->next_iterator;
    }
  }

  bool read_admitted(ModelShard& shard) {
    shard.read_calls.refill(now_ms());
    shard.read_bytes.refill(now_ms());
    if (shard.read_calls.level < 1'000 || shard.read_bytes.level <= 0) return false;
    shard.read_calls.level -= 1'000;
    return true;
  }

  void expire(const std::string& iterator) {
    advance(kTokenLife + Millis(1));
    const auto page = stand_.page(iterator);
    ASSERT_FALSE(page.ok());
    ASSERT_TRUE(page.error().code == StreamErrc::kExpiredIterator) << page.error().message;
    ++seen_["expired iterator"];
  }

  void tamper() {
    const std::string id = shard_id_text(shards_.back().number);
    auto iterator = stand_.iterator({.stream = {.name = "s"}, .shard_id = id});
    if (limited_) {
      ModelShard& shard = shards_.back();
      shard.iterators.refill(now_ms());
      if (!expired(shard) && shard.iterators.level >= 1'000) shard.iterators.level -= 1'000;
    }
    if (!iterator.ok()) return;
    char& c = (*iterator)[random_() % iterator->size()];
    c = c == 'A' ? 'B' : 'A';
    const auto page = stand_.page(*iterator);
    ASSERT_FALSE(page.ok());
    ASSERT_TRUE(page.error().code == StreamErrc::kInvalidArgument) << page.error().message;
  }

  // --- Shape
  // --------------------------------------------------------------------------------------

  void reshard() {
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      if (!shards_[i].closed) open.push_back(i);
    }
    std::sort(open.begin(), open.end(), [&](std::size_t a, std::size_t b) {
      return shards_[a].range.start < shards_[b].range.start;
    });
    const std::size_t pick = random_() % open.size();
    const auto next = static_cast<std::uint32_t>(shards_.size());
    ModelShard& shard = shards_[open[pick]];
    if (open.size() > 4 || (random_() % 2 == 0 && pick + 1 < open.size())) {
      if (pick + 1 >= open.size()) return;
      ModelShard& other = shards_[open[pick + 1]];
      const Status merged = stand_.world().run(
          stand_.streams().merge(StreamStand::caller(), {.name = "s"}, shard_id_text(shard.number),
                                 shard_id_text(other.number)));
      ASSERT_TRUE(merged.ok()) << merged.error().message;
      shard.closed = other.closed = stand_.now();
      ModelShard child{.number = next,
                       .range = {shard.range.start, other.range.end},
                       .parents = {shard.number, other.number}};
      shards_.push_back(std::move(child));
      ++seen_["merge"];
      return;
    }
    const Uint128 width = shard.range.end.value - shard.range.start.value;
    const HashKey at{shard.range.start.value + width / (2 + random_() % 3)};
    const Status done = stand_.world().run(stand_.streams().split(
        StreamStand::caller(), {.name = "s"}, shard_id_text(shard.number), at.to_string()));
    ASSERT_TRUE(done.ok()) << done.error().message;
    shard.closed = stand_.now();
    const std::uint32_t parent = shard.number;
    const HashKeyRange range = shard.range;
    shards_.push_back(
        {.number = next, .range = {range.start, {at.value - 1}}, .parents = {parent}});
    shards_.push_back({.number = next + 1, .range = {at, range.end}, .parents = {parent}});
    ++seen_["split"];
  }

  void change_retention() {
    const auto wanted = static_cast<std::int64_t>(24 + random_() % 50);
    // What has left retention does not come back, whether the sweeper has seen it or not.
    if (random_() % 2 == 0) stand_.world().run_for(std::chrono::seconds(61));
    if (wanted > retention_hours_) forget();
    const RetentionChange change =
        wanted >= retention_hours_ ? RetentionChange::kIncrease : RetentionChange::kDecrease;
    const Status done = stand_.world().run(
        stand_.streams().set_retention(StreamStand::caller(), {.name = "s"}, change, wanted));
    ASSERT_TRUE(done.ok()) << done.error().message;
    retention_hours_ = wanted;
    ++seen_["retention"];
  }
  void forget() {
    for (ModelShard& shard : shards_) {
      std::erase_if(shard.records,
                    [&](const ModelRecord& record) { return record.arrival < oldest(); });
      if (expired(shard)) shard.closed = ServiceTime{};  // For good.
    }
  }

  void list() {
    std::vector<std::uint32_t> expected;
    for (const ModelShard& shard : shards_) {
      if (!expired(shard)) expected.push_back(shard.number);
    }
    std::vector<std::uint32_t> listed;
    for (const ShardView& view : stand_.shards("s")) {
      listed.push_back(view.number);
      const ModelShard& shard = shards_.at(view.number);
      ASSERT_EQ(view.range, shard.range);
      ASSERT_EQ(view.ending.has_value(), shard.closed.has_value());
      if (!shard.records.empty())
        ASSERT_LT(view.starting.to_string(), shard.records.front().number);
      if (view.ending && !shard.records.empty())
        ASSERT_GT(view.ending->to_string(), shard.records.back().number);
    }
    ASSERT_EQ(listed, expected);
    ++seen_["list"];
  }

  Random random_;
  bool limited_;
  StreamStand stand_;
  std::vector<ModelShard> shards_;
  std::int64_t retention_hours_ = 24;
  std::uint64_t next_ = 0;
  std::map<std::string, int> seen_;
};

class StreamModel : public ::testing::TestWithParam<bool> {};

TEST_P(StreamModel, AnswersEveryCallAsTheModelDoes) {
  std::map<std::string, int> seen;
  const auto seeds = penstock::testing::seeds_or_one(40);
  for (const std::uint64_t seed : seeds) {
    ModelRun run(seed, GetParam());
    for (int step = 0; step < 150; ++step) {
      run.step();
      if (HasFatalFailure() || HasNonfatalFailure()) FAIL() << "seed " << seed << " step " << step;
    }
    for (const auto& [what, count] : run.seen()) seen[what] += count;
  }
  // The runs must have been there where it matters.
  const auto at_least = static_cast<int>(penstock::testing::share_of(2, seeds.size(), 40));
  for (const char* what : {"stored", "read", "end of shard", "shard gone", "expired iterator",
                           "merge", "split", "retention", "list"}) {
    EXPECT_GE(seen[what], at_least) << what;
  }
  for (const char* what : {"throttled", "read throttled", "iterator throttled"}) {
    if (GetParam()) {
      EXPECT_GE(seen[what], at_least) << what;
    } else {
      EXPECT_EQ(seen[what], 0) << what;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Limits, StreamModel, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "On" : "Off"; });

}  // namespace
}  // namespace penstock::stream
