#include "api/admin/stream_limits.h"

#include "api/admin/which_stream.h"
#include "stream/stream_service.h"

namespace penstock::api::admin {
namespace {

constexpr shape::Rules kLimit{shape::range(0, 1'000'000'000'000)};

struct SetLimits {
  std::optional<std::string> stream_name;
  std::optional<std::string> account;
  std::optional<std::string> region;
  std::optional<std::int64_t> write_records;
  std::optional<std::int64_t> write_bytes;
  std::optional<std::int64_t> read_calls;
  std::optional<std::int64_t> read_bytes;
  std::optional<std::int64_t> iterator_calls;
  std::optional<std::int64_t> subscribe_bytes;
  std::optional<bool> call_rates;
  static constexpr auto shape() {
    using Self = SetLimits;
    return std::array{
        shape::member<&Self::stream_name>("StreamName",
                                          {shape::required, shape::in_path("StreamName")}),
        shape::member<&Self::account>("account", {shape::in_query("account")},
                                      "That of the caller if absent."),
        shape::member<&Self::region>("region", {shape::in_query("region")},
                                     "That of the caller if absent."),
        shape::member<&Self::write_records>(
            "write_records", kLimit, "A second and shard; 0: no limit; absent: the server's."),
        shape::member<&Self::write_bytes>("write_bytes", kLimit, "Keys and data; the same."),
        shape::member<&Self::read_calls>("read_calls", kLimit, "GetRecords; the same."),
        shape::member<&Self::read_bytes>("read_bytes", kLimit, "The same."),
        shape::member<&Self::iterator_calls>("iterator_calls", kLimit,
                                             "GetShardIterator; the same."),
        shape::member<&Self::subscribe_bytes>("subscribe_bytes", kLimit,
                                              "Of each consumer that subscribes; the same."),
        shape::member<&Self::call_rates>(
            "call_rates", {}, "false: calls of the control plane about this stream never count."),
    };
  }
};

struct Effective {
  std::int64_t write_records = 0;
  std::int64_t write_bytes = 0;
  std::int64_t read_calls = 0;
  std::int64_t read_bytes = 0;
  std::int64_t iterator_calls = 0;
  std::int64_t subscribe_bytes = 0;
  static constexpr auto shape() {
    using Self = Effective;
    return std::array{
        shape::member<&Self::write_records>("write_records"),
        shape::member<&Self::write_bytes>("write_bytes"),
        shape::member<&Self::read_calls>("read_calls"),
        shape::member<&Self::read_bytes>("read_bytes"),
        shape::member<&Self::iterator_calls>("iterator_calls"),
        shape::member<&Self::subscribe_bytes>("subscribe_bytes"),
    };
  }
};

struct LimitsReply {
  std::optional<std::int64_t> write_records;
  std::optional<std::int64_t> write_bytes;
  std::optional<std::int64_t> read_calls;
  std::optional<std::int64_t> read_bytes;
  std::optional<std::int64_t> iterator_calls;
  std::optional<std::int64_t> subscribe_bytes;
  std::optional<bool> call_rates;
  Effective effective;
  static constexpr auto shape() {
    using Self = LimitsReply;
    return std::array{
        shape::member<&Self::write_records>("write_records", {}, "What the stream has of its own."),
        shape::member<&Self::write_bytes>("write_bytes"),
        shape::member<&Self::read_calls>("read_calls"),
        shape::member<&Self::read_bytes>("read_bytes"),
        shape::member<&Self::iterator_calls>("iterator_calls"),
        shape::member<&Self::subscribe_bytes>("subscribe_bytes"),
        shape::member<&Self::call_rates>("call_rates"),
        shape::member<&Self::effective>("effective", {}, "What holds; 0: no limit."),
    };
  }
};

constexpr std::string_view kPath = "/_penstock/streams/{StreamName}/limits";
constexpr shape::Operation<WhichStream, LimitsReply> kRead{
    .name = "ReadStreamLimits",
    .doc = "The limits of a stream's shards.",
    .method = "GET",
    .path = kPath};
constexpr shape::Operation<SetLimits, LimitsReply> kSet{
    .name = "SetStreamLimits",
    .doc = "Gives a stream limits of its own, in place of all it had; they hold at once.",
    .method = "PUT",
    .path = kPath};
constexpr shape::Operation<WhichStream, LimitsReply> kReset{.name = "ResetStreamLimits",
                                                            .doc = "The server's limits again.",
                                                            .method = "DELETE",
                                                            .path = kPath};

Result<LimitsReply> reply_of(const stream::StreamService& streams, const stream::StreamName& name) {
  TRY(const stream::StreamLimits limits, streams.limits_of(name));
  const stream::LimitOverrides& own = limits.own;
  const stream::ShardLimits& now = limits.effective;
  return LimitsReply{.write_records = own.write_records,
                     .write_bytes = own.write_bytes,
                     .read_calls = own.read_calls,
                     .read_bytes = own.read_bytes,
                     .iterator_calls = own.iterator_calls,
                     .subscribe_bytes = own.subscribe_bytes,
                     .call_rates = own.call_rates,
                     .effective = {now.write_records, now.write_bytes, now.read_calls,
                                   now.read_bytes, now.iterator_calls, now.subscribe_bytes}};
}

/// A misspelt limit must not take away those there are.
Error names_no_limit() {
  return {stream::StreamErrc::kValidation,
          "The body names no limit. Give at least one of write_records, write_bytes, read_calls, "
          "read_bytes, iterator_calls, subscribe_bytes and call_rates; DELETE takes all of them "
          "back."};
}

Task<Result<LimitsReply>> set(stream::StreamService& streams, stream::StreamName name,
                              stream::LimitOverrides limits) {
  CO_TRY_OK(co_await streams.set_limits(name, limits));
  co_return reply_of(streams, name);
}

}  // namespace

std::vector<shape::OperationInfo> stream_limits_shapes() {
  return {shape::describe(kRead), shape::describe(kSet), shape::describe(kReset)};
}

std::vector<front::Operation> stream_limits_operations(stream::StreamService& streams) {
  std::vector<front::Operation> operations;
  operations.push_back(
      bind(kRead, kStreamStyle, [&streams](const front::Request& request, WhichStream input) {
        return reply_of(streams, name_in(request, input));
      }));
  operations.push_back(
      bind(kSet, kStreamStyle,
           [&streams](const front::Request& request, SetLimits input) -> Task<Result<LimitsReply>> {
             const stream::LimitOverrides limits{.write_records = input.write_records,
                                                 .write_bytes = input.write_bytes,
                                                 .read_calls = input.read_calls,
                                                 .read_bytes = input.read_bytes,
                                                 .iterator_calls = input.iterator_calls,
                                                 .subscribe_bytes = input.subscribe_bytes,
                                                 .call_rates = input.call_rates};
             const stream::StreamName name = name_in(request, input);
             if (limits == stream::LimitOverrides{} && reply_of(streams, name).ok()) {
               co_return names_no_limit();
             }
             co_return co_await set(streams, name, limits);
           }));
  operations.push_back(
      bind(kReset, kStreamStyle, [&streams](const front::Request& request, WhichStream input) {
        return set(streams, name_in(request, input), {});
      }));
  return operations;
}

}  // namespace penstock::api::admin
