#include "cli/function_api.h"

#include "base/percent.h"

#include <zip.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace penstock::cli {
namespace {

namespace fs = std::filesystem;
constexpr std::time_t kNoTime = 315'532'800;  ///< 1980-01-01, the first a zip can say.
constexpr std::string_view kFunctions = "/2015-03-31/functions";

/// What UpdateFunctionConfiguration takes: the same members without code and name.
struct UpdateConfiguration {
  std::optional<std::string> runtime;
  std::optional<std::string> handler;
  std::optional<std::int64_t> timeout_seconds;
  std::optional<std::int64_t> memory_mb;
  std::optional<wire::Environment> environment;
  static constexpr auto shape() {
    using Self = UpdateConfiguration;
    return std::array{
        shape::member<&Self::runtime>("Runtime"),
        shape::member<&Self::handler>("Handler"),
        shape::member<&Self::timeout_seconds>("Timeout"),
        shape::member<&Self::memory_mb>("MemorySize"),
        shape::member<&Self::environment>("Environment"),
    };
  }
};

Result<std::string> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{CliErrc::kUsage, "cannot read " + path.string()};
  return std::string(std::istreambuf_iterator<char>(file), {});
}

struct Entry {
  std::string name;
  std::string bytes;
  bool executable = false;
};

Result<std::vector<Entry>> entries_of(const fs::path& path) {
  std::vector<fs::path> files;
  if (fs::is_directory(path)) {
    for (const auto& found : fs::recursive_directory_iterator(path)) {
      const bool is_cache = found.path().string().find("__pycache__") != std::string::npos;
      if (found.is_regular_file() && !is_cache) files.push_back(found.path());
    }
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(path);
  }
  std::vector<Entry> entries;
  for (const fs::path& file : files) {
    Entry entry;
    entry.name = fs::is_directory(path) ? fs::relative(file, path).generic_string()
                                        : file.filename().string();
    entry.executable = (fs::status(file).permissions() & fs::perms::owner_exec) != fs::perms::none;
    TRY(entry.bytes, read_file(file));
    entries.push_back(std::move(entry));
  }
  if (entries.empty()) return Error{CliErrc::kUsage, path.string() + " holds no files"};
  return entries;
}

Error zip_failure(const std::string& what, zip_error_t* error) {
  Error made{CliErrc::kUsage, "cannot pack " + what + ": " + zip_error_strerror(error)};
  zip_error_fini(error);
  return made;
}

/// Packs into a growing memory source, which libzip fills when the archive is closed.
Result<std::string> pack(const std::vector<Entry>& entries) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* memory = zip_source_buffer_create(nullptr, 0, 0, &error);
  if (memory == nullptr) return zip_failure("the archive", &error);
  zip_source_keep(memory);
  zip_t* archive = zip_open_from_source(memory, ZIP_CREATE | ZIP_TRUNCATE, &error);
  if (archive == nullptr) {
    zip_source_free(memory);
    return zip_failure("the archive", &error);
  }
  for (const Entry& entry : entries) {
    zip_source_t* source = zip_source_buffer(archive, entry.bytes.data(), entry.bytes.size(), 0);
    const zip_int64_t index = zip_file_add(archive, entry.name.c_str(), source, ZIP_FL_ENC_UTF_8);
    PENSTOCK_CHECK(index >= 0, "libzip takes an entry from memory");
    const zip_uint32_t mode = entry.executable ? 0100755u : 0100644u;
    zip_file_set_external_attributes(archive, static_cast<zip_uint64_t>(index), 0, ZIP_OPSYS_UNIX,
                                     mode << 16);
    // Packages of the same files are the same, so that their digest tells whether code changed.
    zip_file_set_mtime(archive, static_cast<zip_uint64_t>(index), kNoTime, 0);
  }
  if (zip_close(archive) != 0) {
    Error failed{CliErrc::kUsage, std::string("cannot pack: ") + zip_strerror(archive)};
    zip_discard(archive);
    zip_source_free(memory);
    return failed;
  }
  zip_source_open(memory);
  zip_source_seek(memory, 0, SEEK_END);
  std::string bytes(static_cast<std::size_t>(zip_source_tell(memory)), '\0');
  zip_source_seek(memory, 0, SEEK_SET);
  zip_source_read(memory, bytes.data(), bytes.size());
  zip_source_close(memory);
  zip_source_free(memory);
  return bytes;
}

}  // namespace

Result<std::string> package_of(const std::string& path) {
  if (!fs::exists(path)) return Error{CliErrc::kUsage, "there is no " + path};
  if (path.ends_with(".zip")) return read_file(path);
  TRY(const auto entries, entries_of(path));
  return pack(entries);
}

Result<wire::Function> deploy_function(ApiClient& client, const wire::CreateFunction& request) {
  auto created = client.rest("lambda", "POST", std::string(kFunctions), shape::to_json(request));
  if (created.ok()) return shape::from_json<wire::Function>(*created);
  if (client.last_type() != "ResourceConflictException") return std::move(created).error();

  const std::string path = std::string(kFunctions) + "/" + percent_encode(request.function_name);
  TRY_OK(client.rest("lambda", "PUT", path + "/code", shape::to_json(request.code)));
  const UpdateConfiguration configuration{
      .runtime = request.runtime,
      .handler = request.handler,
      .timeout_seconds = request.timeout_seconds,
      .memory_mb = request.memory_mb,
      .environment = request.environment,
  };
  TRY(const std::string updated,
      client.rest("lambda", "PUT", path + "/configuration", shape::to_json(configuration)));
  return shape::from_json<wire::Function>(updated);
}

Result<wire::LogPage> function_logs(ApiClient& client, const std::string& name,
                                    std::int64_t after) {
  TRY(const std::string body, client.rest("penstock", "GET",
                                          "/_penstock/functions/" + percent_encode(name) +
                                              "/logs?after=" + std::to_string(after),
                                          ""));
  return shape::from_json<wire::LogPage>(body);
}

}  // namespace penstock::cli
