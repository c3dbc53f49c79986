#pragma once

#include "base/budget.h"
#include "engine/engine.h"
#include "engine/local/local_engine.h"
#include "env/sim/world.h"
#include "ledger/ledger.h"
#include "mapping/mapping_service.h"
#include "sim/function_model.h"
#include "sim/plan.h"
#include "sim/queue_destination.h"
#include "sim/witness.h"
#include "sqs/queue_service.h"
#include "stream/ledger_reports.h"
#include "stream/stream_service.h"

#include <cstddef>
#include <memory>
#include <string>

namespace penstock::sim {

/// The whole server but front, api and sandbox on a simulated machine: started, stopped, killed and
/// started again in `server`'s order. The models around it (functions, witness) outlive it.
class System {
 public:
  System(const Plan& plan, engine::local::Options engine_options);
  ~System();

  env::sim::World world;
  Prng prng;  ///< For decisions beside the world's own.
  Witness witness;
  FunctionModel functions;
  bool is_disk_bad = false;  ///< Calls may fail for it.
  double destination_fails = 0;
  mapping::MappingSettings mapping_settings;  ///< From the next open on.

  static const Tenant& tenant();
  static stream::Caller caller(std::string_view access_key);
  static std::string stream_arn();
  static sqs::QueueTarget failed_queue();
  static constexpr std::string_view kStream = "s";

  bool is_open() const { return mappings_ != nullptr; }
  engine::Engine& engine() { return *engine_; }
  stream::StreamService& streams() { return *streams_; }
  sqs::QueueService& queues() { return *queues_; }
  ledger::Ledger& ledger() { return *ledger_; }
  mapping::MappingService& mappings() { return *mappings_; }
  ledger::AuditReport audit();

  ServiceTime now() { return world.env().clocks.service_now(); }
  SteadyTime steady_now() { return world.env().clocks.steady_now(); }
  void advance(Millis by) { world.env().clocks.advance_service(by); }

  /// The error, or nothing; the power may go out while it opens.
  Status open();
  /// Stops everything in order; false when the power went out meanwhile. Without files the engine
  /// itself goes on, or all would be gone.
  bool stop();
  /// The process dies.
  void kill();
  /// The power is out already, or goes now.
  void cut_power();

 private:
  Task<Status> open_parts();
  Task<bool> stop_parts();
  void destroy();
  bool has_files() const { return options_.durability != engine::local::Durability::kMemory; }

  engine::local::Options options_;
  Budget budget_{256u << 20};
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<stream::LedgerPuts> puts_;
  std::unique_ptr<stream::StreamService> streams_;
  std::unique_ptr<sqs::QueueService> queues_;
  std::unique_ptr<QueueDestination> destinations_;
  std::unique_ptr<mapping::MappingService> mappings_;
};

}  // namespace penstock::sim
