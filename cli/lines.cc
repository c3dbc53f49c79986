#include "cli/lines.h"

#include "cli/api_client.h"
#include "shape/document.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace penstock::cli {
namespace {

constexpr std::size_t kKeyBytes = 256;  // About as many as a key may have.
constexpr std::size_t kReadBytes = 256u << 10;
/// So long a call waits to be filled by who writes a line after the other.
constexpr std::chrono::milliseconds kPause{100};

Result<std::string> key_of(const std::string& line, const std::string& field,
                           const std::string& place) {
  auto document = shape::parse_json(line);
  if (!document.ok() || !document->is(shape::Document::Kind::kObject)) {
    return Error{CliErrc::kUsage, place + " is not a JSON object, so it has no member \"" + field +
                                      "\" to be its partition key"};
  }
  const shape::Document* value = document->find(field);
  if (value == nullptr || value->is(shape::Document::Kind::kNull)) {
    return Error{CliErrc::kUsage,
                 place + " has no member \"" + field + "\" to be its partition key"};
  }
  return value->text.empty() ? value->to_json() : value->text;
}

std::string random_key(std::mt19937_64& random) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string key;
  for (std::uint64_t bits = random(); key.size() < 16; bits >>= 4) key += kHex[bits & 15];
  return key;
}

}  // namespace

LineReader::LineReader(std::string file, std::string key_field)
    : file_(std::move(file)), key_field_(std::move(key_field)) {}

Result<LineReader> LineReader::open(const std::string& file, const std::string& key_field) {
  LineReader reader(file, key_field);
  if (file == "-") {
    reader.descriptor_ = STDIN_FILENO;
  } else {
    reader.opened_.reset(std::fopen(file.c_str(), "rbe"));
    if (reader.opened_ == nullptr) return Error{CliErrc::kUsage, "cannot read " + file};
    reader.descriptor_ = ::fileno(reader.opened_.get());
  }
  struct stat facts{};
  if (::fstat(reader.descriptor_, &facts) != 0) {
    return Error{CliErrc::kUsage, "cannot read " + file};
  }
  const bool may_pause =
      S_ISFIFO(facts.st_mode) || S_ISCHR(facts.st_mode) || S_ISSOCK(facts.st_mode);
  reader.is_file_ = !may_pause;
  return reader;
}

Result<NumberedLines> LineReader::next(Enough enough) {
  using Clock = std::chrono::steady_clock;
  NumberedLines lines;
  std::size_t bytes = 0;
  Clock::time_point since;
  while (true) {
    for (std::size_t end = line_end(); end != std::string::npos; end = line_end()) {
      const std::size_t size = end - taken_;
      const bool is_enough =
          lines.entries.size() >= enough.entries || bytes + size + kKeyBytes > enough.bytes;
      if (!is_file_ && !lines.entries.empty() && is_enough) return lines;
      ++number_;
      std::string line = buffer_.substr(taken_, size);
      searched_ = taken_ = std::min(end + 1, buffer_.size());
      if (line.empty()) continue;
      if (lines.entries.empty()) since = Clock::now();
      TRY(wire::PutEntry entry, entry_of(std::move(line)));
      bytes += entry.data.bytes.size() + entry.partition_key.size();
      lines.entries.push_back(std::move(entry));
      lines.numbers.push_back(number_);
    }
    if (is_at_end_) return lines;
    if (!is_file_ && !lines.entries.empty()) {
      const auto waited =
          std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - since);
      if (!is_readable_within(std::max(kPause - waited, std::chrono::milliseconds(0)))) {
        return lines;
      }
    }
    TRY_OK(read_more());
  }
}

std::size_t LineReader::line_end() {
  const std::size_t end = buffer_.find('\n', searched_);
  searched_ = std::min(end, buffer_.size());
  const bool is_last = end == std::string::npos && is_at_end_ && taken_ < buffer_.size();
  return is_last ? buffer_.size() : end;
}

Result<wire::PutEntry> LineReader::entry_of(std::string line) {
  wire::PutEntry entry;
  if (key_field_.empty()) {
    entry.partition_key = random_key(random_);
  } else {
    TRY(entry.partition_key, key_of(line, key_field_, place(number_)));
  }
  entry.data.bytes = std::move(line);
  return entry;
}

bool LineReader::is_readable_within(std::chrono::milliseconds pause) const {
  pollfd waiting{.fd = descriptor_, .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, static_cast<int>(pause.count())) != 0;
}

Status LineReader::read_more() {
  buffer_.erase(0, taken_);
  searched_ -= taken_;
  taken_ = 0;
  const std::size_t kept = buffer_.size();
  buffer_.resize(kept + kReadBytes);
  while (true) {
    const ssize_t read = ::read(descriptor_, buffer_.data() + kept, kReadBytes);
    if (read >= 0) {
      buffer_.resize(kept + static_cast<std::size_t>(read));
      is_at_end_ = read == 0;
      return ok();
    }
    if (errno == EAGAIN) is_readable_within(std::chrono::minutes(1));  // Others share a terminal.
    if (errno != EAGAIN && errno != EINTR) break;
  }
  // A folder opens like a file.
  return Error{CliErrc::kUsage, "cannot read " + file_ + " behind line " + std::to_string(number_) +
                                    (is_file_ ? "; nothing was put" : "")};
}

Result<std::vector<wire::PutEntry>> read_lines(const std::string& file,
                                               const std::string& key_field) {
  TRY(LineReader reader, LineReader::open(file, key_field));
  std::vector<wire::PutEntry> all;
  while (true) {
    TRY(NumberedLines lines, reader.next({.entries = SIZE_MAX, .bytes = SIZE_MAX}));
    if (lines.entries.empty()) return all;
    std::move(lines.entries.begin(), lines.entries.end(), std::back_inserter(all));
  }
}

}  // namespace penstock::cli
