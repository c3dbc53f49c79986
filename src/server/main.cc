#include "cli/commands.h"
#include "server/reference.h"
#include "server/serve.h"
#include "server/shapes.h"
#include "server/version.h"

#include <string_view>

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "reference") return penstock::server::reference_main(argc - 1, argv + 1);
  if (command == "serve") return penstock::server::serve_main(argc - 1, argv + 1);
  if (command == "settings") return penstock::server::settings_main(argc - 1, argv + 1);
  if (command == "shapes") return penstock::server::shapes_main(argc - 1, argv + 1);
  return penstock::cli::main_cli(argc, argv, penstock::server::kVersion);
}
