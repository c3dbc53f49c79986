#include "stream/subscribe_path.h"

#include "engine/engine.h"
#include "env/clocks.h"
#include "env/loop.h"
#include "stream/errors.h"
#include "stream/subscription_machine.h"
#include "stream/texts.h"

#include <algorithm>
#include <utility>

namespace penstock::stream {
namespace {

using Machine = SubscriptionMachine;

/// The machine's steps, done.
class LiveSubscription final : public Subscription {
 public:
  LiveSubscription(const StreamParts& parts, const ReadPath& reads, Subscriptions& subscriptions,
                   env::Loop& loop, ConsumerName consumer, const ReadPath::Start& start,
                   std::shared_ptr<SubscriptionSeat> seat, std::int64_t bytes_per_second)
      : parts_(parts),
        reads_(reads),
        subscriptions_(subscriptions),
        loop_(loop),
        consumer_(std::move(consumer)),
        stream_(start.stream),
        shard_(start.ref()),
        stamp_(start.stamp),
        seat_(std::move(seat)),
        machine_(start.from, now(), bytes_per_second),
        read_last_(parts.clocks.service_now()),
        // Kept for all its life: a change while nobody asks for events is one flag.
        watch_(parts.engine.log().watch(shard_, start.from,
                                        [seat = seat_] { seat->signal().notify(); })),
        // Also when its reader takes nothing: then the place is free again.
        life_(loop.arm(machine_.ends(), [this] {
          leave();
          seat_->signal().notify();
        })) {}

  ~LiveSubscription() override {
    loop_.disarm(life_);
    leave();
  }

  Task<Result<std::optional<SubscriptionEvent>>> next(CancelToken gone) override {
    while (true) {
      if (const std::optional<Error> over = seat_->over()) machine_.fail(*over);
      Machine::Step step = machine_.next(now());
      if (std::holds_alternative<Machine::End>(step)) {
        leave();
        co_return std::nullopt;
      }
      if (auto* fail = std::get_if<Machine::Fail>(&step)) {
        leave();
        co_return std::move(fail->why);
      }
      if (std::holds_alternative<Machine::Beat>(step)) {
        co_return SubscriptionEvent{
            .stamp = stamp_,
            .continuation = progress(),
            .millis_behind_latest = reads_.millis_behind(shard_, machine_.position(), read_last_)};
      }
      if (const auto* wait = std::get_if<Machine::Wait>(&step)) {
        const env::Woken woken = co_await seat_->signal().wait_until(loop_, wait->until, gone);
        if (woken == env::Woken::kCancelled) co_return std::nullopt;
        if (woken == env::Woken::kSignal) machine_.woken();
        continue;
      }
      const auto& read = std::get<Machine::Read>(step);
      Result<ReadPath::Page> page = co_await reads_.page(shard_, read.from, read.limits);
      std::optional<SubscriptionEvent> event = event_of(page);
      if (event) co_return std::move(event);
    }
  }

 private:
  Machine::Now now() const { return {parts_.clocks.service_now(), parts_.clocks.steady_now()}; }

  std::optional<SubscriptionEvent> event_of(Result<ReadPath::Page>& page) {
    if (!page.ok()) {
      if (page.error().code == Errc::kUnavailable) {
        machine_.refused(now());
      } else if (page.error().code == StreamErrc::kNotFound) {
        machine_.fail(stream_not_found(consumer_.stream));
      } else {
        machine_.fail(page.error());
      }
      return std::nullopt;
    }
    const Machine::Outcome outcome = machine_.found({.records = page->slice.records.size(),
                                                     .bytes = page->slice.bytes,
                                                     .next = page->slice.next,
                                                     .end = page->end},
                                                    now());
    if (outcome == Machine::Outcome::kNothing) return std::nullopt;
    SubscriptionEvent event{.stamp = stamp_,
                            .millis_behind_latest = page->millis_behind,
                            .child_shards = std::move(page->children)};
    if (!page->slice.records.empty()) {
      const engine::Record& last = page->slice.records.back();
      read_last_ = last.arrival;
      event.continuation = stamp_.number(last.at, last.arrival);
      reads_.report(*stream_, shard_.shard, &*page, consumer_.name);
    }
    if (outcome == Machine::Outcome::kLastEvent) event.continuation.reset();
    event.slice = std::move(page->slice);
    event.charge = std::move(page->charge);
    event.encryption = std::move(page->encryption);
    return event;
  }

  /// A number between the last record that was given and the first that will be: its index is that
  /// of what was passed, its time is now, so it grows while nothing is stored.
  SequenceNumber progress() const {
    const std::uint64_t next = machine_.position().index;
    return stamp_.number({next == 0 ? 0 : next - 1}, parts_.clocks.service_now());
  }

  void leave() {
    if (std::exchange(has_left_, true)) return;
    subscriptions_.leave(consumer_, shard_.shard, seat_);
  }

  const StreamParts& parts_;
  const ReadPath& reads_;
  Subscriptions& subscriptions_;
  env::Loop& loop_;
  const ConsumerName consumer_;
  const LiveStreamPtr stream_;
  const ShardRef shard_;
  const ShardStamp stamp_;
  const std::shared_ptr<SubscriptionSeat> seat_;
  Machine machine_;
  ServiceTime read_last_;
  bool has_left_ = false;
  std::unique_ptr<engine::Subscription> watch_;
  env::Loop::TimerId life_;
};

}  // namespace

Result<ConsumerView> SubscribePath::active_consumer(std::string_view arn) const {
  const std::optional<ConsumerName> id = parse_consumer_arn(arn);
  if (!id) {
    return Error{StreamErrc::kInvalidArgument,
                 "ConsumerARN " + std::string(arn) + " is not the ARN of a consumer."};
  }
  std::optional<ConsumerView> found = consumers_.find(arn);
  if (!found) return consumer_not_found(arn, id->stream.tenant);
  if (found->status != ConsumerStatus::kActive) return consumer_not_active(*id);
  return std::move(*found);
}

env::Loop& SubscribePath::current_loop() const {
  for (env::Loop* loop : parts_.loops) {
    if (loop->is_current()) return *loop;
  }
  return parts_.control_loop;
}

Task<Result<std::unique_ptr<Subscription>>> SubscribePath::subscribe(
    SubscribeToShard request) const {
  CO_TRY(const ConsumerView consumer, active_consumer(request.consumer_arn));
  CO_TRY(const ReadPath::Start start,
         co_await reads_.start(consumer.id.stream,
                               {.shard_id = request.shard_id,
                                .type = request.type,
                                .starting_sequence_number = request.sequence_number,
                                .timestamp = request.timestamp}));
  if (start.stream->entry.log != consumer.log) {
    co_return consumer_not_found(request.consumer_arn, consumer.id.stream.tenant);
  }
  if (request.dry_run) co_return dry_run_passed();
  CO_TRY(std::shared_ptr<SubscriptionSeat> seat,
         subscriptions_.take(consumer.id, start.ref(), parts_.clocks.service_now()));
  auto made = std::make_unique<LiveSubscription>(parts_, reads_, subscriptions_, current_loop(),
                                                 consumer.id, start, std::move(seat),
                                                 start.stream->limits.subscribe_bytes);
  // Deregistered meanwhile, on another loop: nobody told a place that was not taken yet.
  CO_TRY_OK(active_consumer(request.consumer_arn));
  co_return std::unique_ptr<Subscription>(std::move(made));
}

}  // namespace penstock::stream
