#pragma once

#include "base/result.h"
#include "front/request.h"
#include "shape/shape.h"
#include "sqs/types.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What several operations check and say in the same way.
namespace penstock::api::sqs {

using penstock::sqs::QueueTarget;
using penstock::sqs::TextMap;

inline constexpr shape::Rules kRequired{shape::required};

inline std::string_view view(const std::optional<std::string>& text) {
  return text ? std::string_view(*text) : std::string_view{};
}

/// http://<the request's host>/<account>/<name>
std::string url_of(const front::Request& request, const QueueTarget& target);
/// The queue that a URL names, in the caller's region; another account's queue is not found.
/// Errors: SqsErrc::{kInvalidAddress, kQueueDoesNotExist}.
Result<QueueTarget> target_of(const front::Request& request, const std::optional<std::string>& url);
/// The caller's queue of this name.
QueueTarget target_named(const front::Request& request, std::string_view name);

/// Rules for the ids of a batch's entries, in AWS's order; `kind` names an entry in messages.
/// Errors: SqsErrc::{kEmptyBatch, kTooManyEntries, kInvalidBatchEntryId, kIdsNotDistinct}.
Status check_batch(const std::vector<std::string_view>& ids, std::string_view kind);

template <class Entry>
std::vector<std::string_view> ids_of(const std::vector<Entry>& entries) {
  std::vector<std::string_view> ids;
  for (const Entry& entry : entries) ids.push_back(view(entry.id));
  return ids;
}

/// Fails on the first that is no attribute of a queue ("All" is one).
/// Errors: SqsErrc::kInvalidAttributeName.
Status check_attribute_names(const std::vector<std::string>& names);

}  // namespace penstock::api::sqs
