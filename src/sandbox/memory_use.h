#pragma once

#include <cstdint>

namespace penstock::sandbox {

/// Resident memory of a process and everything below it, in bytes; 0 when it has gone. Pages that
/// several of them share count for each. With `leave_out_root`, without the process itself and its
/// first child: bubblewrap's own two, whose memory is not the function's.
std::uint64_t resident_bytes(int pid, bool leave_out_root);

}  // namespace penstock::sandbox
