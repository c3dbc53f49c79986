#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::sim {

/// What a modelled record says of itself: {"id":17,"kind":"poison","keep":true,"pad":"xxx"}.
struct RecordText {
  std::uint64_t id = 0;  ///< Unique in a history, but for entries sent again without knowing why.
  bool is_poison = false;
  bool keep = true;  ///< Whether a filter on it lets the record pass.
};

std::string write_record(const RecordText& record, std::size_t pad);
std::optional<RecordText> read_record(std::string_view text);

}  // namespace penstock::sim
