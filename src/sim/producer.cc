#include "sim/producer.h"

#include "env/clocks.h"
#include "sim/record_text.h"

namespace penstock::sim {

Producer::Producer(System& system, const Plan& plan, std::size_t own)
    : system_(system),
      history_(plan),
      plan_(plan.producers[own]),
      own_(own),
      prng_(plan.seed * 31 + own) {}

void Producer::make_more() {
  const std::size_t wanted = prng_.between(1, plan_.batch_max);
  while (waiting_.size() < wanted && made_ < plan_.records) {
    const RecordText text{.id = own_ * 1'000'000 + made_++,
                          .is_poison = prng_.chance(history_.poison),
                          .keep = !prng_.chance(history_.unwanted)};
    waiting_.push_back({text,
                        "p" + std::to_string(own_) + "-" + std::to_string(prng_.below(plan_.keys)),
                        write_record(text, prng_.below(plan_.data_max))});
  }
}

Task<> Producer::run() {
  is_running_ = true;
  is_stopping_ = false;
  while (!is_stopping_ && !is_done()) {
    make_more();
    std::vector<stream::PutEntry> entries;
    for (const Entry& entry : waiting_) entries.push_back({entry.key, entry.data, {}});
    const std::string key = access_key();
    const stream::Caller caller = System::caller(key);
    book().handed_in += entries.size();
    system_.ledger().received({caller.tenant, caller.access_key, caller.peer, caller.user_agent},
                              System::kStream, entries.size());
    is_in_flight_ = true;
    const auto reply = co_await system_.streams().put_records(
        caller, {.stream = {.name = System::kStream}, .entries = entries});
    is_in_flight_ = false;
    if (reply.ok()) {
      take_reply(*reply);
    } else if (system_.is_disk_bad) {
      book().unknown += waiting_.size();
      if (!plan_.careful) waiting_.clear();
    } else {
      system_.witness.complain("a put was refused: " + reply.error().message);
      break;
    }
    const Millis pause{prng_.below(static_cast<std::uint64_t>(plan_.pause_max.count()))};
    co_await env::sleep_until(system_.world.loop(), system_.steady_now() + pause, {});
  }
  is_running_ = false;
}

void Producer::take_reply(const stream::PutRecordsReply& reply) {
  std::vector<Entry> again;
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    const stream::PutOutcome& outcome = reply.outcomes[i];
    switch (outcome.fate) {
      case stream::PutFate::kStored:
        ++book().stored;
        system_.witness.acknowledged(waiting_[i].text, outcome.number);
        continue;
      case stream::PutFate::kThrottled: ++book().throttled; break;
      case stream::PutFate::kFailed:
        ++book().unknown;
        if (!system_.is_disk_bad) system_.witness.complain("an entry failed");
        break;
    }
    if (plan_.careful) {
      again.push_back(std::move(waiting_[i]));
    } else {
      ++book().given_up;
    }
  }
  waiting_ = std::move(again);
}

void Producer::server_died() {
  if (is_in_flight_) {
    book().unknown += waiting_.size();
    if (!plan_.careful) waiting_.clear();
  }
  is_in_flight_ = false;
  is_running_ = false;
}

}  // namespace penstock::sim
