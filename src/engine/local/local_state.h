#pragma once

#include "engine/local/core.h"
#include "engine/meta.h"

namespace penstock::engine::local {

/// Meta over Documents and the commit queue.
class LocalMeta final : public Meta {
 public:
  LocalMeta(Core& core, std::shared_ptr<Documents> documents)
      : core_(core), documents_(std::move(documents)) {}
  Task<Result<Version>> commit(std::vector<Change> changes) override;
  std::optional<Document> get(std::string_view key) const override;
  std::vector<Document> list(std::string_view prefix) const override;
  Task<Status> barrier() override;
  std::unique_ptr<Subscription> watch(std::string prefix, std::function<void()> changed) override;

 private:
  Core& core_;
  std::shared_ptr<Documents> documents_;
};

/// Marks over MarkTable and the commit queue.
class LocalMarks final : public Marks {
 public:
  explicit LocalMarks(Core& core) : core_(core) {}
  Task<Status> put(Fence fence, std::vector<Mark> marks) override;
  std::optional<std::string> get(std::string_view key) const override;
  std::vector<std::pair<std::string, std::string>> list(std::string_view prefix) const override;

 private:
  Core& core_;
};

/// Everything is always mine.
class LocalLeases final : public Leases {
 public:
  explicit LocalLeases(Core& core) : core_(core) {}
  std::optional<Fence> mine(ShardRef) const override { return core_.epoch; }
  Fence node() const override { return core_.epoch; }
  bool valid(Fence fence) const override { return fence == core_.epoch; }

 private:
  Core& core_;
};

}  // namespace penstock::engine::local
