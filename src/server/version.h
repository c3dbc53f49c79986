#pragma once

#include <string>

namespace penstock::server {

inline const std::string kVersion = "0.1.0";

}  // namespace penstock::server
