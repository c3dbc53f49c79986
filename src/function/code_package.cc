#include "function/code_package.h"

#include "function/errors.h"

#include <zip.h>

#include <algorithm>
#include <map>
#include <memory>

namespace penstock::function {
namespace {

constexpr std::uint32_t kTypeMask = 0170000;
constexpr std::uint32_t kTypeFolder = 0040000;
constexpr std::uint32_t kTypeLink = 0120000;
constexpr std::size_t kLinkBytesMax = 4096;

Error not_a_zip() {
  return Error{FunctionErrc::kInvalidParameter,
               "Could not unzip uploaded file. Please check your file, then try to upload again."};
}
Error empty() {
  return Error{FunctionErrc::kInvalidParameter, "Uploaded file must be a non-empty zip"};
}
Error too_large() {
  return Error{FunctionErrc::kInvalidParameter,
               "Unzipped size must be smaller than 262144000 bytes"};
}
/// Lambda's sentence, and what exactly is wrong.
Error refused(const std::string& name, const char* why) {
  return Error{FunctionErrc::kInvalidParameter,
               not_a_zip().message + " (" + name + ": " + why + ")"};
}

/// As much of a name as a message should hold.
std::string shown(const std::string& name) {
  constexpr std::size_t kShown = 200;
  return name.size() <= kShown ? name : name.substr(0, kShown) + "...";
}

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using Archive = std::unique_ptr<zip_t, Discard>;
using ArchivedFile = std::unique_ptr<zip_file_t, CloseFile>;

Result<Archive> open_archive(std::string_view zip) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(zip.data(), zip.size(), 0, &error);
  zip_t* archive = source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
  if (archive == nullptr && source != nullptr) zip_source_free(source);
  zip_error_fini(&error);
  if (archive == nullptr) return not_a_zip();
  return Archive(archive);
}

/// What stands under each path so far, so that no file is written through a link or twice.
class Names {
 public:
  enum class Kind : std::uint8_t { kFolder, kFile, kLink };
  /// Why it cannot be there; null when it can.
  const char* add(const std::string& path, Kind kind) {
    if (is_too_long(path)) return "the name is longer than files' names may be";
    for (std::size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1)) {
      if (note(path.substr(0, at), Kind::kFolder) != Kind::kFolder) return kTwice;
    }
    if (bytes_ > kNameBytesMax) return "the names of the package's folders are too long together";
    const bool is_new = !kinds_.contains(path);
    const Kind there = note(path, kind);
    return is_new || (kind == Kind::kFolder && there == Kind::kFolder) ? nullptr : kTwice;
  }

 private:
  static constexpr const char* kTwice = "the name is there twice";
  /// As Linux has them; a path also stands below the folder the package is unpacked to.
  static constexpr std::size_t kPathBytesMax = 4'096 - 256;
  static constexpr std::size_t kNameMax = 255;
  /// Every parent of every file is held once: names of thousands of levels would fill the memory.
  static constexpr std::size_t kNameBytesMax = 32u << 20;

  static bool is_too_long(const std::string& path) {
    std::size_t begin = 0;
    while (begin <= path.size()) {
      const std::size_t end = std::min(path.find('/', begin), path.size());
      if (end - begin > kNameMax) return true;
      begin = end + 1;
    }
    return path.size() > kPathBytesMax;
  }
  /// What stands there, which is `kind` when nothing did.
  Kind note(std::string path, Kind kind) {
    const std::size_t bytes = path.size();
    const auto [found, is_new] = kinds_.emplace(std::move(path), kind);
    if (is_new) bytes_ += bytes;
    return found->second;
  }

  std::map<std::string, Kind> kinds_;
  std::size_t bytes_ = 0;
};

class Reader {
 public:
  Reader(zip_t* archive, PackageVisitor& visitor) : archive_(archive), visitor_(visitor) {}

  Status read() {
    const zip_int64_t count = zip_get_num_entries(archive_, 0);
    if (count < 0) return not_a_zip();
    if (count == 0) return empty();
    if (static_cast<std::size_t>(count) > kPackageEntriesMax) return too_large();
    for (zip_int64_t i = 0; i < count; ++i) TRY_OK(entry(static_cast<zip_uint64_t>(i)));
    return ok();
  }

 private:
  Status entry(zip_uint64_t index) {
    const char* raw = zip_get_name(archive_, index, ZIP_FL_ENC_GUESS);
    if (raw == nullptr) return not_a_zip();
    const std::string name = raw;
    const std::string path = clean_path(name);
    const bool names_a_folder = name.ends_with('/');
    if (path.empty()) {
      if (name == "./" || name == ".") return ok();
      return refused(name, "the name leaves the package");
    }
    const std::uint32_t mode = mode_of(index);
    if (names_a_folder || (mode & kTypeMask) == kTypeFolder) {
      if (const char* why = names_.add(path, Names::Kind::kFolder))
        return refused(shown(name), why);
      return visitor_.folder(path);
    }
    if ((mode & kTypeMask) == kTypeLink) return link(index, path);
    if (const char* why = names_.add(path, Names::Kind::kFile)) return refused(shown(name), why);
    // Archives from systems without modes say 0: everybody may read.
    const std::uint32_t permissions = (mode & 0777) == 0 ? 0644 : (mode & 0777) | 0444;
    TRY_OK(visitor_.begin_file(path, permissions));
    TRY_OK(inflate(index, [this](std::string_view bytes) { return visitor_.file_bytes(bytes); }));
    return visitor_.end_file();
  }

  Status link(zip_uint64_t index, const std::string& path) {
    std::string target;
    TRY_OK(inflate(index, [&](std::string_view bytes) -> Status {
      target += bytes;
      if (target.size() > kLinkBytesMax) return refused(path, "the link is too long");
      return ok();
    }));
    const std::size_t slash = path.rfind('/');
    const std::string from = slash == std::string::npos ? "" : path.substr(0, slash + 1);
    if (target.empty() || target.front() == '/' || clean_path(from + target).empty()) {
      return refused(path, "the link leaves the package");
    }
    if (const char* why = names_.add(path, Names::Kind::kLink)) return refused(shown(path), why);
    return visitor_.link(path, target);
  }

  std::uint32_t mode_of(zip_uint64_t index) {
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;
    const int found = zip_file_get_external_attributes(archive_, index, 0, &system, &attributes);
    return found == 0 && system == ZIP_OPSYS_UNIX ? attributes >> 16 : 0;
  }

  template <class Take>
  Status inflate(zip_uint64_t index, Take take) {
    const ArchivedFile file(zip_fopen_index(archive_, index, 0));
    if (file == nullptr) return not_a_zip();
    while (true) {
      const zip_int64_t bytes = zip_fread(file.get(), buffer_, sizeof buffer_);
      if (bytes < 0) return not_a_zip();  // Broken, encrypted, or its checksum does not match.
      if (bytes == 0) return ok();
      unpacked_ += static_cast<std::uint64_t>(bytes);
      if (unpacked_ >= kUnpackedBytesMax) return too_large();
      TRY_OK(take(std::string_view(buffer_, static_cast<std::size_t>(bytes))));
    }
  }

  zip_t* archive_;
  PackageVisitor& visitor_;
  Names names_;
  std::uint64_t unpacked_ = 0;
  char buffer_[64u << 10];
};

class Nothing final : public PackageVisitor {
 public:
  Status folder(const std::string&) override { return ok(); }
  Status begin_file(const std::string&, std::uint32_t) override { return ok(); }
  Status file_bytes(std::string_view) override { return ok(); }
  Status end_file() override { return ok(); }
  Status link(const std::string&, const std::string&) override { return ok(); }
};

}  // namespace

std::string clean_path(std::string_view path) {
  if (path.starts_with('/') ||
      path.find_first_of(std::string_view("\0\\", 2)) != std::string_view::npos)
    return {};
  std::string clean;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") {
      if (clean.empty()) return {};
      const std::size_t slash = clean.rfind('/');
      clean.resize(slash == std::string::npos ? 0 : slash);
      continue;
    }
    if (!clean.empty()) clean.push_back('/');
    clean += segment;
  }
  return clean;
}

Status read_package(std::string_view zip, PackageVisitor& visitor) {
  TRY(const Archive archive, open_archive(zip));
  return std::make_unique<Reader>(archive.get(), visitor)->read();
}

Status check_package(std::string_view zip) {
  Nothing nothing;
  return read_package(zip, nothing);
}

}  // namespace penstock::function
