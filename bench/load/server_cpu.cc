#include "load/server_cpu.h"

#include "load/http.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

namespace penstock::bench {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

CpuTime cpu_time_of(int pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  const std::string stat = text_of(process + "/stat");
  if (stat.empty()) fail("the server has ended");
  // The second field, the program's name, may hold anything up to the last parenthesis.
  std::istringstream rest(stat.substr(stat.rfind(')') + 1));
  std::string skipped;
  constexpr int kFieldsBeforeTimes = 11;  // The third to the thirteenth.
  for (int i = 0; i < kFieldsBeforeTimes; ++i) rest >> skipped;
  double user = 0;
  double system = 0;
  rest >> user >> system;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  CpuTime time{0, user / ticks, system / ticks};
  for (const auto& task : std::filesystem::directory_iterator(process + "/task")) {
    double nanoseconds = 0;
    std::istringstream(text_of(task.path().string() + "/schedstat")) >> nanoseconds;
    time.total += nanoseconds / 1e9;
  }
  if (time.total == 0) time.total = time.user + time.system;
  return time;
}

}  // namespace penstock::bench
