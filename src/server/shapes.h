#pragma once

namespace penstock::server {

/// `penstock shapes`: prints the table of every operation of every service as JSON
/// (shape/describe_json.h), by service name.
int shapes_main(int argc, char** argv);

}  // namespace penstock::server
