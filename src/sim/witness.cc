#include "sim/witness.h"

namespace penstock::sim {
namespace {

constexpr std::size_t kComplaintsMax = 20;

std::string text_of(const Place& place) {
  return "shard " + std::to_string(place.shard) + " position " + std::to_string(place.index);
}

}  // namespace

void Witness::complain(std::string what) {
  if (complaints.size() < kComplaintsMax) complaints.push_back(std::move(what));
}

void Witness::acknowledged(const RecordText& record, const stream::SequenceNumber& number) {
  const Place place{number.shard, number.index};
  const auto [known, is_new] = stored.try_emplace(place, Stored{record, number.time_s});
  if (!is_new) {
    complain(text_of(place) + " was given to record " + std::to_string(known->second.record.id) +
             " and to record " + std::to_string(record.id));
  }
}

void Witness::began(const std::string& function, const std::vector<GivenRecord>& batch) {
  Function& at = functions[function];
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const GivenRecord& record = batch[i];
    const Place place = record.place();
    if (i > 0 && (place.shard != batch[0].place().shard || !(batch[i - 1].number < record.number)))
      complain(function + ": a batch mixes shards or is out of order at " + text_of(place));
    const auto known = stored.find(place);
    if (known != stored.end() && known->second.record.id != record.text.id) {
      complain(function + ": " + text_of(place) + " is record " +
               std::to_string(known->second.record.id) +
               " by its acknowledgement and was read as " + std::to_string(record.text.id));
    }
    Seen& seen = at.records[place];
    ++seen.invoked;
    seen.is_poison = record.text.is_poison;
  }
}

void Witness::failed(const std::string& function, const std::vector<GivenRecord>& batch,
                     std::size_t from) {
  Function& at = functions[function];
  for (std::size_t i = from; i < batch.size(); ++i) ++at.records[batch[i].place()].failed;
}

void Witness::succeeded(const std::string& function, const std::vector<GivenRecord>& batch,
                        std::size_t count) {
  Function& at = functions[function];
  for (std::size_t i = 0; i < count; ++i) {
    const GivenRecord& record = batch[i];
    Seen& seen = at.records[record.place()];
    if (seen.is_poison) complain(function + ": a poisoned record succeeded");
    if (++seen.succeeded > 1) continue;
    const auto [last, is_first] = at.last_success.try_emplace(record.key, record.number);
    if (!is_first && at.ordered && !(last->second < record.number)) {
      complain(function + ": key " + record.key + " first succeeded at " + text_of(record.place()) +
               " after " + text_of({last->second.shard, last->second.index}));
    }
    if (last->second < record.number) last->second = record.number;
  }
}

}  // namespace penstock::sim
