#include "server/options.h"

#include "server/memory.h"

#include <gtest/gtest.h>

namespace penstock::server {
namespace {

std::string refusal(Settings settings) {
  const auto options = checked(std::move(settings), 2);
  return options.ok() ? "ok" : options.error().message;
}

TEST(Options, TheDefaultsAreValid) {
  const auto options = checked({}, 2);
  ASSERT_TRUE(options.ok()) << options.error().message;
  EXPECT_EQ(options->address, "127.0.0.1");
  EXPECT_EQ(options->port, 4566);
  EXPECT_EQ(options->memory_bytes, 512u << 20);
  EXPECT_EQ(options->loops, 2u);
}

TEST(Options, ListenIsALoopbackAddressAndAPort) {
  const auto listening = [](const std::string& text) {
    const auto options = checked({.listen = text}, 1);
    return options.ok() ? options->address + " " + std::to_string(options->port) : "refused";
  };
  EXPECT_EQ(listening("127.0.0.1:0"), "127.0.0.1 0");
  EXPECT_EQ(listening("localhost:65535"), "127.0.0.1 65535");
  EXPECT_EQ(listening("127.9.8.7:1"), "127.9.8.7 1");
  EXPECT_EQ(listening("[::1]:4566"), "::1 4566");
  for (const std::string text :
       {"", ":1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:-1", "127.0.0.1:65536", "127.0.0.1:1x",
        "0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.org:1", "127.evil.example:1",
        "127.0.0.1.example:1"}) {
    EXPECT_EQ(listening(text), "refused") << text;
  }
  // Nor does any other name, which could not be listened on, nor be written into a certificate.
  for (const char* text : {":1", "a,b:1", "example.org:1", "1.2.3:1", "[::1:1", "[]:1"}) {
    const std::string said =
        refusal({.listen = text, .listen_unprotected = true, .tls = "self-signed"});
    EXPECT_NE(said.find("--listen takes ADDRESS:PORT"), std::string::npos) << text << ": " << said;
  }
  EXPECT_EQ(refusal({.listen = "[fe80::1%lo]:1", .listen_unprotected = true}), "ok");
}

TEST(Options, WhereOthersReachItThereIsTlsAndSignaturesCount) {
  const std::string everywhere = "0.0.0.0:4566";
  EXPECT_NE(refusal({.listen = everywhere}).find("would not be encrypted"), std::string::npos);
  EXPECT_NE(refusal({.listen = everywhere, .tls = "self-signed", .auth = "off"})
                .find("anybody's requests would count"),
            std::string::npos);
  for (const char* address : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1"}) {
    const auto options = checked({.listen = address, .tls = "self-signed"}, 1);
    ASSERT_TRUE(options.ok()) << address;
    EXPECT_TRUE(options->is_exposed) << "and a key is asked for at start";
  }
  const auto anyway = checked({.listen = everywhere, .listen_unprotected = true}, 1);
  ASSERT_TRUE(anyway.ok());
  EXPECT_FALSE(anyway->is_exposed);
  EXPECT_FALSE(checked({.tls = "self-signed", .auth = "off"}, 1)->is_exposed);
}

TEST(Options, ACertificateIsMadeOrNamedWithItsKey) {
  using Kind = TlsSource::Kind;
  EXPECT_EQ(checked({}, 1)->tls.kind, Kind::kNone);
  EXPECT_EQ(checked({.tls_cert = "c", .tls_key = "k"}, 1)->tls.kind, Kind::kFiles);
  EXPECT_NE(refusal({.tls_cert = "c"}).find("belong together"), std::string::npos);
  EXPECT_NE(refusal({.tls_key = "k"}).find("belong together"), std::string::npos);
  EXPECT_NE(refusal({.tls = "self-signed", .tls_cert = "c", .tls_key = "k"}).find("one or the"),
            std::string::npos);
  const auto made = checked({.data = "d", .listen = "10.0.0.1:1", .tls = "self-signed"}, 1);
  EXPECT_EQ(made->tls.folder, "d/tls");
  EXPECT_EQ(made->tls.hosts.back(), "10.0.0.1");
  EXPECT_EQ(checked({.tls = "self-signed"}, 1)->tls.folder, "") << "one of its own";
}

TEST(Options, SizesAndRegionsAreNamedWhenTheyAreNone) {
  EXPECT_NE(refusal({.memory = "lots"}).find("--memory"), std::string::npos);
  for (const char* region : {"", "eu west", "EU-WEST-1", "eu/west"}) {
    EXPECT_NE(refusal({.region = region}).find("eu-west-1"), std::string::npos) << region;
  }
}

TEST(Options, LoopsAreOneForEachCoreUpToEight) {
  const auto loops = [](std::int64_t asked, std::size_t cores) {
    return checked({.loops = asked}, cores)->loops;
  };
  EXPECT_EQ(loops(0, 0), 1u) << "the system may not know";
  EXPECT_EQ(loops(0, 4), 4u);
  EXPECT_EQ(loops(0, 64), 8u);
  EXPECT_EQ(loops(20, 4), 20u);
}

TEST(Options, WithoutAFolderNothingIsDurable) {
  using engine::local::Durability;
  const auto durability = [](const std::string& data, const std::string& asked) {
    return checked({.data = data, .durability = asked}, 1)->durability;
  };
  EXPECT_EQ(durability("", "sync"), Durability::kMemory);
  EXPECT_EQ(durability("d", "sync"), Durability::kSync);
  EXPECT_EQ(durability("d", "os"), Durability::kOs);
  EXPECT_EQ(durability("d", "memory"), Durability::kMemory);
}

TEST(Options, EveryRangeOfTheTableIsHeld) {
  Settings settings;
  for (const SettingRow& row : setting_rows(settings)) {
    auto* const* number = std::get_if<std::int64_t*>(&row.value);
    if (number == nullptr) continue;
    const std::string allowed(row.allowed);
    ASSERT_NE(allowed.find(".."), std::string::npos) << row.name;
    const std::int64_t before = **number;
    const std::int64_t low = std::stoll(allowed);
    const std::int64_t high = std::stoll(allowed.substr(allowed.find("..") + 2));
    EXPECT_GE(before, low) << row.name << ": its default is allowed";
    EXPECT_LE(before, high) << row.name;
    for (const auto& [value, good] :
         {std::pair{low, true}, {high, true}, {low - 1, false}, {high + 1, false}}) {
      **number = value;
      const std::string said = refusal(settings);
      const std::string expected =
          flag_name(row.name) + " is " + std::to_string(value) + "; it must be in " + allowed;
      EXPECT_EQ(said, good ? "ok" : expected);
    }
    **number = before;
  }
}

TEST(Options, EveryChoiceOfTheTableIsHeld) {
  Settings settings;
  for (const SettingRow& row : setting_rows(settings)) {
    auto* const* text = std::get_if<std::string*>(&row.value);
    if (text == nullptr || row.allowed.empty() || row.allowed.find("..") != std::string_view::npos)
      continue;
    const std::string before = **text;
    std::string rest(row.allowed);
    for (std::size_t bar = 0; bar != std::string::npos; rest = rest.substr(bar + 1)) {
      bar = rest.find('|');
      **text = rest.substr(0, bar);
      EXPECT_EQ(refusal(settings), "ok") << row.name << " = " << **text;
      if (bar == std::string::npos) break;
    }
    for (const std::string bad : {"", "nothing", "|"}) {
      **text = bad;
      EXPECT_EQ(refusal(settings), flag_name(row.name) + " is \"" + bad + "\"; it must be one of " +
                                       std::string(row.allowed));
    }
    **text = before;
  }
}

TEST(Settings, HaveOneNameInThreeSpellings) {
  EXPECT_EQ(flag_name("function.stop_grace_s"), "--function.stop-grace-s");
  EXPECT_EQ(environment_name("function.stop_grace_s"), "PENSTOCK_FUNCTION_STOP_GRACE_S");
  EXPECT_EQ(environment_name("data"), "PENSTOCK_DATA");
}

TEST(Settings, EveryRowIsExplainedAndHasANameOfItsOwn) {
  Settings settings;
  std::vector<std::string> names;
  for (const SettingRow& row : setting_rows(settings)) {
    EXPECT_FALSE(row.meaning.empty()) << row.name;
    names.push_back(environment_name(row.name));
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(ParseBytes, KnowsItsUnits) {
  EXPECT_EQ(*parse_bytes("0"), 0u);
  EXPECT_EQ(*parse_bytes("1048576"), 1u << 20);
  EXPECT_EQ(*parse_bytes("7B"), 7u);
  EXPECT_EQ(*parse_bytes("3KiB"), 3u << 10);
  EXPECT_EQ(*parse_bytes("512MiB"), 512u << 20);
  EXPECT_EQ(*parse_bytes("2GiB"), std::size_t{2} << 30);
  EXPECT_EQ(*parse_bytes("1TiB"), std::size_t{1} << 40);
}

TEST(ParseBytes, RefusesWhatIsNoneOrTooMuch) {
  for (const std::string text : {"", "MiB", "-1MiB", "1.5GiB", "1 MiB", "1MB", "1mib", "1M", "0x10",
                                 "16777216TiB", "99999999999999999999"}) {
    EXPECT_FALSE(parse_bytes(text).ok()) << text;
  }
  EXPECT_TRUE(parse_bytes("16777215TiB").ok());
}

TEST(Memory, ItsPartsSumToItAndLeaveSomethingToEachOther) {
  for (const std::size_t mebibytes : {64u, 100u, 128u, 512u, 4'096u}) {
    const std::size_t bytes = std::size_t{mebibytes} << 20;
    Memory memory(bytes);
    EXPECT_EQ(memory.pages.limit_bytes() + memory.rest.limit_bytes(), bytes);
    EXPECT_LT(memory.requests.limit_bytes(), memory.rest.limit_bytes()) << mebibytes;
    EXPECT_LT(memory.records.limit_bytes(), memory.rest.limit_bytes()) << mebibytes;
    EXPECT_GE(memory.pages.limit_bytes(), Memory::kLargestPage);
    EXPECT_GE(memory.requests.limit_bytes(), Memory::kLargestRequest);
    EXPECT_GE(memory.records.limit_bytes(), std::size_t{32} << 20);
  }
}

TEST(Connections, AreBoundedByDescriptorsAndByMemory) {
  const auto possible = [](std::string memory, std::size_t descriptors, std::int64_t asked = 0) {
    const auto options = checked({.memory = std::move(memory), .connections = asked}, 2);
    return connections_possible(*options, descriptors);
  };
  EXPECT_EQ(possible("512MiB", 1u << 20), 16'384u) << "memory: 128 MiB, 8 KiB each";
  EXPECT_EQ(possible("64MiB", 1u << 20), 2'048u);
  EXPECT_EQ(possible("512MiB", 10'240), 8'960u) << "an eighth of the descriptors is kept";
  EXPECT_EQ(possible("512MiB", 1'024), 512u) << "half of few are kept";
  EXPECT_EQ(possible("512MiB", 1u << 20, 100), 100u);
  EXPECT_EQ(possible("512MiB", 1'024, 100'000), 512u) << "what is asked for must be possible";
}

TEST(CallRatesSetting, IsAListOfOperationsWithTheirRates) {
  const Result<stream::CallRates::Changes> none = parse_call_rates("");
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->empty());
  const Result<stream::CallRates::Changes> two = parse_call_rates("ListStreams=10,CreateStream=0");
  ASSERT_TRUE(two.ok());
  EXPECT_EQ(*two, (stream::CallRates::Changes{{"CreateStream", 0}, {"ListStreams", 10}}));
}

TEST(CallRatesSetting, RefusesWhatIsNoneAndNamesIt) {
  for (const std::string text : {"ListStreams", "ListStreams=", "ListStreams=-1", "ListStreams=1x",
                                 "ListStreams=1,,DeleteStream=1", "ListStreams=1000001", "=1"}) {
    const auto parsed = parse_call_rates(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, Errc::kInvalid) << text;
  }
  const auto unknown = parse_call_rates("ListStreams=1,PutRecord=5");
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.error().message.find("PutRecord"), std::string::npos);
}

}  // namespace
}  // namespace penstock::server
