#include "env/clocks.h"
#include "env/loop.h"
#include "stream/catalog.h"
#include "stream/option_changes.h"
#include "stream/tags.h"
#include "stream/texts.h"

#include <algorithm>

/// The catalog's part for what is set on a stream: one commit, and UPDATING for a while where AWS
/// shows that.
namespace penstock::stream {

Task<Result<LiveStreamPtr>> Catalog::change(StreamName name, Holds holds, Edit edit,
                                            Millis at_least) {
  const Millis shown = holds == Holds::kAfterUpdating ? settings_.update_delay : Millis{0};
  const Millis takes = std::max(shown, at_least);
  const bool updates = takes > Millis{0};
  const ServiceTime due = parts_.clocks.service_now() + takes;
  const auto whole = [&edit, updates, due](StreamEntry& entry) -> Status {
    const StreamEntry before = entry;
    TRY_OK(edit(entry));
    if (!updates || entry == before) return ok();
    entry.status = StreamStatus::kUpdating;
    entry.transition = {.kind = Transition::Kind::kSetting, .due = due};
    return ok();
  };
  CO_TRY(LiveStreamPtr live, co_await edit_active(std::move(name), whole));
  if (live->entry.transition.kind != Transition::Kind::kSetting) co_return live;
  if (takes > shown) {
    // Nobody is to be shown a stream that is UPDATING: the call lasts as long.
    co_await env::sleep_until(parts_.control_loop, due, scope_.token());
    CO_TRY_OK(co_await begin(live, Millis{0}));
  } else {
    CO_TRY_OK(co_await begin(live, takes));
  }
  co_return live;
}

Task<Status> Catalog::set_retention(Caller caller, StreamTarget target, RetentionChange change,
                                    std::int64_t hours) {
  CO_TRY(const StreamName name, resolve_target(caller, target));
  CO_TRY_OK(co_await this->change(name, Holds::kAfterUpdating, [=, this](StreamEntry& entry) {
    return change_retention(entry, change, hours, parts_.clocks.service_now());
  }));
  co_return ok();
}

Task<Status> Catalog::add_tags(StreamName name, Tags tags) {
  const auto edit = [&](StreamEntry& entry) -> Status {
    TRY_OK(check_new_tags(name, entry.tags, tags, settings_.tags_max));
    for (const auto& [key, value] : tags) entry.tags[key] = value;
    return ok();
  };
  CO_TRY_OK(co_await change(name, Holds::kAtOnce, edit));
  co_return ok();
}

Task<Status> Catalog::remove_tags(StreamName name, std::vector<std::string> keys) {
  const auto edit = [&](StreamEntry& entry) -> Status {
    TRY_OK(check_tag_keys(name, keys));
    for (const std::string& key : keys) entry.tags.erase(key);
    return ok();
  };
  CO_TRY_OK(co_await change(name, Holds::kAtOnce, edit));
  co_return ok();
}

}  // namespace penstock::stream
