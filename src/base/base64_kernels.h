#pragma once

#include "base/base64.h"

#include <cstddef>
#include <span>
#include <string_view>

/// The ways to do what base64.h promises, one a set of instructions. base64.cc takes the quickest
/// that the machine has; tests and the fuzzer hold all of them against each other.
namespace penstock {

struct Base64Kernel {
  std::string_view name;
  Base64Decoded (*decode)(std::string_view text, char* out);
  void (*encode)(std::string_view bytes, char* out);
};

/// Those that this machine can run, the quickest last. The first is the scalar one.
std::span<const Base64Kernel> base64_kernels();

namespace detail {

extern const Base64Kernel kBase64Scalar;
extern const Base64Kernel kBase64Sse;   ///< SSE4.1, which every machine we build for has.
extern const Base64Kernel kBase64Avx2;  ///< AVX2; may be called where the machine has it.

/// For the ends that are too short for a block. Decodes from `from`, a multiple of four; `out` is
/// where that part goes, `start` where the whole began.
Base64Decoded base64_decode_tail(std::string_view text, std::size_t from, char* start, char* out);
void base64_encode_tail(std::string_view bytes, char* out);
/// The same, by SSE as far as blocks go.
Base64Decoded base64_decode_sse_tail(std::string_view text, std::size_t from, char* start,
                                     char* out);
void base64_encode_sse_tail(std::string_view bytes, char* out);

}  // namespace detail
}  // namespace penstock
