#include "base/base64.h"

#include "base/base64_kernels.h"

#include <vector>

namespace penstock {

std::span<const Base64Kernel> base64_kernels() {
  static const std::vector<Base64Kernel> kernels = [] {
    std::vector<Base64Kernel> found{detail::kBase64Scalar, detail::kBase64Sse};
    if (__builtin_cpu_supports("avx2")) found.push_back(detail::kBase64Avx2);
    return found;
  }();
  return kernels;
}

namespace {

const Base64Kernel& quickest() {
  static const Base64Kernel kernel = base64_kernels().back();
  return kernel;
}

}  // namespace

Base64Decoded base64_decode_to(std::string_view text, char* out) {
  return quickest().decode(text, out);
}

void base64_encode_to(std::string_view bytes, char* out) { quickest().encode(bytes, out); }

Base64Decoded base64_decode(std::string_view text, std::string& out) {
  out.resize(base64_decode_capacity(text.size()));
  const Base64Decoded decoded = base64_decode_to(text, out.data());
  out.resize(decoded.size);
  return decoded;
}

void base64_append(std::string& out, std::string_view bytes) {
  const std::size_t before = out.size();
  out.resize(before + base64_encoded_size(bytes.size()));
  base64_encode_to(bytes, out.data() + before);
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  base64_append(out, bytes);
  return out;
}

}  // namespace penstock
