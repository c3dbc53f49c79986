#include "api/admin/clock.h"

#include "api/admin/errors.h"
#include "api/bind.h"
#include "engine/try_commit.h"
#include "env/clocks.h"
#include "shape/errors.h"
#include "shape/json.h"

namespace penstock::api::admin {
namespace {

constexpr std::string_view kKey = "server/clock";
constexpr std::int64_t kAdvanceMax = 400LL * 86'400'000;  // Past the longest retention, 365 days.

struct StoredClock {
  std::int64_t offset_ms = 0;
  static constexpr auto shape() {
    return std::array{shape::member<&StoredClock::offset_ms>("offset_ms")};
  }
};

struct ReadRequest {
  static constexpr std::array<shape::Member, 0> shape() { return {}; }
};

struct AdvanceRequest {
  std::optional<std::int64_t> advance_ms;
  static constexpr auto shape() {
    return std::array{shape::member<&AdvanceRequest::advance_ms>(
        "advance_ms", {shape::required, shape::range(0, kAdvanceMax)},
        "How far, in milliseconds.")};
  }
};

struct ClockReply {
  std::int64_t now_ms = 0;
  std::int64_t offset_ms = 0;
  static constexpr auto shape() {
    return std::array{
        shape::member<&ClockReply::now_ms>("now_ms", {}, "The service clock, Unix milliseconds."),
        shape::member<&ClockReply::offset_ms>("offset_ms", {}, "How far it was advanced.")};
  }
};

constexpr shape::Operation<ReadRequest, ClockReply> kRead{.name = "ReadClock",
                                                          .doc = "Reads the service clock.",
                                                          .method = "GET",
                                                          .path = "/_penstock/clock"};
constexpr shape::Operation<AdvanceRequest, ClockReply> kAdvance{
    .name = "AdvanceClock",
    .doc = "Moves the service clock forward; only with --dev.",
    .method = "POST",
    .path = "/_penstock/clock"};

const ErrorName* name_of(const ErrorCode& code) {
  static constexpr ErrorName kForbidden{.name = "Forbidden", .status = 403};
  static constexpr ErrorName kUnavailable{.name = "ServiceUnavailable", .status = 503};
  if (code == Errc::kInvalid) return &kForbidden;
  if (code == Errc::kUnavailable) return &kUnavailable;
  return body_error_name(code);
}

constexpr ServiceStyle kStyle{.name_of = &name_of,
                              .write_error = &write_rest_error,
                              .internal = {.name = "InternalFailure", .status = 500}};

ClockReply reading(const env::Clocks& clocks) {
  return {unix_millis(clocks.service_now()), clocks.service_offset().count()};
}

Task<Result<ClockReply>> advance(env::Clocks& clocks, engine::Meta& meta, Millis by) {
  // Two advances at once: the second waits until the first is there, and tries again.
  while (true) {
    const auto stored = meta.get(kKey);
    StoredClock clock;
    if (stored) {
      CO_TRY(clock, shape::from_json<StoredClock>(stored->value));
    }
    clock.offset_ms += by.count();
    std::vector<engine::Change> changes{{engine::Change::Op::kPut, std::string(kKey),
                                         stored ? stored->version : engine::Version{},
                                         shape::to_json(clock)}};
    CO_TRY(const auto committed, co_await engine::try_commit(meta, std::move(changes)));
    if (committed) break;
  }
  clocks.advance_service(by);
  co_return reading(clocks);
}

}  // namespace

Status restore_service_clock(env::Clocks& clocks, const engine::Meta& meta) {
  const auto stored = meta.get(kKey);
  if (!stored) return ok();
  TRY(const StoredClock clock, shape::from_json<StoredClock>(stored->value));
  clocks.advance_service(Millis{clock.offset_ms});
  return ok();
}

std::vector<shape::OperationInfo> clock_shapes() {
  return {shape::describe(kRead), shape::describe(kAdvance)};
}

std::vector<front::Operation> clock_operations(env::Clocks& clocks, engine::Meta& meta, bool dev) {
  std::vector<front::Operation> operations;
  operations.push_back(
      bind(kRead, kStyle, [&clocks](const front::Request&, ReadRequest) -> Result<ClockReply> {
        return reading(clocks);
      }));
  operations.push_back(
      bind(kAdvance, kStyle,
           [&clocks, &meta, dev](const front::Request&,
                                 AdvanceRequest request) -> Task<Result<ClockReply>> {
             if (!dev) {
               co_return Error{Errc::kInvalid,
                               "the clock of this server cannot be advanced; start it with --dev"};
             }
             co_return co_await advance(clocks, meta, Millis{*request.advance_ms});
           }));
  return operations;
}

}  // namespace penstock::api::admin
