#include "ledger/books.h"

#include <algorithm>
#include <numeric>

namespace penstock::ledger {

std::string_view drop_cause_name(DropCause cause) {
  switch (cause) {
    case DropCause::kRetries: return "retries";
    case DropCause::kAge: return "age";
    case DropCause::kNoDestination: return "no_destination";
    case DropCause::kDestinationFailed: return "destination_failed";
    case DropCause::kTooLarge: return "too_large";
  }
  return "unknown";
}

std::string_view fate_name(Fate fate) {
  switch (fate) {
    case Fate::kFiltered: return "filtered";
    case Fate::kDelivered: return "delivered";
    case Fate::kDroppedRetries: return "dropped: retries";
    case Fate::kDroppedAge: return "dropped: age";
    case Fate::kDroppedNoDestination: return "dropped: no_destination";
    case Fate::kDroppedDestinationFailed: return "dropped: destination_failed";
    case Fate::kDroppedTooLarge: return "dropped: too_large";
    case Fate::kExpiredUnread: return "expired_unread";
    case Fate::kSkippedByStart: return "skipped_by_start";
    case Fate::kDiscarded: return "discarded";
  }
  return "unknown";
}

Fate fate_of(DropCause cause) {
  switch (cause) {
    case DropCause::kRetries: return Fate::kDroppedRetries;
    case DropCause::kAge: return Fate::kDroppedAge;
    case DropCause::kNoDestination: return Fate::kDroppedNoDestination;
    case DropCause::kDestinationFailed: return Fate::kDroppedDestinationFailed;
    case DropCause::kTooLarge: return Fate::kDroppedTooLarge;
  }
  return Fate::kDroppedRetries;
}

std::uint64_t ConsumerBook::dropped_total() const {
  return std::accumulate(dropped.begin(), dropped.end(), std::uint64_t{0});
}

std::uint64_t ConsumerBook::settled() const {
  return succeeded + filtered + delivered + dropped_total() + expired_unread + skipped_by_start +
         discarded;
}

void ConsumerBook::count(Fate fate, std::uint64_t first, std::uint64_t last, std::uint64_t records,
                         std::int64_t at_ms) {
  if (records == 0) return;
  switch (fate) {
    case Fate::kFiltered: filtered += records; break;
    case Fate::kDelivered: delivered += records; break;
    case Fate::kDroppedRetries:
    case Fate::kDroppedAge:
    case Fate::kDroppedNoDestination:
    case Fate::kDroppedDestinationFailed:
    case Fate::kDroppedTooLarge:
      dropped[static_cast<std::size_t>(fate) - static_cast<std::size_t>(Fate::kDroppedRetries)] +=
          records;
      break;
    case Fate::kExpiredUnread: expired_unread += records; break;
    case Fate::kSkippedByStart: skipped_by_start += records; break;
    case Fate::kDiscarded: discarded += records; break;
  }
  remember({fate, first, last, records, at_ms});
}

void ConsumerBook::remember(const FateRange& range) {
  if (!ranges_.empty()) {
    FateRange& newest = ranges_.back();
    if (newest.fate == range.fate && newest.last + 1 == range.first) {
      newest.last = range.last;
      newest.count += range.count;
      newest.at_ms = std::max(newest.at_ms, range.at_ms);
      return;
    }
  }
  ranges_.push_back(range);
  if (ranges_.size() <= kRangesMax) return;
  // What was filtered on purpose is the least worth remembering.
  const auto filtered_one = std::find_if(ranges_.begin(), ranges_.end(), [](const FateRange& one) {
    return one.fate == Fate::kFiltered;
  });
  const auto victim = filtered_one == ranges_.end() ? ranges_.begin() : filtered_one;
  ranges_forgotten_ += victim->count;
  ranges_.erase(victim);
}

void ConsumerBook::add(const ConsumerBook& other) {
  succeeded += other.succeeded;
  filtered += other.filtered;
  delivered += other.delivered;
  for (std::size_t i = 0; i < kDropCauses; ++i) dropped[i] += other.dropped[i];
  expired_unread += other.expired_unread;
  skipped_by_start += other.skipped_by_start;
  discarded += other.discarded;
  ranges_forgotten_ += other.ranges_forgotten_;
  for (const FateRange& range : other.ranges_) remember(range);
}

// --- Encoding: a version byte, then unsigned LEB128 numbers --------------------------------

namespace {

constexpr char kVersion = 1;

void put(std::string& out, std::uint64_t number) {
  while (number >= 0x80) {
    out.push_back(static_cast<char>(number | 0x80));
    number >>= 7;
  }
  out.push_back(static_cast<char>(number));
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) break;
      const auto byte = static_cast<std::uint8_t>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    good_ = false;
    return 0;
  }
  bool at_end() const { return good_ && bytes_.empty(); }
  bool good() const { return good_; }

 private:
  std::string_view bytes_;
  bool good_ = true;
};

}  // namespace

std::string ConsumerBook::encode() const {
  std::string out(1, kVersion);
  for (const std::uint64_t number : {succeeded, filtered, delivered}) put(out, number);
  for (const std::uint64_t number : dropped) put(out, number);
  for (const std::uint64_t number :
       {expired_unread, skipped_by_start, discarded, ranges_forgotten_}) {
    put(out, number);
  }
  put(out, ranges_.size());
  for (const FateRange& range : ranges_) {
    put(out, static_cast<std::uint64_t>(range.fate));
    put(out, range.first);
    put(out, range.last - range.first);
    put(out, range.count);
    put(out, static_cast<std::uint64_t>(range.at_ms));
  }
  return out;
}

Result<ConsumerBook> ConsumerBook::decode(std::string_view bytes) {
  const Error corrupt{Errc::kCorrupt, "a consumer's book does not read back"};
  if (bytes.empty() || bytes.front() != kVersion) return corrupt;
  Reader in(bytes.substr(1));
  ConsumerBook book;
  for (std::uint64_t* number : {&book.succeeded, &book.filtered, &book.delivered})
    *number = in.number();
  for (std::uint64_t& number : book.dropped) number = in.number();
  for (std::uint64_t* number :
       {&book.expired_unread, &book.skipped_by_start, &book.discarded, &book.ranges_forgotten_}) {
    *number = in.number();
  }
  const std::uint64_t ranges = in.number();
  if (!in.good() || ranges > kRangesMax) return corrupt;
  for (std::uint64_t i = 0; i < ranges; ++i) {
    FateRange range;
    const std::uint64_t fate = in.number();
    if (fate > static_cast<std::uint64_t>(Fate::kDiscarded)) return corrupt;
    range.fate = static_cast<Fate>(fate);
    range.first = in.number();
    range.last = range.first + in.number();
    range.count = in.number();
    range.at_ms = static_cast<std::int64_t>(in.number());
    book.ranges_.push_back(range);
  }
  if (!in.at_end()) return corrupt;
  return book;
}

// --- Laws ------------------------------------------------------------------------------------

namespace {
std::uint64_t distance(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : b - a; }
}  // namespace

Balance balance(const ConsumerBook& book, std::uint64_t stored, std::uint64_t pending) {
  const std::uint64_t settled = book.settled();
  return {stored, settled, pending, distance(stored, settled + pending)};
}

std::uint64_t unaccounted(const ProducerBook& book) {
  return distance(book.received, book.decided());
}

}  // namespace penstock::ledger
