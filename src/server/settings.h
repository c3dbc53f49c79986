#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace penstock::server {

/// Everything that can be set, with its default. Each by flag (--name), by environment
/// (PENSTOCK_NAME) and by a line of the --config file (name = value).
struct Settings {
  std::string data;
  std::string listen = "127.0.0.1:4566";
  bool listen_unprotected = false;
  std::string tls = "off";
  std::string tls_cert;
  std::string tls_key;
  std::string durability = "sync";
  std::string limits = "aws";
  std::int64_t limits_write_records = 1'000;
  std::int64_t limits_write_bytes = 1'048'576;
  std::int64_t limits_read_calls = 5;
  std::int64_t limits_read_bytes = 2'097'152;
  std::int64_t limits_iterator_calls = 5;
  std::int64_t limits_subscribe_bytes = 2'097'152;
  std::string limits_call_rates;
  std::string auth = "auto";
  std::string keys;
  bool dev = false;
  std::string region = "us-east-1";
  std::string memory = "512MiB";
  std::int64_t connections = 0;
  std::int64_t loops = 0;
  std::string log = "info";

  std::int64_t stream_create_delay_ms = 0;
  std::int64_t stream_update_delay_ms = 0;
  std::int64_t stream_delete_delay_ms = 0;
  std::int64_t stream_consumer_delay_ms = 0;
  std::int64_t stream_shard_quota = 20'000;
  std::int64_t stream_on_demand_quota = 50;
  std::int64_t stream_transition_quota = 5;
  std::int64_t stream_consumer_quota = 20;
  std::int64_t stream_advantage_consumer_quota = 50;
  std::int64_t stream_tag_quota = 50;
  std::int64_t stream_resizes_per_day = 10;
  std::int64_t stream_mode_changes_per_day = 2;
  std::int64_t stream_encryption_changes_per_day = 25;
  std::int64_t stream_on_demand_shards = 0;

  std::string mapping_poll = "append";
  std::int64_t mapping_retry_pause_ms = 500;
  std::int64_t mapping_retry_pause_max_ms = 60'000;

  std::int64_t function_concurrency = 64;
  std::int64_t function_idle_s = 300;
  std::int64_t function_stop_grace_s = 10;
  std::string function_sandbox = "auto";
  std::string function_python_runtime;

  std::int64_t ledger_recovery_minutes = 5;
};

/// One row of the table: what `penstock settings` prints and what the parsers are made from.
struct SettingRow {
  std::string_view name;
  std::variant<std::string*, std::int64_t*, bool*> value;
  std::string_view unit;     ///< "ms", "shards", ...; empty for names, sizes and switches
  std::string_view allowed;  ///< "sync|os|memory", "1..3600"; empty: anything
  std::string_view meaning;
};

std::vector<SettingRow> setting_rows(Settings& settings);

/// The row's value as text, as it would be written in the file.
std::string value_text(const SettingRow& row);
/// "function.idle_s" is --function.idle-s on the command line.
std::string flag_name(std::string_view setting);
/// "function.idle_s" is PENSTOCK_FUNCTION_IDLE_S in the environment.
std::string environment_name(std::string_view setting);

}  // namespace penstock::server
