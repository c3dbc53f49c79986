#include "base/event_stream.h"

#include "base/hex.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace penstock {
namespace {

using Type = EventHeader::Type;

struct Vector {
  const char* name;
  std::vector<EventHeader> headers;
  std::string payload;
  const char* hex;
};

// Complete messages of the service.
std::vector<Vector> vectors() {
  return {
      {"initial-response",
       {{":message-type", "event"}, {":event-type", "initial-response"}},
       "",
       "0000004500000035a382cc730d3a6d6573736167652d747970650700056576656e740b3a6576656e742d7479"
       "7065070010696e697469616c2d726573706f6e7365b7624dee"},
      {"initial-response with a body",
       {{":message-type", "event"},
        {":event-type", "initial-response"},
        {":content-type", "application/x-amz-json-1.1"}},
       "{}",
       "0000007200000060ab820d9e0d3a6d6573736167652d747970650700056576656e740b3a6576656e742d7479"
       "7065070010696e697469616c2d726573706f6e73650d3a636f6e74656e742d7479706507001a6170706c6963"
       "6174696f6e2f782d616d7a2d6a736f6e2d312e317b7de16e66e4"},
      {"an empty batch",
       {{":message-type", "event"},
        {":event-type", "SubscribeToShardEvent"},
        {":content-type", "application/json"}},
       R"({"Records":[],"ContinuationSequenceNumber":)"
       R"("49592592288669974188510550010873737925033238827737546754","MillisBehindLatest":0})",
       "000000e80000005b813fdb0b0d3a6d6573736167652d747970650700056576656e740b3a6576656e742d7479"
       "7065070015537562736372696265546f53686172644576656e740d3a636f6e74656e742d7479706507001061"
       "70706c69636174696f6e2f6a736f6e7b225265636f726473223a5b5d2c22436f6e74696e756174696f6e5365"
       "7175656e63654e756d626572223a223439353932353932323838363639393734313838353130353530303130"
       "383733373337393235303333323338383237373337353436373534222c224d696c6c6973426568696e644c61"
       "74657374223a307d72fde0b0"},
      {"an exception",
       {{":message-type", "exception"},
        {":exception-type", "ResourceInUseException"},
        {":content-type", "application/json"}},
       R"({"message":"x"})",
       "0000008300000064d9bbb06a0d3a6d6573736167652d74797065070009657863657074696f6e0f3a65786365"
       "7074696f6e2d747970650700165265736f75726365496e557365457863657074696f6e0d3a636f6e74656e74"
       "2d747970650700106170706c69636174696f6e2f6a736f6e7b226d657373616765223a2278227de1ecdf10"},
  };
}

std::string frame(const std::vector<EventHeader>& headers, std::string_view payload) {
  std::string out;
  EventFrame written(out, headers);
  out.append(payload);
  written.finish();
  return out;
}

TEST(EventStream, MessagesAreTheServicesByteForByte) {
  for (const Vector& vector : vectors()) {
    EXPECT_EQ(hex_encode(frame(vector.headers, vector.payload)), vector.hex) << vector.name;
  }
}

TEST(EventStream, WhatIsWrittenIsReadAlsoInPieces) {
  std::string stream;
  for (const Vector& vector : vectors()) stream += frame(vector.headers, vector.payload);
  std::size_t at = 0;
  for (const Vector& vector : vectors()) {
    const std::string_view rest = std::string_view(stream).substr(at);
    const auto whole = read_event(rest);
    ASSERT_TRUE(whole.ok() && whole->has_value()) << vector.name;
    EXPECT_EQ((*whole)->headers, vector.headers) << vector.name;
    EXPECT_EQ((*whole)->payload, vector.payload) << vector.name;
    for (std::size_t cut = 0; cut < (*whole)->bytes; ++cut) {
      const auto part = read_event(rest.substr(0, cut));
      ASSERT_TRUE(part.ok()) << vector.name << " cut at " << cut;
      EXPECT_FALSE(part->has_value()) << vector.name << " cut at " << cut;
    }
    at += (*whole)->bytes;
  }
  EXPECT_EQ(at, stream.size());
}

TEST(EventStream, EveryFlippedBitIsSeen) {
  const std::string good = frame({{":message-type", "event"}, {"n", "v"}}, "payload");
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    const auto read = read_event(bad);
    EXPECT_FALSE(read.ok()) << "bit " << bit;
  }
}

TEST(EventStream, HeadersOfEveryTypeAreRead) {
  const std::vector<EventHeader> headers = {{"true", "", Type::kTrue},
                                            {"false", "", Type::kFalse},
                                            {"byte", "\x01", Type::kByte},
                                            {"short", "ab", Type::kShort},
                                            {"int", "abcd", Type::kInt},
                                            {"long", "abcdefgh", Type::kLong},
                                            {"bytes", "any bytes", Type::kBytes},
                                            {"text", "", Type::kText},
                                            {"time", "abcdefgh", Type::kTimestamp},
                                            {"uuid", "0123456789abcdef", Type::kUuid}};
  const std::string bytes = frame(headers, {});
  const auto read = read_event(bytes);
  ASSERT_TRUE(read.ok() && read->has_value());
  EXPECT_EQ((*read)->headers, headers);
  EXPECT_EQ((*read)->text("bytes"), "") << "only texts are";
}

TEST(EventStream, WhatCannotBeRightIsRefused) {
  // Each with right checksums, which a frame would not write.
  const std::string twice = frame({{"a", "1"}, {"a", "2"}}, "");
  EXPECT_FALSE(read_event(twice).ok()) << "a name that stands twice";
  std::string out;
  EventFrame broken(out, {{"name", "value"}});
  out[12] = 0x40;  // The name's length reaches behind the headers.
  broken.finish();
  EXPECT_FALSE(read_event(out).ok()) << "a header that does not end";
  out.clear();
  EventFrame typed(out, {{"n", "v"}});
  out[14] = 10;
  typed.finish();
  EXPECT_FALSE(read_event(out).ok()) << "a type there is not";
}

TEST(EventStream, SizesAreKnownBeforeWriting) {
  for (const std::size_t size : {0u, 1u, 300u}) {
    const std::string value(size, 'v');
    EXPECT_EQ(event_frame_bytes({{"name", value}, {"flag", "", Type::kTrue}}),
              frame({{"name", value}, {"flag", "", Type::kTrue}}, "").size());
  }
}

}  // namespace
}  // namespace penstock
