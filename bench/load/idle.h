#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace penstock::bench {

/// Opens keep-alive connections that have put one record each, says so on standard output, and
/// holds them until standard input ends.
void hold_idle(std::uint16_t port, std::string_view stream, std::size_t connections);

}  // namespace penstock::bench
