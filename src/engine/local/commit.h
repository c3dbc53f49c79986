#pragma once

#include <cstddef>

namespace penstock::engine::local {

inline constexpr std::size_t kCommitHeaderBytes = 64;

}  // namespace penstock::engine::local
