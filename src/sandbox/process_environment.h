#pragma once

#include "function/environment.h"
#include "sandbox/host.h"

#include <memory>

namespace penstock::sandbox {

std::unique_ptr<function::Environment> make_process_environment(
    std::shared_ptr<SandboxHost::Site> site, function::EnvironmentSpec spec, function::LogSink& log,
    std::function<void()> idle_end);

}  // namespace penstock::sandbox
