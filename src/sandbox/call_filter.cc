#include "sandbox/call_filter.h"

#include <seccomp.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <sys/mman.h>
#include <unistd.h>

namespace penstock::sandbox {
namespace {

constexpr int kRefused[] = {
    SCMP_SYS(keyctl),        SCMP_SYS(add_key),           SCMP_SYS(request_key),
    SCMP_SYS(bpf),           SCMP_SYS(perf_event_open),   SCMP_SYS(userfaultfd),
    SCMP_SYS(ptrace),        SCMP_SYS(process_vm_readv),  SCMP_SYS(process_vm_writev),
    SCMP_SYS(mount),         SCMP_SYS(umount2),           SCMP_SYS(pivot_root),
    SCMP_SYS(kexec_load),    SCMP_SYS(init_module),       SCMP_SYS(finit_module),
    SCMP_SYS(delete_module), SCMP_SYS(io_uring_setup),    SCMP_SYS(unshare),
    SCMP_SYS(setns),         SCMP_SYS(open_by_handle_at), SCMP_SYS(fsopen),
    SCMP_SYS(move_mount)};

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};

Error failed(const char* what, int error) {
  return Error{Errc::kIo, std::string("cannot make the system-call filter: ") + what + ": " +
                              std::strerror(error)};
}

Result<std::string> read_all(int fd) {
  std::string bytes;
  char buffer[4096];
  ssize_t read = 0;
  if (::lseek(fd, 0, SEEK_SET) < 0) return failed("lseek", errno);
  while ((read = ::read(fd, buffer, sizeof buffer)) > 0)
    bytes.append(buffer, static_cast<std::size_t>(read));
  if (read < 0) return failed("read", errno);
  return bytes;
}

}  // namespace

Result<std::string> make_call_filter() {
  const std::unique_ptr<void, Release> filter(seccomp_init(SCMP_ACT_ALLOW));
  if (filter == nullptr) return failed("seccomp_init", ENOMEM);
  for (const int call : kRefused) {
    const int added = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0);
    if (added != 0) return failed("seccomp_rule_add", -added);
  }
  // Its flags are behind a pointer, where a filter cannot look. The C library falls back to clone.
  const int added = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  if (added != 0) return failed("seccomp_rule_add", -added);
  const int fd = ::memfd_create("penstock-filter", MFD_CLOEXEC);
  if (fd < 0) return failed("memfd_create", errno);
  const int exported = seccomp_export_bpf(filter.get(), fd);
  Result<std::string> bytes =
      exported == 0 ? read_all(fd) : failed("seccomp_export_bpf", -exported);
  ::close(fd);
  return bytes;
}

}  // namespace penstock::sandbox
