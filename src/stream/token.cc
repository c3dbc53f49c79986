#include "stream/token.h"

#include "base/base64.h"
#include "base/hex.h"

#include <algorithm>
#include <span>

namespace penstock::stream {
namespace {

constexpr std::string_view kStart{"\0\0\0\0\0\0\0\1", 8};
constexpr std::size_t kSignatureBytes = 16;
constexpr std::size_t kContentBytesMin = 144;  // 168 bytes with start and signature: no '='.
constexpr std::size_t kContentStep = 24;       // Keeps the whole a multiple of three.
constexpr char kIteratorKind = 'i';
constexpr char kPageKind = 'p';

class Writer {
 public:
  explicit Writer(char kind) { bytes_.push_back(kind); }
  void number(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8)
      bytes_.push_back(static_cast<char>(value >> shift));
  }
  void time(ServiceTime value) { number(static_cast<std::uint64_t>(unix_millis(value))); }
  void text(std::string_view value) {
    number(value.size());
    bytes_.append(value);
  }
  void name(const StreamName& value) {
    text(value.tenant.account);
    text(value.tenant.region);
    text(value.name);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// The signature was right, so the content is what we wrote; still nothing is read past its end.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  bool kind(char expected) {
    if (bytes_.empty() || bytes_.front() != expected) return false;
    bytes_.remove_prefix(1);
    return true;
  }
  std::uint64_t number() {
    if (bytes_.size() < 8) {
      good_ = false;
      return 0;
    }
    std::uint64_t value = 0;
    for (const char byte : bytes_.substr(0, 8))
      value = value << 8 | static_cast<std::uint8_t>(byte);
    bytes_.remove_prefix(8);
    return value;
  }
  ServiceTime time() { return service_time(static_cast<std::int64_t>(number())); }
  std::string text() {
    const std::uint64_t size = number();
    if (size > bytes_.size()) {
      good_ = false;
      return {};
    }
    std::string value(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return value;
  }
  StreamName name() {
    StreamName value;
    value.tenant.account = text();
    value.tenant.region = text();
    value.name = text();
    return value;
  }
  bool good() const { return good_; }

 private:
  std::string_view bytes_;
  bool good_ = true;
};

// Absent is 0, present is the value plus one.
template <class T>
std::uint64_t optional_number(const std::optional<T>& value) {
  return value ? static_cast<std::uint64_t>(*value) + 1 : 0;
}

/// Hides the structure from readers of log files, no more: nothing in a token is secret.
void blend(std::span<char> content, std::string_view signature) {
  std::uint64_t state = 0;
  for (const char byte : signature)
    state = state << 8 ^ static_cast<std::uint8_t>(byte) ^ state >> 56;
  for (char& byte : content) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<char>(byte ^ static_cast<char>(state >> 56));
  }
}

}  // namespace

std::string TokenMaker::seal(const Iterator& iterator) const {
  Writer out(kIteratorKind);
  out.number(iterator.log.value);
  out.number(iterator.shard);
  out.number(iterator.from.index);
  out.time(iterator.issued);
  out.name(iterator.stream);
  out.number(serial_.fetch_add(1, std::memory_order_relaxed));
  return seal_bytes(out.take());
}

std::optional<Iterator> TokenMaker::open_iterator(std::string_view token) const {
  const std::optional<std::string> content = open_bytes(token);
  if (!content) return std::nullopt;
  Reader in(*content);
  if (!in.kind(kIteratorKind)) return std::nullopt;
  Iterator iterator;
  iterator.log = LogId{in.number()};
  iterator.shard = static_cast<std::uint32_t>(in.number());
  iterator.from = {in.number()};
  iterator.issued = in.time();
  iterator.stream = in.name();
  if (!in.good()) return std::nullopt;
  return iterator;
}

std::string TokenMaker::seal(const PageToken& page) const {
  Writer out(kPageKind);
  out.time(page.issued);
  out.name(page.stream);
  out.number(page.log.value);
  out.number(page.after_shard);
  out.number(optional_number(page.filter));
  out.number(optional_number(page.filter_shard));
  out.number(page.filter_time ? static_cast<std::uint64_t>(unix_millis(*page.filter_time)) + 1 : 0);
  out.text(page.after_consumer);
  return seal_bytes(out.take());
}

std::optional<PageToken> TokenMaker::open_page(std::string_view token) const {
  const std::optional<std::string> content = open_bytes(token);
  if (!content) return std::nullopt;
  Reader in(*content);
  if (!in.kind(kPageKind)) return std::nullopt;
  PageToken page;
  page.issued = in.time();
  page.stream = in.name();
  page.log = LogId{in.number()};
  page.after_shard = static_cast<std::uint32_t>(in.number());
  if (const std::uint64_t filter = in.number(); filter != 0) {
    page.filter = static_cast<ShardFilterType>(filter - 1);
  }
  if (const std::uint64_t shard = in.number(); shard != 0) {
    page.filter_shard = static_cast<std::uint32_t>(shard - 1);
  }
  if (const std::uint64_t time = in.number(); time != 0) {
    page.filter_time = service_time(static_cast<std::int64_t>(time - 1));
  }
  page.after_consumer = in.text();
  if (!in.good()) return std::nullopt;
  return page;
}

std::string TokenMaker::seal_bytes(std::string content) const {
  std::size_t size = kContentBytesMin;
  while (size < content.size()) size += kContentStep;
  content.resize(size, '\0');
  const Sha256Digest digest = key_.sign(content);
  const std::string_view signature = as_chars(digest).substr(0, kSignatureBytes);
  blend(content, signature);
  std::string bytes(kStart);
  bytes.append(signature).append(content);
  return base64_encode(bytes);
}

std::optional<std::string> TokenMaker::open_bytes(std::string_view token) const {
  if (token.size() >= 2 && token.front() == '"' && token.back() == '"') {
    token = token.substr(1, token.size() - 2);
  }
  std::string bytes;
  if (base64_decode(token, bytes).status != Base64Status::kOk) return std::nullopt;
  if (bytes.size() < kStart.size() + kSignatureBytes + kContentBytesMin) return std::nullopt;
  if (!bytes.starts_with(kStart)) return std::nullopt;
  const std::string signature = bytes.substr(kStart.size(), kSignatureBytes);
  std::string content = bytes.substr(kStart.size() + kSignatureBytes);
  blend(content, signature);
  const Sha256Digest digest = key_.sign(content);
  if (!equal_in_constant_time(as_chars(digest).substr(0, kSignatureBytes), signature)) {
    return std::nullopt;
  }
  return content;
}

}  // namespace penstock::stream
