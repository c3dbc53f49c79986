#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>

// Runs kept inputs once, without libFuzzer: what `make check` and `make test` do with every target.
// The files are those that tools/fuzz_corpus writes (fuzz/README.md has the form).

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

char now_running[256];

extern "C" void say_which(int signal) {
  [[maybe_unused]] const auto ignored = write(STDERR_FILENO, now_running, std::strlen(now_running));
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

int hex_value(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

std::string unescaped(std::string_view line) {
  std::string input;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] != '\\') {
      input.push_back(line[at]);
      continue;
    }
    const char kind = line[++at];
    switch (kind) {
      case 'n': input.push_back('\n'); break;
      case 'r': input.push_back('\r'); break;
      case 't': input.push_back('\t'); break;
      case 'x':
        input.push_back(static_cast<char>(hex_value(line[at + 1]) * 16 + hex_value(line[at + 2])));
        at += 2;
        break;
      default: input.push_back(kind);
    }
  }
  return input;
}

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

/// Of a file that is missing: none.
std::size_t run_file(const char* path) {
  std::ifstream file(path);
  std::size_t inputs = 0;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    std::snprintf(now_running, sizeof now_running, "input: %s line %d\n", path, number);
    run(unescaped(line));
    ++inputs;
  }
  return inputs;
}

}  // namespace

int main(int count, char** arguments) {
  std::signal(SIGABRT, say_which);
  std::snprintf(now_running, sizeof now_running, "input: the empty one\n");
  run("");
  std::size_t inputs = 0;
  for (int i = 1; i < count; ++i) inputs += run_file(arguments[i]);
  std::printf("%zu inputs\n", inputs);
  if (inputs == 0) std::fprintf(stderr, "no inputs: tools/fuzz_corpus says how they are made\n");
  return inputs == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
