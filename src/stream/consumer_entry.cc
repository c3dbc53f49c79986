#include "stream/consumer_entry.h"

#include "shape/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace penstock::stream {
namespace {

constexpr std::string_view kConsumerPart = "/consumer/";

struct StoredConsumer {
  std::string account;
  std::string region;
  std::string stream;
  std::string name;
  std::int64_t created_s = 0;
  std::string log;  ///< Decimal: JSON numbers end at 2^53 for some readers.
  std::string status;
  std::int64_t due_ms = 0;
  std::map<std::string, std::string> tags;
  std::string policy;
  static constexpr auto shape() {
    using Self = StoredConsumer;
    return std::array{
        shape::member<&Self::account>("account"),     shape::member<&Self::region>("region"),
        shape::member<&Self::stream>("stream"),       shape::member<&Self::name>("name"),
        shape::member<&Self::created_s>("created_s"), shape::member<&Self::log>("log"),
        shape::member<&Self::status>("status"),       shape::member<&Self::due_ms>("due_ms"),
        shape::member<&Self::tags>("tags"),           shape::member<&Self::policy>("policy"),
    };
  }
};

template <class T>
std::optional<T> number_from(std::string_view text) {
  T value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<ConsumerStatus> status_from(std::string_view text) {
  for (const ConsumerStatus status :
       {ConsumerStatus::kCreating, ConsumerStatus::kActive, ConsumerStatus::kDeleting}) {
    if (to_text(status) == text) return status;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_text(ConsumerStatus status) {
  switch (status) {
    case ConsumerStatus::kCreating: return "CREATING";
    case ConsumerStatus::kActive: return "ACTIVE";
    case ConsumerStatus::kDeleting: return "DELETING";
  }
  return "ACTIVE";
}

std::string consumer_arn(const ConsumerName& consumer) {
  return stream_arn(consumer.stream.tenant, consumer.stream.name)
      .append(kConsumerPart)
      .append(consumer.name)
      .append(":")
      .append(std::to_string(consumer.created_s));
}

std::optional<ConsumerName> parse_consumer_arn(std::string_view arn) {
  // Neither a stream's name nor a consumer's has a slash or a colon.
  const std::size_t part = arn.find(kConsumerPart);
  if (part == arn.npos) return std::nullopt;
  std::optional<StreamName> stream = parse_stream_arn(arn.substr(0, part));
  const std::string_view rest = arn.substr(part + kConsumerPart.size());
  const std::size_t colon = rest.find(':');
  if (!stream || colon == 0 || colon == rest.npos) return std::nullopt;
  const std::string_view second = rest.substr(colon + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!std::all_of(second.begin(), second.end(), is_digit)) return std::nullopt;
  const auto created_s = number_from<std::int64_t>(second);
  if (!created_s || rest.substr(0, colon).find('/') != rest.npos) return std::nullopt;
  return ConsumerName{std::move(*stream), std::string(rest.substr(0, colon)), *created_s};
}

std::string consumer_key(const StreamName& stream, std::string_view name) {
  return std::string(kConsumerPrefix)
      .append(stream.tenant.account)
      .append("/")
      .append(stream.tenant.region)
      .append("/")
      .append(stream.name)
      .append("/")
      .append(name);
}

std::string encode(const ConsumerEntry& entry) {
  return shape::to_json(StoredConsumer{.account = entry.id.stream.tenant.account,
                                       .region = entry.id.stream.tenant.region,
                                       .stream = entry.id.stream.name,
                                       .name = entry.id.name,
                                       .created_s = entry.id.created_s,
                                       .log = std::to_string(entry.log.value),
                                       .status = std::string(to_text(entry.status)),
                                       .due_ms = unix_millis(entry.due),
                                       .tags = entry.tags,
                                       .policy = entry.policy});
}

Result<ConsumerEntry> decode_consumer(std::string_view key, std::string_view document) {
  Result<StoredConsumer> parsed = shape::from_json<StoredConsumer>(document);
  const auto status = parsed.ok() ? status_from(parsed->status) : std::nullopt;
  const auto log = parsed.ok() ? number_from<std::uint64_t>(parsed->log) : std::nullopt;
  if (!status || !log) {
    return Error{Errc::kCorrupt, "the document " + std::string(key) + " is not a consumer"};
  }
  return ConsumerEntry{
      .id = {{{parsed->account, parsed->region}, parsed->stream}, parsed->name, parsed->created_s},
      .log = LogId{*log},
      .status = *status,
      .due = service_time(parsed->due_ms),
      .tags = std::move(parsed->tags),
      .policy = std::move(parsed->policy)};
}

}  // namespace penstock::stream
