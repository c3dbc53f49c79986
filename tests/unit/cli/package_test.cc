#include "cli/function_api.h"

#include <gtest/gtest.h>
#include <zip.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace penstock::cli {
namespace {

namespace fs = std::filesystem;

class Package : public ::testing::Test {
 protected:
  Package() { fs::create_directories(folder_); }
  ~Package() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text, bool executable = false) {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    if (executable) fs::permissions(path, fs::perms::owner_exec, fs::perm_options::add);
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  /// Name -> text of an archive, a '*' behind the name of what may be executed.
  static std::map<std::string, std::string> contents(const std::string& zip) {
    zip_error_t error;
    zip_source_t* source = zip_source_buffer_create(zip.data(), zip.size(), 0, &error);
    zip_t* archive = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
    std::map<std::string, std::string> found;
    for (zip_int64_t i = 0; i < zip_get_num_entries(archive, 0); ++i) {
      const auto index = static_cast<zip_uint64_t>(i);
      zip_uint8_t system = 0;
      zip_uint32_t attributes = 0;
      zip_file_get_external_attributes(archive, index, 0, &system, &attributes);
      char text[4096];
      zip_file_t* file = zip_fopen_index(archive, index, 0);
      const zip_int64_t bytes = zip_fread(file, text, sizeof text);
      zip_fclose(file);
      const bool executable = (attributes >> 16 & 0100) != 0;
      found[std::string(zip_get_name(archive, index, 0)) + (executable ? "*" : "")] =
          std::string(text, static_cast<std::size_t>(bytes));
    }
    zip_discard(archive);
    return found;
  }

 private:
  const fs::path folder_ =
      fs::temp_directory_path() / ("penstock-package-" + std::to_string(::getpid()) + "-" +
                                   ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

using Contents = std::map<std::string, std::string>;

TEST_F(Package, HoldsAFileByItsName) {
  write("deep/down/app.py", "code");
  EXPECT_EQ(contents(*package_of(at("deep/down/app.py"))), (Contents{{"app.py", "code"}}));
}

TEST_F(Package, HoldsAFoldersFilesWithoutItsCaches) {
  write("f/app.py", "a");
  write("f/lib/b.py", "b");
  write("f/lib/__pycache__/b.pyc", "cache");
  write("f/bootstrap", "#!/bin/sh", true);
  EXPECT_EQ(contents(*package_of(at("f"))),
            (Contents{{"app.py", "a"}, {"bootstrap*", "#!/bin/sh"}, {"lib/b.py", "b"}}));
}

TEST_F(Package, IsTheSameForTheSameFilesWheneverItIsMade) {
  write("f/b", "2");
  write("f/a", "1");
  const std::string zip = *package_of(at("f"));
  EXPECT_EQ(zip, *package_of(at("f")));
  // MS-DOS time and date in the first local header: 1980-01-01, whatever the time zone's midnight.
  const auto date = static_cast<unsigned>(static_cast<unsigned char>(zip[12])) |
                    static_cast<unsigned>(static_cast<unsigned char>(zip[13])) << 8;
  EXPECT_LE(date, 1u << 5 | 1u);
}

TEST_F(Package, TakesAZipAsItIs) {
  write("made.zip", "not looked at");
  EXPECT_EQ(*package_of(at("made.zip")), "not looked at");
}

TEST_F(Package, SaysWhatIsMissing) {
  write("empty/__pycache__/x.pyc", "cache");
  EXPECT_EQ(package_of(at("none")).error().message, "there is no " + at("none"));
  EXPECT_EQ(package_of(at("empty")).error().message, at("empty") + " holds no files");
}

}  // namespace
}  // namespace penstock::cli
