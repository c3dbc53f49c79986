#include "stream/account_settings.h"

#include "base/log.h"
#include "engine/engine.h"
#include "engine/try_commit.h"
#include "env/clocks.h"
#include "shape/json.h"
#include "stream/errors.h"
#include "stream/stream_service.h"

namespace penstock::stream {
namespace {

constexpr Millis kAtLeast = std::chrono::hours(24);

struct StoredCommitment {
  std::optional<std::int64_t> started_ms;
  std::optional<std::int64_t> ends_ms;
  static constexpr auto shape() {
    return std::array{shape::member<&StoredCommitment::started_ms>("started_ms"),
                      shape::member<&StoredCommitment::ends_ms>("ends_ms")};
  }
};

std::string document_key(const Tenant& tenant) {
  return "account-settings/" + tenant.account + "/" + tenant.region;
}

}  // namespace

std::optional<ServiceTime> BillingCommitment::earliest_end() const {
  if (!started) return std::nullopt;
  return *started + kAtLeast;
}

void BillingCommitment::enable(ServiceTime now) {
  if (!is_on(now)) started = now;
  ends.reset();
}

void BillingCommitment::disable(ServiceTime now) {
  if (!is_on(now) || ends) return;
  ends = std::max(now, *earliest_end());
}

CommitmentView BillingCommitment::view(ServiceTime now) const {
  using Status = CommitmentView::Status;
  if (!is_on(now)) return {.status = Status::kDisabled, .started = started, .ended = ends};
  return {.status = ends ? Status::kEnabledUntilEarliestAllowedEnd : Status::kEnabled,
          .started = started,
          .earliest_end = earliest_end()};
}

std::string encode(const BillingCommitment& commitment) {
  StoredCommitment out;
  if (commitment.started) out.started_ms = unix_millis(*commitment.started);
  if (commitment.ends) out.ends_ms = unix_millis(*commitment.ends);
  return shape::to_json(out);
}

Result<BillingCommitment> decode_commitment(std::string_view document) {
  const Result<StoredCommitment> in = shape::from_json<StoredCommitment>(document);
  if (!in.ok()) return Error{Errc::kCorrupt, "the settings of an account are not readable"};
  BillingCommitment out;
  if (in->started_ms) out.started = service_time(*in->started_ms);
  if (in->ends_ms) out.ends = service_time(*in->ends_ms);
  return out;
}

BillingCommitment AccountSettings::read(const Tenant& tenant) const {
  const auto stored = parts_.engine.meta().get(document_key(tenant));
  if (!stored) return {};
  const Result<BillingCommitment> commitment = decode_commitment(stored->value);
  if (commitment.ok()) return *commitment;
  log::error(commitment.error().message, {{"document", stored->key}});
  return {};
}

CommitmentView AccountSettings::commitment(const Tenant& tenant) const {
  return read(tenant).view(parts_.clocks.service_now());
}

bool AccountSettings::has_advantage(const Tenant& tenant) const {
  return read(tenant).is_on(parts_.clocks.service_now());
}

Task<Result<CommitmentView>> AccountSettings::set_commitment(Tenant tenant, bool enabled) {
  engine::Meta& meta = parts_.engine.meta();
  const std::string key = document_key(tenant);
  while (true) {
    const std::optional<engine::Document> stored = meta.get(key);
    BillingCommitment commitment = read(tenant);
    const ServiceTime now = parts_.clocks.service_now();
    enabled ? commitment.enable(now) : commitment.disable(now);
    std::vector<engine::Change> changes;
    changes.push_back({.key = key,
                       .expected = stored ? stored->version : engine::Version{},
                       .value = encode(commitment)});
    const auto committed = co_await engine::try_commit(meta, std::move(changes));
    if (!committed.ok()) co_return Error{StreamErrc::kInternalFailure, committed.error().message};
    if (*committed) co_return commitment.view(now);
  }
}

}  // namespace penstock::stream
