#include "sim/engine/history.h"

#include "engine/errors.h"

#include <algorithm>

namespace penstock::engine {
namespace {

constexpr int kReaders = 2;

std::string name_of(ShardRef ref) {
  return "log " + std::to_string(ref.log.value) + " shard " + std::to_string(ref.shard);
}

}  // namespace

History::History(std::uint64_t seed, EngineStand& stand, Mix mix)
    : stand_(stand), mix_(mix), random_(seed * 7 + 1) {}

void History::start(int operations) {
  ++generation_;
  running_ = mix_.clients;
  for (int i = 0; i < mix_.clients; ++i) {
    stand_.world.spawn(client(i, operations), static_cast<std::size_t>(i % 2));
  }
  for (int i = 0; i < kReaders; ++i) {
    stand_.world.spawn(reader(static_cast<std::size_t>(i % 2)), static_cast<std::size_t>(i % 2));
  }
}

Task<> History::client(int number, int operations) {
  std::mt19937_64 random(random_());
  const auto loop = static_cast<std::size_t>(number % 2);
  for (int i = 0; i < operations; ++i) {
    if (random() % 3 == 0) {
      co_await env::sleep_until(stand_.world.loop(loop),
                                stand_.world.env().clocks.steady_now() + Millis(random() % 20), {});
    }
    if (!co_await step(number, loop, random)) break;
  }
  --running_;
}

/// False: the engine is gone for this client.
Task<bool> History::step(int number, std::size_t loop, std::mt19937_64& random) {
  const std::uint64_t dice = random() % 100;
  if (logs_.empty() || dice < 4) co_return co_await new_log(random);
  if (dice < 70) co_return co_await append(loop, random);
  if (dice < 80) co_return co_await change_shard(random);
  if (dice < 90) co_return co_await change_document(number, random);
  co_return co_await put_mark(number, random);
}

/// Refusals are answers; whatever else goes wrong is remembered.
bool History::note_error(const Error& error) {
  ++refused_;
  if (error.code == EngineErrc::kSealed || error.code == EngineErrc::kNoSuchShard ||
      error.code == EngineErrc::kUnavailable || error.code == EngineErrc::kNoSpace) {
    if (error.code == EngineErrc::kNoSpace) troubles_.insert("no_space");
    return true;
  }
  troubles_.insert(error.message);
  return false;
}

std::optional<ShardRef> History::any_shard(std::mt19937_64& random) {
  std::vector<ShardRef> alive;
  for (const auto& [log, book] : logs_) {
    for (std::uint32_t i = 0; i < book.shards; ++i) {
      if (!book.drop_tried) alive.push_back({log, i});
    }
  }
  if (alive.empty()) return std::nullopt;
  return alive[random() % alive.size()];
}

Task<bool> History::new_log(std::mt19937_64& random) {
  const LogId log{++last_log_};
  const auto count = static_cast<std::uint32_t>(1 + random() % 3);
  const Status made = co_await stand_.log().ensure(log, count);
  if (!made.ok()) co_return note_error(made.error());
  logs_[log] = {.shards = count};
  co_return true;
}

Task<bool> History::append(std::size_t loop, std::mt19937_64& random) {
  const auto ref = any_shard(random);
  if (!ref.has_value()) co_return true;
  ShardBook& book = shards_[*ref];
  std::vector<std::string> data;
  for (std::uint64_t i = 0; i <= random() % 4; ++i) {
    const std::uint64_t number = ++counter_;
    data.push_back(std::to_string(number) + ":" +
                   std::string(random() % mix_.data_max, static_cast<char>('a' + number % 26)));
    book.attempted.insert(data.back());
  }
  std::vector<NewRecord> records;
  for (const std::string& one : data) records.push_back({"key", one});
  Append append{*ref, stand_.fence(), records, stand_.world.env().clocks.service_now()};
  co_await stand_.log().append(std::span(&append, 1));
  static_cast<void>(loop);
  if (!append.outcome.ok()) co_return note_error(append.outcome.error());
  for (std::size_t i = 0; i < data.size(); ++i) {
    shards_[*ref].known[append.outcome->first.index + i] = data[i];
  }
  acknowledged_ += data.size();
  co_return true;
}

Task<bool> History::change_shard(std::mt19937_64& random) {
  const auto ref = any_shard(random);
  if (!ref.has_value()) co_return true;
  const std::uint64_t dice = random() % 10;
  if (dice == 0 && mix_.drops && logs_.size() > 2) {
    logs_[ref->log].drop_tried = true;
    const Status dropped = co_await stand_.log().drop(ref->log);
    if (!dropped.ok()) co_return note_error(dropped.error());
    logs_[ref->log].dropped = true;
    co_return true;
  }
  if (dice == 1) {
    shards_[*ref].seal_tried = true;
    const auto sealed = co_await stand_.log().seal(*ref, stand_.fence());
    if (!sealed.ok()) co_return note_error(sealed.error());
    shards_[*ref].sealed = true;
    co_return true;
  }
  if (!mix_.trims) co_return true;
  const auto bounds = stand_.log().bounds(*ref);
  if (!bounds.ok()) co_return note_error(bounds.error());
  const std::uint64_t span = bounds->next.index - bounds->horizon.index;
  const Position before{bounds->horizon.index + (span == 0 ? 0 : random() % span)};
  ShardBook& book = shards_[*ref];
  book.trim_tried = std::max(book.trim_tried, before.index);
  const Status trimmed = co_await stand_.log().trim(*ref, before);
  if (!trimmed.ok()) co_return note_error(trimmed.error());
  shards_[*ref].trimmed_to = std::max(shards_[*ref].trimmed_to, before.index);
  co_return true;
}

/// Two documents in one commit, with the same value: never one without the other.
Task<bool> History::change_document(int number, std::mt19937_64& random) {
  const std::string base = "doc/" + std::to_string(number) + "/" + std::to_string(random() % 3);
  const bool erases = random() % 5 == 0 && !documents_[base].value.empty();
  const std::string value =
      erases ? "" : std::to_string(++counter_) + std::string(random() % 400, 'v');
  std::vector<Change> changes;
  for (const std::string& key : {base, base + "/twin"}) {
    documents_[key].possible.insert(value);
    changes.push_back({.op = erases ? Change::Op::kErase : Change::Op::kPut,
                       .key = key,
                       .expected = documents_[key].version,
                       .value = value});
  }
  const auto version = co_await stand_.engine().meta().commit(std::move(changes));
  if (!version.ok()) co_return note_error(version.error());
  for (const std::string& key : {base, base + "/twin"}) {
    documents_[key] = {value, {}, erases ? Version{} : *version};
  }
  co_return true;
}

Task<bool> History::put_mark(int number, std::mt19937_64& random) {
  const std::string base = "mark/" + std::to_string(number) + "/" + std::to_string(random() % 4);
  const std::string value =
      random() % 6 == 0 ? "" : std::to_string(++counter_) + std::string(random() % 200, 'm');
  std::vector<Marks::Mark> marks;
  for (const std::string& key : {base, base + "/twin"}) {
    marks_[key].possible.insert(value);
    marks.push_back({key, value.empty() ? std::nullopt : std::optional(value)});
  }
  const Status put = co_await stand_.engine().marks().put(stand_.fence(), std::move(marks));
  if (!put.ok()) co_return note_error(put.error());
  for (const std::string& key : {base, base + "/twin"}) marks_[key] = {value, {}, {}};
  co_return true;
}

/// Looks at shards again and again, and takes down what it sees.
Task<> History::reader(std::size_t loop) {
  std::mt19937_64 random(random_());
  std::map<ShardRef, Position> at;
  const int generation = generation_;
  while (running_ > 0 && generation == generation_) {
    co_await env::sleep_until(stand_.world.loop(loop),
                              stand_.world.env().clocks.steady_now() + Millis(1 + random() % 10),
                              {});
    const auto ref = any_shard(random);
    if (!ref.has_value()) continue;
    const auto slice = co_await stand_.log().read(*ref, at[*ref], {.records_max = 50});
    if (!slice.ok()) {
      if (slice.error().code != EngineErrc::kNoSuchShard) troubles_.insert(slice.error().message);
      continue;
    }
    for (const Record& record : slice->records) {
      const auto [known, is_new] = shards_[*ref].known.emplace(record.at.index, record.data);
      if (!is_new && known->second != record.data) {
        troubles_.insert(name_of(*ref) + ": a reader saw other bytes than were acknowledged");
      }
    }
    at[*ref] = slice->next;
  }
}

// --- Afterwards -----------------------------------------------------------------------------

std::vector<std::string> History::verify(bool lenient) {
  std::vector<std::string> wrong(troubles_.begin(), troubles_.end());
  std::erase(wrong, "no_space");
  if (failed_journal_is_expected_) {
    std::erase_if(wrong,
                  [](const std::string& line) { return line.starts_with("the journal failed"); });
  }
  for (auto& [log, book] : logs_) {
    const bool is_there = stand_.log().bounds({log, 0}).ok();
    if (book.dropped && is_there && !lenient) {
      wrong.push_back("log " + std::to_string(log.value) + " came back after it was dropped");
    }
    if (!book.drop_tried && !is_there && !lenient) {
      wrong.push_back("log " + std::to_string(log.value) + " is gone");
    }
    if (!is_there) {
      book.drop_tried = book.dropped = true;
      continue;
    }
    book.drop_tried = book.dropped = false;
    for (std::uint32_t i = 0; i < book.shards; ++i) {
      const ShardRef ref{log, i};
      if (stand_.log().bounds(ref).ok()) verify_shard(ref, shards_[ref], lenient, wrong);
    }
  }
  verify_values(lenient, wrong);
  return wrong;
}

void History::verify_shard(ShardRef ref, ShardBook& book, bool lenient,
                           std::vector<std::string>& wrong) {
  const auto say = [&](const std::string& what) { wrong.push_back(name_of(ref) + ": " + what); };
  const Bounds bounds = *stand_.log().bounds(ref);
  if (bounds.horizon.index < book.trimmed_to && !lenient) say("a trim was undone");
  if (bounds.horizon.index > std::max({std::uint64_t{1}, book.trim_tried, book.trimmed_to})) {
    say("more was trimmed than anybody asked for");
  }
  if (book.sealed && !bounds.sealed && !lenient) say("a seal was undone");
  if (bounds.sealed && !book.sealed && !book.seal_tried) say("nobody sealed it");
  std::map<std::uint64_t, std::string> found;
  for (Position from;;) {
    const auto slice = stand_.read(ref, from, {.records_max = 700, .bytes_max = 100'000});
    if (!slice.ok()) return say(slice.error().message);
    if (slice->records.empty()) break;
    for (const Record& record : slice->records) {
      if (!found.emplace(record.at.index, record.data).second) say("a position was read twice");
      if (!book.attempted.contains(std::string(record.data))) say("a record that nobody put");
    }
    from = slice->next;
  }
  std::uint64_t next = bounds.horizon.index;
  for (const auto& [at, data] : found) {
    if (at != next++) return say("a gap before position " + std::to_string(at));
  }
  if (next != bounds.next.index) say("the bounds and the records differ");
  for (const auto& [at, data] : book.known) {
    if (at < bounds.horizon.index) continue;
    const auto there = found.find(at);
    if (there == found.end()) {
      if (!lenient) say("position " + std::to_string(at) + " was known and is gone");
    } else if (there->second != data) {
      say("position " + std::to_string(at) + " has other bytes: " + there->second.substr(0, 8) +
          " was " + data.substr(0, 8));
    }
  }
  // From here on it is as it is.
  book.known = std::move(found);
  book.trimmed_to = book.trim_tried = bounds.horizon.index;
  book.sealed = book.seal_tried = bounds.sealed;
}

void History::verify_values(bool lenient, std::vector<std::string>& wrong) {
  const auto check = [&](const char* what, std::map<std::string, ValueBook>& books, auto get) {
    for (auto& [key, book] : books) {
      const auto [value, version] = get(key);
      const bool expected = value == book.value || book.possible.contains(value);
      if (!expected && !lenient) {
        wrong.push_back(std::string(what) + " " + key +
                        " is neither the acknowledged nor a tried value");
      }
      if (!key.ends_with("/twin") && get(key + "/twin").first != value) {
        wrong.push_back(std::string(what) + " " + key + " and its twin differ");
      }
      book = {value, {}, version};
    }
  };
  check("document", documents_, [this](const std::string& key) {
    const auto document = stand_.engine().meta().get(key);
    return document.has_value() ? std::pair(document->value, document->version)
                                : std::pair(std::string(), Version{});
  });
  check("mark", marks_, [this](const std::string& key) {
    return std::pair(stand_.engine().marks().get(key).value_or(""), Version{});
  });
}

}  // namespace penstock::engine
