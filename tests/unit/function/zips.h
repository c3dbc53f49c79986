#pragma once

#include <zip.h>

#include <cstdint>
#include <string>
#include <vector>

namespace penstock::function {

/// What a test puts into an archive. mode 0: as from a system that has none.
struct ZipEntry {
  std::string name;  ///< Ends with '/': a folder.
  std::string bytes = {};
  std::uint32_t mode = 0100644;
};

inline std::string zip_of(const std::vector<ZipEntry>& entries) {
  zip_error_t error;
  zip_source_t* memory = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(memory);
  zip_t* archive = zip_open_from_source(memory, ZIP_CREATE | ZIP_TRUNCATE, &error);
  for (const ZipEntry& entry : entries) {
    const zip_int64_t at =
        entry.name.ends_with('/')
            ? zip_dir_add(archive, entry.name.c_str(), ZIP_FL_ENC_UTF_8)
            : zip_file_add(archive, entry.name.c_str(),
                           zip_source_buffer(archive, entry.bytes.data(), entry.bytes.size(), 0),
                           ZIP_FL_ENC_UTF_8);
    const zip_uint8_t system = entry.mode == 0 ? ZIP_OPSYS_DOS : ZIP_OPSYS_UNIX;
    zip_file_set_external_attributes(archive, static_cast<zip_uint64_t>(at), 0, system,
                                     entry.mode << 16);
    // Not of now: the same files are the same archive, whenever it is made.
    zip_file_set_mtime(archive, static_cast<zip_uint64_t>(at), 1'790'000'000, 0);
  }
  zip_close(archive);
  zip_source_open(memory);
  zip_source_seek(memory, 0, SEEK_END);
  std::string bytes(static_cast<std::size_t>(zip_source_tell(memory)), '\0');
  zip_source_seek(memory, 0, SEEK_SET);
  zip_source_read(memory, bytes.data(), bytes.size());
  zip_source_close(memory);
  zip_source_free(memory);
  return bytes;
}

/// The same file `count` times over: every name points at the one that is there. Its name ends
/// with "0000", which is counted up. libzip would not write this; attackers do.
inline std::string zip_of_overlapping(const ZipEntry& entry, std::size_t count) {
  const std::string one = zip_of({entry});
  constexpr std::size_t kEnd = 22;  // End of central directory, without comment.
  const auto number_at = [](const std::string& bytes, std::size_t at, int width) {
    std::uint32_t value = 0;
    for (int i = width - 1; i >= 0; --i)
      value = value << 8 | static_cast<std::uint8_t>(bytes[at + static_cast<std::size_t>(i)]);
    return value;
  };
  const auto put_number = [](std::string& bytes, std::size_t at, std::size_t value, int width) {
    for (int i = 0; i < width; ++i)
      bytes[at + static_cast<std::size_t>(i)] = static_cast<char>(value >> (8 * i));
  };
  std::string end = one.substr(one.size() - kEnd);
  const std::size_t directory_bytes = number_at(end, 12, 4);
  const std::size_t directory_at = number_at(end, 16, 4);
  const std::string record = one.substr(directory_at, directory_bytes);
  std::string made = one.substr(0, directory_at);
  for (std::size_t i = 0; i < count; ++i) {
    std::string named = record;
    std::string digits = std::to_string(10'000 + i).substr(1);
    named.replace(46 + entry.name.size() - 4, 4, digits);
    made += named;
  }
  put_number(end, 8, count, 2);
  put_number(end, 10, count, 2);
  put_number(end, 12, directory_bytes * count, 4);
  return made + end;
}

}  // namespace penstock::function
