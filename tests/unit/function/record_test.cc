#include "function/record.h"

#include "function/errors.h"
#include "shape/json.h"

#include <gtest/gtest.h>

namespace penstock::function {
namespace {

Configuration valid() { return {.runtime = "python3.11", .handler = "app.handler", .role = "r"}; }

std::string refusal(const Configuration& configuration, std::string_view why_not = {}) {
  const Status checked = check_configuration(configuration, why_not);
  return checked.ok() ? "ok" : checked.error().message;
}

TEST(FunctionConfiguration, APackageNeedsRuntimeAndHandler) {
  EXPECT_EQ(refusal(valid()), "ok");
  constexpr std::string_view kBoth =
      "Runtime and Handler are mandatory parameters for functions created with deployment "
      "packages.";
  Configuration without = valid();
  without.handler.clear();
  EXPECT_EQ(refusal(without), kBoth);
  without = valid();
  without.runtime.clear();
  EXPECT_EQ(refusal(without), kBoth);
}

TEST(FunctionConfiguration, AnImageHasNeither) {
  Configuration image = valid();
  image.package_type = "Image";
  EXPECT_TRUE(refusal(image).starts_with("Please don't provide Handler or Runtime or Layer"));
  image.runtime.clear();
  image.handler.clear();
  EXPECT_EQ(refusal(image), "ok");
}

TEST(FunctionConfiguration, ARuntimeMustBeKnownAndRunHere) {
  Configuration unknown = valid();
  unknown.runtime = "cobol85";
  const std::string message = refusal(unknown);
  EXPECT_TRUE(
      message.starts_with("Value cobol85 at 'runtime' failed to satisfy constraint: Member "
                          "must satisfy enum value set: [nodejs16.x, "))
      << message;
  EXPECT_TRUE(message.ends_with("] or be a valid ARN")) << message;
  EXPECT_EQ(refusal(valid(), "no Python here"), "no Python here");
  EXPECT_TRUE(is_known_runtime("java21"));
  EXPECT_FALSE(is_known_runtime("java"));
}

TEST(FunctionConfiguration, TimeoutAndMemoryHaveTheirLimits) {
  Configuration large = valid();
  large.timeout_s = 900;
  large.memory_mb = 10'240;
  EXPECT_EQ(refusal(large), "ok");
  large.timeout_s = 901;
  EXPECT_TRUE(refusal(large).ends_with("Member must have value less than or equal to 900"));
  large = valid();
  large.memory_mb = 10'241;
  EXPECT_TRUE(refusal(large).ends_with("Member must have value less than or equal to 10240"));
}

TEST(FunctionConfiguration, LogLevelsNeedJson) {
  Configuration levels = valid();
  levels.application_log_level = "INFO";
  EXPECT_NE(refusal(levels), "ok");
  levels.log_format = "JSON";
  EXPECT_EQ(refusal(levels), "ok");
}

TEST(FunctionConfiguration, VariablesThatCannotBe) {
  const auto with = [](std::map<std::string, std::string> variables) {
    Configuration made = valid();
    made.variables = std::move(variables);
    return refusal(made);
  };
  EXPECT_EQ(with({{"AB", ""}, {"a_1", "x"}}), "ok");
  for (const std::string name : {"", "A", "1A", "_A", "A-B", "A B",
                                 "\xC3\xBC"
                                 "a"}) {
    EXPECT_TRUE(with({{name, "x"}}).starts_with("1 validation error detected")) << name;
  }
  EXPECT_EQ(with({{"AB", std::string("a\0b", 3)}}), "The value of AB holds a NUL character.");
  EXPECT_TRUE(with({{"AWS_REGION", "x"}, {"_HANDLER", "y"}})
                  .ends_with("Reserved keys used in this request: AWS_REGION, _HANDLER"));
}

TEST(FunctionConfiguration, VariablesAreMeasuredAsJson) {
  const auto with = [](std::size_t bytes) {
    Configuration made = valid();
    made.variables = std::map<std::string, std::string>{{"AB", std::string(bytes, 'x')}};
    return refusal(made);
  };
  // {"AB":"..."} is 9 bytes more.
  EXPECT_EQ(with(4'096 - 9), "ok");
  EXPECT_NE(with(4'096 - 8).find("exceeded the 4KB limit. String measured: {\"AB\":\"xxx"),
            std::string::npos);
}

TEST(FunctionRecord, IsReadAsItWasWritten) {
  FunctionRecord record{.name = "f",
                        .configuration = valid(),
                        .code_sha256 = "c2hh",
                        .code_bytes = 7,
                        .last_modified_ms = 1'769'862'896'789,
                        .revision_id = "r",
                        .tags = {{"a", "b"}}};
  record.configuration.variables = std::map<std::string, std::string>{};
  const auto read = shape::from_json<FunctionRecord>(shape::to_json(record));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, record);
}

TEST(FunctionRecord, DatesAreLambdas) {
  EXPECT_EQ(last_modified_text(1'769'862'896'789), "2026-01-31T12:34:56.789+0000");
  EXPECT_EQ(last_modified_text(0), "1970-01-01T00:00:00.000+0000");
  EXPECT_EQ(last_modified_text(951'782'399'999), "2000-02-28T23:59:59.999+0000");
  EXPECT_EQ(date_path(WallTime{Millis{951'782'400'000}}), "2000/02/29");
}

TEST(FunctionRecord, TheTenantIsInTheKey) {
  const Tenant tenant{"000000000000", "us-east-1"};
  EXPECT_EQ(catalog_key(tenant, "f"), "function/000000000000/us-east-1/f");
  EXPECT_EQ(tenant_of_key(catalog_key(tenant, "f")).value(), tenant);
  EXPECT_FALSE(tenant_of_key("function/000000000000").ok());
}

}  // namespace
}  // namespace penstock::function
