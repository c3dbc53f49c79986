#include "sandbox/memory_use.h"

#include <charconv>
#include <cstdio>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace penstock::sandbox {
namespace {

constexpr std::size_t kProcessesMax = 4096;

std::string_view read_file(const char* path, char* buffer, std::size_t size) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  const ssize_t bytes = ::read(fd, buffer, size);
  ::close(fd);
  return {buffer, bytes > 0 ? static_cast<std::size_t>(bytes) : 0};
}

/// The next number in `text`, which it leaves; 0 at the end.
std::uint64_t take_number(std::string_view& text) {
  while (!text.empty() && (text.front() < '0' || text.front() > '9')) text.remove_prefix(1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::uint64_t own_bytes(int pid) {
  char path[48];
  char buffer[128];
  std::snprintf(path, sizeof path, "/proc/%d/statm", pid);
  std::string_view text = read_file(path, buffer, sizeof buffer);
  take_number(text);
  static const auto kPage = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return take_number(text) * kPage;
}

/// Children of the main thread. What other threads start is missed; under bubblewrap it comes back
/// into view when its parent ends, as a child of the first process.
void append_children(int pid, std::vector<int>& to) {
  char path[64];
  char buffer[16u << 10];
  std::snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
  std::string_view text = read_file(path, buffer, sizeof buffer);
  while (const std::uint64_t child = take_number(text)) to.push_back(static_cast<int>(child));
}

}  // namespace

std::uint64_t resident_bytes(int pid, bool leave_out_root) {
  std::vector<int> pids{pid};
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < pids.size() && pids.size() < kProcessesMax; ++i) {
    append_children(pids[i], pids);
    if (!leave_out_root || i >= 2) total += own_bytes(pids[i]);
  }
  return total;
}

}  // namespace penstock::sandbox
