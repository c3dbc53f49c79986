#include "base/log.h"
#include "support/queue_stand.h"
#include "support/seeds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <iostream>
#include <map>
#include <random>
#include <set>

// One call after the other against a model that says exactly what each of them must answer:
// visibility, delays, counts, deletion, redrive, retention, ids that are delivered once. The queues
// are restarted, killed and cut off between. A call that the power went in may have happened or
// not: then everything is received once, and must be what the model allows.

namespace penstock::sqs {
namespace {

using std::chrono::seconds;
using testing::QueueStand;
using Random = std::mt19937_64;

constexpr Seconds kVisibility{30};

engine::local::Options on_disk() {
  return {.folder = "/data",
          .durability = engine::local::Durability::kSync,
          .journal_first_file_bytes = 64u << 10,
          .journal_file_bytes_max = 256u << 10,
          .journal_bytes_max = 1u << 20,
          .ballast_bytes = 64u << 10};
}

struct ModelMessage {
  std::string body;
  ServiceTime sent;
  ServiceTime visible_at;
  std::uint32_t count = 0;
  std::string handle;  ///< The newest.
  // What a call that the power went in may have done.
  bool may_be_gone = false;
  bool may_be_claimed = false;
  bool may_be_absent = false;  ///< It may never have been stored.
};

class QueueRun {
 public:
  QueueRun(std::uint64_t seed, std::uint32_t max_receives, Seconds retention)
      : random_(seed), stand_(seed, on_disk()), max_receives_(max_receives), retention_(retention) {
    EXPECT_TRUE(stand_.create("dead").ok());
    TextMap attributes{{"MessageRetentionPeriod", std::to_string(retention.count())},
                       {"VisibilityTimeout", std::to_string(kVisibility.count())}};
    if (max_receives_ > 0) {
      attributes["RedrivePolicy"] =
          R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":")" +
          std::to_string(max_receives_) + "\"}";
    }
    EXPECT_TRUE(stand_.create("q", attributes).ok());
  }

  /// The power goes inside the `call`th changing call of the disk from now on.
  void cut_power_at(std::uint64_t call) {
    stand_.world().disk().cut_power_at(call);
    is_armed_ = call != 0;
  }
  std::uint64_t disk_calls() { return stand_.world().disk().calls(); }
  const std::map<std::string, int>& seen() const { return seen_; }
  /// The newest calls, for a failure's message.
  std::string calls() const {
    std::string text;
    for (const std::string& one : calls_) text += "  " + one + "\n";
    return text;
  }

  void step(bool crashes) {
    forget_expired();
    switch (random_() % (crashes ? 16 : 13)) {
      case 0:
      case 1:
      case 2: send(1 + random_() % 10); break;
      case 3: send_once(); break;
      case 4:
      case 5:
      case 6: receive(); break;
      case 7:
      case 8: erase(); break;
      case 9: change_visibility(); break;
      case 10: random_() % 5 == 0 ? purge() : stand_.advance(Millis(random_() % 20'000)); break;
      case 11: stand_.advance(Millis(random_() % 100'000)); break;
      case 12:
        if (random_() % 3 == 0) restart();
        break;
      case 13:
        cut_power_at(0);
        stand_.kill();
        note("kill");
        purged_at_.reset();
        ++seen_["kill"];
        break;
      default: cut_power_at(1 + random_() % 12); break;
    }
    if (is_out()) recover();
    forget_expired();
    check_counts();
  }

  // --- Calls -------------------------------------------------------------------------------------

  void send(std::uint64_t count) {
    std::vector<NewMessage> messages;
    const ServiceTime now = stand_.now();
    std::vector<ModelMessage> expected;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::int64_t delay = random_() % 4 == 0 ? static_cast<std::int64_t>(random_() % 60) : 0;
      const std::string body = "m" + std::to_string(next_++);
      messages.push_back({.body = body, .sender_id = "000000000000", .delay_seconds = delay});
      expected.push_back({.body = body, .sent = now, .visible_at = now + Seconds(delay)});
    }
    const auto sent = call("send " + expected.front().body,
                           stand_.queues().send(QueueStand::target("q"), std::move(messages)));
    for (ModelMessage& one : expected) {
      one.may_be_absent = !sent;
      queue_.push_back(std::move(one));
    }
    if (!sent) return;
    ASSERT_TRUE(sent->ok()) << sent->error().message;
    for (const auto& one : **sent) ASSERT_TRUE(one.ok()) << one.error().message;
    seen_["sent"] += static_cast<int>(count);
  }

  /// A new id, or one of those delivered before.
  void send_once() {
    const bool repeats = !ids_.empty() && random_() % 2 == 0;
    const std::string id =
        repeats ? ids_[random_() % ids_.size()] : "id-" + std::to_string(next_++);
    const ServiceTime now = stand_.now();
    const auto sent =
        call("send once " + id,
             stand_.queues().send_once(QueueStand::target("q"), id, "once " + id, "000000000000"));
    if (sent) ASSERT_TRUE(sent->ok()) << sent->error().message;
    if (repeats) {
      ++seen_["repeated id"];
      return;  // Nothing may come of it.
    }
    ids_.push_back(id);
    queue_.push_back(
        {.body = "once " + id, .sent = now, .visible_at = now, .may_be_absent = !sent});
  }

  void receive() {
    const std::int64_t max = 1 + static_cast<std::int64_t>(random_() % 10);
    const Seconds visibility = random_() % 3 == 0 ? Seconds(random_() % 60) : kVisibility;
    std::vector<std::string> expected;
    claimed_.clear();
    moved_.clear();
    claim(static_cast<std::size_t>(max), visibility, expected);
    const auto received = call(
        "receive", stand_.queues().receive(QueueStand::target("q"),
                                           {.max = max, .visibility_seconds = visibility.count()}));
    if (!received) {
      undo_claims();
      return;
    }
    ASSERT_TRUE(received->ok()) << received->error().message;
    std::vector<std::string> bodies;
    for (const Received& one : **received) {
      bodies.push_back(one.message.body);
      ModelMessage& known = *find(one.message.body);
      EXPECT_EQ(one.receive_count, known.count) << known.body;
      if (!known.handle.empty()) old_handles_.push_back({known.body, known.handle});
      known.handle = one.receipt_handle;
    }
    ASSERT_EQ(bodies, expected);
    seen_["received"] += static_cast<int>(bodies.size());
    seen_["moved"] += static_cast<int>(moved_.size());
  }

  void erase() {
    std::vector<std::string> handles;
    std::vector<std::string> bodies;
    for (std::uint64_t i = 1 + random_() % 4; i > 0; --i) {
      if (queue_.empty()) break;
      const ModelMessage& one = queue_[random_() % queue_.size()];
      if (one.handle.empty() || std::count(bodies.begin(), bodies.end(), one.body) > 0) continue;
      handles.push_back(one.handle);
      bodies.push_back(one.body);
    }
    if (!old_handles_.empty() && random_() % 4 == 0) {
      const auto& [body, handle] = old_handles_[random_() % old_handles_.size()];
      const auto known = find(body);
      if (known == queue_.end() || known->handle != handle) {
        handles.push_back(handle);  // Decides nothing.
        ++seen_["old handle"];
      }
    }
    if (handles.empty()) return;
    const auto erased = call("erase " + std::to_string(handles.size()),
                             stand_.queues().erase(QueueStand::target("q"), handles));
    if (!erased) {
      for (const std::string& body : bodies) find(body)->may_be_gone = true;
      all_or_none_ = bodies;
      return;
    }
    ASSERT_TRUE(erased->ok());
    for (const Status& one : **erased) ASSERT_TRUE(one.ok()) << one.error().message;
    for (const std::string& body : bodies) queue_.erase(find(body));
    seen_["erased"] += static_cast<int>(bodies.size());
  }

  void change_visibility() {
    if (queue_.empty()) return;
    ModelMessage& one = queue_[random_() % queue_.size()];
    if (one.handle.empty()) return;
    const Seconds wanted(random_() % 60);
    const ServiceTime now = stand_.now();
    std::vector<VisibilityChange> changes;
    changes.push_back({one.handle, wanted.count()});
    const auto changed =
        call("change visibility of " + one.body,
             stand_.queues().change_visibility(QueueStand::target("q"), std::move(changes)));
    if (!changed) return;  // Whether it is visible is looked at when it is.
    ASSERT_TRUE(changed->ok());
    const Status& outcome = (*changed)->front();
    if (one.visible_at <= now) {
      ASSERT_FALSE(outcome.ok()) << one.body;
      ASSERT_TRUE(outcome.error().code == SqsErrc::kMessageNotInflight) << outcome.error().message;
      return;
    }
    ASSERT_TRUE(outcome.ok()) << one.body << ": " << outcome.error().message;
    one.visible_at = now + wanted;
    ++seen_["visibility changed"];
  }

  void purge() {
    const ServiceTime now = stand_.now();
    const auto purged = call("purge", stand_.queues().purge(QueueStand::target("q")));
    if (!purged) {
      all_or_none_.clear();
      for (ModelMessage& one : queue_) {
        one.may_be_gone = true;
        if (!one.may_be_absent) all_or_none_.push_back(one.body);
      }
      return;
    }
    if (purged_at_ && now < *purged_at_ + seconds(60)) {
      ASSERT_FALSE(purged->ok());
      ASSERT_TRUE(purged->error().code == SqsErrc::kPurgeInProgress);
      return;
    }
    ASSERT_TRUE(purged->ok()) << purged->error().message;
    purged_at_ = now;
    queue_.clear();
    ++seen_["purge"];
  }

  void restart() {
    if (is_armed_) return;
    stand_.restart();
    note("restart");
    purged_at_.reset();
    ++seen_["restart"];
  }

  /// The power is out, or goes now: everything is received, and the model takes it over.
  void recover() {
    ++seen_["power cut"];
    stand_.crash();
    note("started again");
    is_armed_ = false;
    purged_at_.reset();
    stand_.advance(seconds(100));  // Beyond every timeout and delay.
    forget_expired();
    std::map<std::string, Received> found = receive_all("q");
    std::map<std::string, Received> dead = receive_all("dead");
    take_over(found, dead);
    all_or_none_.clear();
    old_handles_.clear();
  }

 private:
  bool is_out() { return stand_.world().disk().power_is_out(); }
  /// Nothing when the power went in it.
  template <class T>
  std::optional<T> call(std::string what, Task<T> task) {
    auto made = stand_.world().try_run(std::move(task));
    note(what + (is_out() ? ", and the power went" : ""));
    if (is_out()) return std::nullopt;
    return made;
  }
  void note(std::string what) {
    calls_.push_back(std::to_string(unix_millis(stand_.now()) % 100'000'000) + " " + what);
    if (calls_.size() > 15) calls_.pop_front();
  }
  std::deque<ModelMessage>::iterator find(const std::string& body) {
    return std::find_if(queue_.begin(), queue_.end(),
                        [&](const ModelMessage& one) { return one.body == body; });
  }
  void forget_expired() {
    const ServiceTime oldest = stand_.now() - retention_;
    std::erase_if(queue_, [&](const ModelMessage& one) { return one.sent < oldest; });
  }

  /// What a receive does, in the model: bodies in the order of sending.
  void claim(std::size_t max, Seconds visibility, std::vector<std::string>& received) {
    const ServiceTime now = stand_.now();
    while (received.empty()) {
      std::size_t claims = 0;
      for (ModelMessage& one : queue_) {
        if (claims == max) break;
        if (one.visible_at > now) continue;
        ++claims;
        claimed_.push_back(one);
        ++one.count;
        one.visible_at = now + visibility;
        if (max_receives_ > 0 && one.count > max_receives_) {
          moved_.insert(one.body);
        } else {
          received.push_back(one.body);
        }
      }
      for (const std::string& body : moved_) {
        const auto known = find(body);
        if (known != queue_.end()) queue_.erase(known);
        dead_.insert(body);
      }
      if (claims == 0) return;
    }
  }

  /// The power went in the receive: each claim may be durable or not, each move made or not.
  void undo_claims() {
    for (const ModelMessage& before : claimed_) {
      const bool was_moved = moved_.contains(before.body);
      if (was_moved) {
        dead_.erase(before.body);
        may_be_dead_.insert(before.body);
        const auto behind = std::find_if(
            queue_.begin(), queue_.end(),
            [&](const ModelMessage& one) { return number_of(one.body) > number_of(before.body); });
        queue_.insert(behind, before);
      }
      ModelMessage& known = *find(before.body);
      known = before;
      known.may_be_claimed = true;
      known.may_be_gone = known.may_be_gone || was_moved;
    }
  }
  static std::uint64_t number_of(const std::string& body) {
    return std::stoull(body.substr(body.find_first_of("0123456789")));
  }

  std::map<std::string, Received> receive_all(const std::string& name) {
    std::map<std::string, Received> all;
    for (;;) {
      const auto received = stand_.receive(name, {.max = 10, .visibility_seconds = 60});
      EXPECT_TRUE(received.ok()) << received.error().message;
      if (!received.ok() || received->empty()) return all;
      for (const Received& one : *received) {
        const bool is_new = all.try_emplace(one.message.body, one).second;
        EXPECT_TRUE(is_new || name == "dead") << one.message.body << " lies twice in " << name;
        EXPECT_TRUE(is_new || may_be_dead_.contains(one.message.body))
            << one.message.body << " lies twice in " << name;
      }
    }
  }

  void take_over(const std::map<std::string, Received>& found,
                 const std::map<std::string, Received>& dead) {
    std::size_t gone = 0;
    // Those that expired meanwhile say nothing.
    std::erase_if(all_or_none_, [&](const auto& body) { return find(body) == queue_.end(); });
    for (const std::string& body : all_or_none_) gone += found.contains(body) ? 0 : 1;
    if (max_receives_ == 0) {
      EXPECT_TRUE(gone == 0 || gone == all_or_none_.size())
          << gone << " of " << all_or_none_.size() << " messages of one call are gone";
    }
    const ServiceTime now = stand_.now();
    std::deque<ModelMessage> left;
    for (ModelMessage& one : queue_) {
      const auto at = found.find(one.body);
      const bool may_have_moved =
          max_receives_ > 0 && one.count + (one.may_be_claimed ? 2 : 1) > max_receives_;
      if (at == found.end()) {
        EXPECT_TRUE(one.may_be_gone || one.may_be_absent ||
                    (may_have_moved && dead.contains(one.body)))
            << one.body << " is lost";
        if (may_have_moved && dead.contains(one.body)) dead_.insert(one.body);
        seen_["did not happen"] += one.may_be_absent ? 1 : 0;
        if (one.may_be_absent)
          std::erase_if(ids_, [&](const auto& id) { return one.body == "once " + id; });
        continue;
      }
      const std::uint32_t count = at->second.receive_count;
      EXPECT_TRUE(count == one.count + 1 || (one.may_be_claimed && count == one.count + 2))
          << one.body << " was received " << count << " times, the model says " << one.count + 1;
      seen_["did happen"] += one.may_be_absent ? 1 : 0;
      left.push_back({.body = one.body,
                      .sent = one.sent,
                      .visible_at = now + seconds(60),
                      .count = count,
                      .handle = at->second.receipt_handle});
    }
    for (const auto& [body, received] : found) {
      const bool is_known = find(body) != queue_.end();
      EXPECT_TRUE(is_known) << body << " came back";
    }
    for (const auto& [body, received] : dead) {
      EXPECT_TRUE(dead_.contains(body) || may_be_dead_.contains(body))
          << body << " is in the dead letter queue";
      dead_.insert(body);
    }
    for (const std::string& body : dead_)
      EXPECT_TRUE(dead.contains(body)) << body << " is lost from the dead letter queue";
    queue_ = std::move(left);
  }

  void check_counts() {
    const ServiceTime now = stand_.now();
    std::map<std::string, int> expected{{"", 0}, {"NotVisible", 0}, {"Delayed", 0}};
    for (const ModelMessage& one : queue_)
      ++expected[one.visible_at <= now ? "" : one.count > 0 ? "NotVisible" : "Delayed"];
    for (const auto& [kind, count] : expected) {
      EXPECT_EQ(stand_.attribute("q", "ApproximateNumberOfMessages" + kind), std::to_string(count))
          << kind;
    }
  }

  Random random_;
  QueueStand stand_;
  std::uint32_t max_receives_;
  Seconds retention_;
  std::deque<ModelMessage> queue_;
  std::set<std::string> dead_;
  std::set<std::string> may_be_dead_;
  std::vector<std::string> ids_;  ///< Delivered by send_once.
  std::vector<std::pair<std::string, std::string>> old_handles_;
  std::vector<ModelMessage> claimed_;  ///< By the receive in progress, as before it.
  std::set<std::string> moved_;
  std::vector<std::string> all_or_none_;
  std::optional<ServiceTime> purged_at_;
  std::uint64_t next_ = 1;
  std::deque<std::string> calls_;
  bool is_armed_ = false;
  std::map<std::string, int> seen_;
};

class QueueModel : public ::testing::Test {
 protected:
  void SetUp() override { log::set_level(log::Level::kOff); }
  void TearDown() override {
    log::set_level(log::Level::kInfo);
    if (std::getenv("PENSTOCK_SIM_SHOW") == nullptr) return;
    for (const auto& [what, count] : seen_) std::cout << "  " << what << ": " << count << "\n";
  }
  void add(const QueueRun& run) {
    for (const auto& [what, count] : run.seen()) seen_[what] += count;
  }
  static std::uint32_t max_receives(std::uint64_t seed) {
    return seed % 3 == 0 ? 1 + static_cast<std::uint32_t>(seed % 4) : 0;
  }
  static Seconds retention(std::uint64_t seed) { return Seconds(seed % 5 == 0 ? 300 : 345'600); }
  void expect_seen(std::uint64_t ran, std::uint64_t full,
                   std::initializer_list<std::pair<const char*, std::uint64_t>> at_full) {
    if (ran * 10 < full) return;  // Some seeds to look at.
    for (const auto& [what, count] : at_full)
      EXPECT_GE(static_cast<std::uint64_t>(seen_[what]), testing::share_of(count, ran, full))
          << what;
  }
  std::map<std::string, int> seen_;
};

TEST_F(QueueModel, AnswersEveryCallAsTheModelDoesThroughRestarts) {
  const auto seeds = testing::seeds_or_one(150);
  for (const std::uint64_t seed : seeds) {
    QueueRun run(seed, max_receives(seed), retention(seed));
    for (int step = 0; step < 120; ++step) {
      run.step(false);
      if (HasFailure()) FAIL() << run.calls() << "step " << step << " of PENSTOCK_SEED=" << seed;
    }
    add(run);
  }
  expect_seen(seeds.size(), 150,
              {{"sent", 10'000},
               {"received", 5'000},
               {"erased", 500},
               {"moved", 200},
               {"repeated id", 200},
               {"restart", 200}});
}

TEST_F(QueueModel, HoldsThroughKillsAndCutsOfPower) {
  const auto seeds = testing::seeds_or_one(300);
  for (const std::uint64_t seed : seeds) {
    QueueRun run(seed, max_receives(seed), retention(seed));
    for (int step = 0; step < 100; ++step) {
      run.step(true);
      if (HasFailure()) FAIL() << run.calls() << "step " << step << " of PENSTOCK_SEED=" << seed;
    }
    add(run);
  }
  expect_seen(seeds.size(), 300,
              {{"power cut", 500},
               {"kill", 500},
               {"did happen", 100},
               {"did not happen", 100},
               {"moved", 100}});
}

/// The power goes in every single call of the disk, one history each.
TEST_F(QueueModel, HoldsWhereverThePowerGoes) {
  const auto seeds = testing::seeds_or_one(3);
  std::uint64_t histories = 0;
  std::uint64_t cut = 0;
  for (const std::uint64_t seed : seeds) {
    std::uint64_t points = 0;
    for (std::uint64_t point = 1; points == 0 || point <= points; ++point, ++histories) {
      QueueRun run(seed, 2, Seconds(345'600));
      const std::uint64_t before = run.disk_calls();
      run.cut_power_at(point);
      for (int step = 0; step < 40; ++step) run.step(false);
      if (HasFailure())
        FAIL() << run.calls() << "cut at disk call " << point << " of PENSTOCK_SEED=" << seed;
      // The first history is cut at once, so that it says little of how many calls there are.
      points = std::max(points, std::min<std::uint64_t>(run.disk_calls() - before, 250));
      cut += run.seen().contains("power cut") ? 1 : 0;
      add(run);
    }
  }
  EXPECT_GE(histories, 30 * seeds.size());
  EXPECT_GE(cut, histories / 2);
}

/// The power goes between a message and its id; the message is taken and goes; then the sender, who
/// was told nothing, sends again.
TEST_F(QueueModel, AnIdIsRememberedWhenTheMessageThatRememberedItIsGone) {
  int delivered = 0;
  for (std::uint64_t point = 1; point <= 10; ++point) {
    QueueStand stand(point, on_disk());
    ASSERT_TRUE(stand.create("q").ok());
    stand.world().disk().cut_power_at(point);
    const auto sent = stand.world().try_run(
        stand.queues().send_once(QueueStand::target("q"), "id", "body", "000000000000"));
    if (sent && !stand.world().disk().power_is_out()) continue;  // It needs fewer calls.
    stand.crash();
    const auto received = stand.receive("q");
    ASSERT_TRUE(received.ok());
    if (received->empty()) continue;
    ++delivered;
    ASSERT_TRUE(stand.world().run(stand.queues().purge(QueueStand::target("q"))).ok());
    stand.restart();
    ASSERT_TRUE(stand.send_once("q", "id", "body").ok());
    EXPECT_EQ(stand.attribute("q", "ApproximateNumberOfMessages"), "0") << "cut at call " << point;
  }
  EXPECT_GT(delivered, 0);
}

TEST_F(QueueModel, OneSeedIsOneHistory) {
  const auto seen = [](std::uint64_t seed) {
    QueueRun run(seed, 2, Seconds(345'600));
    for (int step = 0; step < 60; ++step) run.step(true);
    return std::pair(run.seen(), run.disk_calls());
  };
  for (std::uint64_t seed = 1; seed <= 3; ++seed) EXPECT_EQ(seen(seed), seen(seed));
}

}  // namespace
}  // namespace penstock::sqs
