// The disk by itself, by one thread and one request at a time, in the way that is cheapest on it.
//
//   disk_floor write FOLDER   durable writes, one behind the other, into a file written before
//   disk_floor read FILES     the files from their begin to their end, pread of 1 MiB
//
// Prints its figures as one line of JSON.

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <errno.h>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <string.h>
#include <string>
#include <sys/uio.h>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kAlignment = 4096;
constexpr std::size_t kFileBytes = 256u << 20;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "disk_floor: %s: %s\n", what.c_str(), ::strerror(errno));
  std::exit(1);
}

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

struct Free {
  void operator()(char* bytes) const { std::free(bytes); }
};
using Buffer = std::unique_ptr<char, Free>;

Buffer buffer(std::size_t bytes) {
  Buffer made(static_cast<char*>(std::aligned_alloc(kAlignment, bytes)));
  ::memset(made.get(), 'x', bytes);
  return made;
}

void write_durably(int file, const char* bytes, std::size_t size, std::size_t offset) {
  const iovec part{const_cast<char*>(bytes), size};
  if (::pwritev2(file, &part, 1, static_cast<off_t>(offset), RWF_DSYNC) !=
      static_cast<ssize_t>(size)) {
    fail("cannot write");
  }
}

void write(const std::string& folder, std::size_t bytes, double seconds) {
  const std::string path = folder + "/disk_floor";
  const int file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_DIRECT | O_CLOEXEC, 0600);
  if (file < 0) fail("cannot open " + path);
  constexpr std::size_t kAtOnce = 1u << 20;
  const Buffer data = buffer(std::max(kAtOnce, bytes));
  for (std::size_t at = 0; at < kFileBytes; at += kAtOnce) {
    write_durably(file, data.get(), kAtOnce, at);
  }
  std::vector<double> latencies_us;
  const auto begun = Clock::now();
  for (std::size_t at = 0; seconds_since(begun) < seconds; at = (at + bytes) % kFileBytes) {
    const auto before = Clock::now();
    write_durably(file, data.get(), bytes, at);
    latencies_us.push_back(seconds_since(before) * 1e6);
  }
  const double elapsed = seconds_since(begun);
  ::close(file);
  std::filesystem::remove(path);
  std::sort(latencies_us.begin(), latencies_us.end());
  const auto quantile = [&](double at) {
    return latencies_us[static_cast<std::size_t>(at * double(latencies_us.size() - 1))];
  };
  const auto writes = static_cast<double>(latencies_us.size());
  std::printf("{\"bytes\": %.0f, \"seconds\": %.3f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
              writes * static_cast<double>(bytes), elapsed, quantile(0.5), quantile(0.99));
}

void read(const std::vector<std::string>& paths, bool is_direct) {
  constexpr std::size_t kAtOnce = 1u << 20;
  const Buffer into = buffer(kAtOnce);
  double bytes = 0;
  const auto begun = Clock::now();
  for (const std::string& path : paths) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | (is_direct ? O_DIRECT : 0));
    if (file < 0) fail("cannot open " + path);
    off_t at = 0;
    for (;;) {
      const ssize_t got = ::pread(file, into.get(), kAtOnce, at);
      if (got < 0) fail("cannot read " + path);
      if (got == 0) break;
      at += got;
    }
    bytes += static_cast<double>(at);
    ::close(file);
  }
  std::printf("{\"bytes\": %.0f, \"seconds\": %.3f}\n", bytes, seconds_since(begun));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"What the disk can do by itself."};
  app.require_subcommand(1);
  std::string folder;
  std::size_t bytes = kAlignment;
  double seconds = 1;
  CLI::App* const writing =
      app.add_subcommand("write", "O_DIRECT and RWF_DSYNC, a file used again");
  writing->add_option("folder", folder)->required();
  writing->add_option("--bytes", bytes, "Of a write; a multiple of 4096")->capture_default_str();
  writing->add_option("--seconds", seconds)->capture_default_str();
  writing->callback([&] { write(folder, bytes, seconds); });
  std::vector<std::string> paths;
  bool is_direct = false;
  CLI::App* const reading = app.add_subcommand("read", "pread of 1 MiB, in order");
  reading->add_option("files", paths)->required();
  reading->add_flag("--direct", is_direct, "Past the page cache");
  reading->callback([&] { read(paths, is_direct); });
  CLI11_PARSE(app, argc, argv);
  return 0;
}
