#include "server/gateway.h"

#include "env/loop.h"
#include "front/verifier.h"

namespace penstock::server {
namespace {

constexpr std::size_t kBodyMax = 16u << 20;      ///< Kinesis and SQS: 10 MiB of records in JSON.
constexpr std::size_t kCodeBodyMax = 70u << 20;  ///< Lambda: 50 MiB zip in base64.

std::size_t body_bytes_max(const front::RequestHead& head) {
  return head.path.starts_with("/2015-03-31/functions") ? kCodeBodyMax : kBodyMax;
}

}  // namespace

struct Gateway::PerLoop {
  PerLoop(env::Env& env, env::Loop& l, Budget& budget,
          std::shared_ptr<front::ConnectionSlots> slots, const front::Dispatcher& dispatcher,
          const front::Keyring& keyring, Tls tls)
      : loop(l),
        ids(env.random),
        verifier(keyring),
        guard{verifier, env.clocks},
        listener(l, env.clocks, budget,
                 [this, &dispatcher](front::Request& request) {
                   return dispatcher.serve(request, ids, &guard);
                 },
                 {.body_bytes_max = &body_bytes_max,
                  .tls = tls.keys,
                  .plain_from_afar = tls.plain_from_afar,
                  .slots = std::move(slots)}) {}
  env::Loop& loop;
  front::RequestIds ids;
  front::Verifier verifier;
  front::Dispatcher::Guard guard;
  front::HttpListener listener;
};

Gateway::Gateway(env::Env& env, Budget& budget, std::size_t connections_max,
                 const front::Dispatcher& dispatcher, const front::Keyring& keyring, Tls tls) {
  const auto slots = std::make_shared<front::ConnectionSlots>(connections_max);
  for (env::Loop* loop : env.loops) {
    per_loop_.push_back(
        std::make_unique<PerLoop>(env, *loop, budget, slots, dispatcher, keyring, tls));
  }
}

Gateway::~Gateway() = default;

Task<Result<std::uint16_t>> Gateway::listen_on(PerLoop& own, std::string address,
                                               std::uint16_t port, bool shared) {
  co_return own.listener.listen(address, port, shared);
}

Task<> Gateway::stop_on(PerLoop& own) {
  co_await run_on(own.loop.executor(), [](PerLoop& there) -> Task<Unit> {
    co_await there.listener.stop();
    co_return Unit{};
  }(own));
}

Task<Result<std::uint16_t>> Gateway::listen(std::string address, std::uint16_t port) {
  const bool shared = per_loop_.size() > 1;
  if (shared) CO_TRY_OK(per_loop_.front()->listener.check_free(address, port));
  for (const auto& own : per_loop_) {
    CO_TRY(port, co_await run_on(own->loop.executor(), listen_on(*own, address, port, shared)));
  }
  co_return port;
}

Task<> Gateway::stop() {
  Scope stops(per_loop_.front()->loop.executor());
  for (const auto& own : per_loop_) stops.spawn(stop_on(*own));
  co_await stops.join();
}

}  // namespace penstock::server
