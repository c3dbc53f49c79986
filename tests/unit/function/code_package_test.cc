#include "function/code_package.h"

#include "function/errors.h"
#include "unit/function/zips.h"

#include <gtest/gtest.h>

#include <map>

namespace penstock::function {
namespace {

constexpr std::uint32_t kLink = 0120777;

/// What came out, and in which order.
class Unpacked final : public PackageVisitor {
 public:
  Status folder(const std::string& path) override {
    seen.push_back(path + "/");
    return ok();
  }
  Status begin_file(const std::string& path, std::uint32_t mode) override {
    seen.push_back(path);
    open_ = path;
    modes[path] = mode;
    files[path].clear();
    return ok();
  }
  Status file_bytes(std::string_view bytes) override {
    files[open_] += bytes;
    if (files[open_].size() > fail_above) return Error{Errc::kNoSpace, "the disk is full"};
    return ok();
  }
  Status end_file() override {
    open_.clear();
    return ok();
  }
  Status link(const std::string& path, const std::string& target) override {
    links[path] = target;
    return ok();
  }

  std::vector<std::string> seen;
  std::map<std::string, std::string> files;
  std::map<std::string, std::uint32_t> modes;
  std::map<std::string, std::string> links;
  std::size_t fail_above = SIZE_MAX;

 private:
  std::string open_;
};

std::string refusal(const std::string& zip) {
  Unpacked unpacked;
  const Status read = read_package(zip, unpacked);
  if (read.ok()) return "accepted";
  EXPECT_EQ(read.error().code, FunctionErrc::kInvalidParameter);
  const Status checked = check_package(zip);
  EXPECT_FALSE(checked.ok());
  return read.error().message;
}

constexpr std::string_view kNoZip =
    "Could not unzip uploaded file. Please check your file, then try to upload again.";

TEST(CodePackage, GivesFoldersFilesAndLinksInTheirOrder) {
  Unpacked unpacked;
  const std::string large(300'000, 'x');
  const Status read = read_package(zip_of({{"lib/", {}, 0040755},
                                           {"lib/app.py", "print()"},
                                           {"run", "#!", 0100700},
                                           {"lib/large", large},
                                           {"from-dos", "d", 0},
                                           {"lib/self", "./app.py", kLink},
                                           {"up", "lib/../run", kLink}}),
                                   unpacked);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(unpacked.seen,
            (std::vector<std::string>{"lib/", "lib/app.py", "run", "lib/large", "from-dos"}));
  EXPECT_EQ(unpacked.files["lib/app.py"], "print()");
  EXPECT_EQ(unpacked.files["lib/large"], large);
  EXPECT_EQ(unpacked.links,
            (std::map<std::string, std::string>{{"lib/self", "./app.py"}, {"up", "lib/../run"}}));
  // Whoever the sandbox runs as must be able to read; no set-user-id comes through.
  EXPECT_EQ(unpacked.modes["run"], 0744u);
  EXPECT_EQ(unpacked.modes["from-dos"], 0644u);
}

TEST(CodePackage, PermissionsCarryNoSetUserId) {
  Unpacked unpacked;
  ASSERT_TRUE(read_package(zip_of({{"a", "x", 0104755}}), unpacked).ok());
  EXPECT_EQ(unpacked.modes["a"], 0755u);
}

TEST(CodePackage, NamesAreCleaned) {
  Unpacked unpacked;
  ASSERT_TRUE(read_package(zip_of({{"./a//b/./c", "1"}, {"x/../y", "2"}}), unpacked).ok());
  EXPECT_EQ(unpacked.seen, (std::vector<std::string>{"a/b/c", "y"}));
}

TEST(CodePackage, RefusesNamesThatLeaveTheFolder) {
  for (const std::string name :
       {"../x", "a/../../x", "/etc/passwd", "..", "a/b/../../../x", "a\\..\\x", "/"}) {
    EXPECT_EQ(refusal(zip_of({{"good", "1"}, {name, "bad"}})),
              std::string(kNoZip) + " (" + name + ": the name leaves the package)");
  }
}

TEST(CodePackage, RefusesLinksThatLeaveTheFolder) {
  for (const std::string target : {"/etc", "..", "../../x", "b/../../../x", ""}) {
    EXPECT_EQ(refusal(zip_of({{"a/link", target, kLink}})),
              std::string(kNoZip) + " (a/link: the link leaves the package)")
        << target;
  }
  EXPECT_EQ(refusal(zip_of({{"link", std::string(5'000, 'a'), kLink}})),
            std::string(kNoZip) + " (link: the link is too long)");
}

TEST(CodePackage, RefusesNamesThatNoFileSystemTakes) {
  EXPECT_EQ(refusal(zip_of({{std::string(255, 'a'), "1"}})), "accepted");
  EXPECT_NE(refusal(zip_of({{std::string(256, 'a'), "1"}})).find("longer than files' names may be"),
            std::string::npos);
  std::string deep;
  for (int level = 0; level < 10'000; ++level) deep += "a/";
  const std::string answer = refusal(zip_of({{deep + "f", "1"}}));
  EXPECT_NE(answer.find("longer than files' names may be"), std::string::npos);
  EXPECT_LT(answer.size(), 500u) << "the message does not repeat all of it";
}

TEST(CodePackage, RefusesFoldersThatWouldFillTheMemory) {
  std::vector<ZipEntry> files;
  for (int i = 0; i < 12; ++i) {
    std::string deep = std::to_string(i) + "/";
    while (deep.size() < 3'500) deep += "a/";
    files.push_back({deep + "f", "1"});
  }
  EXPECT_NE(refusal(zip_of(files)).find("too long together"), std::string::npos);
  files.resize(8);
  EXPECT_EQ(refusal(zip_of(files)), "accepted");
}

TEST(CodePackage, RefusesNamesThatContradictEachOther) {
  const auto twice = [](const std::string& name) {
    return std::string(kNoZip) + " (" + name + ": the name is there twice)";
  };
  // Through a link a file would be written outside; over a link, into its target.
  EXPECT_EQ(refusal(zip_of({{"a", "b", kLink}, {"a/x", "1"}})), twice("a/x"));
  EXPECT_EQ(refusal(zip_of({{"a/x", "1"}, {"a", "2"}})), twice("a"));
  EXPECT_EQ(refusal(zip_of({{"a", "1"}, {"a/x", "2"}})), twice("a/x"));
  EXPECT_EQ(refusal(zip_of({{"a", "1"}, {"./a", "2"}})), twice("./a"));
  EXPECT_EQ(refusal(zip_of({{"a", "1"}, {"a/", {}, 0040755}})), twice("a/"));
  EXPECT_EQ(refusal(zip_of({{"a/", {}, 0040755}, {"./a/", {}, 0040755}, {"a/b", "1"}})),
            "accepted");
}

TEST(CodePackage, RefusesWhatIsNoArchive) {
  const std::string good = zip_of({{"a", "some text that is long enough to be deflated, maybe"}});
  EXPECT_EQ(refusal("no archive"), kNoZip);
  EXPECT_EQ(refusal(good.substr(0, good.size() - 1)), kNoZip);
  EXPECT_EQ(refusal(good.substr(0, good.size() / 2)), kNoZip);
  std::string broken = good;
  broken[40] =
      static_cast<char>(broken[40] ^ 0x55);  // In the data: its checksum no longer matches.
  EXPECT_EQ(refusal(broken), kNoZip);
}

TEST(CodePackage, RefusesAnArchiveWithoutFiles) {
  EXPECT_EQ(refusal(""), "Uploaded file must be a non-empty zip");
  EXPECT_EQ(refusal(std::string("PK\5\6", 4) + std::string(18, '\0')),
            "Uploaded file must be a non-empty zip");
}

TEST(CodePackage, EveryBrokenByteIsRefusedOrHarmless) {
  const std::string good = zip_of({{"lib/a.py", "print('a')"}, {"b", "x", 0}});
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xFF}) {
      std::string broken = good;
      broken[at] = static_cast<char>(broken[at] ^ flip);
      Unpacked unpacked;
      if (!read_package(broken, unpacked).ok()) continue;
      for (const auto& [path, bytes] : unpacked.files) {
        EXPECT_EQ(clean_path(path), path) << "byte " << at;
      }
    }
  }
}

TEST(CodePackage, CountsWhatIsInflatedAndStops) {
  // 251 times one MiB in a few kilobytes: the limit is a little above 250 MB.
  const ZipEntry one{"f0000", std::string(1u << 20, '\0')};
  const std::string bomb = zip_of_overlapping(one, 251);
  EXPECT_LT(bomb.size(), 100'000u);
  EXPECT_EQ(refusal(bomb), "Unzipped size must be smaller than 262144000 bytes");
  EXPECT_TRUE(check_package(zip_of_overlapping(one, 3)).ok());
}

TEST(CodePackage, TakesManySmallFiles) {
  Unpacked unpacked;
  const std::string many = zip_of_overlapping({"f0000", ""}, 9'999);
  EXPECT_TRUE(read_package(many, unpacked).ok());
  EXPECT_EQ(unpacked.seen.size(), 9'999u);
}

TEST(CodePackage, HandsOnWhatTheVisitorSays) {
  Unpacked full;
  full.fail_above = 10;
  const Status read = read_package(zip_of({{"a", "12345678901"}}), full);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Errc::kNoSpace);
}

TEST(CleanPath, TakesEmptyAndDotSegmentsOut) {
  EXPECT_EQ(clean_path("a/b"), "a/b");
  EXPECT_EQ(clean_path("./a//./b/"), "a/b");
  EXPECT_EQ(clean_path("a/b/../c"), "a/c");
  EXPECT_EQ(clean_path("..."), "...");
}

TEST(CleanPath, IsEmptyForWhatLeavesTheFolder) {
  for (const std::string_view path :
       {std::string_view("/a"), std::string_view(".."), std::string_view("a/../.."),
        std::string_view("../a"), std::string_view("a\\b"), std::string_view("a\0b", 3),
        std::string_view(""), std::string_view("."), std::string_view("a/..")}) {
    EXPECT_EQ(clean_path(path), "") << path;
  }
}

}  // namespace
}  // namespace penstock::function
