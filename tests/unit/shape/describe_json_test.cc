#include "shape/describe_json.h"

#include "shape/document.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace penstock::shape {
namespace {

bool is_lower(std::string_view text) { return text.find_first_of("ABC") == std::string_view::npos; }
constexpr std::array<std::string_view, 2> kColours{"red", "blue"};

struct Inner {
  std::string colour;
  static constexpr std::string_view kShapeName = "Inner";
  static constexpr auto shape() {
    return std::array{member<&Inner::colour>("Colour", {one_of(kColours)})};
  }
};

struct Input {
  std::optional<std::string> name;
  std::optional<std::int32_t> limit;
  std::vector<Inner> inners;
  std::map<std::string, std::string> tags;
  std::optional<Blob> body;
  static constexpr auto shape() {
    using Self = Input;
    return std::array{
        member<&Self::name>(
            "Name", {required, in_path("Id"), pattern("[a-z]\\d", &is_lower), length(1, 64)}),
        member<&Self::limit>("Limit", {in_query("max"), range(-1, kNoLimit)}),
        member<&Self::inners>("Inners", {length(0, 3), element_length(1, 2)}),
        member<&Self::tags>("Tags", {key_length(1, 128), value_length(0, 256)}),
        member<&Self::body>("Body", {is_payload, sensitive}),
    };
  }
};

constexpr std::string_view kErrors[] = {"NotFound", "Busy"};
constexpr Operation<Input, Empty> kPut{.name = "Put",
                                       .errors = kErrors,
                                       .method = "PUT",
                                       .path = "/things/{Id}",
                                       .success_status = 204};

std::string described() {
  const OperationInfo operations[] = {describe(kPut)};
  std::string out;
  describe_json(operations, out);
  return out;
}

TEST(DescribeJson, SaysEveryRuleOfEveryMember) {
  EXPECT_EQ(
      described(),
      R"({"operations":[{"name":"Put","method":"PUT","path":"/things/{Id}","status":204,)"
      R"("errors":["NotFound","Busy"],"request":{"kind":"structure","members":[)"
      R"({"name":"Name","nullable":true,"required":true,"in":"path","at":"Id",)"
      R"("pattern":"[a-z]\\d","length":[1,64],"type":{"kind":"string"}},)"
      R"({"name":"Limit","nullable":true,"in":"query","at":"max","range":[-1,null],)"
      R"("type":{"kind":"integer"}},)"
      R"({"name":"Inners","nullable":false,"length":[0,3],"element_length":[1,2],)"
      R"("type":{"kind":"list","element":{"kind":"structure","name":"Inner","members":[)"
      R"({"name":"Colour","nullable":false,"enum":["red","blue"],"type":{"kind":"string"}}]}}},)"
      R"({"name":"Tags","nullable":false,"key_length":[1,128],"value_length":[0,256],)"
      R"("type":{"kind":"map","element":{"kind":"string"}}},)"
      R"({"name":"Body","nullable":true,"in":"payload","sensitive":true,"type":{"kind":"blob"}})"
      R"(]},"response":{"kind":"structure","members":[]}}]})");
}

TEST(DescribeJson, IsJson) { EXPECT_TRUE(parse_json(described()).ok()); }

}  // namespace
}  // namespace penstock::shape
