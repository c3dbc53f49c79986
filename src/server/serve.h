#pragma once

namespace penstock::server {

/// `penstock serve ...`: runs until SIGINT or SIGTERM. Gives the exit code.
int serve_main(int argc, char** argv);

/// `penstock settings`: prints the table.
int settings_main(int argc, char** argv);

}  // namespace penstock::server
