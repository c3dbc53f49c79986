#pragma once

#include "env/loop.h"
#include "support/engine_stand.h"

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace penstock::engine {

using testing::EngineStand;

/// A random history on one engine, and the books that say what must be true of it after a crash.
///
/// Clients append, seal, trim, drop, commit documents and put marks, several at once on two loops.
/// Readers note what they saw. An operation is expected when it was acknowledged, possible when it
/// was under way. Whatever a reader saw, and whatever was acknowledged, must be there afterwards.
class History {
 public:
  struct Mix {
    int clients = 3;
    std::size_t data_max = 3'000;
    bool trims = true;
    bool drops = true;
  };
  History(std::uint64_t seed, EngineStand& stand, Mix mix);

  /// Starts the clients; they end after `operations` each, or when the engine refuses.
  void start(int operations);
  bool running() const { return running_ > 0; }
  /// The engine went away under the clients.
  void forget_running() { running_ = 0; }

  /// Clients may have been told that the journal failed; that is not what is looked for then.
  void expect_failed_journal(bool expected) { failed_journal_is_expected_ = expected; }

  /// Reads everything back and compares. `lenient`: acknowledged records at the end of each shard,
  /// and the last changes, may be missing (durability "os" after a cut of power), nothing else.
  /// Returns what is wrong, or nothing.
  std::vector<std::string> verify(bool lenient = false);
  /// After a verify that found nothing wrong: what was found is what is expected from now on.
  std::uint64_t acknowledged_records() const { return acknowledged_; }
  std::uint64_t refused() const { return refused_; }
  const std::set<std::string>& troubles() const { return troubles_; }

 private:
  struct ShardBook {
    std::map<std::uint64_t, std::string> known;  ///< Acknowledged, or seen by a reader.
    std::set<std::string> attempted;
    std::uint64_t trimmed_to = 0;  ///< Acknowledged.
    std::uint64_t trim_tried = 0;
    bool sealed = false;
    bool seal_tried = false;
  };
  struct LogBook {
    bool dropped = false;
    bool drop_tried = false;
    std::uint32_t shards = 0;
  };
  struct ValueBook {
    std::string value;               ///< Acknowledged; empty: erased.
    std::set<std::string> possible;  ///< Tried since.
    Version version;
  };
  Task<> client(int number, int operations);
  Task<> reader(std::size_t loop);
  Task<bool> step(int number, std::size_t loop, std::mt19937_64& random);
  Task<bool> append(std::size_t loop, std::mt19937_64& random);
  Task<bool> change_shard(std::mt19937_64& random);
  Task<bool> change_document(int number, std::mt19937_64& random);
  Task<bool> put_mark(int number, std::mt19937_64& random);
  Task<bool> new_log(std::mt19937_64& random);
  bool note_error(const Error& error);
  std::optional<ShardRef> any_shard(std::mt19937_64& random);
  void verify_shard(ShardRef ref, ShardBook& book, bool lenient, std::vector<std::string>& wrong);
  void verify_values(bool lenient, std::vector<std::string>& wrong);

  EngineStand& stand_;
  Mix mix_;
  std::mt19937_64 random_;
  bool failed_journal_is_expected_ = false;
  int running_ = 0;
  int generation_ = 0;
  std::uint64_t last_log_ = 0;
  std::uint64_t counter_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t refused_ = 0;
  std::set<std::string> troubles_;
  std::map<LogId, LogBook> logs_;
  std::map<ShardRef, ShardBook> shards_;
  std::map<std::string, ValueBook> documents_;
  std::map<std::string, ValueBook> marks_;
};

}  // namespace penstock::engine
