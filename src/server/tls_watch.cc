#include "server/tls_watch.h"

#include "base/log.h"
#include "env/clocks.h"
#include "env/disk.h"
#include "env/loop.h"
#include "env/random.h"

namespace penstock::server {
namespace {

constexpr Nanos kPause = std::chrono::seconds(5);
/// Resumed sessions are as secret as the keys of their tickets, which a context makes for itself.
constexpr Nanos kTicketsMax = std::chrono::hours(24);
constexpr std::size_t kFileBytesMax = 1u << 20;
constexpr const char* kCaFile = "/ca.pem";
constexpr const char* kCertificateFile = "/server.pem";
constexpr const char* kKeyFile = "/server.key";

Result<std::string> read_all(env::Disk& disk, const std::string& path, bool is_secret) {
  TRY(const auto file, disk.open(path, {}));
  TRY(const auto mode, file->permissions());
  if (is_secret && (mode & 07) != 0)
    return Error{Errc::kInvalid, path + " can be read by everybody; chmod 600 " + path};
  TRY(const std::uint64_t size, file->size());
  if (size > kFileBytesMax)
    return Error{Errc::kInvalid, path + " is larger than a file of certificates may be (1 MiB)"};
  std::string text(size, '\0');
  TRY(const std::size_t read,
      file->read_at(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}));
  text.resize(read);
  return text;
}

/// Empty when there is none. One that cannot be read is there, and clients may trust what it holds.
Result<std::string> read_if_there(env::Disk& disk, const std::string& path, bool is_secret) {
  auto text = read_all(disk, path, is_secret);
  if (!text.ok() && text.error().code == Errc::kNotFound) return std::string();
  return text;
}

/// In one step: who reads it meanwhile finds all of it, or what was there before.
Status write_all(env::Disk& disk, const std::string& path, const std::string& text) {
  const std::string before = path + ".new";
  disk.remove(before).ignore("there is one after a crash only; a new file is its owner's alone");
  TRY(const auto file, disk.open(before, {.create = true, .writable = true}));
  TRY_OK(file->truncate(0));
  TRY_OK(file->write_at(0, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}));
  TRY_OK(file->sync());
  return disk.rename(before, path);
}

}  // namespace

TlsWatch::TlsWatch(const env::Env& env, TlsSource source, front::TlsKeys& keys)
    : env_(env),
      source_(std::move(source)),
      keys_(keys),
      worker_(is_on() ? env.workers.make("tls") : nullptr),
      scope_(env.loops.front()->executor()) {}

TlsWatch::~TlsWatch() = default;

Result<TlsWatch::Pair> TlsWatch::read_files() {
  Pair pair;
  TRY(pair.certificate, read_all(env_.disk, source_.certificate_file, /*is_secret=*/false));
  TRY(pair.key, read_all(env_.disk, source_.key_file, /*is_secret=*/true));
  return pair;
}

/// What was made before, as long as it is for the same hosts: whoever trusts its CA goes on to.
Result<TlsWatch::Pair> TlsWatch::read_or_make() {
  env::Disk& disk = env_.disk;
  const std::string& folder = own_folder_.empty() ? source_.folder : own_folder_;
  ca_file_ = folder + kCaFile;
  front::SelfSigned found;
  TRY(found.ca, read_if_there(disk, ca_file_, /*is_secret=*/false));
  TRY(found.certificate, read_if_there(disk, folder + kCertificateFile, /*is_secret=*/false));
  TRY(found.key, read_if_there(disk, folder + kKeyFile, /*is_secret=*/true));
  if (front::is_usable(found, source_.hosts)) return Pair{found.certificate, found.key};
  const front::SelfSigned made = front::make_self_signed(source_.hosts);
  TRY_OK(disk.make_folders(folder));
  TRY_OK(write_all(disk, folder + kKeyFile, made.key));
  TRY_OK(write_all(disk, folder + kCertificateFile, made.certificate));
  TRY_OK(write_all(disk, ca_file_, made.ca));
  TRY_OK(disk.sync_folder(folder));
  log::info("a certificate and its CA were made", {{"ca", ca_file_}});
  return Pair{made.certificate, made.key};
}

Status TlsWatch::take(const Pair& pair) {
  auto context = front::TlsContext::make(pair.certificate, pair.key);
  if (!context.ok()) {
    return Error{Errc::kInvalid, "--tls-cert " + source_.certificate_file + ", --tls-key " +
                                     source_.key_file + ": " + context.error().message};
  }
  keys_.replace(std::move(context).value());
  taken_ = pair;
  taken_at_ = env_.clocks.steady_now();
  return ok();
}

Task<Result<TlsWatch::Pair>> TlsWatch::on_worker(Result<Pair> (TlsWatch::*work)()) {
  co_return co_await env::run_blocking(*worker_, [this, work] { return (this->*work)(); });
}

Task<Status> TlsWatch::start() {
  switch (source_.kind) {
    case TlsSource::Kind::kNone: break;
    case TlsSource::Kind::kFiles: {
      CO_TRY(const Pair pair, co_await on_worker(&TlsWatch::read_files));
      CO_TRY_OK(take(pair));
      break;
    }
    case TlsSource::Kind::kSelfSigned: {
      if (source_.folder.empty())
        own_folder_ = "/tmp/penstock-tls-" + std::to_string(env_.random.next());
      CO_TRY(const Pair pair, co_await on_worker(&TlsWatch::read_or_make));
      CO_TRY_OK(take(pair));
      break;
    }
  }
  if (is_on()) scope_.spawn(watch());
  co_return ok();
}

Task<> TlsWatch::watch() {
  while (true) {
    const auto woken = co_await env::sleep_until(*env_.loops.front(),
                                                 env_.clocks.steady_now() + kPause, scope_.token());
    if (woken == env::Woken::kCancelled) co_return;
    if (source_.kind == TlsSource::Kind::kFiles) co_await look_at_files();
    if (env_.clocks.steady_now() - taken_at_ >= kTicketsMax)
      take(taken_).ignore("it could be used before, and goes on being used");
  }
}

Task<> TlsWatch::look_at_files() {
  const auto found = co_await on_worker(&TlsWatch::read_files);
  if (found.ok() && *found == taken_) {
    last_warning_.clear();
    co_return;
  }
  const Status taken = found.ok() ? take(*found) : Status(found.error());
  if (taken.ok()) {
    log::info("another certificate counts for new connections",
              {{"file", source_.certificate_file}});
    last_warning_.clear();
  } else if (taken.error().message != last_warning_) {
    last_warning_ = taken.error().message;
    log::warn("the certificate cannot be read again; the one read before goes on counting",
              {{"cause", last_warning_}});
  }
}

Task<> TlsWatch::stop() {
  scope_.cancel();
  co_await scope_.join();
  if (own_folder_.empty() || ca_file_.empty()) co_return;
  for (const char* name : {kCaFile, kCertificateFile, kKeyFile, ""}) {
    env_.disk.remove(own_folder_ + name).ignore("a folder in /tmp may stay");
  }
}

}  // namespace penstock::server
