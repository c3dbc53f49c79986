#include "sandbox/child.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace penstock::sandbox {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

Error failed(const char* what, int error) {
  return Error{Errc::kIo,
               std::string("cannot start a process: ") + what + ": " + std::strerror(error)};
}

/// Above the numbers that the child's descriptors get.
Result<Descriptor> lifted(int fd, const char* what) {
  const Descriptor low(fd);
  if (fd < 0) return failed(what, errno);
  Descriptor high(::fcntl(fd, F_DUPFD_CLOEXEC, 10));
  if (high.get() < 0) return failed(what, errno);
  return high;
}

/// An unnamed file with `text`, to be read from its beginning.
Result<Descriptor> file_with(const std::string& text) {
  TRY(Descriptor file, lifted(::memfd_create("penstock", MFD_CLOEXEC), "memfd_create"));
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t bytes = ::write(file.get(), text.data() + written, text.size() - written);
    if (bytes < 0) return failed("write", errno);
    written += static_cast<std::size_t>(bytes);
  }
  if (::lseek(file.get(), 0, SEEK_SET) < 0) return failed("lseek", errno);
  return file;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> made;
  for (const std::string& text : texts) made.push_back(const_cast<char*>(text.c_str()));
  made.push_back(nullptr);
  return made;
}

/// Everything the child needs, prepared before it exists: it shares our memory until it has
/// loaded its program and may call nothing but the kernel.
struct Prepared {
  char* const* argv = nullptr;
  char* const* envp = nullptr;
  const char* working_folder = nullptr;
  int input = -1;
  int output = -1;
  int arguments = -1;
  int filter = -1;
  const ChildLimits* limits = nullptr;
  sigset_t signals{};
  pid_t parent = 0;
  volatile int error = 0;
};

bool set_limit(int which, std::uint64_t value) {
  const struct rlimit64 limit{value, value};
  return ::syscall(SYS_prlimit64, 0, which, &limit, nullptr) == 0;
}

/// glibc's own setresuid would change every thread of the process whose memory this still is.
bool become(std::uint32_t user) {
  return ::syscall(SYS_setgroups, 0, nullptr) == 0 &&
         ::syscall(SYS_setresgid, user, user, user) == 0 &&
         ::syscall(SYS_setresuid, user, user, user) == 0;
}

bool place(int from, int to) { return from < 0 || ::syscall(SYS_dup3, from, to, 0) == to; }

[[noreturn]] void run_child(Prepared& prepared) {
  const ChildLimits& limits = *prepared.limits;
  const bool has_descriptors =
      place(prepared.input, 0) && place(prepared.output, 1) && place(prepared.output, 2) &&
      place(prepared.arguments, kArgumentsFd) && place(prepared.filter, kSeccompFd);
  const unsigned first_closed = prepared.filter >= 0      ? kSeccompFd + 1
                                : prepared.arguments >= 0 ? kArgumentsFd + 1
                                                          : 3;
  bool fine = has_descriptors && ::syscall(SYS_close_range, first_closed, ~0u, 0) == 0;
  fine = fine && ::syscall(SYS_setsid) >= 0;
  fine = fine && set_limit(RLIMIT_CORE, 0) && set_limit(RLIMIT_NOFILE, limits.open_files_max);
  if (limits.niceness != 0) ::setpriority(PRIO_PROCESS, 0, limits.niceness);
  if (fine && limits.file_bytes_max > 0) fine = set_limit(RLIMIT_FSIZE, limits.file_bytes_max);
  if (fine && limits.user)
    fine = set_limit(RLIMIT_NPROC, limits.processes_max) && become(*limits.user);
  // After the change of user, which would clear it.
  fine = fine && ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == prepared.parent;
  fine = fine && ::chdir(prepared.working_folder) == 0;
  if (fine) {
    for (int signal = 1; signal < 32; ++signal) {
      struct sigaction action{};
      action.sa_handler = SIG_DFL;
      ::sigaction(signal, &action, nullptr);
    }
    ::sigprocmask(SIG_SETMASK, &prepared.signals, nullptr);
    ::execve(prepared.argv[0], prepared.argv, prepared.envp);
  }
  prepared.error = errno == 0 ? ECANCELED : errno;
  ::_exit(127);
}

pid_t spawn(Prepared& prepared) {
  // No handler of ours may run in the child while it shares our memory.
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &prepared.signals);
  sigset_t none;
  ::sigemptyset(&none);
  const sigset_t before = prepared.signals;
  prepared.signals = none;
  const pid_t pid = ::vfork();
  if (pid == 0) run_child(prepared);
  const int error = errno;
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

}  // namespace

Result<Child> start_child(const LaunchPlan& plan, const ChildLimits& limits,
                          const std::string& filter) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed("pipe", errno);
  Descriptor output(ends[0]);
  TRY(const Descriptor output_end, lifted(ends[1], "pipe"));
  TRY(const Descriptor input, lifted(::open("/dev/null", O_RDONLY | O_CLOEXEC), "/dev/null"));
  Descriptor arguments;
  Descriptor filter_file;
  if (!plan.arguments.empty()) {
    TRY(arguments, file_with(plan.arguments));
    if (!filter.empty()) {
      TRY(filter_file, file_with(filter));
    }
  }
  const std::vector<char*> argv = pointers(plan.command);
  const std::vector<char*> envp = pointers(plan.variables);
  Prepared prepared{.argv = argv.data(),
                    .envp = envp.data(),
                    .working_folder = plan.working_folder.c_str(),
                    .input = input.get(),
                    .output = output_end.get(),
                    .arguments = arguments.get(),
                    .filter = filter_file.get(),
                    .limits = &limits,
                    .parent = ::getpid()};
  Child child;
  child.pid = spawn(prepared);
  if (child.pid < 0) return failed("vfork", errno);
  if (prepared.error != 0) {
    collect(child.pid);
    return failed(plan.command.front().c_str(), prepared.error);
  }
  child.pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0));
  if (child.pidfd < 0) {
    const int error = errno;
    ::kill(child.pid, SIGKILL);
    collect(child.pid);
    return failed("pidfd_open", error);
  }
  ::fcntl(output.get(), F_SETFL, O_NONBLOCK);
  child.output = output.release();
  return child;
}

Exit collect(int pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return {.signal = WTERMSIG(status)};
  return {.status = WEXITSTATUS(status)};
}

}  // namespace penstock::sandbox
