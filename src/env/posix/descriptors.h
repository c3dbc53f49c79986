#pragma once

#include <cstddef>

namespace penstock::env::posix {

/// Lets this process have as many open files as it may give itself; how many that is.
std::size_t raise_descriptor_limit();

}  // namespace penstock::env::posix
