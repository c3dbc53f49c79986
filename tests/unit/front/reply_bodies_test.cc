#include "front/reply_bodies.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace penstock::front {
namespace {

constexpr std::size_t kMebibyte = 1u << 20;

/// Kept bodies are the thread's: each test begins and ends without any.
class ReplyBodies : public ::testing::Test {
 protected:
  Budget budget{512u << 20};
  ReplyBodies() { drop_unused_bodies(kLongAfter); }
  ~ReplyBodies() override { drop_unused_bodies(kLongAfter); }
  static constexpr SteadyTime kNow{std::chrono::seconds(100)};
  static constexpr SteadyTime kLongAfter{std::chrono::seconds(1'000'000)};
};

TEST_F(ReplyBodies, ALargeOneComesBackEmptyWithItsMemory) {
  std::string body = body_with_room(kMebibyte);
  body.assign(kMebibyte, 'x');
  const char* const memory = body.data();
  keep_body(std::move(body), kNow, budget);
  const std::string again = body_with_room(kMebibyte / 2);
  EXPECT_EQ(again.data(), memory);
  EXPECT_TRUE(again.empty());
  EXPECT_GE(again.capacity(), kMebibyte);
}

TEST_F(ReplyBodies, OneThatIsTooSmallStaysForAnother) {
  std::string body = body_with_room(kMebibyte);
  const char* const memory = body.data();
  keep_body(std::move(body), kNow, budget);
  const std::string larger = body_with_room(2 * kMebibyte);
  EXPECT_NE(larger.data(), memory);
  EXPECT_GE(larger.capacity(), 2 * kMebibyte);
  EXPECT_EQ(body_with_room(kMebibyte).data(), memory);
}

TEST_F(ReplyBodies, ASmallBodyDoesNotTakeALargeOnesMemory) {
  std::string body = body_with_room(kMebibyte);
  const char* const memory = body.data();
  keep_body(std::move(body), kNow, budget);
  EXPECT_LT(body_with_room(100).capacity(), kMebibyte);
  EXPECT_EQ(body_with_room(kMebibyte).data(), memory);
}

TEST_F(ReplyBodies, OnlyAFewLargeOnesAreKept) {
  std::vector<std::string> bodies;
  for (int i = 0; i < 5; ++i) bodies.push_back(body_with_room(14 * kMebibyte));
  for (std::string& body : bodies) keep_body(std::move(body), kNow, budget);
  int kept = 0;
  // 13 MiB find a kept one of 14, and nothing else makes a string's room larger than was asked for.
  for (int i = 0; i < 5; ++i) {
    bodies[static_cast<std::size_t>(i)] = body_with_room(13 * kMebibyte);
    kept += bodies[static_cast<std::size_t>(i)].capacity() >= 14 * kMebibyte ? 1 : 0;
  }
  EXPECT_EQ(kept, 2);
}

TEST_F(ReplyBodies, OneOfMoreThanTwiceTheRoomStaysForAnother) {
  std::string body = body_with_room(4 * kMebibyte);
  const char* const memory = body.data();
  keep_body(std::move(body), kNow, budget);
  EXPECT_LE(body_with_room(kMebibyte).capacity(), 2 * kMebibyte);
  EXPECT_EQ(body_with_room(3 * kMebibyte).data(), memory);
}

TEST_F(ReplyBodies, TheOldestGoForNewOnes) {
  std::vector<std::string> bodies;
  for (int i = 0; i < 2; ++i) bodies.push_back(body_with_room(16 * kMebibyte));
  bodies.push_back(body_with_room(2 * kMebibyte));
  for (std::string& body : bodies) keep_body(std::move(body), kNow, budget);
  EXPECT_GE(body_with_room(kMebibyte).capacity(), 2 * kMebibyte);
  EXPECT_GE(body_with_room(15 * kMebibyte).capacity(), 16 * kMebibyte);
  EXPECT_LT(body_with_room(15 * kMebibyte).capacity(), 16 * kMebibyte);
}

TEST_F(ReplyBodies, NoMoreThanAskedForIsKept) {
  Budget small(8 * 3 * kMebibyte);
  keep_body(body_with_room(4 * kMebibyte), kNow, small);
  EXPECT_LT(body_with_room(3 * kMebibyte).capacity(), 4 * kMebibyte);
  keep_body(body_with_room(2 * kMebibyte), kNow, small);
  EXPECT_GE(body_with_room(kMebibyte).capacity(), 2 * kMebibyte);
}

TEST_F(ReplyBodies, TheyGoWhenNoneWasUsedForAWhile) {
  const auto is_kept = [] { return body_with_room(kMebibyte).capacity() >= 2 * kMebibyte; };
  keep_body(body_with_room(2 * kMebibyte), kNow, budget);
  drop_unused_bodies(kNow + std::chrono::seconds(5));
  EXPECT_TRUE(is_kept());
  keep_body(body_with_room(2 * kMebibyte), kNow, budget);
  drop_unused_bodies(kNow + std::chrono::seconds(6));
  EXPECT_FALSE(is_kept());
}

}  // namespace
}  // namespace penstock::front
