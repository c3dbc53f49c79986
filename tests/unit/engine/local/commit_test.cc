#include "engine/local/commit.h"

#include "base/crc32c.h"
#include "engine/local/wire.h"
#include "unit/engine/local/kit.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock::engine::local {
namespace {

Salt salt_of(std::uint8_t first) {
  Salt::Bytes bytes{};
  bytes[0] = first;
  return Salt(bytes);
}

Bytes sealed(const CommitHeader& header, std::size_t length, const Salt& salt) {
  Bytes bytes(length, 0x5A);
  seal_commit(bytes, header, salt);
  return bytes;
}

const CommitHeader kHeader{.number = 41,
                           .file = 3,
                           .flags = kCommitUnsynced,
                           .records_total = 1'000,
                           .state_total = 20,
                           .marks_total = 7};

TEST(Commit, IsReadBackWithItsHeader) {
  const Bytes bytes = sealed(kHeader, 200, salt_of(1));
  const auto header = check_commit(bytes, salt_of(1));
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(header->number, 41u);
  EXPECT_EQ(header->file, 3u);
  EXPECT_EQ(header->length, 200u);
  EXPECT_EQ(header->flags, kCommitUnsynced);
  EXPECT_EQ(header->records_total, 1'000u);
  EXPECT_EQ(header->state_total, 20u);
  EXPECT_EQ(header->marks_total, 7u);
}

TEST(Commit, AnyBitThatTurnsOverIsFound) {
  Bytes bytes = sealed(kHeader, 150, salt_of(1));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1u << bit);
      EXPECT_FALSE(check_commit(bytes, salt_of(1)).has_value()) << "byte " << at << " bit " << bit;
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1u << bit);
    }
  }
  EXPECT_TRUE(check_commit(bytes, salt_of(1)).has_value());
}

TEST(Commit, CutShortAnywhereItDoesNotPass) {
  const Bytes whole = sealed(kHeader, 150, salt_of(1));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_FALSE(check_commit(part, salt_of(1)).has_value()) << length;
  }
}

TEST(Commit, WhatLiesBehindItDoesNotMatter) {
  Bytes bytes = sealed(kHeader, 100, salt_of(1));
  bytes.resize(4'096, 0xEE);
  EXPECT_EQ(check_commit(bytes, salt_of(1))->length, 100u);
}

TEST(Commit, OfAnotherFolderDoesNotPass) {
  EXPECT_FALSE(check_commit(sealed(kHeader, 100, salt_of(1)), salt_of(2)).has_value());
}

TEST(Commit, EveryByteOfTheSaltMatters) {
  const Bytes bytes = sealed(kHeader, 100, Salt(Salt::Bytes{}));
  for (std::size_t at = 0; at < Salt::kBytes; ++at) {
    Salt::Bytes other{};
    other[at] = 1;
    EXPECT_FALSE(check_commit(bytes, Salt(other)).has_value()) << "byte " << at;
  }
}

/// Who puts records knows the format, and not the salt.
TEST(Commit, CannotBeForgedWithoutTheSalt) {
  const Bytes plain_crc = [] {
    Bytes bytes = sealed(kHeader, 100, salt_of(1));
    store(bytes.data() + 4, crc32c(std::span<const std::uint8_t>(bytes).subspan(8)));
    return bytes;
  }();
  EXPECT_FALSE(check_commit(plain_crc, salt_of(1)).has_value());
  EXPECT_FALSE(check_commit(sealed(kHeader, 100, Salt()), salt_of(1)).has_value());
}

TEST(Commit, AHeaderThatSaysLessThanItsOwnLengthIsNone) {
  Bytes bytes = sealed(kHeader, 100, salt_of(1));
  store(bytes.data() + 24, std::uint32_t{kCommitHeaderBytes - 1});
  EXPECT_FALSE(peek_commit(bytes).has_value());
  store(bytes.data() + 24, std::uint32_t{kCommitHeaderBytes});
  EXPECT_TRUE(peek_commit(bytes).has_value());
}

TEST(Commit, APeekDoesNotAskForMoreThanTheHeader) {
  const Bytes whole = sealed(kHeader, 5'000, salt_of(1));
  const auto peeked = peek_commit(std::span(whole).first(kCommitHeaderBytes));
  ASSERT_TRUE(peeked.has_value());
  EXPECT_EQ(peeked->number, 41u);
  EXPECT_EQ(peeked->length, 5'000u);
}

}  // namespace
}  // namespace penstock::engine::local
