#pragma once

#include "sandbox/code_folders.h"
#include "sandbox/host.h"
#include "sandbox/scratch.h"

namespace penstock::sandbox {

/// What the host's environments share. The scratch folder goes last.
struct SandboxHost::Site {
  SandboxParts parts;
  std::unique_ptr<Scratch> scratch;
  std::unique_ptr<env::Worker> worker;
  std::unique_ptr<CodeFolders> codes;
  std::string runtime_folder;  ///< Readable by whoever environments run as; empty: no Python.
  std::string endpoint_url;
  std::function<TemporaryCredentials(const Tenant&)> issue_credentials;
  std::string filter;       ///< Of system calls; empty: none.
  std::string isolation;    ///< For people.
  std::string unprotected;  ///< Why there is no sandbox; empty: there is one.
  bool is_isolated = false;
  bool has_own_users = false;  ///< Each environment runs as another user; only root can.
  std::uint64_t last_number = 0;
};

}  // namespace penstock::sandbox
