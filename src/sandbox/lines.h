#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace penstock::sandbox {

/// Cuts a stream of bytes into lines. A line longer than the limit comes in pieces.
class Lines {
 public:
  static constexpr std::size_t kLineBytesMax = 256u << 10;

  template <class Take>
  void feed(std::string_view bytes, Take take) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      const std::size_t room = kLineBytesMax - rest_.size();
      if (end == std::string_view::npos && bytes.size() < room) {
        rest_ += bytes;
        return;
      }
      const bool is_whole = end <= room;
      const std::string_view piece = bytes.substr(0, is_whole ? end : room);
      bytes.remove_prefix(piece.size() + (is_whole ? 1 : 0));
      if (rest_.empty()) {
        take(without_return(piece));
      } else {
        rest_ += piece;
        take(without_return(rest_));
        rest_.clear();
      }
    }
  }
  /// What came after the last newline, as a line.
  template <class Take>
  void flush(Take take) {
    if (!rest_.empty()) take(without_return(rest_));
    rest_.clear();
  }

 private:
  static std::string_view without_return(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }
  std::string rest_;
};

}  // namespace penstock::sandbox
