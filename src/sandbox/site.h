#pragma once

#include "sandbox/code_folders.h"
#include "sandbox/host.h"
#include "sandbox/scratch.h"

#include <optional>
#include <vector>

namespace penstock::sandbox {

/// How functions are kept apart on this machine, found out by trying.
struct Protection {
  std::string filter;          ///< Of system calls; empty: none.
  std::string unprotected;     ///< Why there is no sandbox; empty: there is one.
  bool has_own_users = false;  ///< Each environment runs as another user; only root can.
  /// Python's runtime client, readable by whoever environments run as; empty: no Python.
  std::string runtime_folder;

  bool is_isolated() const { return unprotected.empty(); }
};

/// What the host's environments share. The scratch folder goes last.
struct SandboxHost::Site {
  SandboxParts parts;
  std::unique_ptr<Scratch> scratch;
  std::unique_ptr<env::Worker> worker;
  std::unique_ptr<CodeFolders> codes;
  std::string python_folder;  ///< Python's runtime client; empty: there is none.
  std::string endpoint_url;
  std::function<TemporaryCredentials(const Tenant&)> issue_credentials;
  std::uint64_t last_number = 0;

  std::optional<Result<Protection>> protection;  ///< None while it is tried.
  std::vector<Gate> awaiting_protection;
  /// Behind protected_by(), and only if that was well.
  const Protection& found() const { return protection->value(); }
  /// Waits until it is known how environments are to run; the error says why they cannot.
  Task<Status> protected_by();
};

}  // namespace penstock::sandbox
