#include "stream/option_changes.h"

#include "stream/errors.h"
#include "stream/texts.h"

#include <algorithm>

namespace penstock::stream {
namespace {

constexpr std::int64_t kRetentionHoursMin = 24;
constexpr std::int64_t kRetentionHoursMax = 8'760;
constexpr Millis kEncryptionWindow = std::chrono::hours(24);

Error invalid(std::string text) { return {StreamErrc::kInvalidArgument, std::move(text)}; }

/// Counts a call, unless there were too many.
Status count_call(const StreamEntry& entry, std::vector<std::int64_t>& calls_ms,
                  const EncryptionMoment& at) {
  if (at.calls_max == 0) return ok();
  const std::int64_t oldest = unix_millis(at.now - kEncryptionWindow);
  std::erase_if(calls_ms, [oldest](std::int64_t call) { return call <= oldest; });
  if (std::cmp_greater_equal(calls_ms.size(), at.calls_max)) return rate_exceeded(entry.name);
  calls_ms.push_back(unix_millis(at.now));
  return ok();
}

Status check_key_id(std::string_view key_id) {
  if (is_key_id(key_id)) return ok();
  return invalid("KeyId " + std::string(key_id) +
                 " is neither the id of a key, nor alias/ and a name, nor the ARN of either.");
}

bool is_hex_or_dash(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '-';
}

/// "1234abcd-12ab-34cd-56ef-1234567890ab", or of a multi-region key "mrk-" and 32 digits.
bool is_plain_key_id(std::string_view text) {
  constexpr std::string_view kMultiRegion = "mrk-";
  const bool is_multi_region = text.starts_with(kMultiRegion);
  if (is_multi_region) text.remove_prefix(kMultiRegion.size());
  return text.size() == (is_multi_region ? 32u : 36u) &&
         std::all_of(text.begin(), text.end(), is_hex_or_dash);
}

bool is_alias(std::string_view text) {
  constexpr std::string_view kAlias = "alias/";
  if (!text.starts_with(kAlias) || text.size() == kAlias.size()) return false;
  text.remove_prefix(kAlias.size());
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/' ||
           c == '_' || c == '-';
  });
}

/// "alias/x", or the id, of an ARN of either.
std::string_view key_in(std::string_view key_id) {
  const std::size_t colon = key_id.rfind(':');
  if (colon != key_id.npos) key_id.remove_prefix(colon + 1);
  constexpr std::string_view kKey = "key/";
  if (key_id.starts_with(kKey)) key_id.remove_prefix(kKey.size());
  return key_id;
}

/// Nobody here knows which key an alias stands for.
bool may_be_one_key(std::string_view a, std::string_view b) {
  a = key_in(a);
  b = key_in(b);
  return a == b || is_alias(a) != is_alias(b);
}

}  // namespace

Status change_retention(StreamEntry& entry, RetentionChange change, std::int64_t hours,
                        ServiceTime now) {
  const std::string requested = "Requested retention period (" + std::to_string(hours) + " hours)";
  if (hours < kRetentionHoursMin) {
    return invalid("Minimum allowed retention period is 24 hours. " + requested + " is too short.");
  }
  if (hours > kRetentionHoursMax) {
    return invalid("Maximum allowed retention period is 8760 hours. " + requested +
                   " is too long.");
  }
  const std::string existing =
      "existing retention period (" + std::to_string(entry.retention_hours) + " hours)";
  if (change == RetentionChange::kIncrease && hours < entry.retention_hours) {
    return invalid(requested + " for stream " + entry.name.name + " can not be shorter than " +
                   existing + ". Use DecreaseRetentionPeriod API.");
  }
  if (change == RetentionChange::kDecrease && hours > entry.retention_hours) {
    return invalid(requested + " for stream " + entry.name.name + " can not be longer than " +
                   existing + ". Use IncreaseRetentionPeriod API.");
  }
  if (hours > entry.retention_hours) entry.gone_before = entry.horizon(now);
  entry.retention_hours = hours;
  return ok();
}

Status change_max_record(StreamEntry& entry, std::int64_t kib) {
  entry.max_record_kib = kib;
  return ok();
}

Status change_distribution(StreamEntry& entry, Distribution distribution) {
  if (distribution == Distribution::kAuto && entry.mode != StreamMode::kOnDemand) {
    return auto_refused(entry.name);
  }
  entry.options.distribution = distribution;
  return ok();
}

MetricsChange change_metrics(StreamEntry& entry, MetricSet named, Switch to) {
  const MetricSet before = entry.options.metrics;
  entry.options.metrics =
      static_cast<MetricSet>(to == Switch::kOn ? before | named : before & ~named);
  return {.before = before, .after = entry.options.metrics};
}

bool is_key_id(std::string_view text) {
  if (!text.starts_with("arn:")) return is_plain_key_id(text) || is_alias(text);
  // arn:<partition>:kms:<region>:<account>:key/<id> or :alias/<name>
  for (int part = 0; part < 5; ++part) {
    const std::size_t colon = text.find(':');
    if (colon == text.npos || (part == 2 && text.substr(0, colon) != "kms")) return false;
    text.remove_prefix(colon + 1);
  }
  constexpr std::string_view kKey = "key/";
  return is_alias(text) || (text.starts_with(kKey) && is_plain_key_id(text.substr(kKey.size())));
}

Status start_encryption(StreamEntry& entry, std::string_view key_id, EncryptionMoment at) {
  TRY_OK(check_key_id(key_id));
  Encryption changed = entry.options.encryption;
  TRY_OK(count_call(entry, changed.starts_ms, at));
  if (!changed.is_on()) changed.switch_at(at.from);
  changed.key_id = key_id;
  entry.options.encryption = std::move(changed);
  return ok();
}

Status stop_encryption(StreamEntry& entry, std::string_view key_id, EncryptionMoment at) {
  TRY_OK(check_key_id(key_id));
  Encryption changed = entry.options.encryption;
  if (changed.is_on() && !may_be_one_key(key_id, changed.key_id)) {
    return invalid("KeyId " + std::string(key_id) + " is not the key that stream " +
                   in_account(entry.name) + " is encrypted with, " + changed.key_id + ".");
  }
  TRY_OK(count_call(entry, changed.stops_ms, at));
  if (changed.is_on()) changed.switch_at(at.from);
  changed.key_id.clear();
  entry.options.encryption = std::move(changed);
  return ok();
}

void forget_switches(StreamEntry& entry, ServiceTime now) {
  std::vector<std::int64_t>& switches = entry.options.encryption.switches_ms;
  const std::int64_t oldest = unix_millis(entry.horizon(now));
  // In pairs, so that what is left still begins with "on".
  while (switches.size() >= 2 && switches[1] <= oldest) {
    switches.erase(switches.begin(), switches.begin() + 2);
  }
}

}  // namespace penstock::stream
