#include "base/hex.h"
#include "shape/errors.h"
#include "shape/json.h"
#include "shape/json_text.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace penstock::shape {
namespace {

struct Inner {
  std::optional<std::string> key;
  std::optional<Blob> data;
  static constexpr std::string_view kShapeName = "Inner";
  static constexpr auto shape() {
    return std::array{
        member<&Inner::key>("Key", {required, length(1, 4)}),
        member<&Inner::data>("Data", {required, sensitive, length(0, 8)}),
    };
  }
};

bool is_name(std::string_view text) {
  return !text.empty() && text.find_first_not_of("abcdefgh0123456789_.-") == text.npos;
}
constexpr std::array<std::string_view, 3> kColours{"RED", "GREEN", "BLUE"};

struct Everything {
  std::optional<bool> flag;
  std::optional<std::int32_t> count;
  std::optional<std::int64_t> total;
  std::optional<double> ratio;
  std::optional<std::string> name;
  std::optional<Blob> blob;
  std::optional<Timestamp> at;
  std::optional<RawJson> raw;
  std::optional<std::vector<Inner>> list;
  std::optional<std::vector<std::string>> keys;
  std::optional<std::map<std::string, std::string>> tags;
  std::optional<Inner> inner;
  std::optional<std::string> colour;
  std::optional<std::vector<std::string>> colours;
  static constexpr auto shape() {
    using Self = Everything;
    return std::array{
        member<&Self::flag>("Flag"),
        member<&Self::count>("Count", {range(1, 100)}),
        member<&Self::total>("Total", {range(0, kNoLimit)}),
        member<&Self::ratio>("Ratio"),
        member<&Self::name>("Name", {pattern("[a-h0-9_.-]+", &is_name), length(1, 5)}),
        member<&Self::blob>("Blob", {length(1, 4)}),
        member<&Self::at>("At"),
        member<&Self::raw>("Raw"),
        member<&Self::list>("List", {length(1, 2)}),
        member<&Self::keys>("Keys", {length(1, 2), element_length(1, 3)}),
        member<&Self::tags>("Tags", {length(1, 3), key_length(1, 3), value_length(0, 2)}),
        member<&Self::inner>("Inner"),
        member<&Self::colour>("Colour", {one_of(kColours)}),
        member<&Self::colours>("Colours", {one_of(kColours)}),
    };
  }
};

struct Pair {
  std::string in;
  std::string text;
};

class Coercion : public testing::TestWithParam<Pair> {};
TEST_P(Coercion, FailsInAwsWords) {
  const auto read = from_json<Everything>(GetParam().in);
  ASSERT_FALSE(read.ok()) << GetParam().in;
  EXPECT_EQ(read.error().code, ShapeErrc::kSerialization);
  EXPECT_EQ(read.error().message, GetParam().text);
}

constexpr const char* kBigNumber =
    "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to ";
INSTANTIATE_TEST_SUITE_P(
    All, Coercion,
    testing::Values(
        Pair{R"({"Name":true})", "class java.lang.Boolean can not be converted to an String"},
        Pair{R"({"Name":1})", std::string(kBigNumber) + "an String"},
        Pair{R"({"Name":[]})", "Start of list found where not expected"},
        Pair{R"({"Name":{}})", "Start of structure or map found where not expected."},
        Pair{R"({"Count":"1"})", "class java.lang.String can not be converted to an Integer"},
        Pair{R"({"Count":false})", "class java.lang.Boolean can not be converted to an Integer"},
        Pair{R"({"Total":"1"})", "class java.lang.String can not be converted to an Long"},
        Pair{R"({"Count":[1]})", "Start of list found where not expected"},
        Pair{R"({"Flag":1})", std::string(kBigNumber) + "an Boolean"},
        Pair{R"({"Flag":"maybe"})", "'MAYBE' can not be converted to an Boolean"},
        Pair{R"({"Blob":true})", "class java.lang.Boolean can not be converted to a Blob"},
        Pair{R"({"Blob":3})", std::string(kBigNumber) + "a Blob"},
        Pair{R"({"Blob":"23456"})",
             "'23456' can not be converted to a Blob: Base64 encoded length is expected a multiple "
             "of 4 bytes but found: 5"},
        Pair{R"({"Blob":"=+/="})",
             "'=+/=' can not be converted to a Blob: Invalid Base64 character: '='"},
        Pair{R"({"Blob":"+/+="})",
             "'+/+=' can not be converted to a Blob: Invalid last non-pad Base64 character "
             "dectected"},
        Pair{R"({"At":"x"})",
             "class java.lang.String can not be converted to milliseconds since epoch"},
        Pair{R"({"At":true})",
             "class java.lang.Boolean can not be converted to milliseconds since epoch"},
        Pair{R"({"List":1})", "Expected list or null"},
        Pair{R"({"List":{}})", "Start of structure or map found where not expected."},
        Pair{R"({"Tags":"x"})", "Expected map or null"},
        Pair{R"({"Tags":[]})", "Start of list found where not expected"},
        Pair{R"({"Inner":5})", "Expected null"},
        Pair{R"({"Inner":[]})", "Start of list found where not expected"},
        Pair{R"({"List":[{"Key":"a"},{"Key":3}]})", std::string(kBigNumber) + "an String"},
        Pair{R"({"Tags":{"a":1}})", std::string(kBigNumber) + "an String"},
        // Declaration order decides, not the order on the wire.
        Pair{R"({"Name":1,"Count":"x"})",
             "class java.lang.String can not be converted to an Integer"},
        Pair{R"([])", "Start of list found where not expected"}, Pair{"{", ""}, Pair{"", ""}));

TEST(Read, FloorsAndSaturatesIntegersAndTakesWordsForBooleans) {
  const auto read = from_json<Everything>(
      R"({"Flag":"yEs","Count":100000000000,"Total":2.9,"Name":null,"Unknown":[{"x":1}]})");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->flag, true);
  EXPECT_EQ(read->count, 2147483647);
  EXPECT_EQ(read->total, 2);
  EXPECT_FALSE(read->name.has_value());
}

TEST(Read, TimestampsAreSecondsInJsonAndMillisecondsInCbor) {
  EXPECT_EQ(from_json<Everything>(R"({"At":1700000000.5})")->at->millis, 1700000000500);
  EXPECT_EQ(from_json<Everything>(R"({"At":1700000000})")->at->millis, 1700000000000);
  EXPECT_EQ(from_json<Everything>(R"({"At":1506440188.749})")->at->millis, 1506440188749);
  EXPECT_EQ(from_json<Everything>(R"({"At":1506440188.749999})")->at->millis, 1506440188749)
      << "a moment that has been is not one to come";
  EXPECT_EQ(from_json<Everything>(R"({"At":-0.0005})")->at->millis, -1);
  const auto cbor = [](std::string_view hex) {
    return from_cbor<Everything>(*hex_decode(hex))->at->millis;
  };
  EXPECT_EQ(cbor("bf624174c11b0000018bcfe575acff"), 1700000003500);
  EXPECT_EQ(cbor("a16241741b0000018bcfe575ac"), 1700000003500);
  EXPECT_EQ(cbor("a1624174fb41d954fc40e00000"), 1700000003500) << "a float is seconds";
}

TEST(Read, CborBlobsAreByteStringsAndBase64TextIsTakenToo) {
  EXPECT_EQ(from_cbor<Everything>(*hex_decode("a164426c6f62426869"))->blob->bytes, "hi");
  EXPECT_EQ(from_cbor<Everything>(*hex_decode("a164426c6f62"
                                              "6461476b3d"))
                ->blob->bytes,
            "hi");
}

TEST(Read, PlacesGivenAsText) {
  std::int32_t number = 0;
  ASSERT_TRUE(read_text("12", *type_of<std::int32_t>(), &number).ok());
  EXPECT_EQ(number, 12);
  EXPECT_FALSE(read_text("x", *type_of<std::int32_t>(), &number).ok());
  bool flag = false;
  ASSERT_TRUE(read_text("true", *type_of<bool>(), &flag).ok());
  EXPECT_TRUE(flag);
  std::vector<std::string> list;
  ASSERT_TRUE(read_text("a", *type_of<std::vector<std::string>>(), &list).ok());
  ASSERT_TRUE(read_text("b", *type_of<std::vector<std::string>>(), &list).ok());
  EXPECT_EQ(list, (std::vector<std::string>{"a", "b"}));
}

class Violation : public testing::TestWithParam<Pair> {};
TEST_P(Violation, IsToldInAwsWords) {
  const auto read = from_json<Everything>(GetParam().in);
  ASSERT_TRUE(read.ok()) << GetParam().in;
  const Status checked = check(*read);
  if (GetParam().text.empty()) {
    EXPECT_TRUE(checked.ok()) << checked.error().message;
    return;
  }
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code, ShapeErrc::kValidation);
  EXPECT_EQ(checked.error().message, GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    All, Violation,
    testing::Values(
        Pair{"{}", ""}, Pair{R"({"Count":1,"Name":"abcde","Tags":{"abc":""}})", ""},
        Pair{R"({"Count":0})",
             "1 validation error detected: Value '0' at 'count' failed to satisfy constraint: "
             "Member must have value greater than or equal to 1"},
        Pair{R"({"Count":101})",
             "1 validation error detected: Value '101' at 'count' failed to satisfy constraint: "
             "Member must have value less than or equal to 100"},
        Pair{R"({"Count":0,"Name":""})",
             "3 validation errors detected: Value '0' at 'count' failed to satisfy constraint: "
             "Member must have value greater than or equal to 1; Value '' at 'name' failed to "
             "satisfy constraint: Member must satisfy regular expression pattern: [a-h0-9_.-]+; "
             "Value '' at 'name' failed to satisfy constraint: Member must have length greater "
             "than or equal to 1"},
        Pair{R"({"Name":"abcdef"})",
             "1 validation error detected: Value 'abcdef' at 'name' failed to satisfy constraint: "
             "Member must have length less than or equal to 5"},
        Pair{R"({"Blob":""})",
             "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=0 cap=0]' at "
             "'blob' failed to satisfy constraint: Member must have length greater than or equal "
             "to 1"},
        Pair{R"({"Blob":"YWJjZGU="})",
             "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=5 cap=5]' at "
             "'blob' failed to satisfy constraint: Member must have length less than or equal to "
             "4"},
        Pair{R"({"Keys":[]})",
             "1 validation error detected: Value '[]' at 'keys' failed to satisfy constraint: "
             "Member must have length greater than or equal to 1"},
        Pair{R"({"Keys":["a","abcd"]})",
             "1 validation error detected: Value '[a, abcd]' at 'keys' failed to satisfy "
             "constraint: Member must satisfy constraint: [Member must have length less than or "
             "equal to 3, Member must have length greater than or equal to 1]"},
        Pair{R"({"Tags":{}})",
             "1 validation error detected: Value '{}' at 'tags' failed to satisfy constraint: "
             "Member must have length greater than or equal to 1"},
        Pair{R"({"Tags":{"b":"2","abcd":"1"}})",
             "1 validation error detected: Value '{abcd=1, b=2}' at 'tags' failed to satisfy "
             "constraint: Map keys must satisfy constraint: [Member must have length less than or "
             "equal to 3, Member must have length greater than or equal to 1]"},
        Pair{R"({"Tags":{"a":"123"}})",
             "1 validation error detected: Value '{a=123}' at 'tags' failed to satisfy "
             "constraint: Map value must satisfy constraint: [Member must have length less than or "
             "equal to 2, Member must have length greater than or equal to 0]"},
        Pair{R"({"Inner":{"Data":""}})",
             "1 validation error detected: Value null at 'inner.key' failed to satisfy "
             "constraint: Member must not be null"},
        Pair{R"({"List":[{"Key":"a","Data":""},{"Key":"abcde"}]})",
             "2 validation errors detected: Value 'abcde' at 'list.2.member.key' failed to satisfy "
             "constraint: Member must have length less than or equal to 4; Value null at "
             "'list.2.member.data' failed to satisfy constraint: Member must not be null"},
        Pair{R"({"List":[{"Key":"a","Data":"YWJjZGVmZ2hp"}]})",
             "1 validation error detected: Value at 'list.1.member.data' failed to satisfy "
             "constraint: Member must have length less than or equal to 8"},
        Pair{R"({"List":[{"Key":"a","Data":""},{"Key":"a","Data":""},{"Key":"a","Data":""}]})",
             "1 validation error detected: Value at 'list' failed to satisfy constraint: Member "
             "must have length less than or equal to 2"},
        Pair{R"({"Colour":"PINK"})",
             "1 validation error detected: Value 'PINK' at 'colour' failed to satisfy constraint: "
             "Member must satisfy enum value set: [RED, GREEN, BLUE]"},
        Pair{R"({"Colours":["RED","PINK"]})",
             "1 validation error detected: Value '[RED, PINK]' at 'colours' failed to satisfy "
             "constraint: Member must satisfy constraint: [Member must satisfy enum value set: "
             "[RED, GREEN, BLUE], Member must not be null]"}));

TEST(Check, ListsTenViolationsAndNoMore) {
  Everything value;
  value.list.emplace(12);
  const Status checked = check(value);
  ASSERT_FALSE(checked.ok());
  const std::string& text = checked.error().message;
  EXPECT_TRUE(text.starts_with("10 validation errors detected: Value at 'list' failed")) << text;
  EXPECT_EQ(text.find("list.6"), text.npos) << text;
}

TEST(Check, CountsCharactersAndNotBytes) {
  EXPECT_EQ(character_count("abc"), 3u);
  EXPECT_EQ(character_count("\xC3\xA9\xE2\x82\xAC"), 2u);
  EXPECT_EQ(character_count("\xF0\x9F\x98\x80"), 2u) << "a surrogate pair in Java";
  Everything value;
  value.inner = Inner{.key = "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", .data = Blob{}};
  EXPECT_TRUE(check(value).ok());
}

Everything full() {
  return Everything{.flag = true,
                    .count = 7,
                    .total = -1,
                    .ratio = 0.1,
                    .name = "a\"b\n",
                    .blob = Blob{"hi"},
                    .at = Timestamp{1700000003500},
                    .raw = RawJson{R"({"x":[1,null]})"},
                    .list = std::vector<Inner>{{.key = "k", .data = Blob{}}},
                    .keys = std::vector<std::string>{},
                    .tags = std::map<std::string, std::string>{{"b", "2"}, {"a", "1"}},
                    .inner = Inner{}};
}

TEST(WriteJson, IsCompactInTableOrderWithoutAbsentMembers) {
  EXPECT_EQ(to_json(full()),
            R"({"Flag":true,"Count":7,"Total":-1,"Ratio":0.1,"Name":"a\"b\n","Blob":"aGk=",)"
            R"("At":1700000003.5,"Raw":{"x":[1,null]},"List":[{"Key":"k","Data":""}],"Keys":[],)"
            R"("Tags":{"a":"1","b":"2"},"Inner":{}})");
}

TEST(WriteJson, ReadsBackEqualInBothEncodings) {
  const std::string json = to_json(full());
  EXPECT_EQ(to_json(*from_json<Everything>(json)), json);
  EXPECT_EQ(to_json(*from_cbor<Everything>(to_cbor(full()))), json);
}

struct SecondsCase {
  std::int64_t millis;
  std::string text;
};
class Seconds : public testing::TestWithParam<SecondsCase> {};
TEST_P(Seconds, ArePlainDecimalsWithAFraction) {
  std::string out;
  append_json_seconds(out, GetParam().millis);
  EXPECT_EQ(out, GetParam().text);
}
INSTANTIATE_TEST_SUITE_P(All, Seconds,
                         testing::Values(SecondsCase{0, "0.0"}, SecondsCase{1, "0.001"},
                                         SecondsCase{10, "0.01"}, SecondsCase{-1, "-0.001"},
                                         SecondsCase{1700000000000, "1700000000.0"},
                                         SecondsCase{1506440188749, "1506440188.749"},
                                         SecondsCase{1700000003050, "1700000003.05"}));

// Kinesis' own replies as CBOR (observed layouts: indefinite maps and lists, tag 1 in ms).
struct PutReply {
  std::string shard_id;
  std::string sequence_number;
  static constexpr auto shape() {
    return std::array{member<&PutReply::shard_id>("ShardId"),
                      member<&PutReply::sequence_number>("SequenceNumber")};
  }
};

TEST(WriteCbor, IsByteForByteWhatKinesisAnswers) {
  EXPECT_EQ(
      hex_encode(to_cbor(PutReply{"shardId-000000000000",
                                  "49646437577108476416916876405827138351405044511608406018"})),
      "bf675368617264496474736861726449642d3030303030303030303030306e53657175656e63654e756d62"
      "6572783834393634363433373537373130383437363431363931363837363430353832373133383335313430"
      "35303434353131363038343036303138ff");
}

TEST(JsonText, EscapesWhatMustBeEscapedAtEveryPlaceOfEveryLength) {
  // The text is looked at 16 bytes at a time, and its rest in other ways.
  const std::map<char, std::string> written{{'"', "\\\""},       {'\\', "\\\\"},    {'\n', "\\n"},
                                            {'\x1F', "\\u001F"}, {'\0', "\\u0000"}, {' ', " "},
                                            {'\x7F', "\x7F"},    {'\xC3', "\xC3"}};
  for (const auto& [special, escaped] : written) {
    for (std::size_t size = 1; size <= 50; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string text(size, 'x');
        text[at] = special;
        text.back() = special;  // The second one must be found behind the first.
        std::string expected = "\"";
        for (const char c : text) expected += c == special ? escaped : std::string(1, c);
        std::string out;
        append_json_string(out, text);
        ASSERT_EQ(out, expected + "\"") << "size " << size << ", at " << at;
      }
    }
  }
}

TEST(JsonText, PutsCommasByItself) {
  std::string out = "x:";
  JsonText json(out);
  json.begin_object().key("a").number(1).key("b").begin_list().text("{").text("[").end_list();
  json.key("c").begin_object().end_object().key("d").boolean(false).end_object();
  EXPECT_EQ(out, R"(x:{"a":1,"b":["{","["],"c":{},"d":false})");
}

}  // namespace
}  // namespace penstock::shape
