#include "mapping/filter.h"

#include "mapping/errors.h"
#include "unit/mapping/items.h"

#include <gtest/gtest.h>

#include <vector>

namespace penstock::mapping {
namespace {

using test::context;
using test::item_at;

FilterSet compiled(const std::vector<std::string>& patterns) {
  Result<FilterSet> set = FilterSet::compile(patterns);
  EXPECT_TRUE(set.ok()) << patterns.front();
  return set.ok() ? std::move(set).value() : FilterSet();
}

struct Case {
  const char* name;
  const char* pattern;
  const char* data;
  bool matches;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.pattern << " on " << c.data; }

class FilterRules : public testing::TestWithParam<Case> {};

TEST_P(FilterRules, AcceptsOrRejects) {
  const Case& c = GetParam();
  EXPECT_EQ(compiled({c.pattern}).matches(item_at(1, c.data), context()), c.matches)
      << c.pattern << " on " << c.data;
}

std::string case_name(const testing::TestParamInfo<Case>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Equals, FilterRules,
    testing::Values(Case{"SameString", R"({"data":{"a":["x"]}})", R"({"a":"x"})", true},
                    Case{"OtherString", R"({"data":{"a":["x"]}})", R"({"a":"y"})", false},
                    Case{"NoCaseFolding", R"({"data":{"a":["x"]}})", R"({"a":"X"})", false},
                    Case{"NoSubstring", R"({"data":{"a":["x"]}})", R"({"a":"xx"})", false},
                    Case{"EmptyString", R"({"data":{"a":[""]}})", R"({"a":""})", true},
                    Case{"EmptyIsNotNull", R"({"data":{"a":[""]}})", R"({"a":null})", false},
                    Case{"NumberByItsText", R"({"data":{"a":[300]}})", R"({"a":300})", true},
                    Case{"NumberWithFraction", R"({"data":{"a":[300]}})", R"({"a":300.0})", false},
                    Case{"NumberWithExponent", R"({"data":{"a":[300]}})", R"({"a":3.0e2})", false},
                    Case{"NumberIsNoString", R"({"data":{"a":[300]}})", R"({"a":"300"})", false},
                    Case{"StringIsNoNumber", R"({"data":{"a":["300"]}})", R"({"a":300})", false},
                    Case{"True", R"({"data":{"a":[true]}})", R"({"a":true})", true},
                    Case{"TrueIsNotFalse", R"({"data":{"a":[true]}})", R"({"a":false})", false},
                    Case{"TrueIsNoString", R"({"data":{"a":[true]}})", R"({"a":"true"})", false},
                    Case{"Null", R"({"data":{"a":[null]}})", R"({"a":null})", true},
                    Case{"NullIsNotAbsence", R"({"data":{"a":[null]}})", R"({"b":1})", false},
                    Case{"NullIsNotFalse", R"({"data":{"a":[null]}})", R"({"a":false})", false},
                    Case{"EscapesAreRead", R"({"data":{"a":["é"]}})", R"({"a":"\u00e9"})", true},
                    Case{"LastOfRepeatedEventKeys", R"({"data":{"a":["x"]}})",
                         R"({"a":"y","a":"x"})", true},
                    Case{"LastOfRepeatedPatternKeys", R"({"data":{"a":["y"],"a":["x"]}})",
                         R"({"a":"y"})", false},
                    Case{"LastOfRepeatedPatternKeysHolds", R"({"data":{"a":["y"],"a":["x"]}})",
                         R"({"a":"x"})", true}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    AndOr, FilterRules,
    testing::Values(
        Case{"AllKeys", R"({"data":{"a":["x"],"b":[1]}})", R"({"a":"x","b":1,"c":2})", true},
        Case{"OneKeyOff", R"({"data":{"a":["x"],"b":[1]}})", R"({"a":"x","b":2})", false},
        Case{"OneKeyAbsent", R"({"data":{"a":["x"],"b":[1]}})", R"({"a":"x"})", false},
        Case{"FirstOfEntries", R"({"data":{"a":["x","y"]}})", R"({"a":"x"})", true},
        Case{"SecondOfEntries", R"({"data":{"a":["x","y"]}})", R"({"a":"y"})", true},
        Case{"NoneOfEntries", R"({"data":{"a":["x","y"]}})", R"({"a":"z"})", false},
        Case{"EntriesOfSeveralKinds", R"({"data":{"a":["x",{"prefix":"y"},{"numeric":[">",5]}]}})",
             R"({"a":6})", true},
        Case{"ChoiceFirst", R"({"data":{"$or":[{"a":["x"]},{"b":[1]}]}})", R"({"a":"x"})", true},
        Case{"ChoiceSecond", R"({"data":{"$or":[{"a":["x"]},{"b":[1]}]}})", R"({"b":1})", true},
        Case{"ChoiceNone", R"({"data":{"$or":[{"a":["x"]},{"b":[1]}]}})", R"({"a":"y","b":2})",
             false},
        Case{"ChoiceAndField", R"({"data":{"c":[0],"$or":[{"a":["x"]},{"b":[1]}]}})",
             R"({"a":"x","c":1})", false},
        Case{"ChoiceAtTheTop", R"({"$or":[{"data":{"a":["x"]}},{"partitionKey":["k"]}]})",
             R"({"a":"y"})", true},
        Case{"OrOfValuesIsAField", R"({"data":{"$or":["x"]}})", R"({"$or":"x"})", true}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Strings, FilterRules,
    testing::Values(
        Case{"IgnoreCase", R"({"data":{"a":[{"equals-ignore-case":"Alice"}]}})", R"({"a":"aLICE"})",
             true},
        Case{"IgnoreCaseOther", R"({"data":{"a":[{"equals-ignore-case":"Alice"}]}})",
             R"({"a":"alic"})", false},
        Case{"Prefix", R"({"data":{"a":[{"prefix":"us-"}]}})", R"({"a":"us-east-1"})", true},
        Case{"PrefixNotInside", R"({"data":{"a":[{"prefix":"us-"}]}})", R"({"a":"xus-"})", false},
        Case{"PrefixWantsAString", R"({"data":{"a":[{"prefix":"1"}]}})", R"({"a":12})", false},
        Case{"PrefixIgnoreCase", R"({"data":{"a":[{"prefix":{"equals-ignore-case":"US-"}}]}})",
             R"({"a":"us-east-1"})", true},
        Case{"Suffix", R"({"data":{"a":[{"suffix":".png"}]}})", R"({"a":"cat.png"})", true},
        Case{"SuffixNotInside", R"({"data":{"a":[{"suffix":".png"}]}})", R"({"a":"cat.png2"})",
             false},
        Case{"SuffixIgnoreCase", R"({"data":{"a":[{"suffix":{"equals-ignore-case":".PNG"}}]}})",
             R"({"a":"cat.png"})", true},
        Case{"Wildcard", R"({"data":{"a":[{"wildcard":"a*c*e"}]}})", R"({"a":"abcde"})", true},
        Case{"WildcardEmptyStar", R"({"data":{"a":[{"wildcard":"a*b"}]}})", R"({"a":"ab"})", true},
        Case{"WildcardPartsDoNotOverlap", R"({"data":{"a":[{"wildcard":"aa*aa"}]}})",
             R"({"a":"aaa"})", false},
        Case{"WildcardEnd", R"({"data":{"a":[{"wildcard":"*x"}]}})", R"({"a":"xy"})", false},
        Case{"WildcardAll", R"({"data":{"a":[{"wildcard":"*"}]}})", R"({"a":""})", true},
        Case{"WildcardEscapedStar", R"({"data":{"a":[{"wildcard":"a\\*b"}]}})", R"({"a":"axb"})",
             false},
        Case{"WildcardEscapedStarItself", R"({"data":{"a":[{"wildcard":"a\\*b"}]}})",
             R"({"a":"a*b"})", true},
        Case{"CidrInside", R"({"data":{"a":[{"cidr":"10.0.0.0/24"}]}})", R"({"a":"10.0.0.255"})",
             true},
        Case{"CidrOutside", R"({"data":{"a":[{"cidr":"10.0.0.0/24"}]}})", R"({"a":"10.0.1.0"})",
             false},
        Case{"CidrOddBits", R"({"data":{"a":[{"cidr":"10.0.0.128/25"}]}})", R"({"a":"10.0.0.127"})",
             false},
        Case{"CidrSixteenBytes", R"({"data":{"a":[{"cidr":"2001:db8::/32"}]}})",
             R"({"a":"2001:db8::1"})", true},
        Case{"CidrOfNoAddress", R"({"data":{"a":[{"cidr":"0.0.0.0/0"}]}})", R"({"a":"x"})", false}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Numeric, FilterRules,
    testing::Values(
        Case{"Equal", R"({"data":{"a":[{"numeric":["=",100]}]}})", R"({"a":1e2})", true},
        Case{"EqualOther", R"({"data":{"a":[{"numeric":["=",100]}]}})", R"({"a":100.5})", false},
        Case{"OfAString", R"({"data":{"a":[{"numeric":["=",100]}]}})", R"({"a":"100"})", false},
        Case{"LowerOpen", R"({"data":{"a":[{"numeric":[">",10]}]}})", R"({"a":10})", false},
        Case{"LowerClosed", R"({"data":{"a":[{"numeric":[">=",10]}]}})", R"({"a":10})", true},
        Case{"UpperOpen", R"({"data":{"a":[{"numeric":["<",10]}]}})", R"({"a":10})", false},
        Case{"UpperClosed", R"({"data":{"a":[{"numeric":["<=",10]}]}})", R"({"a":10})", true},
        Case{"BothInside", R"({"data":{"a":[{"numeric":[">",10,"<=",20]}]}})", R"({"a":20})", true},
        Case{"BothBelow", R"({"data":{"a":[{"numeric":[">",10,"<=",20]}]}})", R"({"a":10})", false},
        Case{"BothAbove", R"({"data":{"a":[{"numeric":[">",10,"<=",20]}]}})", R"({"a":20.01})",
             false},
        Case{"Negative", R"({"data":{"a":[{"numeric":["<",0]}]}})", R"({"a":-0.5})", true}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    AnythingBut, FilterRules,
    testing::Values(
        Case{"OneOther", R"({"data":{"a":[{"anything-but":"x"}]}})", R"({"a":"y"})", true},
        Case{"OneSame", R"({"data":{"a":[{"anything-but":"x"}]}})", R"({"a":"x"})", false},
        Case{"ListOther", R"({"data":{"a":[{"anything-but":["x","y"]}]}})", R"({"a":"z"})", true},
        Case{"ListSame", R"({"data":{"a":[{"anything-but":["x","y"]}]}})", R"({"a":"y"})", false},
        Case{"Numbers", R"({"data":{"a":[{"anything-but":[100,200]}]}})", R"({"a":200})", false},
        Case{"OtherNumber", R"({"data":{"a":[{"anything-but":100}]}})", R"({"a":101})", true},
        Case{"FieldMustExist", R"({"data":{"a":[{"anything-but":"x"}]}})", R"({"b":"y"})", false},
        Case{"Prefix", R"({"data":{"a":[{"anything-but":{"prefix":"in"}}]}})", R"({"a":"init"})",
             false},
        Case{"OtherPrefix", R"({"data":{"a":[{"anything-but":{"prefix":"in"}}]}})",
             R"({"a":"out"})", true},
        Case{"Suffixes", R"({"data":{"a":[{"anything-but":{"suffix":[".a",".b"]}}]}})",
             R"({"a":"x.b"})", false},
        Case{"IgnoreCase", R"({"data":{"a":[{"anything-but":{"equals-ignore-case":["X"]}}]}})",
             R"({"a":"x"})", false},
        Case{"Wildcard", R"({"data":{"a":[{"anything-but":{"wildcard":"*/lib/*"}}]}})",
             R"({"a":"usr/lib/x"})", false}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Exists, FilterRules,
    testing::Values(
        Case{"There", R"({"data":{"a":[{"exists":true}]}})", R"({"a":null})", true},
        Case{"NotThere", R"({"data":{"a":[{"exists":true}]}})", R"({"b":1})", false},
        Case{"ObjectIsNoLeaf", R"({"data":{"a":[{"exists":true}]}})", R"({"a":{"b":1}})", false},
        Case{"AbsentHolds", R"({"data":{"a":[{"exists":false}]}})", R"({"b":1})", true},
        Case{"AbsentFails", R"({"data":{"a":[{"exists":false}]}})", R"({"a":0})", false},
        Case{"AbsentWithItsParent", R"({"data":{"a":{"b":[{"exists":false}]}}})", R"({"c":1})",
             true},
        Case{"AbsentInAScalar", R"({"data":{"a":{"b":[{"exists":false}]}}})", R"({"a":1})", true},
        Case{"AbsentNextToAValue", R"({"data":{"a":[{"exists":false},"x"]}})", R"({"a":"x"})",
             true},
        Case{"AbsentNextToAnotherValue", R"({"data":{"a":[{"exists":false},"x"]}})", R"({"a":"y"})",
             false}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Nesting, FilterRules,
    testing::Values(
        Case{"Deep", R"({"data":{"a":{"b":{"c":["x"]}}}})", R"({"a":{"b":{"c":"x"}}})", true},
        Case{"WrongDepth", R"({"data":{"a":{"b":["x"]}}})", R"({"a":"x"})", false},
        Case{"ElementOfAList", R"({"data":{"a":["x"]}})", R"({"a":["w","x"]})", true},
        Case{"NoElementOfAList", R"({"data":{"a":["x"]}})", R"({"a":["w","y"]})", false},
        Case{"ListInAList", R"({"data":{"a":["x"]}})", R"({"a":[["x"]]})", true},
        Case{"EmptyList", R"({"data":{"a":[{"exists":true}]}})", R"({"a":[]})", false},
        Case{"ObjectInAList", R"({"data":{"a":{"b":[1],"c":[2]}}})",
             R"({"a":[{"b":0},{"b":1,"c":2}]})", true},
        Case{"NotAcrossObjectsOfAList", R"({"data":{"a":{"b":[1],"c":[2]}}})",
             R"({"a":[{"b":1},{"c":2}]})", false}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    WholeData, FilterRules,
    testing::Values(
        Case{"NoJson", R"({"data":{"a":["x"]}})", "plain words", false},
        Case{"NoJsonAndAbsence", R"({"data":{"a":[{"exists":false}]}})", "plain words", false},
        Case{"Empty", R"({"data":{"a":[{"exists":false}]}})", "", false},
        Case{"Number", R"({"data":{"a":[{"exists":false}]}})", "5", false},
        Case{"List", R"({"data":{"a":["x"]}})", R"([{"a":"x"}])", false},
        Case{"JsonBehindSpaces", R"({"data":{"a":["x"]}})", " {\"a\" : \"x\"}\n", true},
        Case{"TwoValues", R"({"data":{"a":["x"]}})", R"({"a":"x"}{"a":"x"})", false},
        Case{"InvalidUtf8", R"({"data":{"a":["x"]}})", "{\"a\":\"x\",\"b\":\"\xff\"}", false}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Metadata, FilterRules,
    testing::Values(
        Case{"PartitionKey", R"({"partitionKey":["k"]})", "no json", true},
        Case{"OtherPartitionKey", R"({"partitionKey":["K"]})", "no json", false},
        Case{"EventSource", R"({"eventSource":["aws:kinesis"]})", "no json", true},
        Case{"Region", R"({"awsRegion":[{"prefix":"us-"}]})", "no json", true},
        Case{"EventId", R"({"eventID":[{"prefix":"shardId-000000000000:"}]})", "no json", true},
        Case{"Arrival", R"({"approximateArrivalTimestamp":[{"numeric":["<",1790000061]}]})",
             "no json", true},
        Case{"WithData", R"({"partitionKey":["k"],"data":{"a":["x"]}})", R"({"a":"x"})", true},
        Case{"WithOtherData", R"({"partitionKey":["k"],"data":{"a":["x"]}})", "no json", false},
        Case{"NeverThere", R"({"encryptionType":[{"exists":false}]})", "no json", true}),
    case_name);

TEST(FilterSet, OfNoPatternsPassesEverything) {
  const Result<FilterSet> set = FilterSet::compile({});
  ASSERT_TRUE(set.ok());
  EXPECT_TRUE(set->empty());
  EXPECT_TRUE(set->matches(item_at(1, "no json"), context()));
}

TEST(FilterSet, PassesWhatAnyOfItsPatternsMatches) {
  const FilterSet set = compiled({R"({"data":{"a":["x"]}})", R"({"data":{"b":["y"]}})"});
  EXPECT_TRUE(set.matches(item_at(1, R"({"a":"x"})"), context()));
  EXPECT_TRUE(set.matches(item_at(1, R"({"b":"y"})"), context()));
  EXPECT_FALSE(set.matches(item_at(1, R"({"a":"y","b":"x"})"), context()));
}

/// {"a":"x", member: [so many zeros]}
std::string with_numbers(const std::string& member, std::size_t count) {
  std::string text = R"({"a":"x",")" + member + "\":[0";
  for (std::size_t i = 1; i < count; ++i) text += ",0";
  return text + "]}";
}

TEST(FilterSet, HoldsOnlyWhatPatternsNameOfARecord) {
  const FilterSet set = compiled({R"({"data":{"a":["x"],"b":[{"exists":false}]}})"});
  EXPECT_TRUE(set.matches(item_at(1, with_numbers("c", 500'000)), context()));
  EXPECT_FALSE(set.matches(item_at(1, with_numbers("c", 500'000) + "?"), context()));
}

TEST(FilterSet, DataWithMoreNamedValuesThanMayBeHeldIsNoJson) {
  const FilterSet on_data = compiled({R"({"data":{"a":["x"]}})", R"({"data":{"b":[1]}})"});
  EXPECT_TRUE(on_data.matches(item_at(1, with_numbers("b", 30'000)), context()));
  EXPECT_FALSE(on_data.matches(item_at(1, with_numbers("b", 40'000)), context()));
  const FilterSet on_metadata =
      compiled({R"({"data":{"b":[1]}})", R"({"eventSource":["aws:kinesis"]})"});
  EXPECT_TRUE(on_metadata.matches(item_at(1, with_numbers("b", 40'000)), context()));
}

class RefusedPattern : public testing::TestWithParam<const char*> {};

TEST_P(RefusedPattern, IsNoFilterPatternDefinition) {
  const std::vector<std::string> patterns{R"({"data":{"a":["x"]}})", GetParam()};
  const Result<FilterSet> set = FilterSet::compile(patterns);
  ASSERT_FALSE(set.ok());
  EXPECT_TRUE(set.error().code == MappingErrc::kInvalidParameter);
  EXPECT_EQ(set.error().message, "Invalid filter pattern definition.");
}

INSTANTIATE_TEST_SUITE_P(Form, RefusedPattern,
                         testing::Values("", "null", "5", "\"data\"", "[]",
                                         R"([{"data":{"a":["x"]}}])", "{", "{}", R"({"data":"x"})",
                                         R"({"data":5})", R"({"data":null})", R"({"data":{}})",
                                         R"({"data":[]})", R"({"data":{"a":"x"}})",
                                         R"({"data":{"a":[]}})", R"({"data":{"a":{}}})",
                                         R"({"data":{"a":[["x"]]}})"));

INSTANTIATE_TEST_SUITE_P(
    Rules, RefusedPattern,
    testing::Values(
        R"({"data":{"a":[{}]}})", R"({"data":{"a":[{"begins":"x"}]}})",
        R"({"data":{"a":[{"prefix":"x","suffix":"y"}]}})", R"({"data":{"a":[{"prefix":5}]}})",
        R"({"data":{"a":[{"suffix":["x"]}]}})", R"({"data":{"a":[{"equals-ignore-case":1}]}})",
        R"({"data":{"a":[{"exists":"true"}]}})", R"({"data":{"a":[{"numeric":5}]}})",
        R"({"data":{"a":[{"numeric":[]}]}})", R"({"data":{"a":[{"numeric":["="]}]}})",
        R"({"data":{"a":[{"numeric":["==",5]}]}})", R"({"data":{"a":[{"numeric":["=","5"]}]}})",
        R"({"data":{"a":[{"numeric":[">",5,">",6]}]}})",
        R"({"data":{"a":[{"numeric":["<",5,"<",6]}]}})",
        R"({"data":{"a":[{"numeric":["=",5,"<",6]}]}})",
        R"({"data":{"a":[{"numeric":[">",6,"<",5]}]}})",
        R"({"data":{"a":[{"numeric":[">",5,"<",5]}]}})",
        R"({"data":{"a":[{"numeric":["=",5000000001]}]}})",
        R"({"data":{"a":[{"anything-but":[]}]}})", R"({"data":{"a":[{"anything-but":null}]}})",
        R"({"data":{"a":[{"anything-but":["x",5]}]}})",
        R"({"data":{"a":[{"anything-but":{"exists":true}}]}})",
        R"({"data":{"a":[{"anything-but":{"prefix":[]}}]}})",
        R"({"data":{"a":[{"wildcard":"a**b"}]}})", R"({"data":{"a":[{"wildcard":"a\\b"}]}})",
        R"({"data":{"a":[{"wildcard":"a\\"}]}})", R"({"data":{"a":[{"cidr":"10.0.0.0/33"}]}})",
        R"({"data":{"a":[{"cidr":"ten"}]}})", R"({"data":{"a":[{"cidr":"10.0.0.0/"}]}})",
        R"({"$or":[{"data":{"a":["x"]}},{"data":5}]})"));

TEST(FilterSet, HoldsAtMostTenPatterns) {
  const std::vector<std::string> eleven(11, R"({"data":{"a":["x"]}})");
  EXPECT_TRUE(FilterSet::compile(std::span(eleven).first(10)).ok());
  const Result<FilterSet> set = FilterSet::compile(eleven);
  ASSERT_FALSE(set.ok());
  EXPECT_TRUE(set.error().code == MappingErrc::kInvalidParameter);
}

}  // namespace
}  // namespace penstock::mapping
