#pragma once

#include <cstddef>

namespace penstock::test {

/// How often operator new was called in this program so far, in all its forms. Defining them here
/// replaces the library's, which is why these tests are a program of their own.
std::size_t allocations();

}  // namespace penstock::test
