#pragma once

#include "base/result.h"
#include "engine/local/local_engine.h"
#include "server/auth.h"
#include "server/settings.h"
#include "server/tls_watch.h"
#include "stream/call_rates.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::server {

/// Settings checked against each other and in the types the parts want.
struct Options {
  Settings settings;
  std::string address;  ///< IP address without port.
  std::uint16_t port = 0;
  TlsSource tls;
  bool is_exposed = false;  ///< Other machines reach it, and are to be kept out without a key.
  Auth auth = Auth::kAuto;
  std::string keys_file;  ///< Empty: there is none.
  engine::local::Durability durability = engine::local::Durability::kMemory;
  std::size_t memory_bytes = 0;
  std::size_t loops = 1;
  std::size_t connections_max = 0;  ///< Set when the process is known: see connections_possible.
};

/// fails     Errc::kInvalid with a sentence that says what was wrong and what would be right
Result<Options> checked(Settings settings, std::size_t cores);

/// Connections that may be open at once, of a process that may have so many descriptors: some are
/// kept for files and functions, and connections get half of the memory for requests.
std::size_t connections_possible(const Options& options, std::size_t descriptors);

/// "ListStreams=10,CreateStream=0": calls a second by operation. fails: Errc::kInvalid for names
/// without a rate on AWS and for numbers that are none.
Result<stream::CallRates::Changes> parse_call_rates(std::string_view text);

/// "512MiB", "1GiB", "1048576"
Result<std::size_t> parse_bytes(const std::string& text);

}  // namespace penstock::server
