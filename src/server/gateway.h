#pragma once

#include "base/budget.h"
#include "base/result.h"
#include "base/task.h"
#include "env/env.h"
#include "front/dispatch.h"
#include "front/http_listener.h"
#include "front/keyring.h"

#include <memory>
#include <vector>

namespace penstock::server {

/// A listener on every loop, all on one port, all dispatching by one table.
class Gateway {
 public:
  struct Tls {
    const front::TlsKeys* keys = nullptr;  ///< Null: it is not spoken.
    bool plain_from_afar = false;
  };
  Gateway(env::Env& env, Budget& budget, std::size_t connections_max,
          const front::Dispatcher& dispatcher, const front::Keyring& keyring, Tls tls);
  ~Gateway();

  /// On the control loop. Gives the port.
  Task<Result<std::uint16_t>> listen(std::string address, std::uint16_t port);
  /// On the control loop. All listeners stop accepting at once and wait for what is half sent
  /// together.
  Task<> stop();

 private:
  struct PerLoop;
  static Task<Result<std::uint16_t>> listen_on(PerLoop& own, std::string address,
                                               std::uint16_t port, bool shared);
  static Task<> stop_on(PerLoop& own);

  std::vector<std::unique_ptr<PerLoop>> per_loop_;
};

}  // namespace penstock::server
