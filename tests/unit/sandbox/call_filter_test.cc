#include "sandbox/call_filter.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// The filter in a real process: what the kernel makes of it is the point.

namespace penstock::sandbox {
namespace {

/// The errno of a call in a child under the filter, 0 when it succeeds; -1: the filter did not
/// load.
template <class Call>
int errno_under_filter(std::string program, Call call) {
  const pid_t child = ::fork();
  if (child == 0) {
    sock_fprog loaded{.len = static_cast<unsigned short>(program.size() / sizeof(sock_filter)),
                      .filter = reinterpret_cast<sock_filter*>(program.data())};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(255);
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &loaded) != 0) ::_exit(255);
    ::_exit(call() >= 0 ? 0 : errno);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status)) << "it was killed by signal " << WTERMSIG(status);
  const int code = WEXITSTATUS(status);
  return code == 255 ? -1 : code;
}

std::string program() {
  const Result<std::string> made = make_call_filter();
  EXPECT_TRUE(made.ok()) << made.error().message;
  return *made;
}

TEST(CallFilter, IsAProgramOfWholeInstructions) {
  EXPECT_GT(program().size(), 0u);
  EXPECT_EQ(program().size() % sizeof(sock_filter), 0u);
}

TEST(CallFilter, LetsAFunctionWork) {
  EXPECT_EQ(errno_under_filter(program(), [] { return ::syscall(SYS_getpid); }), 0);
  EXPECT_EQ(errno_under_filter(program(),
                               [] {
                                 int ends[2];
                                 return ::pipe(ends);
                               }),
            0);
  EXPECT_EQ(errno_under_filter(program(),
                               [] {
                                 const pid_t child = ::fork();
                                 if (child == 0) ::_exit(0);
                                 return ::waitpid(child, nullptr, 0);
                               }),
            0);
}

TEST(CallFilter, RefusesWhatHasOpenedSandboxes) {
  const struct {
    const char* name;
    long number;
  } refused[] = {{"keyctl", SYS_keyctl},
                 {"add_key", SYS_add_key},
                 {"bpf", SYS_bpf},
                 {"perf_event_open", SYS_perf_event_open},
                 {"userfaultfd", SYS_userfaultfd},
                 {"ptrace", SYS_ptrace},
                 {"process_vm_readv", SYS_process_vm_readv},
                 {"mount", SYS_mount},
                 {"umount2", SYS_umount2},
                 {"pivot_root", SYS_pivot_root},
                 {"io_uring_setup", SYS_io_uring_setup},
                 {"unshare", SYS_unshare},
                 {"setns", SYS_setns},
                 {"finit_module", SYS_finit_module}};
  // Arguments that would otherwise be refused for another reason, so that EPERM is the filter's
  // for a caller who may do everything.
  for (const auto& [name, number] : refused) {
    EXPECT_EQ(
        errno_under_filter(program(), [n = number] { return ::syscall(n, -1, -1, -1, -1, -1); }),
        EPERM)
        << name;
  }
}

TEST(CallFilter, Clone3IsNotThereSoThatLibrariesFallBack) {
  EXPECT_EQ(errno_under_filter(program(), [] { return ::syscall(SYS_clone3, nullptr, 0); }),
            ENOSYS);
}

}  // namespace
}  // namespace penstock::sandbox
