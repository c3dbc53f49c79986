#include "sqs/queue.h"

#include "base/check.h"
#include "base/log.h"
#include "engine/errors.h"
#include "env/clocks.h"
#include "env/random.h"
#include "sqs/errors.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace penstock::sqs {
namespace {

/// Positions that must be free at the front before the low mark moves: two writes for 256 deletes.
constexpr std::uint64_t kTidyPositions = kBlockPositions;

/// A message that could not be moved to its dead letter queue is hidden this long.
constexpr Seconds kRedriveRetry{30};

std::uint64_t block_of(std::uint64_t index) { return index / kBlockPositions; }

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string prefix_of(LogId log) { return "sqs/" + std::to_string(log.value) + "/"; }

}  // namespace

/// While a send is in progress: its records lie at or behind what was next when it began.
class Queue::Floor {
 public:
  explicit Floor(Queue& queue) : queue_(queue) {
    const auto bounds = queue.parts_.engine.log().bounds(queue.shard_);
    at_ = queue.floors_.insert(bounds.ok() ? bounds->next.index : 0);
  }
  ~Floor() { queue_.floors_.erase(at_); }
  Floor(const Floor&) = delete;
  Floor& operator=(const Floor&) = delete;

 private:
  Queue& queue_;
  std::multiset<std::uint64_t>::iterator at_;
};

Queue::Queue(QueueParts& parts, const QueueSettings& settings, CancelToken stopping, LogId log,
             std::string arn)
    : parts_(parts),
      settings_(settings),
      stopping_(std::move(stopping)),
      shard_{log, 0},
      arn_(std::move(arn)) {}

std::string Queue::key(std::string_view rest) const {
  return prefix_of(shard_.log) + std::string(rest);
}

void Queue::set_attributes(const QueueAttributes& attributes) { attributes_ = attributes; }

Error Queue::gone() const {
  return {SqsErrc::kQueueDoesNotExist, "The specified queue does not exist."};
}

void Queue::mark_removed() {
  removed_ = true;
  wake_waiters();
}

// --- Opening -----------------------------------------------------------------------------------

Task<Status> Queue::load() {
  CO_TRY_OK(co_await parts_.engine.log().ensure(shard_.log, 1));
  CO_TRY_OK(co_await parts_.engine.log().open(shard_, fence()));
  CO_TRY_OK(load_receipts());
  CO_TRY_OK(co_await load_messages());
  co_return ok();
}

Status Queue::load_receipts() {
  const engine::Marks& marks = parts_.engine.marks();
  if (const auto low = marks.get(key("low"))) {
    low_ = number_of(*low).value_or(0);
    table_.drop_below(low_);
  }
  const std::string blocks = key("b/");
  for (const auto& [name, value] : marks.list(blocks)) {
    const auto block = number_of(std::string_view(name).substr(blocks.size()));
    if (!block) return Error{Errc::kCorrupt, "a mark has no block number: " + name};
    TRY_OK(table_.restore_block(*block, value));
  }
  for (const auto& [name, value] : marks.list(key("ids/"))) {
    TRY_OK(delivered_.restore_page(value));
  }
  return ok();
}

Task<Status> Queue::load_messages() {
  engine::Log& log = parts_.engine.log();
  // The trim after the low mark may not have become durable.
  if (low_ > 0) CO_TRY_OK(co_await log.trim(shard_, {low_}));
  CO_TRY(const engine::Bounds bounds, log.bounds(shard_));
  engine::Position from{std::max(low_, bounds.horizon.index)};
  std::set<std::uint64_t> pages;
  while (from < bounds.next) {
    CO_TRY(const engine::Slice slice, co_await log.read(shard_, from, {}));
    if (slice.records.empty() && slice.next <= from) break;
    for (const engine::Record& record : slice.records) {
      CO_TRY(const MessageHead head, decode_message_head(record.data));
      table_.add(record.at.index, head.sent, head.visible_at);
      if (!head.delivery_id.empty() && !delivered_.contains(head.delivery_id)) {
        pages.insert(delivered_.add(head.delivery_id));
      }
    }
    from = slice.next;
  }
  // The server died between a message and its id: before the message goes, the id must be stored.
  if (!pages.empty()) co_await store_ids(std::move(pages));
  co_return ok();
}

// --- Sending -----------------------------------------------------------------------------------

Task<Status> Queue::send(std::vector<Message> messages) {
  const Floor floor(*this);
  co_return co_await append(std::move(messages));
}

Task<Status> Queue::append(std::vector<Message> messages) {
  const ServiceTime now = parts_.clocks.service_now();
  std::vector<std::string> encoded;
  std::vector<engine::NewRecord> records;
  encoded.reserve(messages.size());
  for (const Message& message : messages) {
    encoded.push_back(encode_message(message));
    records.push_back({message.id, encoded.back()});
  }
  engine::Append request{shard_, fence(), records, now};
  co_await parts_.engine.log().append(std::span(&request, 1));
  if (!request.outcome.ok()) co_return removed_ ? gone() : std::move(request.outcome).error();
  const engine::Appended& appended = *request.outcome;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    table_.add(appended.first.index + i, messages[i].sent, messages[i].visible_at);
  }
  wake_waiters();
  co_return ok();
}

Task<Status> Queue::send_once(Message message) {
  const std::string id = message.delivery_id;
  PENSTOCK_CHECK(!id.empty(), "a message that is sent once has an id");
  if (delivered_.contains(id)) co_return ok();
  if (!delivering_.insert(id).second) {
    co_return Error{Errc::kUnavailable, "the same message is being delivered now"};
  }
  // Until the page is durable, the record itself is what remembers the id: it must not be trimmed.
  const Floor floor(*this);
  std::vector<Message> messages;
  messages.push_back(std::move(message));
  const Status sent = co_await append(std::move(messages));
  delivering_.erase(id);
  if (!sent.ok()) co_return sent;
  std::set<std::uint64_t> pages{delivered_.add(id)};
  co_await store_ids(std::move(pages));
  co_return ok();
}

Task<> Queue::store_ids(std::set<std::uint64_t> pages) {
  std::vector<engine::Marks::Mark> marks;
  for (const std::uint64_t page : pages) {
    marks.push_back(
        {key("ids/" + std::to_string(DeliveredIds::slot_of(page))), delivered_.encode_page(page)});
  }
  const Status stored = co_await parts_.engine.marks().put(fence(), std::move(marks));
  if (!stored.ok()) {
    log::warn("delivered ids are kept by their messages only",
              {{"log", shard_.log.value}, {"error", stored.error().message}});
  }
}

// --- Receiving ---------------------------------------------------------------------------------

Task<Result<std::vector<Received>>> Queue::receive(std::size_t max, Millis visibility, Millis wait,
                                                   CancelToken receiver_gone) {
  const SteadyTime until = parts_.clocks.steady_now() + wait;
  for (;;) {
    if (removed_) co_return gone();
    if (receiver_gone.cancelled()) co_return std::vector<Received>{};
    const ServiceTime now = parts_.clocks.service_now();
    table_.expire(now - attributes_.retention);
    if (table_.counts(now).in_flight >= settings_.in_flight_max) {
      co_return Error{SqsErrc::kOverLimit,
                      "Too many messages are in flight; delete some of those received."};
    }
    std::vector<Claim> claims = table_.claim(now, max, visibility);
    std::vector<Claim> too_often;
    if (attributes_.redrive) {
      const auto is_too_often = [max_count = attributes_.redrive->max_receive_count](
                                    const Claim& claim) { return claim.receive_count > max_count; };
      std::copy_if(claims.begin(), claims.end(), std::back_inserter(too_often), is_too_often);
      std::erase_if(claims, is_too_often);
    }
    const bool has_claimed = !claims.empty() || !too_often.empty();
    if (!too_often.empty()) co_await redrive(std::move(too_often));
    if (!claims.empty()) {
      CO_TRY(std::vector<Received> received, co_await hand_out(std::move(claims)));
      if (!received.empty()) co_return received;
    }
    if (has_claimed) continue;  // time has passed: look again before waiting
    if (parts_.clocks.steady_now() >= until || stopping_.cancelled()) {
      co_return std::vector<Received>{};
    }
    co_await wait_for_change(until, receiver_gone);
  }
}

Task<Result<std::vector<Received>>> Queue::hand_out(std::vector<Claim> claims) {
  std::set<std::uint64_t> blocks;
  for (const Claim& claim : claims) blocks.insert(block_of(claim.index));
  const Status stored = co_await store_blocks(std::move(blocks));
  if (!stored.ok()) {
    for (const Claim& claim : claims) table_.unclaim(claim);
    wake_waiters();
    co_return stored.error();
  }
  std::vector<Received> received;
  std::optional<Error> failed;
  for (const Claim& claim : claims) {
    if (!table_.has(claim.index)) continue;  // purged or deleted meanwhile
    Result<Message> message = co_await read_message(claim.index);
    if (!message.ok()) {
      log::error("a message cannot be read; it stays hidden for its visibility timeout",
                 {{"log", shard_.log.value},
                  {"position", claim.index},
                  {"error", message.error().message}});
      failed = std::move(message).error();
      continue;
    }
    received.push_back(
        {std::move(message).value(), new_handle(claim), claim.receive_count, claim.first_received});
  }
  if (received.empty() && failed) co_return std::move(*failed);
  co_return received;
}

Task<Result<Message>> Queue::read_message(std::uint64_t index) {
  CO_TRY(const engine::Slice slice,
         co_await parts_.engine.log().read(shard_, {index}, {.records_max = 1}));
  if (slice.records.empty() || slice.records.front().at.index != index) {
    co_return Error{Errc::kNotFound, "there is no record at the message's position"};
  }
  co_return decode_message(slice.records.front().data);
}

Task<> Queue::redrive(std::vector<Claim> claims) {
  std::set<std::uint64_t> blocks;
  for (const Claim& claim : claims) {
    blocks.insert(block_of(claim.index));
    const Status moved = co_await move_to_target(claim.index);
    if (moved.ok()) {
      table_.erase(claim.index);
    } else if (table_.has(claim.index)) {
      const ServiceTime now = parts_.clocks.service_now();
      table_.set_visible_at(claim.index, now + kRedriveRetry, now);
    }
  }
  // A crash before this is durable moves the message a second time: at least once, as everywhere.
  const Status stored = co_await store_blocks(std::move(blocks));
  if (!stored.ok()) {
    log::warn("receipts of redriven messages were not stored",
              {{"log", shard_.log.value}, {"error", stored.error().message}});
  }
  note_freed();
}

Task<Status> Queue::move_to_target(std::uint64_t index) {
  const std::string target_arn = attributes_.redrive ? attributes_.redrive->target_arn : "";
  const std::shared_ptr<Queue> target = find_ ? find_(target_arn) : nullptr;
  if (target == nullptr || target.get() == this) {
    co_return Error{SqsErrc::kQueueDoesNotExist, "there is no dead letter queue " + target_arn};
  }
  CO_TRY(Message message, co_await read_message(index));
  message.source_arn = arn_;
  message.visible_at = message.sent;
  std::vector<Message> messages;
  messages.push_back(std::move(message));
  co_return co_await target->send(std::move(messages));
}

Task<> Queue::wait_for_change(SteadyTime until, CancelToken receiver_gone) {
  const auto waiter = waiters_.emplace(waiters_.end());
  const env::Signal signal = *waiter;
  const auto left = receiver_gone.on_cancel([signal] { signal.notify(); });
  std::optional<env::Loop::TimerId> timer;
  if (const auto next = table_.next_visible(parts_.clocks.service_now())) {
    timer = parts_.control_loop.arm(*next, [signal] { signal.notify(); });
  }
  co_await signal.wait_until(parts_.control_loop, until, stopping_);
  if (timer) parts_.control_loop.disarm(*timer);
  waiters_.erase(waiter);
}

void Queue::wake_waiters() {
  for (const env::Signal& waiter : waiters_) waiter.notify();
}

// --- Receipts ----------------------------------------------------------------------------------

std::string Queue::new_handle(const Claim& claim) {
  return encode({shard_.log, claim.index, claim.receive_count, parts_.random.next()});
}

Result<ReceiptHandle> Queue::open_handle(const std::string& text) const {
  TRY(const ReceiptHandle handle, decode_receipt_handle(text));
  if (handle.log != shard_.log) {
    return Error{SqsErrc::kReceiptHandleInvalid,
                 "The input receipt handle is not valid for this queue."};
  }
  return handle;
}

Task<std::vector<Status>> Queue::erase(std::vector<std::string> receipt_handles) {
  std::vector<Status> outcomes;
  std::set<std::uint64_t> blocks;
  std::vector<bool> decides(receipt_handles.size(), false);
  for (std::size_t i = 0; i < receipt_handles.size(); ++i) {
    const Result<ReceiptHandle> handle = open_handle(receipt_handles[i]);
    if (!handle.ok()) {
      outcomes.push_back(handle.error());
      continue;
    }
    outcomes.push_back(ok());
    if (handle->index < low_ || !table_.is_latest(handle->index, handle->receive_count)) continue;
    // Also when it is gone already: the deletion before this one may not be durable yet.
    table_.erase(handle->index);
    blocks.insert(block_of(handle->index));
    decides[i] = true;
  }
  if (blocks.empty()) co_return outcomes;
  const Status stored = co_await store_blocks(std::move(blocks));
  if (!stored.ok()) {
    // The messages stay away until a restart; told again, the deletion is stored again.
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (decides[i]) outcomes[i] = stored.error();
    }
  }
  note_freed();
  co_return outcomes;
}

Task<std::vector<Status>> Queue::change_visibility(std::vector<VisibilityChange> changes) {
  const ServiceTime now = parts_.clocks.service_now();
  std::vector<Status> outcomes;
  std::vector<bool> changed(changes.size(), false);
  std::set<std::uint64_t> blocks;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const Result<ReceiptHandle> handle = open_handle(changes[i].receipt_handle);
    const Status in_bounds = check_visibility(changes[i].seconds);
    if (!handle.ok()) {
      outcomes.push_back(handle.error());
    } else if (!in_bounds.ok()) {
      outcomes.push_back(in_bounds);
    } else if (!table_.has(handle->index) ||
               !table_.is_latest(handle->index, handle->receive_count)) {
      outcomes.push_back(Error{SqsErrc::kInvalidParameter,
                               "Value " + changes[i].receipt_handle +
                                   " for parameter ReceiptHandle is invalid. Reason: Message does "
                                   "not exist or is not available for visibility timeout change."});
    } else if (!table_.is_in_flight(handle->index, now)) {
      outcomes.push_back(Error{SqsErrc::kMessageNotInflight, {}});
    } else {
      table_.set_visible_at(handle->index, now + Seconds(changes[i].seconds), now);
      blocks.insert(block_of(handle->index));
      changed[i] = true;
      outcomes.push_back(ok());
    }
  }
  if (blocks.empty()) co_return outcomes;
  wake_waiters();
  const Status stored = co_await store_blocks(std::move(blocks));
  for (std::size_t i = 0; i < outcomes.size() && !stored.ok(); ++i) {
    if (changed[i]) outcomes[i] = stored.error();
  }
  co_return outcomes;
}

Task<Status> Queue::store_blocks(std::set<std::uint64_t> blocks) {
  std::vector<engine::Marks::Mark> marks;
  for (const std::uint64_t block : blocks) {
    // Below the low mark nothing is needed any more, and its marks are erased.
    if (block < block_of(low_)) continue;
    marks.push_back({key("b/" + std::to_string(block)), table_.encode_block(block)});
  }
  if (marks.empty()) co_return ok();
  co_return co_await parts_.engine.marks().put(fence(), std::move(marks));
}

MessageTable::Counts Queue::counts() {
  const ServiceTime now = parts_.clocks.service_now();
  table_.expire(now - attributes_.retention);
  return table_.counts(now);
}

// --- What is no longer needed --------------------------------------------------------------------

std::uint64_t Queue::low_possible() const {
  const auto bounds = parts_.engine.log().bounds(shard_);
  if (!bounds.ok()) return low_;
  std::uint64_t low = table_.first().value_or(bounds->next.index);
  if (!floors_.empty()) low = std::min(low, *floors_.begin());
  return std::max(low, low_);
}

void Queue::note_freed() {
  if (on_untidy_ && low_possible() >= low_ + kTidyPositions) on_untidy_();
}

Task<> Queue::tidy() {
  const std::size_t expired = table_.expire(parts_.clocks.service_now() - attributes_.retention);
  const std::uint64_t low = low_possible();
  if (low < low_ + (expired > 0 ? 1 : kTidyPositions)) co_return;
  const Status moved = co_await move_low(low);
  if (!moved.ok()) {
    log::warn("a queue's old messages were not removed",
              {{"log", shard_.log.value}, {"error", moved.error().message}});
  }
}

std::optional<ServiceTime> Queue::next_expiry() const {
  const auto oldest = table_.oldest_sent();
  if (!oldest) return std::nullopt;
  return *oldest + attributes_.retention + Millis(1);
}

Task<Status> Queue::move_low(std::uint64_t low) {
  if (low <= low_) co_return ok();
  std::vector<engine::Marks::Mark> marks;
  marks.push_back({key("low"), std::to_string(low)});
  for (const std::uint64_t block : table_.blocks_below(low)) {
    marks.push_back({key("b/" + std::to_string(block)), std::nullopt});
  }
  // The mark first: the trim may become durable later, or not at all before a crash. Receipts below
  // it are forgotten only then, or a block stored meanwhile could lack deletions.
  CO_TRY_OK(co_await parts_.engine.marks().put(fence(), std::move(marks)));
  low_ = std::max(low_, low);
  table_.drop_below(low);
  co_return co_await parts_.engine.log().trim(shard_, {low});
}

Task<Status> Queue::purge() {
  const ServiceTime now = parts_.clocks.service_now();
  if (purged_at_ && now < *purged_at_ + settings_.purge_interval) {
    co_return Error{SqsErrc::kPurgeInProgress,
                    "Only one PurgeQueue operation on a queue is allowed every 60 seconds."};
  }
  CO_TRY(const engine::Bounds bounds, parts_.engine.log().bounds(shard_));
  purged_at_ = now;
  // At once for receivers. Sends that have not ended may lose their message to the low mark, as if
  // they had come before this.
  table_.erase_below(bounds.next.index);
  co_return co_await move_low(bounds.next.index);
}

Task<Status> Queue::remove_stored(engine::Engine& engine, LogId log) {
  CO_TRY_OK(co_await engine.log().drop(log));
  std::vector<engine::Marks::Mark> marks;
  for (auto& [name, value] : engine.marks().list(prefix_of(log))) {
    marks.push_back({std::move(name), std::nullopt});
  }
  if (marks.empty()) co_return ok();
  co_return co_await engine.marks().put(engine.leases().node(), std::move(marks));
}

}  // namespace penstock::sqs
