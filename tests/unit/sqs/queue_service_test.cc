#include "sqs/queue_service.h"

#include "support/queue_stand.h"

#include <gtest/gtest.h>

namespace penstock::sqs {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::QueueStand;

class Queues : public ::testing::Test {
 protected:
  Queues() : stand(1, {.durability = engine::local::Durability::kMemory}) {
    PENSTOCK_CHECK(stand.create("q").ok(), "a queue is created");
  }
  ServiceTime now() { return stand.now(); }
  std::vector<std::string> bodies(const Result<std::vector<Received>>& received) {
    std::vector<std::string> out;
    if (!received.ok()) return {"(" + received.error().message + ")"};
    for (const Received& one : *received) out.push_back(one.message.body);
    return out;
  }
  std::vector<std::string> receive_bodies() { return bodies(stand.receive("q")); }

  /// A receive that goes on beside the test.
  struct Pending {
    std::optional<Result<std::vector<Received>>> outcome;
  };
  std::shared_ptr<Pending> start_receive(std::int64_t wait) {
    auto pending = std::make_shared<Pending>();
    stand.world().spawn(
        [](QueueService& queues, std::int64_t wait_s, std::shared_ptr<Pending> out) -> Task<> {
          out->outcome.emplace(co_await queues.receive(QueueStand::target("q"),
                                                       {.max = 10, .wait_seconds = wait_s}));
        }(stand.queues(), wait, pending));
    return pending;
  }
  /// The same for a peer that may go away; `gone` is made and cancelled in the world.
  std::shared_ptr<Pending> start_receive_of(const CancelSource& gone) {
    auto pending = std::make_shared<Pending>();
    stand.world().spawn(
        [](QueueService& queues, CancelToken token, std::shared_ptr<Pending> out) -> Task<> {
          const Receive receive{.max = 10, .wait_seconds = 20, .gone = token};
          out->outcome.emplace(co_await queues.receive(QueueStand::target("q"), receive));
        }(stand.queues(), gone.token(), pending));
    return pending;
  }
  bool ends_within(const Pending& pending, Nanos time) {
    return stand.world().run_until([&] { return pending.outcome.has_value(); }, time);
  }

  QueueStand stand;
};
using Bodies = std::vector<std::string>;

TEST_F(Queues, WhatIsSentIsReceivedInOrderAndDeletedForGood) {
  for (const char* body : {"a", "b", "c"}) ASSERT_TRUE(stand.send("q", body).ok());
  const auto received = stand.receive("q");
  ASSERT_EQ(bodies(received), (Bodies{"a", "b", "c"}));
  EXPECT_TRUE(receive_bodies().empty()) << "they are in flight";
  for (const Received& one : *received) EXPECT_TRUE(stand.erase("q", one.receipt_handle).ok());
  stand.advance(hours(1));
  EXPECT_TRUE(receive_bodies().empty());
}

TEST_F(Queues, AReceiverThatWentAwayIsHandedNothing) {
  const CancelSource gone;
  const auto pending = start_receive_of(gone);
  ASSERT_FALSE(ends_within(*pending, Millis(100)));
  CancelSource(gone).cancel();
  ASSERT_TRUE(ends_within(*pending, Millis(10))) << "its wait ends at once";
  EXPECT_TRUE(pending->outcome->value().empty());
  ASSERT_TRUE(stand.send("q", "a").ok());
  EXPECT_EQ(receive_bodies(), Bodies{"a"}) << "the next one gets it, and at once";
}

TEST_F(Queues, WhoHasGoneBeforeItWaitsIsHandedNothing) {
  ASSERT_TRUE(stand.send("q", "a").ok());
  CancelSource gone;
  gone.cancel();
  const auto pending = start_receive_of(gone);
  ASSERT_TRUE(ends_within(*pending, Millis(10)));
  EXPECT_TRUE(pending->outcome->value().empty());
  EXPECT_EQ(receive_bodies(), Bodies{"a"});
}

TEST_F(Queues, AMessageThatIsNotDeletedComesAgainAfterItsTimeoutWithANewHandle) {
  ASSERT_TRUE(stand.send("q", "a").ok());
  const auto first = stand.receive("q");
  stand.advance(seconds(29));
  EXPECT_TRUE(receive_bodies().empty());
  stand.advance(seconds(1));
  const auto second = stand.receive("q");
  ASSERT_EQ(bodies(second), Bodies{"a"});
  EXPECT_EQ(second->front().receive_count, 2u);
  EXPECT_NE(first->front().receipt_handle, second->front().receipt_handle);
  EXPECT_EQ(first->front().message.id, second->front().message.id);
}

TEST_F(Queues, AnOldHandleDeletesNothingOnceTheMessageWasReceivedAgain) {
  ASSERT_TRUE(stand.send("q", "a").ok());
  const auto first = stand.receive("q");
  stand.advance(seconds(30));
  ASSERT_EQ(receive_bodies(), Bodies{"a"});
  EXPECT_TRUE(stand.erase("q", first->front().receipt_handle).ok()) << "SQS says so too";
  stand.advance(seconds(30));
  EXPECT_EQ(receive_bodies(), Bodies{"a"});
}

TEST_F(Queues, DelaysCountFromTheSend) {
  ASSERT_TRUE(stand.send("q", "late", 60).ok());
  EXPECT_EQ(stand.attribute("q", "ApproximateNumberOfMessagesDelayed"), "1");
  stand.advance(seconds(59));
  EXPECT_TRUE(receive_bodies().empty());
  stand.advance(seconds(2));
  EXPECT_EQ(receive_bodies(), Bodies{"late"});
}

TEST_F(Queues, VisibilityOfZeroGivesTheMessageBackAtOnce) {
  ASSERT_TRUE(stand.send("q", "a").ok());
  const auto received = stand.receive("q");
  ASSERT_TRUE(stand.set_visibility("q", received->front().receipt_handle, 0).ok());
  EXPECT_EQ(receive_bodies(), Bodies{"a"});
}

TEST_F(Queues, VisibilityOfAMessageThatIsNotInFlightCannotBeChanged) {
  ASSERT_TRUE(stand.send("q", "a").ok());
  const auto received = stand.receive("q");
  stand.advance(seconds(31));
  const Status late = stand.set_visibility("q", received->front().receipt_handle, 10);
  ASSERT_FALSE(late.ok());
  EXPECT_TRUE(late.error().code == SqsErrc::kMessageNotInflight);
}

TEST_F(Queues, RetentionRemovesWhatNobodyReceived) {
  ASSERT_TRUE(stand.send("q", "a").ok());
  stand.advance(hours(24 * 4));
  EXPECT_EQ(stand.attribute("q", "ApproximateNumberOfMessages"), "1");
  stand.advance(seconds(1));
  EXPECT_EQ(stand.attribute("q", "ApproximateNumberOfMessages"), "0");
  EXPECT_TRUE(receive_bodies().empty());
}

TEST_F(Queues, PurgeRemovesEverythingAndMayBeAskedOnceAMinute) {
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(stand.send("q", "x").ok());
  ASSERT_TRUE(stand.world().run(stand.queues().purge(QueueStand::target("q"))).ok());
  EXPECT_TRUE(receive_bodies().empty());
  const Status again = stand.world().run(stand.queues().purge(QueueStand::target("q")));
  ASSERT_FALSE(again.ok());
  EXPECT_TRUE(again.error().code == SqsErrc::kPurgeInProgress);
  stand.advance(seconds(60));
  EXPECT_TRUE(stand.world().run(stand.queues().purge(QueueStand::target("q"))).ok());
  ASSERT_TRUE(stand.send("q", "after").ok());
  EXPECT_EQ(receive_bodies(), Bodies{"after"});
}

TEST_F(Queues, TooManyReceivesMoveAMessageToItsDeadLetterQueue) {
  ASSERT_TRUE(stand.create("dead").ok());
  const std::string policy =
      R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"2"})";
  ASSERT_TRUE(
      stand.world()
          .run(stand.queues().set_attributes(QueueStand::target("q"), {{"RedrivePolicy", policy}}))
          .ok());
  ASSERT_TRUE(stand.send("q", "poison").ok());
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(receive_bodies(), Bodies{"poison"});
    stand.advance(seconds(30));
  }
  EXPECT_TRUE(receive_bodies().empty());
  const auto dead = stand.receive("dead");
  ASSERT_EQ(bodies(dead), Bodies{"poison"});
  EXPECT_EQ(dead->front().message.source_arn, "arn:aws:sqs:us-east-1:000000000000:q");
  EXPECT_EQ(dead->front().receive_count, 1u) << "counted anew";
}

TEST_F(Queues, SendOnceDeliversOneMessageForOneId) {
  ASSERT_TRUE(stand.send_once("q", "id-1", "a").ok());
  ASSERT_TRUE(stand.send_once("q", "id-1", "a").ok());
  ASSERT_TRUE(stand.send_once("q", "id-2", "b").ok());
  EXPECT_EQ(receive_bodies(), (Bodies{"a", "b"}));
}

TEST_F(Queues, ARemovedQueueIsGoneAndItsNameGivesAnEmptyOne) {
  ASSERT_TRUE(stand.send("q", "a").ok());
  ASSERT_TRUE(stand.world().run(stand.queues().remove(QueueStand::target("q"))).ok());
  const auto gone = stand.receive("q");
  ASSERT_FALSE(gone.ok());
  EXPECT_TRUE(gone.error().code == SqsErrc::kQueueDoesNotExist);
  ASSERT_TRUE(stand.create("q").ok());
  EXPECT_TRUE(receive_bodies().empty());
}

TEST_F(Queues, HandlesOfAnotherQueueAreRefused) {
  ASSERT_TRUE(stand.create("other").ok());
  ASSERT_TRUE(stand.send("other", "a").ok());
  const auto received = stand.receive("other");
  const Status erased = stand.erase("q", received->front().receipt_handle);
  ASSERT_FALSE(erased.ok());
  EXPECT_TRUE(erased.error().code == SqsErrc::kReceiptHandleInvalid);
}

TEST_F(Queues, EverythingSurvivesAStopOfTheQueues) {
  for (const char* body : {"a", "b", "c"}) ASSERT_TRUE(stand.send("q", body).ok());
  const auto received = stand.receive("q", {.max = 2});
  ASSERT_TRUE(stand.erase("q", received->at(0).receipt_handle).ok());
  stand.reopen_queues();
  EXPECT_EQ(receive_bodies(), Bodies{"c"}) << "a is deleted, b in flight";
  stand.advance(seconds(30));
  const auto again = stand.receive("q");
  ASSERT_EQ(bodies(again), (Bodies{"b", "c"}));
  EXPECT_EQ(again->at(0).receive_count, 2u) << "the count survives too";
}

// --- Waiting
// ---------------------------------------------------------------------------------------

TEST_F(Queues, AReceiveThatWaitsEndsWithTheFirstMessage) {
  const auto pending = start_receive(20);
  EXPECT_FALSE(ends_within(*pending, seconds(5)));
  ASSERT_TRUE(stand.send("q", "a").ok());
  ASSERT_TRUE(ends_within(*pending, seconds(1)));
  EXPECT_EQ(bodies(*pending->outcome), Bodies{"a"});
}

TEST_F(Queues, AReceiveThatWaitsEndsEmptyAfterItsTime) {
  const auto pending = start_receive(20);
  EXPECT_FALSE(ends_within(*pending, seconds(19)));
  ASSERT_TRUE(ends_within(*pending, seconds(2)));
  EXPECT_TRUE(bodies(*pending->outcome).empty());
}

TEST_F(Queues, AReceiveThatWaitsSeesADelayedMessageBecomeVisible) {
  ASSERT_TRUE(stand.send("q", "late", 3).ok());
  const auto pending = start_receive(20);
  ASSERT_TRUE(ends_within(*pending, seconds(4)));
  EXPECT_EQ(bodies(*pending->outcome), Bodies{"late"});
}

TEST_F(Queues, AReceiveThatWaitsEndsWhenItsQueueIsRemoved) {
  const auto pending = start_receive(20);
  ASSERT_TRUE(stand.world().run(stand.queues().remove(QueueStand::target("q"))).ok());
  ASSERT_TRUE(ends_within(*pending, seconds(1)));
  EXPECT_FALSE(pending->outcome->ok());
}

TEST_F(Queues, OneMessageEndsOneOfTwoReceivesThatWait) {
  const auto first = start_receive(20);
  const auto second = start_receive(20);
  EXPECT_FALSE(ends_within(*first, seconds(1)));
  ASSERT_TRUE(stand.send("q", "a").ok());
  stand.world().run_for(seconds(1));
  EXPECT_NE(first->outcome.has_value(), second->outcome.has_value());
}

TEST_F(Queues, EndedWaitsAreOverAtOnceAndEverythingElseGoesOn) {
  const auto pending = start_receive(20);
  EXPECT_FALSE(ends_within(*pending, seconds(1)));
  stand.queues().end_waits();
  ASSERT_TRUE(ends_within(*pending, Millis(10)));
  EXPECT_TRUE(bodies(*pending->outcome).empty());
  const auto later = start_receive(20);
  ASSERT_TRUE(ends_within(*later, Millis(10))) << "one that comes now does not wait at all";
  ASSERT_TRUE(stand.send("q", "a").ok());
  EXPECT_EQ(receive_bodies(), Bodies{"a"});
}

TEST_F(Queues, AMessageOfALargeQueueIsForgottenInTheLogOnceDeleted) {
  for (int i = 0; i < 600; ++i) ASSERT_TRUE(stand.send("q", "x").ok());
  for (int i = 0; i < 60; ++i) {
    const auto received = stand.receive("q");
    ASSERT_EQ(received->size(), 10u);
    for (const Received& one : *received) ASSERT_TRUE(stand.erase("q", one.receipt_handle).ok());
  }
  stand.world().run_for(seconds(1));
  const auto shards = stand.machine.log().shards();
  ASSERT_EQ(shards.size(), 1u);
  EXPECT_GT(stand.machine.log().bounds(shards[0])->trimmed_records, 500u);
}

}  // namespace
}  // namespace penstock::sqs
