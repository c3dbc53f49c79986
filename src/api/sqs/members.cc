#include "api/sqs/members.h"

#include "sqs/attributes.h"
#include "sqs/errors.h"

#include <algorithm>
#include <set>

namespace penstock::api::sqs {
namespace {

using penstock::sqs::SqsErrc;

constexpr std::size_t kBatchEntriesMax = 10;

bool is_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

bool is_entry_id(std::string_view id) {
  return !id.empty() && id.size() <= 80 && std::all_of(id.begin(), id.end(), is_id_character);
}

}  // namespace

std::string url_of(const front::Request& request, const QueueTarget& target) {
  return "http://" + std::string(request.host) + "/" + target.tenant.account + "/" + target.name;
}

QueueTarget target_named(const front::Request& request, std::string_view name) {
  return {request.caller.tenant, std::string(name)};
}

Result<QueueTarget> target_of(const front::Request& request,
                              const std::optional<std::string>& url) {
  std::string_view path = view(url);
  const Error invalid{SqsErrc::kInvalidAddress,
                      "The address " + std::string(path) + " is not valid for this endpoint."};
  if (const std::size_t scheme = path.find("://"); scheme != std::string_view::npos) {
    path.remove_prefix(scheme + 3);
  }
  // Whatever the host, a proxy's or a container's own name for this server: only the path counts.
  const std::size_t last = path.rfind('/');
  if (last == std::string_view::npos || last == 0) return invalid;
  const std::size_t before = path.rfind('/', last - 1);
  if (before == std::string_view::npos) return invalid;
  const std::string_view account = path.substr(before + 1, last - before - 1);
  if (account != request.caller.tenant.account) {
    return Error{SqsErrc::kQueueDoesNotExist, "The specified queue does not exist."};
  }
  return target_named(request, path.substr(last + 1));
}

Status check_batch(const std::vector<std::string_view>& ids, std::string_view kind) {
  if (ids.empty()) {
    return Error{SqsErrc::kEmptyBatch,
                 "There should be at least one " + std::string(kind) + " in the request."};
  }
  if (ids.size() > kBatchEntriesMax) {
    return Error{SqsErrc::kTooManyEntries,
                 "Maximum number of entries per request are 10. You have sent " +
                     std::to_string(ids.size()) + "."};
  }
  for (const std::string_view id : ids) {
    if (!is_entry_id(id)) {
      return Error{SqsErrc::kInvalidBatchEntryId,
                   "A batch entry id can only contain alphanumeric characters, hyphens and "
                   "underscores. It can be at most 80 letters long."};
    }
  }
  std::set<std::string_view> seen;
  for (const std::string_view id : ids) {
    if (!seen.insert(id).second) {
      return Error{SqsErrc::kIdsNotDistinct, "Id " + std::string(id) + " repeated."};
    }
  }
  return ok();
}

Status check_attribute_names(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (name != "All" && !penstock::sqs::is_attribute_name(name)) {
      return Error{SqsErrc::kInvalidAttributeName, "Unknown Attribute " + name + "."};
    }
  }
  return ok();
}

}  // namespace penstock::api::sqs
