#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace penstock {

using Md5Digest = std::array<std::uint8_t, 16>;

/// RFC 1321. One compression, without any buffer to set up, for keys of 55 bytes or fewer: what a
/// partition key nearly always is (OpenSSL's EVP path costs four times as much there).
/// Not for security: Kinesis places records with it, S3 and SQS sum bodies with it.
Md5Digest md5(std::string_view bytes);

/// The digests of eight texts of at most kMd5OneBlockBytes each, together: every step of one waits
/// for the one before, so eight side by side cost little more than one.
inline constexpr std::size_t kMd5OneBlockBytes = 55;
std::array<Md5Digest, 8> md5_of_eight(const std::array<std::string_view, 8>& texts);

}  // namespace penstock
