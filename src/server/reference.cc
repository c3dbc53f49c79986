#include "server/reference.h"

#include "api/admin/audit.h"
#include "api/admin/clock.h"
#include "api/admin/health.h"
#include "api/admin/scaling.h"
#include "api/admin/shard_traffic.h"
#include "api/admin/stream_limits.h"
#include "api/kinesis/service.h"
#include "api/lambda/event_source_mapping.h"
#include "api/lambda/service.h"
#include "api/sqs/service.h"
#include "server/settings.h"
#include "shape/reference.h"

#include <array>
#include <cstdio>

namespace penstock::server {
namespace {

using Operations = std::vector<shape::OperationInfo>;

constexpr int kExitUsage = 2;

constexpr std::string_view kGenerated =
    "<!-- Written by tools/reference from the tables in the code; an edit here is lost. -->\n\n";

Operations joined(Operations first, const Operations& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::string page(std::string_view title, std::string_view about, std::string_view target_prefix,
                 const Operations& operations) {
  return shape::reference_page({.title = title,
                                .introduction = std::string(kGenerated) + std::string(about),
                                .target_prefix = target_prefix,
                                .operations = operations});
}

/// A service that AWS has, too. `section`: of compat.md.
std::string service_page(std::string_view title, std::string_view protocols,
                         std::string_view section, std::string_view target_prefix,
                         const Operations& operations) {
  const std::string about = "What the server accepts and answers, in " + std::string(protocols) +
                            ". Rules of replies are the published model's. How it differs from "
                            "AWS: [compat.md](../compat.md#" +
                            std::string(section) + ").";
  return page(title, about, target_prefix, operations);
}

std::string kinesis_page() {
  return service_page("Kinesis Data Streams", "JSON 1.1 and CBOR 1.1", "kinesis-data-streams",
                      "Kinesis_20131202", api::kinesis::kinesis_shapes());
}

std::string lambda_page() {
  return service_page(
      "Lambda", "REST and JSON", "lambda", "",
      joined(api::lambda::lambda_shapes(), api::lambda::event_source_mapping_shapes()));
}

std::string sqs_page() {
  return service_page("SQS", "JSON 1.0", "sqs", "AmazonSQS", api::sqs::sqs_shapes());
}

std::string admin_page() {
  return page(
      "Administration",
      "What AWS has no operation for: plain JSON below `/_penstock/`. Signed like everything else "
      "as soon as there are access keys, but for the health.",
      "",
      joined(joined({api::admin::health_shape(), api::admin::audit_shape(),
                     api::admin::shard_traffic_shape(), api::admin::scaling_shape()},
                    joined(api::admin::stream_limits_shapes(), api::admin::clock_shapes())),
             api::lambda::function_log_shapes()));
}

std::string settings_page() {
  std::string text = "# Settings\n\n" + std::string(kGenerated) +
                     "Each by flag, by environment, and by a line `name = value` of the file that "
                     "`--config` names. A flag wins over the file, the file over the "
                     "environment. [operating.md](../operating.md) says what to choose.\n\n"
                     "| setting | default | allowed | flag, environment | |\n"
                     "|---|---|---|---|---|\n";
  Settings settings;
  for (const SettingRow& row : setting_rows(settings)) {
    const std::string value = value_text(row);
    const std::string with_unit =
        value + (row.unit.empty() || value.empty() ? "" : " " + std::string(row.unit));
    const auto code = [](const std::string& quoted) { return "`" + quoted + "`"; };
    text += "| " + code(std::string(row.name)) + " | " + (value.empty() ? "" : with_unit) + " | " +
            (row.allowed.empty() ? "" : code(shape::table_cell(row.allowed))) + " | " +
            code(flag_name(row.name)) + ", " + code(environment_name(row.name)) + " | " +
            shape::table_cell(row.meaning) + " |\n";
  }
  return text;
}

struct NamedPage {
  std::string_view name;
  std::string (*write)();
};

constexpr std::array<NamedPage, 5> kPages{{{"kinesis", &kinesis_page},
                                           {"lambda", &lambda_page},
                                           {"sqs", &sqs_page},
                                           {"admin", &admin_page},
                                           {"settings", &settings_page}}};

/// The command's output is what it is for.
void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace

int reference_main(int argc, char** argv) {
  if (argc < 2) {
    for (const NamedPage& page : kPages) print(std::string(page.name) + "\n");
    return 0;
  }
  for (const NamedPage& page : kPages) {
    if (page.name != argv[1]) continue;
    print(page.write());
    return 0;
  }
  return kExitUsage;
}

}  // namespace penstock::server
