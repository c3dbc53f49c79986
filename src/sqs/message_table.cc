#include "sqs/message_table.h"

#include "base/check.h"
#include "sqs/bytes.h"

#include <algorithm>

namespace penstock::sqs {
namespace {

constexpr std::uint8_t kVersion = 1;

std::uint64_t block_of(std::uint64_t index) { return index / kBlockPositions; }
std::size_t bit_of(std::uint64_t index) { return index % kBlockPositions; }

Error corrupt() { return {Errc::kCorrupt, "stored receipts do not have the form of receipts"}; }

}  // namespace

void MessageTable::add(std::uint64_t index, ServiceTime sent, ServiceTime visible_at) {
  if (index < low_ || has(index)) return;
  const auto block = deleted_.find(block_of(index));
  if (block != deleted_.end() && block->second.test(bit_of(index))) return;
  State fresh{.sent = sent, .visible_at = visible_at, .first_received = {}};
  if (const auto known = restored_.find(index); known != restored_.end()) {
    fresh = known->second;
    fresh.sent = sent;
    restored_.erase(known);
  }
  // Kept in the order of positions, so that only what moved here from another queue is out of it.
  if (sent < newest_sent_) moved_.emplace(sent, index);
  newest_sent_ = std::max(newest_sent_, sent);
  State& state = messages_.emplace(index, fresh).first->second;
  // advance() makes it ready when its time has come.
  hide(index, state, fresh.visible_at);
}

std::vector<Claim> MessageTable::claim(ServiceTime now, std::size_t max, Millis visibility) {
  advance(now);
  std::vector<Claim> claims;
  while (claims.size() < max && !ready_.empty()) {
    const std::uint64_t index = *ready_.begin();
    State& state = messages_.at(index);
    if (state.receive_count++ == 0) state.first_received = now;
    ready_.erase(index);
    hide(index, state, now + visibility);
    deleted_.try_emplace(block_of(index));
    claims.push_back({index, state.receive_count, state.first_received, state.visible_at});
  }
  return claims;
}

void MessageTable::unclaim(const Claim& claim) {
  const auto found = messages_.find(claim.index);
  if (found == messages_.end() || found->second.receive_count != claim.receive_count) return;
  forget(claim.index, found->second);
  --found->second.receive_count;
  ready_.insert(claim.index);
}

bool MessageTable::is_latest(std::uint64_t index, std::uint32_t receive_count) const {
  const auto found = messages_.find(index);
  return found == messages_.end() || receive_count >= found->second.receive_count;
}

bool MessageTable::is_in_flight(std::uint64_t index, ServiceTime now) const {
  const auto found = messages_.find(index);
  return found != messages_.end() && found->second.receive_count > 0 &&
         found->second.visible_at > now;
}

bool MessageTable::erase(std::uint64_t index) {
  const auto found = messages_.find(index);
  if (found == messages_.end()) return false;
  take_out(found);
  deleted_[block_of(index)].set(bit_of(index));
  return true;
}

void MessageTable::erase_below(std::uint64_t index) {
  while (!messages_.empty() && messages_.begin()->first < index) erase(messages_.begin()->first);
}

void MessageTable::set_visible_at(std::uint64_t index, ServiceTime visible_at, ServiceTime now) {
  State& state = messages_.at(index);
  forget(index, state);
  hide(index, state, visible_at);
  advance(now);
}

std::size_t MessageTable::expire(ServiceTime oldest) {
  std::size_t count = 0;
  for (; !moved_.empty() && moved_.begin()->first < oldest; ++count) {
    take_out(messages_.find(moved_.begin()->second));
  }
  // All others are in the order in which they were sent; the first younger one ends the search.
  for (; !messages_.empty() && messages_.begin()->second.sent < oldest; ++count) {
    take_out(messages_.begin());
  }
  return count;
}

std::size_t MessageTable::drop_below(std::uint64_t index) {
  if (index <= low_) return 0;
  low_ = index;
  std::size_t count = 0;
  for (; !messages_.empty() && messages_.begin()->first < index; ++count) {
    take_out(messages_.begin());
  }
  restored_.erase(restored_.begin(), restored_.lower_bound(index));
  deleted_.erase(deleted_.begin(), deleted_.lower_bound(block_of(index)));
  return count;
}

std::optional<std::uint64_t> MessageTable::first() const {
  if (messages_.empty()) return std::nullopt;
  return messages_.begin()->first;
}

std::optional<ServiceTime> MessageTable::next_visible(ServiceTime now) {
  advance(now);
  if (!ready_.empty() || waiting_.empty()) return std::nullopt;
  return waiting_.begin()->first;
}

std::optional<ServiceTime> MessageTable::oldest_sent() const {
  if (messages_.empty()) return std::nullopt;
  const ServiceTime first = messages_.begin()->second.sent;
  return moved_.empty() ? first : std::min(first, moved_.begin()->first);
}

MessageTable::Counts MessageTable::counts(ServiceTime now) {
  advance(now);
  return {ready_.size(), in_flight_, waiting_.size() - in_flight_};
}

// --- Receipts as bytes -------------------------------------------------------------------------
//
//   u8 version | 32 bytes: bit i = position i of the block is deleted | u32 count |
//   count x (u8 position, u32 receive count, i64 first received, i64 visible at)

std::string MessageTable::encode_block(std::uint64_t block) const {
  std::string value;
  ByteWriter out(value);
  out.u8(kVersion);
  const auto deleted = deleted_.find(block);
  for (std::size_t byte = 0; byte < kBlockPositions / 8; ++byte) {
    std::uint8_t bits = 0;
    for (std::size_t bit = 0; bit < 8 && deleted != deleted_.end(); ++bit) {
      if (deleted->second.test(byte * 8 + bit)) bits |= static_cast<std::uint8_t>(1u << bit);
    }
    out.u8(bits);
  }
  const auto begin = messages_.lower_bound(block * kBlockPositions);
  const auto end = messages_.lower_bound((block + 1) * kBlockPositions);
  const auto was_received = [](const auto& entry) { return entry.second.receive_count > 0; };
  out.u32(static_cast<std::uint32_t>(std::count_if(begin, end, was_received)));
  for (auto at = begin; at != end; ++at) {
    if (!was_received(*at)) continue;
    out.u8(static_cast<std::uint8_t>(bit_of(at->first)));
    out.u32(at->second.receive_count);
    out.i64(unix_millis(at->second.first_received));
    out.i64(unix_millis(at->second.visible_at));
  }
  return value;
}

Status MessageTable::restore_block(std::uint64_t block, std::string_view value) {
  ByteReader in(value);
  if (in.u8() != kVersion) return corrupt();
  std::bitset<kBlockPositions> deleted;
  for (std::size_t byte = 0; byte < kBlockPositions / 8; ++byte) {
    const std::uint8_t bits = in.u8();
    for (std::size_t bit = 0; bit < 8; ++bit) deleted.set(byte * 8 + bit, (bits >> bit & 1) != 0);
  }
  std::map<std::uint64_t, State> states;
  for (std::uint32_t left = in.u32(); left > 0 && in.ok(); --left) {
    const std::uint64_t index = block * kBlockPositions + in.u8();
    State& state = states[index];
    state.receive_count = in.u32();
    state.first_received = service_time(in.i64());
    state.visible_at = service_time(in.i64());
  }
  if (!in.at_end()) return corrupt();
  deleted_[block] = deleted;
  restored_.merge(states);
  return ok();
}

std::vector<std::uint64_t> MessageTable::blocks_below(std::uint64_t index) const {
  std::vector<std::uint64_t> blocks;
  for (const auto& [block, bits] : deleted_) {
    if ((block + 1) * kBlockPositions <= index) blocks.push_back(block);
  }
  return blocks;
}

// --- Moves between the two sets --------------------------------------------------------------

void MessageTable::advance(ServiceTime now) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    const std::uint64_t index = waiting_.begin()->second;
    State& state = messages_.at(index);
    forget(index, state);
    ready_.insert(index);
  }
}

void MessageTable::hide(std::uint64_t index, State& state, ServiceTime until) {
  state.visible_at = until;
  waiting_.emplace(until, index);
  if (state.receive_count > 0) ++in_flight_;
}

void MessageTable::take_out(std::map<std::uint64_t, State>::iterator message) {
  forget(message->first, message->second);
  moved_.erase({message->second.sent, message->first});
  messages_.erase(message);
}

void MessageTable::forget(std::uint64_t index, const State& state) {
  if (ready_.erase(index) > 0) return;
  PENSTOCK_CHECK(waiting_.erase({state.visible_at, index}) == 1, "a message is ready or waiting");
  if (state.receive_count > 0) --in_flight_;
}

}  // namespace penstock::sqs
