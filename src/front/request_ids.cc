#include "front/request_ids.h"

#include "base/base64.h"
#include "base/uuid.h"
#include "env/random.h"

#include <bit>
#include <cstring>

namespace penstock::front {

RequestIds::RequestIds(env::Random& random) {
  for (std::uint64_t& word : state_) word = random.next();
  if (state_ == std::array<std::uint64_t, 4>{}) state_[0] = 1;  // All zeros would stay zeros.
}

std::uint64_t RequestIds::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

RequestId RequestIds::request_id() {
  const std::uint64_t words[2] = {next(), next()};
  std::array<std::uint8_t, 16> bytes;
  std::memcpy(bytes.data(), words, sizeof words);
  RequestId id;
  write_uuid_v4(bytes, id.text);
  return id;
}

ExtendedId RequestIds::extended_id() {
  char bytes[64];
  for (std::size_t at = 0; at < sizeof bytes; at += 8) {
    const std::uint64_t word = next();
    std::memcpy(bytes + at, &word, sizeof word);
  }
  ExtendedId id;
  static_assert(sizeof id.text == base64_encoded_size(sizeof bytes));
  base64_encode_to({bytes, sizeof bytes}, id.text);
  return id;
}

}  // namespace penstock::front
