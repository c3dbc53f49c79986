#include "mapping/record.h"

#include "base/error.h"
#include "shape/json.h"

#include <gtest/gtest.h>

namespace penstock::mapping {
namespace {

const Tenant kTenant{"123456789012", "eu-west-1"};

TEST(MappingKey, NamesItsTenantAndReadsBack) {
  const std::string key = catalog_key(kTenant, "3b1a");
  EXPECT_EQ(key, "mapping/123456789012/eu-west-1/3b1a");
  const auto tenant = tenant_of_key(key);
  ASSERT_TRUE(tenant.ok());
  EXPECT_EQ(*tenant, kTenant);
  EXPECT_EQ(*tenant_of_key(key + "/17/3"), kTenant) << "a checkpoint's key, too";
}

TEST(MappingKey, OneWithoutAllItsPartsIsCorrupt) {
  for (const char* key : {"mapping/", "mapping/1", "mapping/1/r"}) {
    const auto tenant = tenant_of_key(key);
    ASSERT_FALSE(tenant.ok()) << key;
    EXPECT_TRUE(tenant.error().code == Errc::kCorrupt);
  }
}

TEST(MappingArn, HasTheServicesForm) {
  EXPECT_EQ(mapping_arn(kTenant, "3b1a"),
            "arn:aws:lambda:eu-west-1:123456789012:event-source-mapping:3b1a");
}

TEST(MappingStateText, IsTheServicesWord) {
  const std::pair<MappingState, const char*> cases[] = {
      {MappingState::kCreating, "Creating"}, {MappingState::kEnabling, "Enabling"},
      {MappingState::kEnabled, "Enabled"},   {MappingState::kDisabling, "Disabling"},
      {MappingState::kDisabled, "Disabled"}, {MappingState::kUpdating, "Updating"},
      {MappingState::kDeleting, "Deleting"}};
  for (const auto& [state, text] : cases) EXPECT_EQ(to_text(state), text);
}

TEST(MappingRecordJson, ReadsBackWhatWasWritten) {
  MappingRecord record{.uuid = "3b1a",
                       .source_arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
                       .function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:f",
                       .starting_position = "AT_TIMESTAMP",
                       .starting_position_ms = 1'790'000'000'123,
                       .enabled = false,
                       .last_modified_ms = 1'790'000'000'456,
                       .log = "18446744073709551615"};
  record.configuration = {.batch_size = 10'000,
                          .window_s = 300,
                          .parallelization = 10,
                          .max_age_s = 604'800,
                          .max_retries = 0,
                          .bisect = true,
                          .report_item_failures = true,
                          .filters = {R"({"data":{"a":["\"x\""]}})", "{}"},
                          .destination_arn = "arn:aws:sqs:eu-west-1:123456789012:failed",
                          .kms_key_arn = "k",
                          .metrics = {"EventCount"}};
  record.tags = {{"team", "a \"b\""}};
  const auto again = shape::from_json<MappingRecord>(shape::to_json(record));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(*again, record);
}

}  // namespace
}  // namespace penstock::mapping
