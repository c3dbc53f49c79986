#pragma once

#include <vector>

namespace penstock::env {

class Clocks;
class Loop;
class Disk;
class Random;
class Workers;
class HttpClient;
class FaultPoints;

/// The outside world, handed in. A type that needs one of them takes it narrowly.
struct Env {
  Clocks& clocks;
  std::vector<Loop*> loops;  ///< At least one; the first is the control loop.
  Disk& disk;
  Random& random;
  Workers& workers;
  HttpClient& http;
  FaultPoints& faults;
};

}  // namespace penstock::env
