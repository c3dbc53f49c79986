#include "shape/document.h"

#include "base/hex.h"
#include "shape/cbor_text.h"

#include <cbor.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <random>
#include <string>

namespace penstock::shape {
namespace {

std::string bytes_of(std::string_view hex) { return hex_decode(hex).value(); }

/// simdjson's other parser: it validates everything up front. It refuses integers beyond 64 bits.
bool dom_accepts(const std::string& text) {
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  return parser.parse(text).get(element) == simdjson::SUCCESS;
}

struct JsonCase {
  std::string text;
  std::string compact;  ///< Empty: refused.
};
class ParseJson : public testing::TestWithParam<JsonCase> {};

TEST_P(ParseJson, KeepsTheValueOrRefusesIt) {
  const auto parsed = parse_json(GetParam().text);
  ASSERT_EQ(parsed.ok(), !GetParam().compact.empty()) << GetParam().text;
  if (parsed.ok()) EXPECT_EQ(parsed->to_json(), GetParam().compact);
}

INSTANTIATE_TEST_SUITE_P(
    All, ParseJson,
    testing::Values(
        JsonCase{"{}", "{}"}, JsonCase{" { \"a\" : [ 1 , 2.50 , -0 ] } ", R"({"a":[1,2.50,-0]})"},
        JsonCase{"null", "null"}, JsonCase{"true", "true"}, JsonCase{" 12 ", "12"},
        JsonCase{R"("a\u00e9\n\"")", "\"a\xC3\xA9\\n\\\"\""},
        JsonCase{R"("\ud83d\ude00")", "\"\xF0\x9F\x98\x80\""},
        JsonCase{"123456789012345678901234567890", "123456789012345678901234567890"},
        JsonCase{"[1e400,-1e400,1e-400]", "[1e400,-1e400,1e-400]"},
        JsonCase{R"({"a":1,"a":2})", R"({"a":1,"a":2})"},
        JsonCase{R"({"":{"":[]}})", R"({"":{"":[]}})"}, JsonCase{R"("a,b[]{}")", R"("a,b[]{}")"},
        JsonCase{"\"\\u0001\\u001F/\"", "\"\\u0001\\u001F/\""}, JsonCase{"", ""},
        JsonCase{"   ", ""}, JsonCase{"{", ""}, JsonCase{"[1,]", ""}, JsonCase{"[1 2]", ""},
        JsonCase{"{\"a\":1,}", ""}, JsonCase{"{\"a\" 1}", ""}, JsonCase{"{a:1}", ""},
        JsonCase{"[01]", ""}, JsonCase{"[1.]", ""}, JsonCase{"[.5]", ""}, JsonCase{"[+1]", ""},
        JsonCase{"[1e]", ""}, JsonCase{"[nul]", ""}, JsonCase{"[nulll]", ""}, JsonCase{"1],[2", ""},
        JsonCase{"\"a\"],[\"b\"", ""}, JsonCase{"\"a\",\"b\"", ""}, JsonCase{"1 2", ""},
        JsonCase{"{}{}", ""}, JsonCase{"{} x", ""}, JsonCase{"[]]", ""}, JsonCase{"\"\xC3\"", ""},
        JsonCase{"\"\xED\xA0\x80\"", ""}, JsonCase{R"("\x")", ""}, JsonCase{R"("\ud800")", ""},
        JsonCase{"[1:2]", ""}, JsonCase{"{\"a\":}", ""}, JsonCase{"\"a\nb\"", ""},
        JsonCase{"'a'", ""}, JsonCase{"NaN", ""}, JsonCase{"-", ""}));

TEST(ParseJsonOracle, AcceptsExactlyWhatSimdjsonsDomAcceptsAfterRandomDamage) {
  const std::string seeds[] = {
      R"({"StreamName":"s","Records":[{"Data":"aGk=","PartitionKey":"a"},{"Data":"","Flag":true}]})",
      R"([1,-2.5e10,null,true,false,"x\u0041",{"a":{"b":[[],{}]}}])", R"("text")", "12.5",
      R"({"a" : [ 1 , 2 ] , "b" : null })"};
  constexpr char kDamage[] = "{}[],:\"\\ 0129.eE+-ntfu\n\x80";
  std::mt19937 random(7);
  int refused = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string text = seeds[random() % std::size(seeds)];
    for (unsigned change = random() % 3; change > 0 && !text.empty(); --change) {
      const std::size_t at = random() % text.size();
      const char c = kDamage[random() % (sizeof kDamage - 1)];
      switch (random() % 3) {
        case 0: text[at] = c; break;
        case 1: text.insert(at, 1, c); break;
        default: text.erase(at, 1); break;
      }
    }
    const bool expected = dom_accepts(text);
    refused += !expected;
    ASSERT_EQ(parse_json(text).ok(), expected) << text;
  }
  EXPECT_GT(refused, 1000);
}

TEST(ParseJson, StopsAtTheDepthLimitAndNotBefore) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parse_json(nested(kMaxDepth)).ok());
  EXPECT_FALSE(parse_json(nested(kMaxDepth + 1)).ok());
  EXPECT_FALSE(parse_json(nested(100'000)).ok());
}

TEST(Document, NumbersFloorAndSaturate) {
  const auto integer = [](std::string_view text) { return parse_json(text)->integer; };
  EXPECT_EQ(integer("2.9"), 2);
  EXPECT_EQ(integer("-2.1"), -3);
  EXPECT_EQ(integer("1e3"), 1000);
  EXPECT_EQ(integer("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(integer("9223372036854775808"), INT64_MAX);
  EXPECT_EQ(integer("-1e400"), INT64_MIN);
  EXPECT_EQ(integer("1e-400"), 0);
}

TEST(Document, FindGivesTheLastOfRepeatedMembers) {
  const auto parsed = parse_json(R"({"a":1,"b":2,"a":3})");
  EXPECT_EQ(parsed->find("a")->integer, 3);
  EXPECT_EQ(parsed->find("c"), nullptr);
}

struct CborCase {
  std::string hex;
  std::string json;  ///< Empty: refused.
};
class ParseCbor : public testing::TestWithParam<CborCase> {};

TEST_P(ParseCbor, KeepsTheValueOrRefusesIt) {
  const auto parsed = parse_cbor(bytes_of(GetParam().hex));
  ASSERT_EQ(parsed.ok(), !GetParam().json.empty()) << GetParam().hex;
  if (parsed.ok()) EXPECT_EQ(parsed->to_json(), GetParam().json);
}

INSTANTIATE_TEST_SUITE_P(
    All, ParseCbor,
    testing::Values(CborCase{"00", "0"}, CborCase{"17", "23"}, CborCase{"1818", "24"},
                    CborCase{"190100", "256"}, CborCase{"1a00010000", "65536"},
                    CborCase{"1bffffffffffffffff", "18446744073709551615"}, CborCase{"20", "-1"},
                    CborCase{"3bffffffffffffffff", "-18446744073709551616"},
                    CborCase{"f4", "false"}, CborCase{"f5", "true"}, CborCase{"f6", "null"},
                    CborCase{"f7", "null"}, CborCase{"f93e00", "1.5"},
                    CborCase{"f90001", "5.960464477539063e-08"}, CborCase{"fa47c35000", "1e+05"},
                    CborCase{"fb3ff199999999999a", "1.1"}, CborCase{"f97c00", "null"},
                    CborCase{"fb7ff8000000000000", "null"}, CborCase{"426869", R"("aGk=")"},
                    CborCase{"5f41684169ff", R"("aGk=")"}, CborCase{"626869", R"("hi")"},
                    CborCase{"7f61686169ff", R"("hi")"}, CborCase{"7fff", R"("")"},
                    CborCase{"80", "[]"}, CborCase{"820102", "[1,2]"},
                    CborCase{"9f0102ff", "[1,2]"}, CborCase{"a1616101", R"({"a":1})"},
                    CborCase{"bf616101ff", R"({"a":1})"},
                    CborCase{"bf7f6161ff9fffff", R"({"a":[]})"},
                    CborCase{"c11b0000018bcfe575ac", "1700000003500"}, CborCase{"d9d9f7a0", "{}"},
                    CborCase{"", ""}, CborCase{"18", ""}, CborCase{"1c", ""}, CborCase{"1f", ""},
                    CborCase{"5f6168ff", ""}, CborCase{"5f5f4168ffff", ""}, CborCase{"5f41", ""},
                    CborCase{"62c328", ""}, CborCase{"6261", ""}, CborCase{"8201", ""},
                    CborCase{"9f01", ""}, CborCase{"a10101", ""}, CborCase{"a16161", ""},
                    CborCase{"bf6161ff", ""}, CborCase{"ff", ""}, CborCase{"81ff", ""},
                    CborCase{"df00", ""}, CborCase{"c1", ""}, CborCase{"0000", ""},
                    CborCase{"5bffffffffffffffff", ""}, CborCase{"9bffffffffffffffff", ""},
                    CborCase{"bbffffffffffffffff", ""}, CborCase{"fe", ""}, CborCase{"f8ff", ""}));

TEST(ParseCbor, StopsAtTheDepthLimitAndNotBefore) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth - 1, '\x81') + std::string(1, '\x80');
  };
  EXPECT_TRUE(parse_cbor(nested(kMaxDepth)).ok());
  EXPECT_FALSE(parse_cbor(nested(kMaxDepth + 1)).ok());
}

/// A random tree, written by libcbor, must read as what was meant.
std::string random_item(std::mt19937& random, int depth, cbor_item_t*& out) {
  switch (random() % (depth > 3 ? 5 : 7)) {
    case 0: {
      const std::uint64_t value = (std::uint64_t{random()} << 32 | random()) >> random() % 64;
      out = cbor_build_uint64(value);
      return std::to_string(value);
    }
    case 1: {
      const auto value = static_cast<std::uint32_t>(random()) >> random() % 32;
      out = cbor_build_negint32(value);
      return "-" + std::to_string(std::uint64_t{value} + 1);
    }
    case 2: {
      std::string text(random() % 30, 'x');
      out = cbor_build_stringn(text.data(), text.size());
      return "\"" + text + "\"";
    }
    case 3: {
      const bool value = random() % 2 == 0;
      out = cbor_build_bool(value);
      return value ? "true" : "false";
    }
    case 4: {
      out = cbor_build_tag(random() % 1000, cbor_move(cbor_new_null()));
      return "null";
    }
    case 5: {
      const std::size_t size = random() % 4;
      const bool definite = random() % 2 == 0;
      out = definite ? cbor_new_definite_array(size) : cbor_new_indefinite_array();
      std::string json = "[";
      for (std::size_t i = 0; i < size; ++i) {
        cbor_item_t* item = nullptr;
        json += (i == 0 ? "" : ",") + random_item(random, depth + 1, item);
        EXPECT_TRUE(cbor_array_push(out, cbor_move(item)));
      }
      return json + "]";
    }
    default: {
      const std::size_t size = random() % 4;
      const bool definite = random() % 2 == 0;
      out = definite ? cbor_new_definite_map(size) : cbor_new_indefinite_map();
      std::string json = "{";
      for (std::size_t i = 0; i < size; ++i) {
        const std::string key = "k" + std::to_string(i);
        cbor_item_t* item = nullptr;
        json += (i == 0 ? "\"" : ",\"") + key + "\":" + random_item(random, depth + 1, item);
        EXPECT_TRUE(cbor_map_add(
            out, {.key = cbor_move(cbor_build_string(key.c_str())), .value = cbor_move(item)}));
      }
      return json + "}";
    }
  }
}

TEST(ParseCborOracle, ReadsWhatLibcborWrote) {
  std::mt19937 random(11);
  for (int round = 0; round < 3000; ++round) {
    cbor_item_t* item = nullptr;
    const std::string json = random_item(random, 0, item);
    unsigned char* buffer = nullptr;
    std::size_t capacity = 0;
    const std::size_t size = cbor_serialize_alloc(item, &buffer, &capacity);
    const std::string bytes(reinterpret_cast<char*>(buffer), size);
    free(buffer);
    cbor_decref(&item);
    const auto parsed = parse_cbor(bytes);
    ASSERT_TRUE(parsed.ok()) << hex_encode(bytes);
    ASSERT_EQ(parsed->to_json(), json) << hex_encode(bytes);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      ASSERT_FALSE(parse_cbor(std::string_view(bytes).substr(0, cut)).ok())
          << hex_encode(bytes) << " cut at " << cut;
    }
  }
}

TEST(CborText, IntegersOfEveryMagnitudeAreReadBackByLibcbor) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t near : {~std::uint64_t{0}, std::uint64_t{0}, std::uint64_t{1}}) {
      const auto value = static_cast<std::int64_t>((std::uint64_t{1} << bit) + near);
      std::string out;
      CborText(out).number(value);
      cbor_load_result result;
      cbor_item_t* item =
          cbor_load(reinterpret_cast<const unsigned char*>(out.data()), out.size(), &result);
      ASSERT_NE(item, nullptr) << value;
      EXPECT_EQ(result.read, out.size());
      const std::uint64_t stored = cbor_get_int(item);
      EXPECT_EQ(cbor_isa_negint(item) ? static_cast<std::int64_t>(~stored)
                                      : static_cast<std::int64_t>(stored),
                value);
      cbor_decref(&item);
    }
  }
}

// --- Bounds ------------------------------------------------------------------------------------

std::string list_of(std::size_t count, std::string_view item) {
  std::string text = "[";
  for (std::size_t i = 0; i < count; ++i) text.append(i == 0 ? "" : ",").append(item);
  return text + "]";
}

TEST(ParseJsonBounded, ADocumentWithinTheBoundIsReadWhole) {
  for (const std::string item : {"0", "{}", R"("a,b[]{}:")", R"({"k":[1,"x\\"]})"}) {
    const std::string text = list_of(100, item);
    const auto parsed = parse_json(text, 1'000);
    ASSERT_TRUE(parsed.ok()) << item;
    EXPECT_FALSE(parsed->cut);
    EXPECT_EQ(parsed->to_json(), parse_json(text)->to_json());
  }
}

TEST(ParseJsonBounded, BehindTheBoundItIsCutAndWhatIsThereIsRight) {
  for (const std::string item : {"0", "{}", R"("a,b")", "[]", R"({"k":1})"}) {
    const auto parsed = parse_json(list_of(50'000, item), 1'000);
    ASSERT_TRUE(parsed.ok()) << item;
    EXPECT_TRUE(parsed->cut);
    EXPECT_GE(parsed->items.size(), 300u) << item;
    EXPECT_LE(parsed->items.size(), 1'001u) << item;
    EXPECT_EQ(parsed->items.back().to_json(), item);
  }
}

TEST(ParseJsonBounded, ACutInTheMiddleClosesWhatIsOpen) {
  const auto parsed = parse_json(R"({"a":{"b":[[)" + list_of(50'000, "1") + "]]}}", 1'000);
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->cut);
  EXPECT_EQ(parsed->find("a")->find("b")->items.size(), 1u);
}

TEST(ParseJsonBounded, AnyNumberOfBytesInStringsIsNoReasonToCut) {
  const std::string text = "{\"Data\":\"" + std::string(5'000'000, ',') + "\",\"a\":1}";
  const auto parsed = parse_json(text, 1'000);
  ASSERT_TRUE(parsed.ok());
  EXPECT_FALSE(parsed->cut);
  EXPECT_EQ(parsed->string_at("Data").size(), 5'000'000u);
}

TEST(ParseJsonBounded, WhatIsNoJsonStaysNone) {
  std::string spaced;
  for (int i = 0; i < 100'000; ++i) spaced += "1 ";
  for (const std::string& text :
       {std::string(100'000, '['), std::string(100'000, '{'), std::string(100'000, ']'),
        std::string(100'000, '"') + "x", "[" + spaced + "]", "{" + std::string(100'000, ':') + "}",
        "[" + std::string(100'000, ',') + "]"}) {
    EXPECT_FALSE(parse_json(text, 1'000).ok()) << text.substr(0, 10);
  }
}

TEST(ParseCborBounded, BehindTheBoundItIsCutAndWhatIsThereIsRight) {
  const std::string key("\x61k", 2);
  for (const std::string& text :
       {"\x9F" + std::string(50'000, '\0') + "\xFF",
        "\x9A" + std::string("\0\1\0\0", 4) + std::string(65'536, '\0')}) {
    const auto parsed = parse_cbor(text, 1'000);
    ASSERT_TRUE(parsed.ok());
    EXPECT_TRUE(parsed->cut);
    EXPECT_GE(parsed->items.size(), 999u);
    EXPECT_LE(parsed->items.size(), 1'001u);
    EXPECT_FALSE(parse_cbor(text, 100'000)->cut);
  }
  std::string map = "\xBF";
  for (int i = 0; i < 10'000; ++i) map += key + std::string(1, '\0');
  const auto parsed = parse_cbor(map + "\xFF", 1'001);
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->cut);
  EXPECT_GE(parsed->items.size(), 499u);
}

/// {"a": everything below a, "b": {"c": ...}}
Wanted a_and_b_c() {
  Wanted wanted;
  wanted.members["a"];
  wanted.members["b"].members["c"];
  return wanted;
}

TEST(ParseJsonWanted, KeepsScalarsListsAndTheMembersThatAreNamed) {
  const std::pair<const char*, const char*> cases[]{
      {R"({"a":1,"x":2})", R"({"a":1})"},
      {R"({"x":{"a":1},"a":[1,[2],{"y":3}]})", R"({"a":[1,[2],{}]})"},
      {R"({"b":{"c":"d","e":1},"c":2})", R"({"b":{"c":"d"}})"},
      {R"([{"b":[{"c":1,"d":2},3]},{"e":4}])", R"([{"b":[{"c":1},3]},{}])"},
      {R"({"a":1,"\u0061":2})", R"({"a":1,"a":2})"},
      {R"("text")", R"("text")"},
      {"17", "17"},
  };
  for (const auto& [text, kept] : cases) {
    const auto parsed = parse_json(text, a_and_b_c(), 100);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(parsed->to_json(), kept) << text;
  }
}

TEST(ParseJsonWanted, WhatIsNotKeptIsCheckedAllTheSame) {
  const std::string deep(kMaxDepth, '[');
  for (const std::string text :
       {R"({"a":1,"x":[1,]})", R"({"a":1,"x":01})", R"({"a":1,"x":"\q"})", R"({"a":1} 2)",
        R"({"a":1,"x":nul})", "{\"a\":1,\"x\":\"\xff\"}"}) {
    EXPECT_FALSE(parse_json(text, a_and_b_c(), 100).ok()) << text;
  }
  EXPECT_FALSE(
      parse_json("{\"x\":" + deep + std::string(kMaxDepth, ']') + "}", a_and_b_c(), 100).ok());
}

TEST(ParseJsonWanted, OnlyWhatIsKeptCountsAgainstTheBound) {
  std::string thousand = "0";
  for (int i = 1; i < 1'000; ++i) thousand += ",0";
  EXPECT_TRUE(parse_json("{\"x\":[" + thousand + "],\"a\":[1,2]}", a_and_b_c(), 4).ok());
  EXPECT_FALSE(parse_json("{\"x\":[" + thousand + "],\"a\":[1,2]}", a_and_b_c(), 3).ok());
  EXPECT_TRUE(parse_json("{\"a\":[" + thousand + "]}", a_and_b_c(), 1'002).ok());
  EXPECT_FALSE(parse_json("{\"a\":[" + thousand + "]}", a_and_b_c(), 1'001).ok());
}

TEST(IsJson, AgreesWithTheParser) {
  std::mt19937_64 random(3);
  const std::string seed = R"({"a":[1,2.5,"x\n",null,true,{"b":[]}],"c":"\u00e9"})";
  for (int round = 0; round < 20'000; ++round) {
    std::string text = seed;
    for (std::size_t i = 0; i < random() % 3; ++i) {
      text[random() % text.size()] = "{}[],:\"\\ 1ae-."[random() % 15];
    }
    ASSERT_EQ(is_json(text), parse_json(text).ok()) << text;
  }
  for (const char* text : {"", " ", "1", "\"x\"", "1 2", "null", "nul"}) {
    EXPECT_EQ(is_json(text), parse_json(text).ok()) << text;
  }
}

TEST(JsonTokens, AreCountedOutsideOfStrings) {
  const std::string text = R"({"a,b\"[":[1, 2 ,"x"],"c":{}})";
  EXPECT_FALSE(has_more_json_tokens(text, 16));
  EXPECT_TRUE(has_more_json_tokens(text, 15));
}

}  // namespace
}  // namespace penstock::shape
