#pragma once

namespace penstock {

/// Prints what was broken and where, then aborts. On in every build.
[[noreturn]] void check_failed(const char* condition, const char* meaning, const char* file,
                               int line);

}  // namespace penstock

/// A broken invariant stops the process: a wrong answer that is stored cannot be taken back.
#define PENSTOCK_CHECK(condition, meaning)                               \
  do {                                                                   \
    if (!(condition)) [[unlikely]]                                       \
      ::penstock::check_failed(#condition, meaning, __FILE__, __LINE__); \
  } while (false)
