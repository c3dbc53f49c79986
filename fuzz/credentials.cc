#include "front/credentials.h"

#include "base/check.h"
#include "base/percent.h"

#include <algorithm>
#include <string>
#include <vector>

// What a request says of its signature, in the header or in the query. The header is held against a
// reading by words; and credentials that are written out again in either form are the same.

namespace penstock::front {
namespace {

/// The views of the result point into the text that was parsed, and into the storage.
struct Parsed {
  AuthResult result;
  std::vector<std::string> storage;
};

bool equal(const Credentials& a, const Credentials& b) {
  return a.access_key == b.access_key && a.date == b.date && a.region == b.region &&
         a.service == b.service && a.signed_headers == b.signed_headers &&
         a.signature == b.signature;
}

Parsed parse_header(std::string_view authorization) {
  Request request;
  request.headers = {{"authorization", authorization}, {"x-amz-date", "20260101T000000Z"}};
  Parsed parsed;
  parsed.result = parse_credentials(request, parsed.storage);
  return parsed;
}

Parsed parse_query(std::string_view query) {
  Request request;
  request.query = query;
  Parsed parsed;
  parsed.result = parse_credentials(request, parsed.storage);
  return parsed;
}

/// The value of the first word that begins with "Name=".
std::string_view word(std::string_view header, std::string_view name) {
  const std::string start = std::string(name) + "=";
  while (!header.empty()) {
    const std::size_t end = std::min(header.find_first_of(" ,"), header.size());
    if (header.substr(0, end).starts_with(start)) return header.substr(0, end).substr(start.size());
    header.remove_prefix(std::min(end + 1, header.size()));
  }
  return {};
}

std::string scope_of(const Credentials& credentials) {
  std::string scope(credentials.access_key);
  for (const auto part : {credentials.date, credentials.region, credentials.service}) {
    scope += '/' + std::string(part);
  }
  return scope + "/aws4_request";
}

std::string as_header(const Credentials& credentials) {
  return "AWS4-HMAC-SHA256 Credential=" + scope_of(credentials) +
         ", SignedHeaders=" + std::string(credentials.signed_headers) +
         ", Signature=" + std::string(credentials.signature);
}

std::string as_query(const Credentials& credentials) {
  return "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260101T000000Z&X-Amz-Credential=" +
         percent_encode(scope_of(credentials)) +
         "&X-Amz-SignedHeaders=" + percent_encode(credentials.signed_headers) +
         "&X-Amz-Signature=" + percent_encode(credentials.signature);
}

void check_written_again(const Credentials& credentials, bool from_query) {
  const std::string query_text = as_query(credentials);
  const Parsed query = parse_query(query_text);
  PENSTOCK_CHECK(query.result.credentials && equal(*query.result.credentials, credentials),
                 "in a query they are the same");
  // A value from a query may hold what separates words of a header.
  if (from_query) return;
  const std::string header_text = as_header(credentials);
  const Parsed header = parse_header(header_text);
  PENSTOCK_CHECK(header.result.credentials && equal(*header.result.credentials, credentials),
                 "in a header they are the same");
}

void check(const Parsed& parsed, bool from_query) {
  PENSTOCK_CHECK(parsed.result.credentials.has_value() != parsed.result.error.has_value(),
                 "there are credentials, or the reason why not");
  if (parsed.result.error) return;
  const Credentials& credentials = *parsed.result.credentials;
  PENSTOCK_CHECK(!credentials.signature.empty() && !credentials.signed_headers.empty(),
                 "what must be there is there");
  const Tenant tenant = tenant_of(credentials, "us-east-1");
  PENSTOCK_CHECK(tenant.account.size() == 12 && !tenant.region.empty(), "they name a tenant");
  if (!credentials.date.empty()) check_written_again(credentials, from_query);
}

}  // namespace
}  // namespace penstock::front

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock::front;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check(parse_query(input), true);
  const Parsed header = parse_header(input);
  check(header, false);
  if (!header.result.credentials) return 0;
  const Credentials& credentials = *header.result.credentials;
  PENSTOCK_CHECK(credentials.signature == word(input, "Signature"), "the signature is its word");
  PENSTOCK_CHECK(credentials.signed_headers == word(input, "SignedHeaders"), "so are the headers");
  PENSTOCK_CHECK(word(input, "Credential").starts_with(credentials.access_key), "and the key");
  return 0;
}
