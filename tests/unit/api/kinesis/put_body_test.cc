#include "api/kinesis/put_body.h"

#include "api/kinesis/put_arena.h"
#include "shape/cbor_text.h"
#include "shape/json_text.h"
#include "support/seeds.h"
#include "unit/api/kinesis/put_oracle.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <cstring>
#include <random>

// The hand-written readers of puts against the general walker. The law (put_body.h): what a reader
// accepts, the walker accepts too and reads to the same; what it leaves alone is the walker's.

namespace penstock::api::kinesis {
namespace {

using test::owned;
using test::ReadBody;
using Random = std::mt19937_64;

struct Form {
  bool batch;
  bool cbor;
};

/// `behind` is what stands in the readable bytes behind the body: it must not matter.
std::optional<ReadBody> read_by_hand(Form form, const std::string& body, char behind) {
  const auto copy = std::make_unique<char[]>(body.size() + 64);
  std::memcpy(copy.get(), body.data(), body.size());
  std::memset(copy.get() + body.size(), behind, 64);
  const std::string_view view(copy.get(), body.size());
  const auto arena = std::make_unique<char[]>(put_arena_bytes(body.size()));
  if (form.cbor)
    return owned(form.batch ? read_put_records_cbor(view) : read_put_record_cbor(view));
  return owned(form.batch ? read_put_records_json(view, arena.get())
                          : read_put_record_json(view, arena.get()));
}

std::optional<ReadBody> read_by_table(Form form, std::string_view body) {
  return form.batch ? test::read_generally<test::OraclePutRecords>(body, form.cbor)
                    : test::read_generally<test::OraclePutRecord>(body, form.cbor);
}

/// Holds the law for one body; whether the hand-written reader took it.
bool agree(Form form, const std::string& body) {
  const std::optional<ReadBody> hand = read_by_hand(form, body, '\0');
  for (const char behind : {'"', '}', '\\', '\xFF'}) {
    EXPECT_EQ(hand, read_by_hand(form, body, behind)) << "what stands behind the body matters";
  }
  if (!hand) return false;
  const std::optional<ReadBody> table = read_by_table(form, body);
  EXPECT_TRUE(table) << "only the hand-written reader takes " << body.substr(0, 400);
  if (table) EXPECT_EQ(*hand, *table) << body.substr(0, 400);
  return true;
}

std::string library_base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string random_bytes(Random& random, std::size_t size) {
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

template <class T>
T one_of(Random& random, std::initializer_list<T> choices) {
  return *(choices.begin() + random() % choices.size());
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

// --- Bodies
// ---------------------------------------------------------------------------------------

struct Entry {
  std::string key;
  std::string data;
  std::string hash_key;
};

Entry usual_entry(Random& random) {
  Entry entry{.key = "key-" + std::to_string(random() % 1'000),
              .data = random_bytes(random, random() % 200)};
  if (random() % 4 == 0) entry.hash_key = std::to_string(random());
  return entry;
}

/// Writes members in a random order, as clients do.
template <class Text>
void write_entry(Text& out, Random& random, const Entry& entry) {
  const std::size_t first = random() % 3;
  for (std::size_t i = 0; i < 3; ++i) {
    switch ((first + i) % 3) {
      case 0: out.key("Data").bytes(entry.data); break;
      case 1: out.key("PartitionKey").text(entry.key); break;
      default:
        if (!entry.hash_key.empty()) out.key("ExplicitHashKey").text(entry.hash_key);
    }
  }
}

template <class Text>
std::string usual_body(Form form, Random& random, std::vector<Entry> entries) {
  std::string body;
  Text out(body);
  out.begin_object();
  const bool stream_first = random() % 2 == 0;
  const auto stream = [&] {
    if (random() % 4 == 0) {
      out.key("StreamARN").text("arn:aws:kinesis:us-east-1:000000000000:stream/orders");
    } else {
      out.key("StreamName").text("orders");
    }
  };
  if (stream_first) stream();
  if (form.batch) {
    out.key("Records").begin_list();
    for (const Entry& entry : entries) {
      out.begin_object();
      write_entry(out, random, entry);
      out.end_object();
    }
    out.end_list();
  } else {
    write_entry(out, random, entries.front());
    if (random() % 3 == 0) out.key("SequenceNumberForOrdering").text("123456789");
  }
  if (!stream_first) stream();
  out.end_object();
  return body;
}

std::string usual_body(Form form, Random& random, std::vector<Entry> entries) {
  return form.cbor ? usual_body<shape::CborText>(form, random, std::move(entries))
                   : usual_body<shape::JsonText>(form, random, std::move(entries));
}

std::string usual_body(Form form, Random& random) {
  std::vector<Entry> entries(form.batch ? 1 + random() % 5 : 1);
  for (Entry& entry : entries) entry = usual_entry(random);
  return usual_body(form, random, std::move(entries));
}

/// Values at the edges of the rules, on either side.
Entry odd_entry(Random& random) {
  Entry entry = usual_entry(random);
  switch (random() % 4) {
    case 0:
      entry.key = one_of<std::string>(random, {"",
                                               " ",
                                               "\"",
                                               "\\",
                                               "\n",
                                               "\x01",
                                               std::string(1, '\0'),
                                               std::string(256, 'k'),
                                               std::string(257, 'k'),
                                               repeated("\u00E4", 128),
                                               repeated("\u00E4", 256),
                                               repeated("\u00E4", 257),
                                               repeated("\U0001F600", 128),
                                               repeated("\U0001F600", 129),
                                               repeated("\U0001F600", 256),
                                               "\xFF",
                                               "\xC0\x80",
                                               "\xED\xA0\x80",
                                               "\xF4\x90\x80\x80",
                                               "\xE2\x82",
                                               "a\xF0\x9F\x98"});
      break;
    case 1:
      entry.hash_key = one_of<std::string>(
          random, {"0", "00", "01", "-1", "+1", "1.0", "1e3", " 1", "x", std::string(39, '9'),
                   std::string(40, '1'), "340282366920938463463374607431768211455",
                   "340282366920938463463374607431768211456"});
      break;
    case 2: entry.data = random_bytes(random, random() % 5); break;
    default: entry.data.clear();
  }
  return entry;
}

/// Valid JSON that is not usual, and some that is not valid.
std::string odd_json(Random& random) {
  const std::string data = library_base64(random_bytes(random, random() % 9));
  const auto value = [&]() -> std::string {
    return one_of<std::string>(random, {"\"" + data + "\"",
                                        "\"k\"",
                                        "\"\"",
                                        "null",
                                        "true",
                                        "1",
                                        "1.5",
                                        "-0",
                                        "[]",
                                        "{}",
                                        "[\"a\"]",
                                        "{\"a\":1}",
                                        "\"\\u0041\"",
                                        "\"\\u00e4\"",
                                        "\"\\ud83d\\ude00\"",
                                        "\"\\ud83d\"",
                                        "\"a\\\"b\"",
                                        "\"QQ==\"",
                                        "\"QQ\"",
                                        "\"QR==\"",
                                        "\"QUI=\"",
                                        "\"QUI\"",
                                        "\"QUJD\"",
                                        "\"QU JD\"",
                                        "\"QUJ\\/\"",
                                        "\"Q===\"",
                                        "\"-_-_\"",
                                        "\"QUJD\\n\"",
                                        "\"=\"",
                                        "\"0\"",
                                        "\"orders\"",
                                        "\"or ders\"",
                                        "\"123\"",
                                        "\"arn:aws:kinesis:us-east-1:000000000000:stream/a\"",
                                        "nul",
                                        "'k'",
                                        "\"k"});
  };
  const auto member = [&](std::initializer_list<const char*> names) {
    return "\"" + std::string(one_of(random, names)) + "\"" +
           one_of(random, {":", " : ", ":\n\t"}) + value();
  };
  const auto object = [&](std::initializer_list<const char*> names, std::size_t most) {
    std::string out = one_of<std::string>(random, {"{", "{ ", "{\n"});
    const std::size_t count = random() % (most + 1);
    for (std::size_t i = 0; i < count; ++i) {
      if (i != 0) out += one_of<std::string>(random, {",", " , ", ",", ",", "", ",,"});
      out += member(names);
    }
    return out + one_of<std::string>(random, {"}", " }", "}", "}", ",}", ""});
  };
  const std::initializer_list<const char*> entry_names{
      "Data", "Data", "PartitionKey", "PartitionKey", "ExplicitHashKey", "data", "Dat\\u0061", "X"};
  if (random() % 2 == 0) {
    return object(
        {"Data", "PartitionKey", "ExplicitHashKey", "StreamName", "StreamName", "StreamARN",
         "SequenceNumberForOrdering", "DryRun", "StreamId", "Records", "Unknown"},
        6);
  }
  std::string list = "[";
  for (std::uint64_t i = random() % 4; i > 0; --i) {
    list += random() % 2 == 0 ? "{\"Data\":\"" + data + "\",\"PartitionKey\":\"k\"}"
                              : object(entry_names, 4);
    list += i == 1 ? "" : one_of<std::string>(random, {",", ",", ",", " ", ",,"});
  }
  list += one_of<std::string>(random, {"]", "]", "]", ",]", ""});
  return "{\"StreamName\":\"s\",\"Records\":" + list +
         one_of<std::string>(random, {"}", "}", "}", "} ", "}x", "}}", ",\"DryRun\":true}",
                                      ",\"Records\":[]}", ",\"X\":[{\"Data\":1}]}"});
}

std::string mutated(Random& random, std::string body) {
  for (std::uint64_t i = 1 + random() % 3; i > 0 && !body.empty(); --i) {
    const std::size_t at = random() % body.size();
    switch (random() % 5) {
      case 0: body[at] = static_cast<char>(random()); break;
      case 1:
        body[at] = one_of(random, {'"', '\\', ',', ':', '{', '}', '[', ']', ' ', '\0', '\xFF',
                                   '\x7F', '\xBF', '\x5F'});
        break;
      case 2: body.erase(at, 1 + random() % 4); break;
      case 3: body.insert(at, 1, static_cast<char>(random())); break;
      default: {
        const std::size_t from = random() % body.size();
        body.insert(at, body.substr(from, 1 + random() % 30));
      }
    }
  }
  return body;
}

// --- The tests
// -------------------------------------------------------------------------------------

int share_of(std::uint64_t at_full, const std::vector<std::uint64_t>& seeds, std::uint64_t full) {
  return static_cast<int>(testing::share_of(at_full, seeds.size(), full));
}

class PutBodies : public ::testing::TestWithParam<Form> {};

TEST_P(PutBodies, UsualOnesAreAllReadByHandAndAsTheTableReadsThem) {
  for (const std::uint64_t seed : testing::seeds(300)) {
    Random random(seed);
    ASSERT_TRUE(agree(GetParam(), usual_body(GetParam(), random))) << "seed " << seed;
  }
}

TEST_P(PutBodies, ValuesAtTheEdgesOfTheRulesAreJudgedAlike) {
  int taken = 0;
  int left = 0;
  for (const std::uint64_t seed : testing::seeds(2'000)) {
    Random random(seed);
    (agree(GetParam(), usual_body(GetParam(), random, {odd_entry(random)})) ? taken : left) += 1;
    if (HasFailure()) FAIL() << "seed " << seed;
  }
  EXPECT_GT(taken, left / 10);
  EXPECT_GT(left, taken / 10);
}

TEST_P(PutBodies, MutatedOnesAreJudgedAlike) {
  int taken = 0;
  const auto seeds = testing::seeds(6'000);
  for (const std::uint64_t seed : seeds) {
    Random random(seed);
    taken += agree(GetParam(), mutated(random, usual_body(GetParam(), random))) ? 1 : 0;
    if (HasFailure()) FAIL() << "seed " << seed;
  }
  EXPECT_GE(taken, share_of(50, seeds, 6'000))
      << "too few mutants are still bodies for the law to say much";
}

TEST_P(PutBodies, CutOnesAreNeverRead) {
  Random random(1);
  const std::string body = usual_body(GetParam(), random);
  for (std::size_t size = 0; size < body.size(); ++size) {
    ASSERT_FALSE(agree(GetParam(), body.substr(0, size))) << size << " of " << body.size();
  }
}

TEST_P(PutBodies, AnythingBehindTheObjectIsLeftToTheWalker) {
  Random random(1);
  const std::string body = usual_body(GetParam(), random);
  for (const char* more : {"{}", "1", "x", "\"", "}", ",", "\xFF", "\xF6"}) {
    EXPECT_FALSE(agree(GetParam(), body + more)) << more;
  }
}

TEST_P(PutBodies, BlobsOfEveryShortLengthComeOut) {
  Random random(3);
  for (std::size_t size = 0; size <= 300; ++size) {
    ASSERT_TRUE(
        agree(GetParam(), usual_body(GetParam(), random, {{"k", random_bytes(random, size), ""}})))
        << size;
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, PutBodies,
                         ::testing::Values(Form{false, false}, Form{true, false}, Form{false, true},
                                           Form{true, true}),
                         [](const auto& info) {
                           return std::string(info.param.batch ? "PutRecords" : "PutRecord") +
                                  (info.param.cbor ? "Cbor" : "Json");
                         });

TEST(PutRecordsBody, FiveHundredEntriesAreReadAndOneMoreNot) {
  for (const bool cbor : {false, true}) {
    const Form form{true, cbor};
    Random random(1);
    EXPECT_TRUE(agree(form, usual_body(form, random, std::vector<Entry>(500, {"k", "d", ""}))));
    EXPECT_FALSE(agree(form, usual_body(form, random, std::vector<Entry>(501, {"k", "d", ""}))));
    EXPECT_FALSE(agree(form, usual_body(form, random, std::vector<Entry>{})));
  }
}

TEST(PutJson, UnusualTextIsJudgedAlike) {
  int taken = 0;
  const auto seeds = testing::seeds(20'000);
  for (const std::uint64_t seed : seeds) {
    Random random(seed);
    const std::string body = odd_json(random);
    taken += agree({true, false}, body) ? 1 : 0;
    taken += agree({false, false}, body) ? 1 : 0;
    if (HasFailure()) FAIL() << "seed " << seed << "\n" << body;
  }
  EXPECT_GE(taken, share_of(300, seeds, 20'000));
}

TEST(PutJson, BlobsOfAMebibyteStandBehindEachOtherInTheArena) {
  Random random(9);
  std::vector<Entry> entries;
  for (int i = 0; i < 3; ++i) {
    entries.push_back(
        {"k", random_bytes(random, (std::size_t{1} << 20) - static_cast<std::size_t>(i)), ""});
  }
  EXPECT_TRUE(agree({true, false}, usual_body({true, false}, random, entries)));
}

TEST(PutJson, Base64IsReadAsTheLibraryWritesIt) {
  for (const std::uint64_t seed : testing::seeds(500)) {
    Random random(seed);
    const std::string data = random_bytes(random, random() % 1'000);
    const std::string body =
        R"({"StreamName":"s","PartitionKey":"k","Data":")" + library_base64(data) + "\"}";
    const auto read = read_by_hand({false, false}, body, '\0');
    ASSERT_TRUE(read) << "seed " << seed;
    ASSERT_EQ(read->entries[0][1], data) << "seed " << seed;
  }
}

/// One CBOR item's head in any of the widths that can hold the number.
std::string cbor_head(Random& random, unsigned major, std::uint64_t value) {
  const unsigned least = value < 24 ? 0 : value < 256 ? 1 : value < 65'536 ? 2 : 3;
  const unsigned width = least + static_cast<unsigned>(random() % (5 - least));
  if (width == 0) return {static_cast<char>(major << 5 | static_cast<unsigned>(value))};
  std::string out(1, static_cast<char>(major << 5 | (23 + width)));
  for (int shift = (8 << (width - 1)) - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
  return out;
}

std::string cbor_string(Random& random, unsigned major, std::string_view text) {
  return cbor_head(random, major, text.size()) + std::string(text);
}

/// Heads of any width, lengths definite or not, tags and nulls here and there.
std::string odd_cbor(Random& random, bool batch) {
  const auto container = [&](unsigned major, std::size_t count, const std::string& items) {
    if (random() % 2 == 0)
      return std::string(1, static_cast<char>(major << 5 | 31)) + items + "\xFF";
    return cbor_head(random, major, random() % 20 == 0 ? count + 1 : count) + items;
  };
  const auto value = [&](unsigned major, std::string_view text) -> std::string {
    switch (random() % 40) {
      case 0: return "\xF6";
      case 1: return "\xF7";
      case 2: return "\xC1" + cbor_string(random, major, text);
      case 3:
        return std::string(1, static_cast<char>(major << 5 | 31)) +
               cbor_string(random, major, text) + "\xFF";
      case 4: return cbor_string(random, major ^ 1, text);
      case 5: return cbor_head(random, 0, random());
      default: return cbor_string(random, major, text);
    }
  };
  const auto key = [&](std::string_view name) { return cbor_string(random, 3, name); };
  const auto entry = [&](std::size_t& count) {
    std::string out = key("PartitionKey") + value(3, "k\xC3\xA4") + key("Data") +
                      value(2, random_bytes(random, random() % 40));
    count = 2;
    if (random() % 3 == 0) out += key("ExplicitHashKey") + value(3, "17"), ++count;
    if (random() % 12 == 0) out += key("Data") + value(2, "again"), ++count;
    if (random() % 12 == 0) out += key("PartitionKey") + value(3, "again"), ++count;
    if (random() % 30 == 0) out += key("Other") + value(3, "x"), ++count;
    return out;
  };
  std::size_t count = 0;
  std::string items;
  if (batch) {
    const std::size_t entries = random() % 4;
    std::string list;
    for (std::size_t i = 0; i < entries; ++i) {
      std::size_t members = 0;
      const std::string text = entry(members);
      list += container(5, members, text);
    }
    items = key("Records") + container(4, entries, list);
    count = 1;
  } else {
    items = entry(count);
  }
  items += key("StreamName") + value(3, "orders");
  return container(5, count + 1, items);
}

TEST(PutCbor, HeadsOfAnyWidthAndLengthsOfAnyKindAreJudgedAlike) {
  const auto seeds = testing::seeds(10'000);
  for (const bool batch : {false, true}) {
    int taken = 0;
    for (const std::uint64_t seed : seeds) {
      Random random(seed);
      const std::string body = odd_cbor(random, batch);
      taken += agree({batch, true}, body) ? 1 : 0;
      if (HasFailure()) FAIL() << "seed " << seed;
    }
    EXPECT_GE(taken, share_of(1'000, seeds, 10'000));
  }
}

TEST(PutArena, GivesMemoryAgainOnlyWhenItIsFree) {
  PutArena first(100);
  char* const place = first.data();
  {
    PutArena second(100);
    EXPECT_NE(second.data(), place);
  }
  std::memset(first.data(), 'x', 100);
  PutArena third(3'000'000);
  std::memset(third.data(), 'y', 3'000'000);
  EXPECT_EQ(first.data()[99], 'x');
}

}  // namespace
}  // namespace penstock::api::kinesis
