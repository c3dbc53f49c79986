#include "cli/lines.h"

#include "cli/api_client.h"
#include "shape/document.h"

#include <fstream>
#include <iostream>
#include <random>

namespace penstock::cli {
namespace {

Result<std::string> key_of(const std::string& line, const std::string& field,
                           const std::string& place) {
  auto document = shape::parse_json(line);
  if (!document.ok() || !document->is(shape::Document::Kind::kObject)) {
    return Error{CliErrc::kUsage, place + " is not a JSON object, so it has no member \"" + field +
                                      "\" to be its partition key"};
  }
  const shape::Document* value = document->find(field);
  if (value == nullptr || value->is(shape::Document::Kind::kNull)) {
    return Error{CliErrc::kUsage,
                 place + " has no member \"" + field + "\" to be its partition key"};
  }
  return value->text.empty() ? value->to_json() : value->text;
}

std::string random_key(std::mt19937_64& random) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string key;
  for (std::uint64_t bits = random(); key.size() < 16; bits >>= 4) key += kHex[bits & 15];
  return key;
}

}  // namespace

Result<std::vector<wire::PutEntry>> read_lines(const std::string& file,
                                               const std::string& key_field) {
  std::ifstream opened;
  if (file != "-") {
    opened.open(file);
    if (!opened) return Error{CliErrc::kUsage, "cannot read " + file};
  }
  std::istream& input = file == "-" ? std::cin : opened;
  std::mt19937_64 random(std::random_device{}());
  std::vector<wire::PutEntry> entries;
  std::string line;
  for (std::size_t number = 1; std::getline(input, line); ++number) {
    if (line.empty()) continue;
    wire::PutEntry entry;
    if (key_field.empty()) {
      entry.partition_key = random_key(random);
    } else {
      TRY(entry.partition_key, key_of(line, key_field, file + ":" + std::to_string(number)));
    }
    entry.data.bytes = std::move(line);
    entries.push_back(std::move(entry));
  }
  // The end of the file, or of what can be read of it? A folder opens like a file.
  if (input.bad()) {
    return Error{CliErrc::kUsage, "cannot read " + file + " behind line " +
                                      std::to_string(entries.size()) + "; nothing was put"};
  }
  return entries;
}

}  // namespace penstock::cli
