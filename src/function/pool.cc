#include "function/pool.h"

#include "base/check.h"

#include <algorithm>

namespace penstock::function {

std::optional<Pool::Choice> Pool::acquire(Generation generation) {
  if (const auto found = idle_.find(generation); found != idle_.end()) {
    const EnvironmentId id = found->second.back();
    leave_idle(id, members_.at(id));
    return Choice{.id = id};
  }
  Choice choice{.id = EnvironmentId{last_id_ + 1}, .is_new = true};
  if (members_.size() >= environments_max_) {
    choice.evicted = longest_idle();
    if (!choice.evicted) return std::nullopt;
    forget(*choice.evicted);
  }
  ++last_id_;
  members_.emplace(choice.id, Member{.generation = generation});
  return choice;
}

bool Pool::release(EnvironmentId id, SteadyTime now, bool reusable) {
  Member& member = members_.at(id);
  PENSTOCK_CHECK(!member.is_idle, "a busy environment is released");
  if (!reusable || member.is_retired) {
    members_.erase(id);
    return false;
  }
  member.is_idle = true;
  member.idle_since = now;
  idle_[member.generation].push_back(id);
  ++idle_count_;
  return true;
}

void Pool::forget(EnvironmentId id) {
  const auto found = members_.find(id);
  if (found == members_.end()) return;
  if (found->second.is_idle) leave_idle(id, found->second);
  members_.erase(found);
}

std::vector<EnvironmentId> Pool::retire(Generation generation) {
  std::vector<EnvironmentId> idle;
  if (const auto found = idle_.find(generation); found != idle_.end()) idle = found->second;
  for (const EnvironmentId id : idle) forget(id);
  for (auto& [id, member] : members_) {
    if (member.generation == generation) member.is_retired = true;
  }
  return idle;
}

std::vector<EnvironmentId> Pool::expire(SteadyTime before) {
  std::vector<EnvironmentId> expired;
  for (const auto& [id, member] : members_) {
    if (member.is_idle && member.idle_since <= before) expired.push_back(id);
  }
  for (const EnvironmentId id : expired) forget(id);
  return expired;
}

void Pool::leave_idle(EnvironmentId id, Member& member) {
  member.is_idle = false;
  --idle_count_;
  const auto list = idle_.find(member.generation);
  std::erase(list->second, id);
  if (list->second.empty()) idle_.erase(list);
}

std::optional<EnvironmentId> Pool::longest_idle() const {
  std::optional<EnvironmentId> found;
  SteadyTime since;
  for (const auto& [id, member] : members_) {
    if (member.is_idle && (!found || member.idle_since < since)) {
      found = id;
      since = member.idle_since;
    }
  }
  return found;
}

}  // namespace penstock::function
