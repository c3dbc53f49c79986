#include "mapping/item_failures.h"

#include "shape/document.h"

#include <algorithm>
#include <optional>

namespace penstock::mapping {
namespace {

using shape::Document;
using Kind = ItemFailures::Kind;

/// The batch's record with that number. Numbers are compared, not texts: leading zeros do not
/// count.
std::optional<std::size_t> place_of(const Document& failure, std::span<const Item> batch) {
  const Document* identifier =
      failure.is(Document::Kind::kObject) ? failure.find("itemIdentifier") : nullptr;
  if (identifier == nullptr || !identifier->is_string()) return std::nullopt;
  std::string_view decimal = identifier->text;
  decimal.remove_prefix(std::min(decimal.find_first_not_of('0'), decimal.size()));
  const auto number = stream::SequenceNumber::parse(decimal);
  if (!number) return std::nullopt;
  const auto found =
      std::lower_bound(batch.begin(), batch.end(), *number,
                       [](const Item& item, const auto& wanted) { return item.number < wanted; });
  if (found == batch.end() || found->number != *number) return std::nullopt;
  return static_cast<std::size_t>(found - batch.begin());
}

/// What stands for "nothing failed" without naming a list: "", null and [].
bool is_empty_reply(const Document& reply) {
  if (reply.is_string()) return reply.text.empty();
  return reply.is(Document::Kind::kNull) ||
         (reply.is(Document::Kind::kList) && reply.items.empty());
}

}  // namespace

ItemFailures read_item_failures(std::string_view payload, std::span<const Item> batch) {
  if (payload.empty()) return {};
  // A batch has 10,000 items at most: whoever says much more than that says nothing about them.
  const Result<Document> reply = shape::parse_json(payload, shape::kValuesMax);
  if (!reply.ok() || reply->cut) return {.kind = Kind::kBatch};
  if (is_empty_reply(*reply)) return {};
  if (!reply->is(Document::Kind::kObject)) return {.kind = Kind::kBatch};
  const Document* failures = reply->find("batchItemFailures");
  if (failures == nullptr || failures->is(Document::Kind::kNull)) return {};
  if (!failures->is(Document::Kind::kList)) return {.kind = Kind::kBatch};
  if (failures->items.empty()) return {};
  std::size_t first = batch.size();
  for (const Document& failure : failures->items) {
    const std::optional<std::size_t> place = place_of(failure, batch);
    if (!place) return {.kind = Kind::kBatch};
    first = std::min(first, *place);
  }
  return {.kind = Kind::kFrom, .first = first};
}

}  // namespace penstock::mapping
