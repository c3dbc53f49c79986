#include "cli/signer.h"

#include "base/ascii.h"
#include "base/check.h"
#include "base/sigv4.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace penstock::cli {
namespace {

std::string environment(const char* name, std::string otherwise = {}) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string shared_credentials() {
  const std::string path =
      environment("AWS_SHARED_CREDENTIALS_FILE", environment("HOME") + "/.aws/credentials");
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

Profile profile_in(std::string_view file, std::string_view profile) {
  Profile found;
  bool is_inside = false;
  while (!file.empty()) {
    const std::size_t end = std::min(file.find('\n'), file.size());
    const std::string_view line = trimmed(file.substr(0, end));
    file.remove_prefix(std::min(end + 1, file.size()));
    if (line.starts_with('[')) {
      is_inside = line.ends_with(']') && trimmed(line.substr(1, line.size() - 2)) == profile;
      continue;
    }
    const std::size_t equals = line.find('=');
    if (!is_inside || equals == std::string_view::npos || line.starts_with('#')) continue;
    const std::string name = ascii_lower(std::string(trimmed(line.substr(0, equals))));
    const std::string_view value = trimmed(line.substr(equals + 1));
    if (name == "aws_access_key_id") found.access_key = value;
    if (name == "aws_secret_access_key") found.secret_key = value;
    if (name == "aws_session_token") found.session_token = value;
  }
  return found;
}

Endpoint Endpoint::from_environment() {
  Endpoint endpoint{
      .url = environment("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
      .region = environment("AWS_REGION", environment("AWS_DEFAULT_REGION", "us-east-1")),
      .access_key = environment("AWS_ACCESS_KEY_ID"),
      .secret_key = environment("AWS_SECRET_ACCESS_KEY"),
      .session_token = environment("AWS_SESSION_TOKEN"),
      .ca_file = environment("AWS_CA_BUNDLE"),
  };
  if (endpoint.access_key.empty() && endpoint.secret_key.empty()) {
    Profile profile =
        profile_in(shared_credentials(),
                   environment("AWS_PROFILE", environment("AWS_DEFAULT_PROFILE", "default")));
    endpoint.access_key = std::move(profile.access_key);
    endpoint.secret_key = std::move(profile.secret_key);
    endpoint.session_token = std::move(profile.session_token);
  }
  endpoint.has_credentials = !endpoint.access_key.empty() && !endpoint.secret_key.empty();
  if (endpoint.access_key.empty()) endpoint.access_key = "test";
  if (endpoint.secret_key.empty()) endpoint.secret_key = "test";
  return endpoint;
}

std::vector<std::string> sign(const Endpoint& endpoint, const Outgoing& request,
                              std::vector<std::string> headers) {
  const std::string time = sigv4::basic_time(request.now);
  headers.push_back("Host: " + std::string(request.host));
  headers.push_back("X-Amz-Date: " + time);
  if (!endpoint.session_token.empty()) {
    headers.push_back("X-Amz-Security-Token: " + endpoint.session_token);
  }
  std::vector<std::pair<std::string, std::string_view>> lines;
  for (const std::string& line : headers) {
    const std::size_t colon = std::min(line.find(':'), line.size() - 1);
    lines.emplace_back(ascii_lower(line.substr(0, colon)),
                       std::string_view(line).substr(colon + 1));
  }
  std::sort(lines.begin(), lines.end());
  std::vector<std::pair<std::string_view, std::string_view>> views(lines.begin(), lines.end());
  std::string names;
  for (const auto& [name, value] : lines) names += (names.empty() ? "" : ";") + name;

  const std::size_t mark = std::min(request.target.find('?'), request.target.size());
  const std::string_view query = request.target.substr(std::min(mark + 1, request.target.size()));
  const sigv4::HexDigest body = sigv4::hex_of(sha256(request.body));
  std::string canonical;
  const bool is_whole = sigv4::append_canonical_request({.method = request.method,
                                                         .path = request.target.substr(0, mark),
                                                         .query = query,
                                                         .headers = views,
                                                         .signed_headers = names,
                                                         .payload_hash = sigv4::text_of(body)},
                                                        canonical);
  PENSTOCK_CHECK(is_whole, "a request is signed over the headers it has");
  const std::string date = time.substr(0, 8);
  const std::string scope = date + "/" + endpoint.region + "/" + std::string(request.service) +
                            "/" + std::string(sigv4::kTerminator);
  std::string scratch;
  const sigv4::HexDigest signature = sigv4::signature(
      sigv4::signing_key(endpoint.secret_key, date, endpoint.region, request.service), time, scope,
      canonical, scratch);
  headers.push_back("Authorization: " + std::string(sigv4::kAlgorithm) + " Credential=" +
                    endpoint.access_key + "/" + scope + ", SignedHeaders=" + names +
                    ", Signature=" + std::string(sigv4::text_of(signature)));
  return headers;
}

}  // namespace penstock::cli
