#pragma once

#include "base/result.h"
#include "stream/types.h"

#include <string>
#include <vector>

namespace penstock::stream {

/// Whether `added` may join `present`. fails: kInvalidArgument with the service's texts.
Status check_new_tags(const StreamName& stream, const Tags& present, const Tags& added,
                      std::int64_t tags_max);
/// Of AddTagsToStream and RemoveTagsFromStream, which take no colon; TagResource and its kin do.
Status check_no_colon(const Tags& tags);
Status check_no_colon(const std::vector<std::string>& keys);
/// Whether these may be keys of tags at all, for removal.
Status check_tag_keys(const StreamName& stream, const std::vector<std::string>& keys);

}  // namespace penstock::stream
