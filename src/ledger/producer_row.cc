#include "ledger/producer_row.h"

#include "shape/json.h"

#include <charconv>
#include <optional>

namespace penstock::ledger {
namespace {

struct StoredWaiting {
  std::string fingerprint;  ///< Decimal: JSON numbers end at 2^53 for some readers.
  std::int64_t shard = 0;
  std::int64_t at_ms = 0;
  static constexpr auto shape() {
    using Self = StoredWaiting;
    return std::array{shape::member<&Self::fingerprint>("f"), shape::member<&Self::shard>("s"),
                      shape::member<&Self::at_ms>("t")};
  }
};

struct StoredRow {
  std::string account;
  std::string region;
  std::string stream;
  std::string access_key;
  std::string address;
  std::string agent;
  std::vector<std::int64_t> counts;  ///< received, stored, throttled, rejected, failed,
                                     ///< interrupted, recovered, probably lost, unknown,
                                     ///< stranded
  std::vector<StoredWaiting> waiting;
  std::vector<StoredWaiting> lost;
  static constexpr auto shape() {
    using Self = StoredRow;
    return std::array{
        shape::member<&Self::account>("account"), shape::member<&Self::region>("region"),
        shape::member<&Self::stream>("stream"),   shape::member<&Self::access_key>("access_key"),
        shape::member<&Self::address>("address"), shape::member<&Self::agent>("agent"),
        shape::member<&Self::counts>("counts"),   shape::member<&Self::waiting>("waiting"),
        shape::member<&Self::lost>("lost"),
    };
  }
};

struct StoredLogBook {
  std::int64_t log = 0;
  std::int64_t stored = 0;
  std::int64_t failed = 0;
  std::int64_t unattributed = 0;
  std::int64_t unexplained = 0;
  static constexpr auto shape() {
    using Self = StoredLogBook;
    return std::array{shape::member<&Self::log>("log"), shape::member<&Self::stored>("stored"),
                      shape::member<&Self::failed>("failed"),
                      shape::member<&Self::unattributed>("unattributed"),
                      shape::member<&Self::unexplained>("unexplained")};
  }
};

StoredWaiting stored(const Waiting& entry) {
  return {std::to_string(entry.fingerprint), entry.shard, unix_millis(entry.at)};
}

std::optional<Waiting> restored(const StoredWaiting& entry) {
  const std::string& text = entry.fingerprint;
  Waiting out{.shard = static_cast<std::uint32_t>(entry.shard), .at = service_time(entry.at_ms)};
  const auto [end, failure] =
      std::from_chars(text.data(), text.data() + text.size(), out.fingerprint);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::int64_t wide(std::uint64_t count) { return static_cast<std::int64_t>(count); }

constexpr std::size_t kCounts = 10;
constexpr std::size_t kCountsWithoutStranded = 9;  ///< What was stored before there was `stranded`.

}  // namespace

std::uint64_t ProducerRow::undecided() const {
  const std::uint64_t decided = book.decided();
  return book.received > decided ? book.received - decided : 0;
}

void ProducerRow::begin_run(bool was_stopped) {
  const std::uint64_t open = undecided();
  if (open <= stranded) return;
  if (was_stopped) {
    stranded = open;
  } else {
    book.interrupted += open - stranded;
  }
  changed = true;
}

void ProducerRow::lose(const Waiting& entry) {
  ++probably_lost;
  lost.push_back(entry);
  if (lost.size() > kLostKept) lost.pop_front();
}

ProducerAudit ProducerRow::audit(const RowKey& key) const {
  return {
      .access_key = key.access_key,
      .address = key.address,
      .agent = key.agent,
      .received = wide(book.received),
      .stored = wide(book.stored),
      .throttled = wide(book.throttled),
      .rejected = wide(book.rejected),
      .failed = wide(book.failed),
      .interrupted = wide(book.interrupted),
      .recovered = wide(recovered),
      .waiting = wide(waiting.size()),
      .probably_lost = wide(probably_lost),
      .unknown = wide(unknown),
      .unaccounted = wide(unaccounted(book)),
  };
}

void LogBook::begin_after_stop(std::uint64_t logged) {
  const std::uint64_t known = stored + failed + unattributed + unexplained;
  if (logged <= known) return;
  unexplained += logged - known;
  changed = true;
}

void LogBook::begin_after_crash(std::uint64_t logged) {
  const std::uint64_t known = stored + unexplained;
  const std::uint64_t beyond = logged > known ? logged - known : 0;
  if (beyond == unattributed && failed == 0) return;
  unattributed = beyond;
  failed = 0;
  changed = true;
}

std::uint64_t unaccounted(const LogBook& before, const LogBook& after, std::uint64_t logged,
                          std::uint64_t perhaps) {
  const std::uint64_t least = before.stored + before.unattributed;
  const std::uint64_t most = after.stored + after.unattributed + after.failed + perhaps;
  if (logged < least) return least - logged;
  return logged > most ? logged - most : 0;
}

std::string encode_log_book(const LogBook& book) {
  return shape::to_json(StoredLogBook{wide(book.log.value), wide(book.stored), wide(book.failed),
                                      wide(book.unattributed), wide(book.unexplained)});
}

Result<LogBook> decode_log_book(std::string_view bytes) {
  const auto parsed = shape::from_json<StoredLogBook>(bytes);
  if (!parsed.ok()) return Error{Errc::kCorrupt, "a log's book does not read back"};
  const auto count = [](std::int64_t stored) { return static_cast<std::uint64_t>(stored); };
  return LogBook{.log = LogId{count(parsed->log)},
                 .stored = count(parsed->stored),
                 .failed = count(parsed->failed),
                 .unattributed = count(parsed->unattributed),
                 .unexplained = count(parsed->unexplained)};
}

std::string encode_row(const RowKey& key, const ProducerRow& row) {
  StoredRow out{.account = key.tenant.account,
                .region = key.tenant.region,
                .stream = key.stream,
                .access_key = key.access_key,
                .address = key.address,
                .agent = key.agent};
  const ProducerBook& book = row.book;
  for (const std::uint64_t count :
       {book.received, book.stored, book.throttled, book.rejected, book.failed, book.interrupted,
        row.recovered, row.probably_lost, row.unknown, row.stranded}) {
    out.counts.push_back(wide(count));
  }
  for (const Waiting& entry : row.waiting.list()) out.waiting.push_back(stored(entry));
  for (const Waiting& entry : row.lost) out.lost.push_back(stored(entry));
  return shape::to_json(out);
}

Result<RowKey> decode_row(std::string_view bytes, ProducerRow& row) {
  const Error corrupt{Errc::kCorrupt, "a producer's book does not read back"};
  const auto parsed = shape::from_json<StoredRow>(bytes);
  if (!parsed.ok()) return corrupt;
  const std::size_t counted = parsed->counts.size();
  if (counted != kCounts && counted != kCountsWithoutStranded) return corrupt;
  std::uint64_t* const counts[kCounts] = {
      &row.book.received, &row.book.stored,      &row.book.throttled, &row.book.rejected,
      &row.book.failed,   &row.book.interrupted, &row.recovered,      &row.probably_lost,
      &row.unknown,       &row.stranded};
  for (std::size_t i = 0; i < counted; ++i) {
    *counts[i] = static_cast<std::uint64_t>(parsed->counts[i]);
  }
  for (const StoredWaiting& stored_entry : parsed->waiting) {
    const std::optional<Waiting> entry = restored(stored_entry);
    if (!entry) return corrupt;
    if (!row.waiting.refused(*entry)) ++row.unknown;  // The limit was lowered since.
  }
  for (const StoredWaiting& stored_entry : parsed->lost) {
    const std::optional<Waiting> entry = restored(stored_entry);
    if (!entry) return corrupt;
    row.lost.push_back(*entry);
  }
  return RowKey{{parsed->account, parsed->region},
                parsed->stream,
                parsed->access_key,
                parsed->address,
                parsed->agent};
}

}  // namespace penstock::ledger
