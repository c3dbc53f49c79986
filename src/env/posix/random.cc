#include "env/posix/random.h"

#include "base/check.h"

#include <cerrno>
#include <sys/random.h>

namespace penstock::env::posix {

void PosixRandom::fill(std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    PENSTOCK_CHECK(got > 0, "the kernel gives random bytes");
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace penstock::env::posix
