#pragma once

#include "env/worker.h"

namespace penstock::env::posix {

/// One thread per Worker, started by its first job.
class PosixWorkers final : public Workers {
 public:
  std::unique_ptr<Worker> make(std::string name) override;
};

}  // namespace penstock::env::posix
