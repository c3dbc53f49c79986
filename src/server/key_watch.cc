#include "server/key_watch.h"

#include "base/key_file.h"
#include "base/log.h"
#include "env/clocks.h"
#include "env/disk.h"
#include "env/loop.h"

namespace penstock::server {
namespace {

constexpr Millis kPause{500};
constexpr std::size_t kFileBytesMax = 16u << 20;

Result<std::string> read_all(env::Disk& disk, const std::string& path) {
  TRY(const auto file, disk.open(path, {}));
  TRY(const auto mode, file->permissions());
  if ((mode & 077) != 0) {
    return Error{Errc::kInvalid, path + " can be read by others than its owner; chmod 600 " + path};
  }
  TRY(const std::uint64_t size, file->size());
  if (size > kFileBytesMax) {
    return Error{Errc::kInvalid, path + " is larger than a file of keys may be (16 MiB)"};
  }
  std::string text(size, '\0');
  TRY(const std::size_t read,
      file->read_at(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}));
  text.resize(read);
  return text;
}

}  // namespace

/// What lay there at one look. A file that is not there is one without keys.
struct KeyWatch::Seen {
  std::string text;
};

KeyWatch::KeyWatch(const env::Env& env, std::string path, Auth auth, front::Keyring& keyring)
    : env_(env),
      path_(std::move(path)),
      auth_(auth),
      keyring_(keyring),
      worker_(path_.empty() ? nullptr : env.workers.make("keys")),
      scope_(env.loops.front()->executor()) {}

KeyWatch::~KeyWatch() = default;

Task<Result<KeyWatch::Seen>> KeyWatch::read() {
  env::Disk& disk = env_.disk;
  const std::string& path = path_;
  auto text = co_await env::run_blocking(*worker_, [&disk, &path]() -> Result<std::string> {
    auto found = read_all(disk, path);
    if (!found.ok() && found.error().code == Errc::kNotFound) return std::string();
    return found;
  });
  if (!text.ok()) co_return text.error();
  co_return Seen{.text = std::move(text).value()};
}

Status KeyWatch::take(const Seen& seen) {
  auto parsed = parse_key_file(seen.text);
  if (!parsed.ok()) return Error{Errc::kInvalid, path_ + ", " + parsed.error().message};
  front::AccessKeys keys;
  for (StoredKey& key : *parsed) {
    keys.emplace(std::move(key.id), front::AccessKey{.secret = std::move(key.secret),
                                                     .account = std::move(key.account),
                                                     .is_admin = key.is_admin});
  }
  const bool was_required = keyring_.state()->is_required;
  const bool is_required =
      auth_ == Auth::kOn || (auth_ == Auth::kAuto && (was_required || !keys.empty()));
  if (taken_ != 0) {
    log::info("access keys read", {{"file", path_}, {"keys", keys.size()}});
    if (is_required && !was_required) log::info("signatures count from now on");
    if (is_required && keys.empty()) {
      log::warn("there is no access key left, and signatures still count until the server stops");
    }
  }
  keyring_.replace(std::move(keys), is_required);
  ++taken_;
  last_text_ = seen.text;
  return ok();
}

Task<Status> KeyWatch::start() {
  if (path_.empty()) {
    if (auth_ != Auth::kOn) co_return ok();
    co_return Error{Errc::kInvalid,
                    "--auth=on takes access keys, and there is no file for them: say --data FOLDER "
                    "or --keys FILE, and `penstock keys add` with the same makes the first key"};
  }
  CO_TRY(const Seen seen, co_await read());
  CO_TRY_OK(take(seen));
  if (auth_ == Auth::kOn && keyring_.state()->keys.empty()) {
    co_return Error{Errc::kInvalid, "--auth=on takes access keys, and " + path_ +
                                        " holds none; `penstock keys add --admin --keys " + path_ +
                                        "` makes one"};
  }
  scope_.spawn(watch());
  co_return ok();
}

Task<> KeyWatch::watch() {
  while (true) {
    const auto woken = co_await env::sleep_until(*env_.loops.front(),
                                                 env_.clocks.steady_now() + kPause, scope_.token());
    if (woken == env::Woken::kCancelled) co_return;
    const auto seen = co_await read();
    if (seen.ok() && seen->text == last_text_) {
      last_warning_.clear();
      continue;
    }
    const Status taken = seen.ok() ? take(*seen) : Status(seen.error());
    if (taken.ok()) {
      last_warning_.clear();
      continue;
    }
    if (taken.error().message == last_warning_) continue;
    last_warning_ = taken.error().message;
    log::warn("the file of access keys cannot be used; the keys read before go on counting",
              {{"cause", last_warning_}});
  }
}

Task<> KeyWatch::stop() {
  scope_.cancel();
  co_await scope_.join();
}

}  // namespace penstock::server
