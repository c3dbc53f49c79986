#pragma once

#include "shape/shape.h"

#include <span>
#include <string>
#include <string_view>

namespace penstock::shape {

/// What a reference page says beside its operations.
struct ReferencePage {
  std::string_view title;
  std::string_view introduction;   ///< Markdown.
  std::string_view target_prefix;  ///< "Kinesis_20131202": called by X-Amz-Target; empty: by path.
  std::span<const OperationInfo> operations;
};

/// The operations as one Markdown page, in the order given: request and reply, member by member,
/// with types and rules, and the errors. Structures with a name in the service model follow once,
/// at the end, in the order in which they are met; those without are written where they are used,
/// with paths as names ("streams[].stored"). A reply of nullptr is one the sentence about the
/// operation describes.
///
/// checks    that two structures of one name have the same members
std::string reference_page(const ReferencePage& page);

/// `text` as a cell of a Markdown table.
std::string table_cell(std::string_view text);

}  // namespace penstock::shape
