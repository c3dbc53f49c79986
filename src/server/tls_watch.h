#pragma once

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "env/env.h"
#include "env/worker.h"
#include "front/tls.h"

#include <memory>
#include <string>
#include <vector>

namespace penstock::server {

/// Where the server's certificate comes from.
struct TlsSource {
  enum class Kind { kNone, kFiles, kSelfSigned };
  Kind kind = Kind::kNone;
  std::string certificate_file;  ///< kFiles: PEM, with those between it and its CA.
  std::string key_file;
  /// kSelfSigned: where the CA and what it signed lie, made when they are missing, too old or for
  /// other hosts. Empty: a folder of its own in /tmp, which goes when the server stops.
  std::string folder;
  std::vector<std::string> hosts;
};

/// Gives the server its certificate, and every five seconds looks whether the files hold another.
///
/// Files that cannot be used are refused at start. Later the last good ones go on counting, and a
/// warning says what is wrong, once for each change. Once a day the keys of session tickets are
/// new; whoever comes with an older one agrees anew. Control loop only.
class TlsWatch {
 public:
  /// keys      gets the certificate; outlives it
  TlsWatch(const env::Env& env, TlsSource source, front::TlsKeys& keys);
  ~TlsWatch();

  /// fails     Errc::kInvalid with file and what would be right; kIo
  Task<Status> start();
  Task<> stop();
  bool is_on() const { return source_.kind != TlsSource::Kind::kNone; }
  /// Whom clients are to trust, where we made it; else empty.
  const std::string& ca_file() const { return ca_file_; }

 private:
  struct Pair {
    std::string certificate;
    std::string key;
    bool operator==(const Pair&) const = default;
  };
  Result<Pair> read_files();
  Result<Pair> read_or_make();
  Status take(const Pair& pair);
  Task<Result<Pair>> on_worker(Result<Pair> (TlsWatch::*work)());
  Task<> watch();
  Task<> look_at_files();

  const env::Env& env_;
  const TlsSource source_;
  front::TlsKeys& keys_;
  std::unique_ptr<env::Worker> worker_;
  Scope scope_;
  std::string ca_file_;
  std::string own_folder_;  ///< In /tmp.
  Pair taken_;
  SteadyTime taken_at_;
  std::string last_warning_;
};

}  // namespace penstock::server
