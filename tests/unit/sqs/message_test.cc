#include "sqs/message.h"

#include "sqs/delivered_ids.h"
#include "sqs/errors.h"
#include "sqs/receipt_handle.h"

#include <gtest/gtest.h>

namespace penstock::sqs {
namespace {

Message full_message() {
  return {.id = "5fea7756-0ea4-451a-a703-a558b933e274",
          .body = std::string("line one\nline two \xF0\x9F\x98\x80"),
          .attributes = {{"kind", {"String", false, "order"}},
                         {"raw", {"Binary.png", true, std::string("\0\xFF", 2)}}},
          .system = {{"AWSTraceHeader", {"String", false, "Root=1-5759e988"}}},
          .sender_id = "000000000000",
          .source_arn = "arn:aws:sqs:us-east-1:000000000000:first",
          .delivery_id = "mapping/shard/17",
          .sent = service_time(1'700'000'000'123),
          .visible_at = service_time(1'700'000'005'123)};
}

TEST(SqsMessage, ComesBackFromItsBytesWithEveryField) {
  const Message message = full_message();
  const Result<Message> back = decode_message(encode_message(message));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, message);
}

TEST(SqsMessage, HeadAgreesWithTheWholeMessage) {
  const Message message = full_message();
  const std::string data = encode_message(message);
  const Result<MessageHead> head = decode_message_head(data);
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->sent, message.sent);
  EXPECT_EQ(head->visible_at, message.visible_at);
  EXPECT_EQ(head->delivery_id, message.delivery_id);
}

TEST(SqsMessage, CutAnywhereIsCorruptAndNeverAnotherMessage) {
  const std::string data = encode_message(full_message());
  for (std::size_t size = 0; size < data.size(); ++size) {
    EXPECT_FALSE(decode_message(data.substr(0, size)).ok()) << "cut to " << size;
  }
  EXPECT_FALSE(decode_message(data + "x").ok());
}

TEST(SqsMessage, AnotherVersionIsCorrupt) {
  std::string data = encode_message(full_message());
  data[0] = 9;
  EXPECT_FALSE(decode_message(data).ok());
  EXPECT_FALSE(decode_message_head(data).ok());
}

// "This is a test message": the SQS Developer Guide's example of MD5OfMessageBody.
TEST(SqsMessage, BodyDigestIsTheOneAwsPublishes) {
  EXPECT_EQ(md5_of_body("This is a test message"), "fafb00f5732ab283681e124bf8747ed1");
  EXPECT_EQ(md5_of_body(""), "d41d8cd98f00b204e9800998ecf8427e");
}

// Each digest was computed with Python's hashlib over the layout that SDKs verify.
TEST(SqsMessage, AttributeDigestCoversNamesTypesAndValues) {
  EXPECT_EQ(md5_of_attributes({}), "");
  EXPECT_EQ(md5_of_attributes({{"a", {"String", false, "b"}}}), "bef8bf215374a0a228d67533b1a488be");
  EXPECT_EQ(md5_of_attributes({{"n", {"Number", false, "42"}},
                               {"b", {"Binary", true, std::string("\x00\x01\x02", 3)}}}),
            "c73ae9c44eb7ec813f0f17d34dc05181");
}

struct TextCase {
  std::string_view text;
  bool is_allowed;
};
class MessageText : public ::testing::TestWithParam<TextCase> {};
TEST_P(MessageText, IsAllowedOrNot) {
  EXPECT_EQ(is_message_text(GetParam().text), GetParam().is_allowed);
}
INSTANTIATE_TEST_SUITE_P(
    Characters, MessageText,
    ::testing::Values(TextCase{"plain", true}, TextCase{"tab\tline\nreturn\r", true},
                      TextCase{{"nul\0", 4}, false}, TextCase{"bell\x07", false},
                      TextCase{"escape\x1B", false}, TextCase{"delete\x7F", true},
                      TextCase{"\xEF\xBF\xBD is U+FFFD", true},
                      TextCase{"\xEF\xBF\xBE is U+FFFE", false},
                      TextCase{"\xEF\xBF\xBF is U+FFFF", false},
                      TextCase{"\xF0\x9F\x98\x80 is U+1F600", true}, TextCase{"\xC3\xA9", true}));

TEST(SqsMessage, SizeCountsAttributesToo) {
  EXPECT_EQ(size_of("12345", {{"ab", {"String", false, "xyz"}}}), 5u + 2 + 6 + 3);
}

// --- Receipt handles ---------------------------------------------------------------------------

TEST(SqsReceiptHandle, ComesBackFromItsText) {
  const ReceiptHandle handle{LogId(77), 123'456'789'012, 3, 0xFEEDFACECAFEBEEF};
  const Result<ReceiptHandle> back = decode_receipt_handle(encode(handle));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, handle);
}

TEST(SqsReceiptHandle, WithAnyCharacterChangedIsInvalid) {
  const std::string text = encode({LogId(1), 2, 3, 4});
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string other = text;
    other[at] = other[at] == 'A' ? 'B' : 'A';
    const auto decoded = decode_receipt_handle(other);
    EXPECT_FALSE(decoded.ok()) << "changed at " << at;
    if (!decoded.ok()) EXPECT_TRUE(decoded.error().code == SqsErrc::kReceiptHandleInvalid);
  }
}

TEST(SqsReceiptHandle, StrangersTextsAreInvalid) {
  for (const std::string_view text : {"", "garbage", "====", "AAAA", "AQAAAAAAAAABAAAAAAAAAAI="}) {
    EXPECT_FALSE(decode_receipt_handle(text).ok()) << text;
  }
}

// --- Delivered ids -------------------------------------------------------------------------------

TEST(SqsDeliveredIds, KnowsWhatWasAdded) {
  DeliveredIds ids;
  EXPECT_FALSE(ids.contains("a"));
  ids.add("a");
  EXPECT_TRUE(ids.contains("a"));
  EXPECT_FALSE(ids.contains("b"));
}

TEST(SqsDeliveredIds, KnowsTheSameAfterItsPagesWereStoredAsTheyFilled) {
  DeliveredIds ids;
  std::map<std::uint64_t, std::string> marks;
  constexpr std::size_t kCount = DeliveredIds::kPageIds * DeliveredIds::kPages * 2 + 17;
  for (std::size_t i = 0; i < kCount; ++i) {
    const std::uint64_t page = ids.add("id-" + std::to_string(i));
    marks[DeliveredIds::slot_of(page)] = ids.encode_page(page);
  }
  EXPECT_LE(marks.size(), DeliveredIds::kPages);
  DeliveredIds back;
  for (const auto& [slot, value] : marks) ASSERT_TRUE(back.restore_page(value).ok());
  // A page in use has displaced a whole old one, so a little less than everything is known.
  constexpr std::size_t kSure = DeliveredIds::kPageIds * (DeliveredIds::kPages - 1);
  for (std::size_t i = kCount - kSure; i < kCount; ++i) {
    EXPECT_TRUE(back.contains("id-" + std::to_string(i))) << i;
  }
  EXPECT_FALSE(back.contains("id-0"));
}

TEST(SqsDeliveredIds, GoesOnBehindWhatWasRestored) {
  DeliveredIds ids;
  std::uint64_t page = 0;
  for (int i = 0; i < 100; ++i) page = ids.add(std::to_string(i));
  DeliveredIds back;
  ASSERT_TRUE(back.restore_page(ids.encode_page(0)).ok());
  ASSERT_TRUE(back.restore_page(ids.encode_page(page)).ok());
  EXPECT_EQ(back.add("next"), ids.add("next"));
  EXPECT_EQ(back.encode_page(page), ids.encode_page(page));
}

TEST(SqsDeliveredIds, TornPageIsCorrupt) {
  DeliveredIds ids;
  const std::string value = ids.encode_page(ids.add("a"));
  DeliveredIds back;
  EXPECT_FALSE(back.restore_page(value.substr(0, value.size() - 1)).ok());
  EXPECT_FALSE(back.restore_page("").ok());
}

}  // namespace
}  // namespace penstock::sqs
