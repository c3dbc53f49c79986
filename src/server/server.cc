#include "server/server.h"

#include "api/admin/audit.h"
#include "api/admin/clock.h"
#include "api/admin/health.h"
#include "api/admin/scaling.h"
#include "api/admin/shard_traffic.h"
#include "api/admin/stream_limits.h"
#include "api/kinesis/service.h"
#include "api/lambda/event_source_mapping.h"
#include "api/lambda/service.h"
#include "api/sqs/service.h"
#include "base/log.h"
#include "env/clocks.h"
#include "env/env.h"
#include "env/fault_points.h"
#include "env/posix/disk.h"
#include "env/posix/http_client.h"
#include "env/posix/random.h"
#include "env/posix/runtime.h"
#include "env/posix/worker.h"
#include "front/dispatch.h"
#include "function/function_service.h"
#include "ledger/ledger.h"
#include "mapping/mapping_service.h"
#include "mapping/sqs_destination.h"
#include "sandbox/host.h"
#include "server/gateway.h"
#include "server/key_watch.h"
#include "server/ledger_receipts.h"
#include "server/memory.h"
#include "server/tls_watch.h"
#include "server/version.h"
#include "sqs/queue_service.h"
#include "stream/ledger_reports.h"
#include "stream/stream_service.h"

#include <filesystem>

namespace penstock::server {
namespace {

stream::StreamSettings stream_settings(const Settings& settings) {
  stream::StreamSettings made;
  made.limits = settings.limits == "off" ? stream::StreamSettings::Limits::kOff
                                         : stream::StreamSettings::Limits::kAws;
  made.shard_limits = {.write_records = settings.limits_write_records,
                       .write_bytes = settings.limits_write_bytes,
                       .read_calls = settings.limits_read_calls,
                       .read_bytes = settings.limits_read_bytes,
                       .iterator_calls = settings.limits_iterator_calls,
                       .subscribe_bytes = settings.limits_subscribe_bytes};
  made.aws_call_rates = settings.limits == "aws-all";
  made.call_rates = parse_call_rates(settings.limits_call_rates).value();  // Checked with options.
  made.create_delay = Millis{settings.stream_create_delay_ms};
  made.update_delay = Millis{settings.stream_update_delay_ms};
  made.delete_delay = Millis{settings.stream_delete_delay_ms};
  made.consumer_delay = Millis{settings.stream_consumer_delay_ms};
  made.shard_quota = settings.stream_shard_quota;
  made.on_demand_stream_quota = settings.stream_on_demand_quota;
  made.streams_in_transition_max = settings.stream_transition_quota;
  made.consumer_quota = settings.stream_consumer_quota;
  made.advantage_consumer_quota = settings.stream_advantage_consumer_quota;
  made.tags_max = settings.stream_tag_quota;
  made.resizes_of_day = settings.stream_resizes_per_day;
  made.mode_changes_of_day = settings.stream_mode_changes_per_day;
  made.encryption_changes_of_day = settings.stream_encryption_changes_per_day;
  made.on_demand_shards_max = settings.stream_on_demand_shards;
  return made;
}

ledger::LedgerSettings ledger_settings(const Settings& settings) {
  ledger::LedgerSettings made;
  made.recovery = std::chrono::minutes(settings.ledger_recovery_minutes);
  return made;
}

function::FunctionSettings function_settings(const Settings& settings) {
  function::FunctionSettings made;
  if (!settings.data.empty()) made.folder = settings.data + "/functions";
  made.environments_max = static_cast<std::size_t>(settings.function_concurrency);
  made.idle_max = Seconds{settings.function_idle_s};
  return made;
}

sandbox::SandboxSettings sandbox_settings(const Settings& settings) {
  using Isolation = sandbox::SandboxSettings::Isolation;
  return {.isolation = settings.function_sandbox == "required" ? Isolation::kRequired
                       : settings.function_sandbox == "off"    ? Isolation::kOff
                                                               : Isolation::kAuto,
          .python_runtime = settings.function_python_runtime};
}

mapping::MappingSettings mapping_settings(const Settings& settings) {
  mapping::MappingSettings made;
  made.poll = settings.mapping_poll == "aws" ? mapping::MappingSettings::Poll::kAws
                                             : mapping::MappingSettings::Poll::kAppend;
  made.retry_pause = Millis{settings.mapping_retry_pause_ms};
  made.retry_pause_max = Millis{settings.mapping_retry_pause_max_ms};
  return made;
}

front::SessionKeys::Seed random_seed(env::Random& random) {
  front::SessionKeys::Seed seed;
  random.fill(seed);
  return seed;
}

}  // namespace

/// In the order of construction; taken down in reverse.
struct Server::Parts {
  Parts(Options o, env::posix::Runtime& runtime)
      : options(std::move(o)),
        memory(options.memory_bytes),
        env{runtime.clocks(), runtime.loops(), disk, random, workers, http, faults},
        keyring(random_seed(random)),
        keys(env, options.keys_file, options.auth, keyring),
        tls(env, options.tls, tls_keys),
        dispatcher(runtime.control(), options.settings.region) {}

  Options options;
  Memory memory;
  env::posix::PosixDisk disk;
  env::posix::PosixRandom random;
  env::posix::PosixWorkers workers;
  env::posix::CurlHttpClient http;
  env::NoFaults faults;
  env::Env env;
  front::Keyring keyring;
  KeyWatch keys;
  front::TlsKeys tls_keys;
  TlsWatch tls;
  engine::local::OpenReport found;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<ledger::Ledger> ledger;
  std::optional<LedgerReceipts> receipts;
  std::optional<stream::LedgerPuts> puts;
  std::unique_ptr<stream::StreamService> streams;
  std::optional<stream::LedgerStreams> counted_streams;
  std::unique_ptr<sqs::QueueService> queues;
  std::unique_ptr<sandbox::SandboxHost> sandboxes;
  std::unique_ptr<function::FunctionService> functions;
  std::optional<mapping::SqsDestination> destinations;
  std::unique_ptr<mapping::MappingService> mappings;
  front::Dispatcher dispatcher;
  std::unique_ptr<Gateway> gateway;
  std::uint16_t port = 0;

  Task<Status> open();
  Task<Status> open_storage();
  Task<Status> open_functions();
  Task<Status> open_services();
  Task<> try_isolation(OneShot<Status> tried);
  void route();
  std::string url(std::string_view scheme, const std::string& address) const;
  std::string public_url() const;
  std::string local_url() const;
  sandbox::TemporaryCredentials function_credentials(const Tenant& tenant);
  std::string disk_text() const;
};

Task<Status> Server::Parts::open() {
  CO_TRY(sandboxes, sandbox::SandboxHost::open({.clocks = env.clocks,
                                                .control_loop = *env.loops.front(),
                                                .workers = workers,
                                                .budget = memory.requests},
                                               sandbox_settings(options.settings)));
  if (options.settings.function_sandbox == "required") {
    CO_TRY_OK(co_await sandboxes->try_isolation());  // Nobody is served by a server that then ends.
    co_return co_await open_services();
  }
  // Trying the sandbox takes a few processes: beside everything else, and whoever does not call a
  // function need not wait for it.
  OneShot<Status> isolation_tried;
  penstock::start(env.loops.front()->executor(), try_isolation(isolation_tried));
  const Status opened = co_await open_services();
  const Status isolated = co_await isolation_tried.take();
  CO_TRY_OK(opened);
  co_return isolated;
}

Task<> Server::Parts::try_isolation(OneShot<Status> tried) {
  tried.set(co_await sandboxes->try_isolation());
}

Task<Status> Server::Parts::open_services() {
  CO_TRY_OK(co_await open_storage());
  CO_TRY_OK(co_await keys.start());
  if (!options.settings.keys.empty() && options.auth == Auth::kAuto &&
      !keyring.state()->is_required) {
    log::warn("--keys names a file without a key: any credentials are accepted until it has one",
              {{"file", options.settings.keys}});
  }
  if (options.is_exposed && !keyring.state()->is_required) {
    co_return Error{
        Errc::kInvalid,
        "--listen " + options.settings.listen +
            " is reachable from other machines, and there is no access key yet, so that "
            "anybody's requests would count; `penstock keys add --admin` with the same "
            "--data or --keys makes one (--listen-unprotected listens nevertheless)"};
  }
  CO_TRY_OK(co_await tls.start());
  // Before the mappings begin: a function that starts without has none for as long as it runs.
  sandboxes->set_credentials([this](const Tenant& tenant) { return function_credentials(tenant); });
  CO_TRY_OK(co_await open_functions());
  route();
  gateway = std::make_unique<Gateway>(
      env, memory.requests, options.connections_max, dispatcher, keyring,
      Gateway::Tls{.keys = tls.is_on() ? &tls_keys : nullptr,
                   .plain_from_afar = options.settings.listen_unprotected});
  CO_TRY(port, co_await gateway->listen(options.address, options.port));
  sandboxes->set_endpoint_url(local_url());
  co_return ok();
}

Task<Status> Server::Parts::open_storage() {
  CO_TRY(engine,
         co_await engine::local::open(
             {.folder = options.settings.data, .durability = options.durability, .report = &found},
             env, memory.records));
  CO_TRY_OK(api::admin::restore_service_clock(env.clocks, engine->meta()));
  env::Loop& control = *env.loops.front();
  CO_TRY(ledger, ledger::Ledger::open({.clocks = env.clocks,
                                       .control_loop = control,
                                       .marks = engine->marks(),
                                       .leases = engine->leases()},
                                      ledger_settings(options.settings)));
  receipts.emplace(*ledger);
  puts.emplace(*ledger);
  CO_TRY(streams, co_await stream::StreamService::open({.clocks = env.clocks,
                                                        .control_loop = control,
                                                        .random = random,
                                                        .engine = *engine,
                                                        .put_observer = &*puts,
                                                        .pages = &memory.pages,
                                                        .loops = env.loops},
                                                       stream_settings(options.settings)));
  counted_streams.emplace(*streams, engine->log());
  CO_TRY_OK(co_await ledger->compare(*counted_streams));
  CO_TRY(queues,
         co_await sqs::QueueService::open(
             {.clocks = env.clocks, .control_loop = control, .random = random, .engine = *engine},
             {}));
  co_return ok();
}

Task<Status> Server::Parts::open_functions() {
  env::Loop& control = *env.loops.front();
  CO_TRY(functions, co_await function::FunctionService::open({.clocks = env.clocks,
                                                              .control_loop = control,
                                                              .disk = disk,
                                                              .random = random,
                                                              .workers = workers,
                                                              .http = http,
                                                              .meta = engine->meta(),
                                                              .host = *sandboxes},
                                                             function_settings(options.settings)));
  destinations.emplace(*queues);
  CO_TRY(mappings, co_await mapping::MappingService::open({.clocks = env.clocks,
                                                           .control_loop = control,
                                                           .random = random,
                                                           .faults = faults,
                                                           .engine = *engine,
                                                           .source = *streams,
                                                           .invoker = *functions,
                                                           .destinations = *destinations},
                                                          mapping_settings(options.settings)));
  co_return ok();
}

sandbox::TemporaryCredentials Server::Parts::function_credentials(const Tenant& tenant) {
  constexpr std::chrono::hours kLife{24};
  constexpr std::chrono::minutes kTimeoutMax{15};
  // Whoever ends an event just before it is to be replaced may idle, and then run once more.
  const WallTime replace_at = env.clocks.wall_now() + kLife;
  const WallTime expires_at =
      replace_at + Seconds{options.settings.function_idle_s} + 2 * kTimeoutMax;
  auto issued = keyring.sessions().issue(tenant.account, expires_at, random.next());
  return {.access_key = std::move(issued.id),
          .secret_key = std::move(issued.secret),
          .session_token = std::move(issued.token),
          .replace_at = replace_at};
}

std::string Server::Parts::url(std::string_view scheme, const std::string& address) const {
  const bool is_ipv6 = address.find(':') != std::string::npos;
  const std::string host = is_ipv6 ? "[" + address + "]" : address;
  return std::string(scheme) + "://" + host + ":" + std::to_string(port);
}

std::string Server::Parts::public_url() const {
  return url(tls.is_on() ? "https" : "http", options.address);
}

/// For functions: who is on this machine needs no TLS, and has no CA to trust.
std::string Server::Parts::local_url() const {
  const std::string& address = options.address;
  return url("http", address == "0.0.0.0" ? "127.0.0.1" : address == "::" ? "::1" : address);
}

std::string Server::Parts::disk_text() const {
  if (options.durability == engine::local::Durability::kMemory) return "none: all is in memory";
  return found.through_page_cache ? "through the page cache: no O_DIRECT" : "direct";
}

void Server::Parts::route() {
  dispatcher.add(api::kinesis::make_kinesis_service(*streams, *receipts));
  dispatcher.add(api::sqs::make_sqs_service(*queues));
  dispatcher.add(api::lambda::make_lambda_service(
      *functions, api::lambda::event_source_mapping_operations(*mappings)));
  for (auto& operation : api::lambda::function_log_operations(*functions)) {
    dispatcher.add_admin(std::move(operation));
  }
  for (auto& operation :
       api::admin::clock_operations(env.clocks, engine->meta(), options.settings.dev)) {
    dispatcher.add_admin(std::move(operation));
  }
  dispatcher.add_admin(api::admin::shard_traffic_operation(*streams));
  for (auto& operation : api::admin::stream_limits_operations(*streams)) {
    dispatcher.add_admin(std::move(operation));
  }
  dispatcher.add_admin(api::admin::scaling_operation(*streams));
  dispatcher.add_admin(api::admin::audit_operation(*ledger, *counted_streams, *mappings));
  const auto facts = [this] {
    return std::vector<std::pair<std::string, std::string>>{
        {"function_sandbox", sandboxes->isolation()}, {"disk", disk_text()}};
  };
  for (auto& operation :
       api::admin::health_operations(dispatcher.service_names(), kVersion, facts)) {
    dispatcher.add_open(std::move(operation));
  }
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() = default;

Task<Result<std::unique_ptr<Server>>> Server::start(Options options, env::posix::Runtime& runtime) {
  auto parts = std::make_unique<Parts>(std::move(options), runtime);
  std::unique_ptr<Server> server(new Server(std::move(parts)));
  const Status opened = co_await server->parts_->open();
  if (!opened.ok()) {
    co_await server->stop();
    co_return opened.error();
  }
  co_return server;
}

std::string Server::ready_line() const {
  const Options& options = parts_->options;
  const Settings& settings = options.settings;
  const std::string_view durability =
      options.durability == engine::local::Durability::kSync ? "sync"
      : options.durability == engine::local::Durability::kOs ? "os"
                                                             : "memory";
  std::string line = "penstock " + std::string(kVersion) + " is ready at " + parts_->public_url() +
                     " limits=" + settings.limits + " durability=" + std::string(durability) +
                     " data=" + (settings.data.empty() ? "(memory)" : settings.data) +
                     " auth=" + (parts_->keyring.state()->is_required ? "on" : "off") +
                     (parts_->tls.is_on() ? " tls=on" : "") + " sandbox=\"" +
                     parts_->sandboxes->isolation() + "\"";
  if (const std::string& ca = parts_->tls.ca_file(); !ca.empty()) {
    const auto whole = std::filesystem::absolute(ca);  // env: only names the file
    line += " ca=" + whole.lexically_normal().string();
  }
  if (parts_->found.through_page_cache) line += " disk=\"" + parts_->disk_text() + "\"";
  if (settings.dev) line += " dev (the clock can be advanced)";
  return line;
}

Task<> Server::stop() {
  if (parts_->queues != nullptr) parts_->queues->end_waits();
  if (parts_->mappings != nullptr) parts_->mappings->begin_stop();
  // Before the gateway, which waits for whoever waits for a function.
  if (parts_->functions != nullptr) {
    co_await parts_->functions->end_invocations(
        Seconds{parts_->options.settings.function_stop_grace_s});
  }
  if (parts_->gateway != nullptr) co_await parts_->gateway->stop();
  co_await parts_->keys.stop();
  co_await parts_->tls.stop();
  if (parts_->mappings != nullptr) co_await parts_->mappings->stop();
  if (parts_->functions != nullptr) co_await parts_->functions->stop();
  if (parts_->queues != nullptr) co_await parts_->queues->stop();
  if (parts_->streams != nullptr) co_await parts_->streams->stop();
  if (parts_->ledger != nullptr) co_await parts_->ledger->stop();
  if (parts_->engine != nullptr) co_await parts_->engine->stop();
}

}  // namespace penstock::server
