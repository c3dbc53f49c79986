#pragma once

#include "base/result.h"

#include <string>

namespace penstock::sandbox {

/// The system calls no function needs and that have opened sandboxes before, refused: a program for
/// the kernel's filter, as bubblewrap takes it.
Result<std::string> make_call_filter();

}  // namespace penstock::sandbox
