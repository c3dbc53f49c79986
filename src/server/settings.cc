#include "server/settings.h"

namespace penstock::server {

std::vector<SettingRow> setting_rows(Settings& s) {
  return {
      {"data", &s.data, "", "", "Folder for everything that lasts; without it all is in memory"},
      {"listen", &s.listen, "", "", "Address and port; port 0 picks one and prints it"},
      {"durability", &s.durability, "", "sync|os|memory",
       "What an acknowledged record survives: a power cut, a killed process, nothing"},
      {"limits", &s.limits, "", "aws|aws-all|off",
       "aws: shards refuse what exceeds AWS's limits; aws-all: calls of the control plane are "
       "counted, too; off: neither"},
      {"limits.write_records", &s.limits_write_records, "records/s", "0..1000000000",
       "What a shard takes; 0: no limit. Of one stream: PUT /_penstock/streams/NAME/limits"},
      {"limits.write_bytes", &s.limits_write_bytes, "B/s", "0..1000000000000",
       "What a shard takes, keys and data; 0: no limit"},
      {"limits.read_calls", &s.limits_read_calls, "calls/s", "0..1000000000",
       "GetRecords on a shard; 0: no limit"},
      {"limits.read_bytes", &s.limits_read_bytes, "B/s", "0..1000000000000",
       "What GetRecords gives of a shard; 0: no limit"},
      {"limits.iterator_calls", &s.limits_iterator_calls, "calls/s", "0..1000000000",
       "GetShardIterator on a shard; 0: no limit"},
      {"limits.subscribe_bytes", &s.limits_subscribe_bytes, "B/s", "0..1000000000000",
       "What SubscribeToShard gives each consumer of a shard; 0: no limit"},
      {"limits.call_rates", &s.limits_call_rates, "", "",
       "Other rates than AWS's, as ListStreams=10,CreateStream=0: calls a second; 0: not counted. "
       "They hold with aws, too"},
      {"auth", &s.auth, "", "auto|on|off",
       "on: requests are signed with an access key of ours; off: any well-formed credentials are "
       "accepted; auto: on as soon as there are keys"},
      {"keys", &s.keys, "", "",
       "File of access keys (penstock keys add); empty: the file keys in the data folder"},
      {"listen_unprotected", &s.listen_unprotected, "", "",
       "Listen where other machines reach it without TLS or without access keys, too"},
      {"tls", &s.tls, "", "off|self-signed",
       "self-signed: a certificate for localhost and the address listened on, signed by a CA made "
       "for it, whose file the ready line names; off: unless tls_cert names one"},
      {"tls_cert", &s.tls_cert, "", "",
       "File of the server's certificate and those between it and its CA, in PEM; read again when "
       "it changes"},
      {"tls_key", &s.tls_key, "", "",
       "File of the certificate's key, in PEM, without a pass phrase"},
      {"dev", &s.dev, "", "", "Let the service clock be advanced (penstock clock advance)"},
      {"region", &s.region, "", "", "Region of requests that name none"},
      {"memory", &s.memory, "", "64MiB..1TiB", "For records, buffers, replies and connections"},
      {"connections", &s.connections, "", "0..1000000",
       "Open at once; 0 is as many as memory and descriptors allow, which is the most in any case"},
      {"loops", &s.loops, "", "0..256", "Event loops; 0 is one for each core, at most 8"},
      {"log", &s.log, "", "debug|info|warn|error|off", "From which level on lines are written"},
      {"stream.create_delay_ms", &s.stream_create_delay_ms, "ms", "0..3600000",
       "How long a new stream is CREATING"},
      {"stream.update_delay_ms", &s.stream_update_delay_ms, "ms", "0..3600000",
       "How long a reshard or another change keeps a stream UPDATING"},
      {"stream.delete_delay_ms", &s.stream_delete_delay_ms, "ms", "0..3600000",
       "How long a stream is DELETING"},
      {"stream.consumer_delay_ms", &s.stream_consumer_delay_ms, "ms", "0..3600000",
       "How long a new consumer is CREATING, and a deregistered one DELETING"},
      {"stream.shard_quota", &s.stream_shard_quota, "shards", "0..1000000",
       "Open shards of an account in a region; 0: no quota"},
      {"stream.on_demand_quota", &s.stream_on_demand_quota, "streams", "0..1000000",
       "On-demand streams of an account in a region; 0 allows none"},
      {"stream.transition_quota", &s.stream_transition_quota, "streams", "0..1000000",
       "Streams of an account in a region that are CREATING or DELETING at once; 0: no quota"},
      {"stream.consumer_quota", &s.stream_consumer_quota, "consumers", "0..1000000",
       "Consumers of one stream; 0: no quota"},
      {"stream.advantage_consumer_quota", &s.stream_advantage_consumer_quota, "consumers",
       "0..1000000", "The same in accounts with a billing commitment"},
      {"stream.tag_quota", &s.stream_tag_quota, "tags", "1..1000",
       "Tags of one stream or consumer"},
      {"stream.resizes_per_day", &s.stream_resizes_per_day, "calls", "0..1000",
       "UpdateShardCount of one stream in 24 hours; 0: no limit"},
      {"stream.mode_changes_per_day", &s.stream_mode_changes_per_day, "calls", "0..1000",
       "UpdateStreamMode of one stream in 24 hours; 0: no limit"},
      {"stream.encryption_changes_per_day", &s.stream_encryption_changes_per_day, "calls",
       "0..1000",
       "StartStreamEncryption of one stream in 24 hours, and as many stops; 0: no limit"},
      {"stream.on_demand_shards", &s.stream_on_demand_shards, "shards", "0..32768",
       "To how many an on-demand stream is scaled; 0: as in its region on AWS, 10240 or 200"},
      {"mapping.poll", &s.mapping_poll, "", "append|aws",
       "append: read when something was stored; aws: once a second, as AWS polls"},
      {"mapping.retry_pause_ms", &s.mapping_retry_pause_ms, "ms", "0..3600000",
       "Before an unchanged batch is tried again; doubles each time"},
      {"mapping.retry_pause_max_ms", &s.mapping_retry_pause_max_ms, "ms", "0..86400000",
       "The longest such pause"},
      {"function.concurrency", &s.function_concurrency, "environments", "1..10000",
       "Invocations at once, over all functions; beyond it they are throttled"},
      {"function.idle_s", &s.function_idle_s, "s", "1..86400",
       "An execution environment without work for this long is shut down"},
      {"function.stop_grace_s", &s.function_stop_grace_s, "s", "0..900",
       "How long invocations may go on when the server stops; then they are ended"},
      {"function.sandbox", &s.function_sandbox, "", "required|auto|off",
       "required: no sandbox, no functions; auto: without it they run unprotected, and that is "
       "said"},
      {"function.python_runtime", &s.function_python_runtime, "", "",
       "Folder with awslambdaric; empty: runtimes/python beside the server's folder"},
      {"ledger.recovery_minutes", &s.ledger_recovery_minutes, "min", "1..1440",
       "A refused entry that is not stored within this time counts as lost by its producer"},
  };
}

std::string value_text(const SettingRow& row) {
  struct Text {
    std::string operator()(const std::string* text) const { return *text; }
    std::string operator()(const std::int64_t* number) const { return std::to_string(*number); }
    std::string operator()(const bool* flag) const { return *flag ? "true" : "false"; }
  };
  return std::visit(Text{}, row.value);
}

std::string flag_name(std::string_view setting) {
  std::string name(setting);
  for (char& c : name) c = c == '_' ? '-' : c;
  return "--" + name;
}

std::string environment_name(std::string_view setting) {
  std::string name = "PENSTOCK_";
  for (const char c : setting) {
    name += c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  }
  return name;
}

}  // namespace penstock::server
