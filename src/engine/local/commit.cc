#include "engine/local/commit.h"

#include "base/check.h"
#include "base/crc32c.h"
#include "engine/local/wire.h"

namespace penstock::engine::local {
namespace {

constexpr std::uint32_t kMagic = 0x31435350;  // "PSC1"
constexpr std::size_t kChecked = 8;           // The checksum covers what lies behind it.

}  // namespace

Salt::Salt(const Bytes& bytes) : bytes_(bytes), seed_(crc32c(bytes)) {}

std::uint32_t Salt::checksum(std::span<const std::uint8_t> bytes) const {
  return crc32c(bytes, seed_);
}

void seal_commit(std::span<std::uint8_t> bytes, CommitHeader header, const Salt& salt) {
  PENSTOCK_CHECK(bytes.size() >= kCommitHeaderBytes && bytes.size() <= UINT32_MAX,
                 "a commit has room for its header and a length of 32 bits");
  std::uint8_t* at = bytes.data();
  store(at, kMagic);
  store(at + 8, header.number);
  store(at + 16, header.file);
  store(at + 24, static_cast<std::uint32_t>(bytes.size()));
  store(at + 28, header.flags);
  store(at + 32, header.records_total);
  store(at + 40, header.state_total);
  store(at + 48, header.marks_total);
  store(at + 56, std::uint64_t{0});
  store(at + 4, salt.checksum(bytes.subspan(kChecked)));
}

std::optional<CommitHeader> peek_commit(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kCommitHeaderBytes || load<std::uint32_t>(bytes.data()) != kMagic) {
    return std::nullopt;
  }
  CommitHeader header;
  const std::uint8_t* at = bytes.data();
  header.number = load<std::uint64_t>(at + 8);
  header.file = load<std::uint64_t>(at + 16);
  header.length = load<std::uint32_t>(at + 24);
  header.flags = load<std::uint32_t>(at + 28);
  header.records_total = load<std::uint64_t>(at + 32);
  header.state_total = load<std::uint64_t>(at + 40);
  header.marks_total = load<std::uint64_t>(at + 48);
  if (header.length < kCommitHeaderBytes) return std::nullopt;
  return header;
}

std::optional<CommitHeader> check_commit(std::span<const std::uint8_t> bytes, const Salt& salt) {
  const auto header = peek_commit(bytes);
  if (!header.has_value() || header->length > bytes.size()) return std::nullopt;
  const auto checked = bytes.first(header->length).subspan(kChecked);
  if (salt.checksum(checked) != load<std::uint32_t>(bytes.data() + 4)) return std::nullopt;
  return header;
}

}  // namespace penstock::engine::local
