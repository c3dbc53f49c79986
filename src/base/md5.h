#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace penstock {

using Md5Digest = std::array<std::uint8_t, 16>;

/// RFC 1321. One compression, without any buffer to set up, for keys of 55 bytes or fewer: what a
/// partition key nearly always is (OpenSSL's EVP path costs four times as much there).
/// Not for security: Kinesis places records with it, S3 and SQS sum bodies with it.
Md5Digest md5(std::string_view bytes);

}  // namespace penstock
