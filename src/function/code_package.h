#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::function {

inline constexpr std::uint64_t kPackageBytesMax = 52'428'800;
inline constexpr std::uint64_t kUnpackedBytesMax = 262'144'000;
inline constexpr std::size_t kPackageEntriesMax = 100'000;

/// Gets a package's contents in the order of the archive. Paths are relative, clean, and stay
/// inside the folder; modes are permission bits.
class PackageVisitor {
 public:
  virtual ~PackageVisitor() = default;
  virtual Status folder(const std::string& path) = 0;
  virtual Status begin_file(const std::string& path, std::uint32_t mode) = 0;
  virtual Status file_bytes(std::string_view bytes) = 0;
  virtual Status end_file() = 0;
  /// `target` is relative and stays inside the folder as well.
  virtual Status link(const std::string& path, const std::string& target) = 0;
};

/// Reads a zip archive from memory and refuses what is no archive, what unpacks to more than Lambda
/// takes (counted as it is inflated; what its headers say is not believed), names and links that
/// leave the folder, and names that contradict each other. Blocking: for a Worker.
/// fails     FunctionErrc::kInvalidParameter with Lambda's text; whatever the visitor returns
Status read_package(std::string_view zip, PackageVisitor& visitor);

/// The same without keeping anything.
Status check_package(std::string_view zip);

/// A path with empty and "." segments taken out. Empty: it is absolute, leaves the folder, or
/// holds a NUL or a backslash.
std::string clean_path(std::string_view path);

}  // namespace penstock::function
