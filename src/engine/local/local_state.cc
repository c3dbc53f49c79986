#include "engine/local/local_state.h"

#include <utility>

namespace penstock::engine::local {

Task<Result<Version>> LocalMeta::commit(std::vector<Change> changes) {
  std::vector<std::uint8_t> bytes;
  std::shared_ptr<Waiter> waiter;
  Version version;
  {
    CommitQueue::Staging staging(core_.queue, 0);
    if (staging.refusal().has_value()) co_return *staging.refusal();
    CO_TRY(auto frame, documents_->stage(std::move(changes)));
    version = frame.version;
    encode(bytes, frame);
    staging.staged_state(bytes, [documents = documents_, frame = std::move(frame)](
                                    Wakeups& wakeups) { documents->apply(frame, wakeups); });
    waiter = staging.finish();
  }
  CO_TRY_OK(co_await CommitQueue::wait(waiter));
  co_return version;
}

std::optional<Document> LocalMeta::get(std::string_view key) const { return documents_->get(key); }

std::vector<Document> LocalMeta::list(std::string_view prefix) const {
  return documents_->list(prefix);
}

Task<Status> LocalMeta::barrier() {
  // What is on its way has been staged before this: an empty commit behind it is enough.
  CO_TRY_OK(co_await commit({}));
  co_return ok();
}

std::unique_ptr<Subscription> LocalMeta::watch(std::string prefix, std::function<void()> changed) {
  auto watcher = make_watcher(core_.current_loop(), std::move(changed));
  documents_->watch(std::move(prefix), watcher);
  return std::make_unique<WatchSubscription<Documents>>(documents_, std::move(watcher));
}

Task<Status> LocalMarks::put(Fence fence, std::vector<Mark> marks) {
  CO_TRY_OK(core_.check(fence));
  std::vector<std::uint8_t> bytes;
  std::shared_ptr<Waiter> waiter;
  {
    CommitQueue::Staging staging(core_.queue, 0);
    if (staging.refusal().has_value()) co_return *staging.refusal();
    if (staging.mark_refusal().has_value()) co_return *staging.mark_refusal();
    MarksFrame frame = core_.marks.stage(std::move(marks));
    encode(bytes, frame);
    staging.staged_state(bytes,
                         [this, frame = std::move(frame)](Wakeups&) { core_.marks.apply(frame); });
    waiter = staging.finish();
  }
  co_return co_await CommitQueue::wait(waiter);
}

std::optional<std::string> LocalMarks::get(std::string_view key) const {
  return core_.marks.get(key);
}

std::vector<std::pair<std::string, std::string>> LocalMarks::list(std::string_view prefix) const {
  return core_.marks.list(prefix);
}

}  // namespace penstock::engine::local
