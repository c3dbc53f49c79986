#pragma once

#include "function/environment.h"

#include <memory>

namespace penstock::env {
class Clocks;
class Loop;
class HttpClient;
}  // namespace penstock::env

namespace penstock::function {

/// Where a remote function listens: http://host:port, with Lambda's own path when none is given.
/// Empty: the text is no such URL.
std::string remote_url(std::string_view image_uri);

/// A function that runs elsewhere, behind Lambda's invoke path: the interface emulator in a
/// container, a service, a debugger. Nothing is started or ended here. `http` outlives it.
std::unique_ptr<Environment> make_remote_environment(EnvironmentSpec spec, std::string url,
                                                     LogSink& log, env::Loop& loop,
                                                     env::Clocks& clocks, env::HttpClient& http);

}  // namespace penstock::function
