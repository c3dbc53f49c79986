#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/task.h"
#include "engine/meta.h"
#include "stream/account_settings.h"
#include "stream/catalog.h"
#include "stream/directory.h"
#include "stream/on_demand.h"
#include "stream/stream_service.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace penstock::stream {

/// What an open shard took, a second.
struct ShardRate {
  WriteRate stored;
  std::int64_t refused = 0;
};
/// A stream as its scaler looks at it; whoever looks says what it is promised.
ScalingLook look_at(const StreamEntry& entry, ServiceTime at,
                    const std::function<ShardRate(std::uint32_t shard)>& rate_of);

/// "stream-scaling/<log>": what a stream's scaler remembers. Goes with the stream.
std::string scaling_key(LogId log);

/// Looks at every on-demand stream once a minute of service time and does what its scaler says.
/// Control loop only.
class Scaling {
 public:
  Scaling(const StreamParts& parts, const StreamSettings& settings, const Directory& directory,
          Catalog& catalog, const AccountSettings& accounts);

  void start();
  Task<> stop();

  Result<ScalingView> view(const StreamName& name) const;
  WriteRate peak_of_last_hour(LogId log) const;

 private:
  struct Counted {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    std::uint64_t refused = 0;
  };
  struct Watched {
    OnDemandScaler scaler;
    ServiceTime looked;
    std::map<std::uint32_t, Counted> counted;  ///< At the last look.
  };

  Task<> run();
  Task<> look(LiveStreamPtr stream);
  OnDemandScaler remembered(LogId log) const;
  static Counted counted_of(const LiveStream::Shard& shard);
  ScalingLook look_at_rates(const LiveStream& stream, Watched& watched, ServiceTime now) const;
  std::int64_t shards_min(const StreamEntry& entry) const;

  const StreamParts& parts_;
  const StreamSettings& settings_;
  const Directory& directory_;
  Catalog& catalog_;
  const AccountSettings& accounts_;
  std::map<LogId, Watched> watched_;
  Scope scope_;
};

}  // namespace penstock::stream
