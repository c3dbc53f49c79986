#pragma once

namespace penstock::server {

/// `penstock reference`: the names of the reference pages, one a line. `penstock reference PAGE`:
/// that page in Markdown. What tools/reference writes docs/reference/ with.
int reference_main(int argc, char** argv);

}  // namespace penstock::server
