#include "mapping/event_json.h"

#include "base/base64.h"
#include "shape/document.h"
#include "shape/json_text.h"
#include "unit/mapping/items.h"

#include <gtest/gtest.h>

#include <random>

namespace penstock::mapping {
namespace {

using test::context;
using test::item_at;
using test::number_at;

TEST(Event, OfNoRecordsIsItsFrame) {
  EXPECT_EQ(event_json({}, context()), R"({"Records":[]})");
  EXPECT_EQ(event_json({}, context()).size(), kEventFrameBytes);
}

TEST(Event, OfOneRecordHasTheMembersInTheServicesOrder) {
  const std::string number = number_at(7).to_string();
  const std::vector<Item> records{item_at(7, "Hello, this is a test.", "1")};
  EXPECT_EQ(
      event_json(records, context()),
      R"({"Records":[{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"1","sequenceNumber":")" +
          number +
          R"(","data":"SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==","approximateArrivalTimestamp":1790000060.123},)"
          R"("eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000000:)" +
          number +
          R"(","eventName":"aws:kinesis:record","invokeIdentityArn":"arn:aws:iam::123456789012:role/reader",)"
          R"("awsRegion":"us-east-1","eventSourceARN":"arn:aws:kinesis:us-east-1:123456789012:stream/orders"}]})");
}

TEST(Event, HasNoEncryptionType) {
  const std::vector<Item> records{item_at(7, "x")};
  EXPECT_EQ(event_json(records, context()).find("encryptionType"), std::string::npos);
}

std::string random_text(std::mt19937_64& random, std::size_t most, bool ascii) {
  std::string text(random() % (most + 1), '\0');
  for (char& c : text) c = static_cast<char>(ascii ? random() % 128 : random() % 256);
  return text;
}

std::vector<Item> random_items(std::mt19937_64& random, std::vector<std::string>& texts) {
  const std::size_t count = 1 + random() % 6;
  texts.resize(2 * count);
  std::vector<Item> items;
  for (std::size_t i = 0; i < count; ++i) {
    texts[2 * i] = random_text(random, 40, true);
    if (i % 2 == 1) texts[2 * i] += "\u00e9\u4e2d\U0001F600\x7f";
    texts[2 * i + 1] = random_text(random, 200, false);
    Item item = item_at(i + random() % 1'000'000, texts[2 * i + 1], texts[2 * i]);
    item.arrival = service_time(static_cast<std::int64_t>(random() % 2'000'000'000'000));
    items.push_back(item);
  }
  return items;
}

TEST(EventSize, IsExactForAnyKeysDataAndArrivals) {
  std::mt19937_64 random(20261124);
  for (int round = 0; round < 2'000; ++round) {
    std::vector<std::string> texts;
    const std::vector<Item> items = random_items(random, texts);
    std::size_t sum = kEventFrameBytes - 1;
    for (const Item& item : items) sum += event_record_bytes(item, context());
    ASSERT_EQ(event_json(items, context()).size(), sum) << "round " << round;
  }
}

TEST(Event, ReadBackGivesWhatWasPut) {
  std::mt19937_64 random(4711);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> texts;
    const std::vector<Item> items = random_items(random, texts);
    const Result<shape::Document> event = shape::parse_json(event_json(items, context()));
    ASSERT_TRUE(event.ok()) << "round " << round;
    const shape::Document* records = event->find("Records");
    ASSERT_NE(records, nullptr);
    ASSERT_EQ(records->items.size(), items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      const shape::Document& record = records->items[i];
      const shape::Document* kinesis = record.find("kinesis");
      ASSERT_NE(kinesis, nullptr);
      EXPECT_EQ(kinesis->string_at("partitionKey"), items[i].key);
      EXPECT_EQ(kinesis->string_at("sequenceNumber"), items[i].number.to_string());
      std::string data;
      ASSERT_EQ(base64_decode(kinesis->string_at("data"), data).status, Base64Status::kOk);
      EXPECT_EQ(data, items[i].data);
      std::string arrival;
      shape::append_json_seconds(arrival, unix_millis(items[i].arrival));
      EXPECT_EQ(kinesis->find("approximateArrivalTimestamp")->text, arrival);
      EXPECT_EQ(record.string_at("eventID"),
                context().shard_id + ":" + items[i].number.to_string());
    }
  }
}

TEST(Event, EscapesKeysAsJsonDemands) {
  const std::vector<Item> records{item_at(1, "", "a\"b\\c\n\x01")};
  EXPECT_NE(event_json(records, context()).find(R"("partitionKey":"a\"b\\c\n\u0001")"),
            std::string::npos);
}

TEST(Event, TakesTheSizeThatItemsCarry) {
  std::vector<Item> records{item_at(1, "abc"), item_at(2, "def")};
  const std::string unsized_event = event_json(records, context());
  for (Item& record : records) record.event_bytes = event_record_bytes(record, context());
  const std::string event = event_json(records, context());
  EXPECT_EQ(event, unsized_event);
  EXPECT_EQ(event.size(), kEventFrameBytes - 1 + records[0].event_bytes + records[1].event_bytes);
}

}  // namespace
}  // namespace penstock::mapping
