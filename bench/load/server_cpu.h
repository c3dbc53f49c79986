#pragma once

namespace penstock::bench {

/// Seconds of CPU a process has used, all its threads together.
struct CpuTime {
  double total = 0;   ///< From schedstat, to the nanosecond.
  double user = 0;    ///< From stat, to the tick of 10 ms.
  double system = 0;  ///< The same.
  CpuTime operator-(const CpuTime& other) const {
    return {total - other.total, user - other.user, system - other.system};
  }
};

/// From /proc/PID/stat and /proc/PID/task/*/schedstat. Threads that have ended count in stat only;
/// where the kernel keeps no schedstat, `total` is that of stat.
CpuTime cpu_time_of(int pid);

}  // namespace penstock::bench
