#pragma once

#include "base/result.h"

namespace penstock::env::posix {

/// Loads libcurl unless it is there. Before the first of its functions is called; takes
/// milliseconds once. fails     kUnavailable   it is not installed
Status load_libcurl();

}  // namespace penstock::env::posix
