#include "base/sigv4.h"

#include "base/check.h"
#include "base/hex.h"
#include "base/percent.h"
#include "front/credentials.h"
#include "front/keyring.h"
#include "front/verifier.h"

#include <openssl/hmac.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

// A request of strangers, canonicalised once as the server does it and once step by step as AWS's
// guide says. Signed here with OpenSSL's own HMAC it is accepted, in the header and in the query;
// with one byte changed it is accepted only if the change is none to what is signed.

namespace penstock::front {
namespace {

constexpr std::string_view kKey = "AKIDEXAMPLE000000000";
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr std::string_view kTime = "20260101T000000Z";
constexpr std::string_view kScope = "20260101/us-east-1/kinesis/aws4_request";

using Header = std::pair<std::string, std::string>;

struct Sent {
  std::string path;
  std::string query;
  std::vector<Header> headers;  ///< Names in lower case; all of them are signed.
  std::string body;
};

// --- Step by step ---------------------------------------------------------------------------

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == at) {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  return parts;
}

std::string slow_path(std::string_view path) {
  std::vector<std::string> kept;
  for (const std::string& segment : split(path, '/')) {
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!segment.empty() && segment != "." && segment != "..") kept.push_back(segment);
  }
  std::string out;
  for (const std::string& segment : kept) out += '/' + percent_encode(segment);
  return out.empty() || path.back() == '/' ? out + '/' : out;
}

/// A '%' that encodes nothing stands for itself, '+' for a space.
std::string leniently_decoded(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (const auto byte = percent_decode(text.substr(0, 3));
        text.front() == '%' && text.size() >= 3 && byte) {
      out += *byte;
      text.remove_prefix(3);
      continue;
    }
    out += text.front() == '+' ? ' ' : text.front();
    text.remove_prefix(1);
  }
  return out;
}

std::string slow_query(std::string_view query) {
  std::map<std::string, std::multiset<std::string>> parameters;
  for (const std::string& pair : split(query, '&')) {
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string name = leniently_decoded(pair.substr(0, equals));
    const std::string value = equals == pair.size() ? "" : pair.substr(equals + 1);
    if (name != "X-Amz-Signature") {
      parameters[percent_encode(name)].insert(percent_encode(leniently_decoded(value)));
    }
  }
  std::string out;
  for (const auto& [name, values] : parameters) {
    for (const std::string& value : values) out += (out.empty() ? "" : "&") + name + '=' + value;
  }
  return out;
}

std::string slow_value(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const char plain = c == '\t' ? ' ' : c;
    if (plain != ' ' || (!out.empty() && out.back() != ' ')) out.push_back(plain);
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string names_of(const std::vector<Header>& headers) {
  std::set<std::string> names;
  for (const auto& [name, value] : headers) names.insert(name);
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ";") + name;
  return out;
}

std::string slow_canonical(const Sent& sent) {
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : sent.headers) {
    const auto [found, is_first] = headers.try_emplace(name, slow_value(value));
    if (!is_first) found->second += ',' + slow_value(value);
  }
  std::string out = "POST\n" + slow_path(sent.path) + '\n' + slow_query(sent.query) + '\n';
  for (const auto& [name, value] : headers) out += name + ':' + value + '\n';
  return out + '\n' + names_of(sent.headers) + '\n' + sha256_hex(sent.body);
}

std::string openssl_hmac(std::string_view key, std::string_view text) {
  std::string digest(32, '\0');
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(digest.data()), &size);
  return digest;
}

std::string slow_signature(std::string_view canonical) {
  std::string key = "AWS4" + std::string(kSecret);
  for (const std::string& part : split(kScope, '/')) key = openssl_hmac(key, part);
  const std::string to_sign = "AWS4-HMAC-SHA256\n" + std::string(kTime) + '\n' +
                              std::string(kScope) + '\n' + sha256_hex(canonical);
  return hex_encode(openssl_hmac(key, to_sign));
}

// --- The server's way -----------------------------------------------------------------------

/// The views are into `sent`, which has the Authorization header already, or it is in the query.
Request request_of(const Sent& sent) {
  Request request;
  request.method = "POST";
  request.path = sent.path;
  request.query = sent.query;
  request.body = sent.body;
  for (const auto& [name, value] : sent.headers) request.headers.emplace_back(name, value);
  return request;
}

/// The complaint; empty when it is accepted.
std::string judged(const Sent& sent, std::string_view authorization) {
  static const Keyring& keyring = *[] {
    auto* ring = new Keyring(SessionKeys::Seed{});
    ring->replace({{std::string(kKey), {std::string(kSecret), "000000000000", false}}}, true);
    return ring;
  }();
  static Verifier verifier(keyring);
  Request request = request_of(sent);
  if (!authorization.empty()) request.headers.emplace_back("authorization", authorization);
  std::vector<std::string> storage;
  const AuthResult parsed = parse_credentials(request, storage);
  if (parsed.error) return parsed.error->message;
  Identity who;
  const auto now = sigv4::parse_basic_time(kTime);
  const auto error = verifier.verify(request, *parsed.credentials, "kinesis", *now, who);
  PENSTOCK_CHECK(error || who.account == "000000000000", "an accepted request has an account");
  return error ? error->message : "";
}

std::string authorization_of(const Sent& sent, std::string_view signature) {
  return "AWS4-HMAC-SHA256 Credential=" + std::string(kKey) + '/' + std::string(kScope) +
         ", SignedHeaders=" + names_of(sent.headers) + ", Signature=" + std::string(signature);
}

void check_canonical_form(const Sent& sent) {
  const Request request = request_of(sent);
  const std::string names = names_of(sent.headers);
  const std::string hash = sha256_hex(sent.body);
  const sigv4::Message message{.method = request.method,
                               .path = request.path,
                               .query = request.query,
                               .headers = request.headers,
                               .signed_headers = names,
                               .payload_hash = hash};
  std::string canonical;
  PENSTOCK_CHECK(sigv4::append_canonical_request(message, canonical), "all signed ones are there");
  PENSTOCK_CHECK(canonical == slow_canonical(sent), "it is what the guide says, step by step");
}

void check_presigned(Sent sent) {
  std::erase_if(sent.headers, [](const Header& header) { return header.first == "x-amz-date"; });
  sent.query += std::string(sent.query.empty() ? "" : "&") + "X-Amz-Algorithm=AWS4-HMAC-SHA256" +
                "&X-Amz-Date=" + std::string(kTime) + "&X-Amz-Credential=" +
                percent_encode(std::string(kKey) + '/' + std::string(kScope)) +
                "&X-Amz-SignedHeaders=" + percent_encode(names_of(sent.headers));
  sent.query += "&X-Amz-Signature=" + slow_signature(slow_canonical(sent));
  PENSTOCK_CHECK(judged(sent, {}).empty(), "signed in the query it is accepted");
}

/// One byte of what was sent becomes another.
void tamper(Sent& sent, std::uint8_t where, std::uint8_t what) {
  std::vector<std::string*> places{&sent.path, &sent.query, &sent.body};
  for (auto& header : sent.headers) {
    if (header.first != "x-amz-date") places.push_back(&header.second);
  }
  std::string& place = *places[where % places.size()];
  if (place.size() < 2) return;
  char& byte = place[1 + where / places.size() % (place.size() - 1)];
  byte = static_cast<char>(byte ^ what);
}

void check_tampered(const Sent& sent, std::uint8_t where, std::uint8_t what) {
  const std::string canonical = slow_canonical(sent);
  const std::string authorization = authorization_of(sent, slow_signature(canonical));
  PENSTOCK_CHECK(judged(sent, authorization).empty(), "signed in the header it is accepted");
  Sent other = sent;
  tamper(other, where, what);
  if (other.query.find("X-Amz-") != std::string::npos) return;
  const bool says_the_same = slow_canonical(other) == canonical;
  PENSTOCK_CHECK(judged(other, authorization).empty() == says_the_same,
                 "a change is noticed when it changes what was signed");
}

// --- Reading the input ----------------------------------------------------------------------

bool is_used_here(std::string_view name) {
  return name == "host" || name == "date" || name == "authorization" || name.starts_with("x-amz-");
}

/// "path?query", a line "name:value" for each header, an empty line, the body.
Sent sent_of(std::string_view text) {
  Sent sent;
  const auto line = [&] {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string found(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    return found;
  };
  const std::string target = line();
  const std::size_t mark = std::min(target.find('?'), target.size());
  sent.path = '/' + target.substr(0, mark);
  if (mark < target.size()) sent.query = target.substr(mark + 1);
  sent.headers = {{"host", "localhost:4566"}, {"x-amz-date", std::string(kTime)}};
  for (std::string header = line(); !header.empty(); header = line()) {
    const std::size_t colon = std::min(header.find(':'), header.size());
    std::string name;
    for (const char c : header.substr(0, colon)) {
      if ((c >= 'a' && c <= 'z') || c == '-') name.push_back(c);
    }
    if (name.empty() || is_used_here(name) || colon == header.size()) continue;
    sent.headers.emplace_back(name, header.substr(colon + 1));
  }
  sent.body = text;
  return sent;
}

}  // namespace
}  // namespace penstock::front

// The last two bytes choose what is changed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock::front;
  if (size < 2) return 0;
  const Sent sent = sent_of({reinterpret_cast<const char*>(data), size - 2});
  if (sent.query.find("X-Amz-") != std::string::npos) return 0;  // Ours are added here.
  if (sent.query.find('%') != std::string::npos &&
      slow_query(sent.query).find("X-Amz-") != std::string::npos) {
    return 0;
  }
  check_canonical_form(sent);
  check_presigned(sent);
  check_tampered(sent, data[size - 2], data[size - 1]);
  return 0;
}
