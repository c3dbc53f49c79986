#pragma once

#include <string_view>

/// The patterns of channels' members, as predicates.
namespace penstock::api::kinesis {

bool is_role_arn(std::string_view text);
bool is_schema_arn(std::string_view text);
bool is_bucket_arn(std::string_view text);
bool is_table_bucket_arn(std::string_view text);
bool is_bucket_owner(std::string_view text);      // \d{12}
bool is_s3_prefix(std::string_view text);         // [0-9A-Za-z!\-_'.*()\/]+
bool is_s3_template(std::string_view text);       // [0-9A-Za-z!\-_'.*()\/=:{}]+
bool is_table_name(std::string_view text);        // [0-9a-z_]+
bool is_partition_source(std::string_view text);  // [a-zA-Z0-9\.\_]+
bool is_log_group(std::string_view text);         // [\.\-_/#A-Za-z0-9]+
bool is_log_stream(std::string_view text);        // [^:*]*

}  // namespace penstock::api::kinesis
