#pragma once

#include "sim/plan.h"
#include "sim/system.h"

#include <cstdint>
#include <string>
#include <vector>

namespace penstock::sim {

/// One modelled producer. Its memory outlives the server; a call in flight when that dies has an
/// unknown outcome.
class Producer {
 public:
  Producer(System& system, const Plan& plan, std::size_t own);

  /// Puts until all its records are done, or stop() is asked for.
  Task<> run();
  void stop() { is_stopping_ = true; }
  /// The server is up again: what was in flight is unknown.
  void server_died();
  bool is_running() const { return is_running_; }
  bool is_done() const { return made_ == plan_.records && waiting_.empty(); }
  std::string access_key() const { return "producer-" + std::to_string(own_); }

 private:
  struct Entry {
    RecordText text;
    std::string key;
    std::string data;
  };
  void make_more();
  void take_reply(const stream::PutRecordsReply& reply);
  Witness::Producer& book() { return system_.witness.producers[own_]; }

  System& system_;
  const Plan& history_;
  ProducerPlan plan_;
  std::size_t own_;
  Prng prng_;
  std::size_t made_ = 0;
  std::vector<Entry> waiting_;
  bool is_in_flight_ = false;
  bool is_running_ = false;
  bool is_stopping_ = false;
};

}  // namespace penstock::sim
