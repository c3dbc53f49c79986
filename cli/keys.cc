#include "base/base64.h"
#include "base/hex.h"
#include "cli/commands.h"
#include "cli/key_store.h"
#include "cli/terminal.h"
#include "env/posix/random.h"
#include "shape/json.h"

#include <CLI/CLI.hpp>

#include <array>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

namespace penstock::cli {
namespace {

struct Place {
  std::string data;
  std::string file;
};

struct AddFlags {
  std::string id;
  std::string secret_file;
  std::string account = "000000000000";
  std::string note;
  bool is_admin = false;
  bool json = false;
};

/// A key as JSON shows it. The secret only when it was made by this very command.
struct ShownKey {
  std::string id;
  std::optional<std::string> secret;
  std::string account;
  bool is_admin = false;
  std::string created_at;
  std::string note;
  static constexpr auto shape() {
    using Self = ShownKey;
    return std::array{
        shape::member<&Self::id>("AccessKeyId"),
        shape::member<&Self::secret>("SecretAccessKey"),
        shape::member<&Self::account>("Account"),
        shape::member<&Self::is_admin>("Admin"),
        shape::member<&Self::created_at>("CreatedAt"),
        shape::member<&Self::note>("Note"),
    };
  }
};

struct ShownKeys {
  std::vector<ShownKey> keys;
  static constexpr auto shape() { return std::array{shape::member<&ShownKeys::keys>("Keys")}; }
};

ShownKey shown(const StoredKey& key) {
  return {.id = key.id,
          .secret = {},
          .account = key.account,
          .is_admin = key.is_admin,
          .created_at = key.created_at,
          .note = key.note};
}

Result<KeyStore> store_at(const Place& place) {
  if (!place.file.empty()) return KeyStore(place.file);
  if (!place.data.empty()) return KeyStore(place.data + "/keys");
  return Error{CliErrc::kUsage,
               "which keys? Say --data FOLDER, the server's data folder, or --keys FILE"};
}

std::string made_id() {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::array<std::uint8_t, 16> bytes;
  env::posix::PosixRandom().fill(bytes);
  std::string id = "AKIA";
  for (const std::uint8_t byte : bytes) id += kAlphabet[byte & 31];
  return id;
}

/// 40 characters: 30 bytes of the system's randomness in base64.
std::string made_secret() {
  std::array<std::uint8_t, 30> bytes;
  env::posix::PosixRandom().fill(bytes);
  return base64_encode(as_chars(bytes));
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

/// The first line of a file, or of standard input ("-"): command lines can be read by everybody.
Result<std::string> read_secret(const std::string& from) {
  std::string line;
  if (from == "-") {
    std::getline(std::cin, line);
  } else {
    std::ifstream file(from);
    if (!file) return Error{CliErrc::kUsage, "the secret cannot be read from " + from};
    std::getline(file, line);
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

Result<int> add_key(const Place& place, const AddFlags& flags) {
  TRY(const KeyStore store, store_at(place));
  StoredKey key{.id = flags.id.empty() ? made_id() : flags.id,
                .secret = {},
                .account = flags.account,
                .is_admin = flags.is_admin,
                .created_at = utc_now(),
                .note = flags.note};
  const bool is_made = flags.secret_file.empty();
  if (is_made) {
    key.secret = made_secret();
  } else {
    TRY(key.secret, read_secret(flags.secret_file));
  }
  if (const Status fits = check_key(key); !fits.ok()) {
    return Error{CliErrc::kUsage, fits.error().message};
  }
  TRY_OK(store.add(key));
  if (flags.json) {
    ShownKey made = shown(key);
    if (is_made) made.secret = key.secret;
    std::printf("%s\n", shape::to_json(made).c_str());
    return 0;
  }
  std::printf("export AWS_ACCESS_KEY_ID=%s\n", key.id.c_str());
  if (is_made) std::printf("export AWS_SECRET_ACCESS_KEY=%s\n", key.secret.c_str());
  std::fprintf(stderr, "%s may use account %s%s; its secret is shown %s\n", key.id.c_str(),
               key.account.c_str(), key.is_admin ? " and administer the server" : "",
               is_made ? "this once" : "nowhere");
  return 0;
}

Result<int> list_keys(const Place& place, bool json) {
  TRY(const KeyStore store, store_at(place));
  TRY(const auto keys, store.read());
  if (json) {
    ShownKeys all;
    for (const StoredKey& key : keys) all.keys.push_back(shown(key));
    std::printf("%s\n", shape::to_json(all).c_str());
    return 0;
  }
  Table table({"access key", "account", "may", "created", "note"});
  for (const StoredKey& key : keys) {
    table.row({key.id, key.account, key.is_admin ? "admin" : "user", key.created_at, key.note});
  }
  std::printf("%s", table.text().c_str());
  return 0;
}

Result<int> remove_key(const Place& place, const std::string& id) {
  TRY(const KeyStore store, store_at(place));
  TRY_OK(store.remove(id));
  std::printf("%s is removed; a running server refuses it within a second\n", id.c_str());
  return 0;
}

void add_add(CLI::App& keys, const std::shared_ptr<Place>& place, Action& action) {
  auto flags = std::make_shared<AddFlags>();
  CLI::App* add = keys.add_subcommand("add", "Make a key; prints it as shell variables, once.");
  add->add_option("--account", flags->account, "Whose streams and functions: 12 digits")
      ->capture_default_str();
  add->add_flag("--admin", flags->is_admin, "May also use /_penstock/...: audit, clock, logs");
  add->add_option("--note", flags->note, "What it is for");
  add->add_option("--id", flags->id, "Its id; empty: AKIA and 16 characters at random");
  add->add_option("--secret-file", flags->secret_file,
                  "File with the secret in its first line, - for standard input; empty: at random");
  add->add_flag("--json", flags->json, "As JSON");
  add->callback(
      [&action, place, flags] { action = [place, flags] { return add_key(*place, *flags); }; });
}

}  // namespace

void add_keys(CLI::App& app, Action& action) {
  auto place = std::make_shared<Place>();
  auto json = std::make_shared<bool>(false);
  auto id = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand(
      "keys", "Access keys of a server on this machine, whether it runs or not.");
  command->require_subcommand(1);
  command->add_option("--data", place->data, "The server's data folder; keys lie in its file keys")
      ->envname("PENSTOCK_DATA");
  command->add_option("--keys", place->file, "The file, as in `penstock serve --keys`")
      ->envname("PENSTOCK_KEYS");
  command->fallthrough();
  add_add(*command, place, action);
  CLI::App* list = command->add_subcommand("list", "Show the keys, without their secrets.");
  list->add_flag("--json", *json, "As JSON");
  list->callback(
      [&action, place, json] { action = [place, json] { return list_keys(*place, *json); }; });
  CLI::App* remove = command->add_subcommand("remove", "Remove a key.");
  remove->add_option("id", *id, "Its access key id")->required();
  remove->callback(
      [&action, place, id] { action = [place, id] { return remove_key(*place, *id); }; });
}

}  // namespace penstock::cli
