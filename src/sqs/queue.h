#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/task.h"
#include "engine/engine.h"
#include "env/loop.h"
#include "sqs/delivered_ids.h"
#include "sqs/message_table.h"
#include "sqs/receipt_handle.h"
#include "sqs/types.h"

#include <functional>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace penstock::env {
class Clocks;
class Random;
}  // namespace penstock::env

namespace penstock::sqs {

/// What queues are made of; outlives them.
struct QueueParts {
  env::Clocks& clocks;
  env::Loop& control_loop;
  env::Random& random;
  engine::Engine& engine;
};

class Queue;
using FindQueue = std::function<std::shared_ptr<Queue>(const std::string& arn)>;

/// One queue: a log with one shard for the messages, and marks for their receipts.
///
///     sqs/<log>/low        everything before this position is gone
///     sqs/<log>/b/<block>  receipts of 256 positions: deleted, receive counts, visible again at
///     sqs/<log>/ids/<n>    ids that must not be delivered again
///
/// Lives on the control loop. Whoever calls holds a shared_ptr until the call has ended.
/// Invariants: a message is sent when its record is durable, deleted when its block is durable; a
/// receive is durable before its messages leave, so a crash brings none of them back too early. The
/// low mark never passes a record whose send has not yet been told to the table (`floors_`).
class Queue {
 public:
  /// parts, settings: outlive the queue.
  Queue(QueueParts& parts, const QueueSettings& settings, CancelToken stopping, LogId log,
        std::string arn);

  /// Makes the log exist and brings the table up to what is stored.
  Task<Status> load();
  void set_attributes(const QueueAttributes& attributes);
  const QueueAttributes& attributes() const { return attributes_; }
  LogId log_id() const { return shard_.log; }
  /// Where messages go that were received too often; nullptr when there is no such queue.
  void set_find_queue(FindQueue find) { find_ = std::move(find); }
  /// Operations that wait end with kQueueDoesNotExist.
  void mark_removed();

  /// Stores complete messages; one outcome for all.
  Task<Status> send(std::vector<Message> messages);
  /// The same for one message with a delivery_id: nothing happens when it was delivered before.
  Task<Status> send_once(Message message);
  Task<Result<std::vector<Received>>> receive(std::size_t max, Millis visibility, Millis wait,
                                              CancelToken receiver_gone = {});
  Task<std::vector<Status>> erase(std::vector<std::string> receipt_handles);
  Task<std::vector<Status>> change_visibility(std::vector<VisibilityChange> changes);
  Task<Status> purge();

  MessageTable::Counts counts();
  /// Drops what is too old; moves the low mark and trims the log when that frees enough.
  Task<> tidy();
  /// When tidy() has work by time; nothing while the queue is empty.
  std::optional<ServiceTime> next_expiry() const;
  /// Runs on the loop whenever tidy() has something to free.
  void on_untidy(std::function<void()> callback) { on_untidy_ = std::move(callback); }

  /// Everything a removed queue leaves behind.
  static Task<Status> remove_stored(engine::Engine& engine, LogId log);

 private:
  class Floor;
  std::string key(std::string_view rest) const;
  engine::Fence fence() const { return parts_.engine.leases().node(); }
  Task<Status> load_messages();
  Status load_receipts();
  Task<Status> append(std::vector<Message> messages);
  Task<Status> store_blocks(std::set<std::uint64_t> blocks);
  Task<> store_ids(std::set<std::uint64_t> pages);
  Task<Status> move_low(std::uint64_t low);
  Error gone() const;
  std::uint64_t low_possible() const;
  Task<Result<std::vector<Received>>> hand_out(std::vector<Claim> claims);
  Task<Result<Message>> read_message(std::uint64_t index);
  Task<> redrive(std::vector<Claim> claims);
  Task<Status> move_to_target(std::uint64_t index);
  Task<> wait_for_change(SteadyTime until, CancelToken receiver_gone);
  Result<ReceiptHandle> open_handle(const std::string& text) const;
  std::string new_handle(const Claim& claim);
  void wake_waiters();
  void note_freed();

  QueueParts& parts_;
  const QueueSettings& settings_;
  CancelToken stopping_;
  ShardRef shard_;
  std::string arn_;
  QueueAttributes attributes_;
  FindQueue find_;
  std::function<void()> on_untidy_;
  MessageTable table_;
  DeliveredIds delivered_;
  std::set<std::string> delivering_;     ///< Ids whose send has not ended.
  std::multiset<std::uint64_t> floors_;  ///< First positions that sends in progress may get.
  std::list<env::Signal> waiters_;
  std::uint64_t low_ = 0;  ///< As stored.
  std::optional<ServiceTime> purged_at_;
  bool removed_ = false;
};

}  // namespace penstock::sqs
