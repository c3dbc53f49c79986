#include "shape/reference.h"

#include <gtest/gtest.h>

namespace penstock::shape {
namespace {

bool anything(std::string_view) { return true; }
constexpr std::array<std::string_view, 2> kColours{"RED", "GREEN"};

struct Leaf {
  std::string text;
  static constexpr std::string_view kShapeName = "Leaf";
  static constexpr auto shape() { return std::array{member<&Leaf::text>("Text")}; }
};

struct Branch {
  std::optional<std::vector<Leaf>> leaves;
  static constexpr std::string_view kShapeName = "Branch";
  static constexpr auto shape() {
    return std::array{member<&Branch::leaves>("Leaves", {length(1, kNoLimit)})};
  }
};

struct Nameless {
  std::int64_t count = 0;
  static constexpr auto shape() { return std::array{member<&Nameless::count>("count")}; }
};

struct GrowRequest {
  std::optional<std::string> name;
  std::optional<std::string> colour;
  std::optional<std::map<std::string, std::string>> tags;
  std::optional<std::int32_t> most;
  static constexpr auto shape() {
    using Self = GrowRequest;
    return std::array{
        member<&Self::name>("Name", {required, in_path("Name"), pattern("a|b", &anything)},
                            "One | two."),
        member<&Self::colour>("Colour", {one_of(kColours)}),
        member<&Self::tags>("Tags", {length(0, 50), key_length(1, 128), value_length(0, 256)}),
        member<&Self::most>("Most", {range(1, 10), in_query("most")}),
    };
  }
};

struct GrowReply {
  std::optional<Branch> branch;
  std::vector<Nameless> parts;
  static constexpr auto shape() {
    return std::array{member<&GrowReply::branch>("Branch"), member<&GrowReply::parts>("parts")};
  }
};

constexpr std::string_view kErrors[] = {"NotFound", "Busy"};
constexpr Operation<GrowRequest, GrowReply> kGrow{.name = "Grow",
                                                  .errors = kErrors,
                                                  .doc = "Grows a tree.",
                                                  .path = "/trees/{Name}",
                                                  .success_status = 202};
constexpr Operation<Empty, Empty> kRest{.name = "Rest", .doc = "Does nothing."};

std::string page_of(std::vector<OperationInfo> operations, std::string_view prefix = {}) {
  return reference_page({.title = "Trees",
                         .introduction = "All about them.",
                         .target_prefix = prefix,
                         .operations = operations});
}

TEST(Reference, AnOperationIsWrittenMemberByMember) {
  EXPECT_EQ(page_of({describe(kGrow)}), R"(# Trees

All about them.

| operation | |
|---|---|
| [Grow](#grow) | Grows a tree. |

## Grow

Grows a tree.

`POST /trees/{Name}`, answered with 202

Request

| member | type | required | rules | |
|---|---|---|---|---|
| `Name` | string | yes | in the path; `a\|b` | One \| two. |
| `Colour` | string |  | `RED`, `GREEN` |  |
| `Tags` | map of string to string |  | 0 to 50 entries; keys of 1 to 128 characters; values of 0 to 256 characters |  |
| `Most` | integer |  | 1 to 10; in the query as `most` |  |

Reply

| member | type | required | rules | |
|---|---|---|---|---|
| `Branch` | [Branch](#branch) |  |  |  |
| `parts` | list of structure |  |  |  |
| `parts[].count` | long |  |  |  |

Errors: `NotFound`, `Busy`.

## Structures

### Branch

| member | type | required | rules | |
|---|---|---|---|---|
| `Leaves` | list of [Leaf](#leaf) |  | at least 1 elements |  |

### Leaf

| member | type | required | rules | |
|---|---|---|---|---|
| `Text` | string |  |  |  |
)");
}

TEST(Reference, AStructureUsedTwiceIsWrittenOnce) {
  const std::string page = page_of({describe(kGrow), describe(kGrow)});
  const std::size_t first = page.find("### Leaf\n");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(page.find("### Leaf\n", first + 1), std::string::npos);
}

TEST(Reference, AServiceCalledByTargetSaysHow) {
  const std::string page = page_of({describe(kRest)}, "Trees_2013");
  EXPECT_NE(page.find("`POST /` with `X-Amz-Target: Trees_2013.Rest`\n"), std::string::npos);
  EXPECT_NE(page.find("Request: no members.\n"), std::string::npos);
  EXPECT_EQ(page.find("Errors"), std::string::npos);
}

TEST(Reference, AReplyWithoutATableIsLeftToTheSentence) {
  OperationInfo operation = describe(kRest);
  operation.response = nullptr;
  EXPECT_EQ(page_of({operation}).find("Reply"), std::string::npos);
}

struct OtherLeaf {
  std::string colour;
  static constexpr std::string_view kShapeName = "Leaf";
  static constexpr auto shape() { return std::array{member<&OtherLeaf::colour>("Colour")}; }
};
constexpr Operation<Leaf, OtherLeaf> kConfused{.name = "Confused"};

TEST(ReferenceDeathTest, TwoStructuresOfOneNameMustBeTheSame) {
  EXPECT_DEATH(page_of({describe(kConfused)}), "structures of one name");
}

}  // namespace
}  // namespace penstock::shape
