#include "cli/api_client.h"

#include "base/ascii.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace penstock::cli {
namespace {

std::size_t append_body(char* data, std::size_t size, std::size_t count, void* into) {
  static_cast<std::string*>(into)->append(data, size * count);
  return size * count;
}

using Headers = std::vector<std::pair<std::string, std::string>>;

std::size_t append_header(char* data, std::size_t size, std::size_t count, void* into) {
  std::string_view line(data, size * count);
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    std::string name = ascii_lower(std::string(line.substr(0, colon)));
    line.remove_prefix(colon + 1);
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    static_cast<Headers*>(into)->emplace_back(std::move(name), std::string(line));
  }
  return size * count;
}

std::string_view error_text(int value) {
  switch (static_cast<CliErrc>(value)) {
    case CliErrc::kUnreachable: return "unreachable";
    case CliErrc::kRefused: return "refused";
    case CliErrc::kUsage: return "usage";
    case CliErrc::kUnexpected: return "unexpected";
  }
  return "unknown";
}

struct Location {
  std::string host;    ///< With the port where the URL has one, as the Host header has it.
  std::string target;  ///< Path and query.
};

Location location_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t slash = std::min(url.find('/', begin), url.size());
  return {.host = url.substr(begin, slash - begin),
          .target = slash == url.size() ? "/" : url.substr(slash)};
}

WallTime wall_now() {
  return WallTime{
      std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch())};
}

/// Refusals that other credentials would have spared the caller.
bool is_about_credentials(std::string_view type) {
  static constexpr std::array<std::string_view, 5> kTypes{
      "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException",
      "MissingAuthenticationTokenException", "IncompleteSignatureException"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

/// Whether a server took the connection, but no handshake came of it: one that speaks http:// only
/// may wait for the end of a request.
bool speaks_no_tls(CURLcode code, CURL* easy) {
  if (code == CURLE_SSL_CONNECT_ERROR) return true;
  if (code != CURLE_OPERATION_TIMEDOUT) return false;
  long connections = 0;  // None where one was used again.
  long port = 0;
  double handshake_seconds = 0;
  curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connections);
  curl_easy_getinfo(easy, CURLINFO_LOCAL_PORT, &port);
  curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME, &handshake_seconds);
  return connections > 0 && port > 0 && handshake_seconds == 0;
}

/// The two spellings AWS's services use for an error's text.
struct ErrorBody {
  std::optional<std::string> type;
  std::optional<std::string> message;
  std::optional<std::string> capital_message;
  static constexpr auto shape() {
    using Self = ErrorBody;
    return std::array{
        shape::member<&Self::type>("__type"),
        shape::member<&Self::message>("message"),
        shape::member<&Self::capital_message>("Message"),
    };
  }
};

}  // namespace

const ErrorDomain& error_domain(CliErrc) {
  static constexpr ErrorDomain kDomain{"cli", error_text};
  return kDomain;
}

struct ApiClient::Curl {
  CURL* easy = nullptr;
  Headers reply_headers;
};

ApiClient::ApiClient(Endpoint endpoint)
    : curl_(std::make_unique<Curl>()), endpoint_(std::move(endpoint)) {
  curl_->easy = curl_easy_init();
  PENSTOCK_CHECK(curl_->easy != nullptr, "libcurl gives a handle");
  while (!endpoint_.url.empty() && endpoint_.url.back() == '/') endpoint_.url.pop_back();
}

ApiClient::~ApiClient() { curl_easy_cleanup(curl_->easy); }

std::string ApiClient::base_url(std::string_view service) const {
  if (endpoint_.url != "aws") return endpoint_.url;
  return "https://" + std::string(service) + "." + endpoint_.region + ".amazonaws.com";
}

Result<std::string> ApiClient::target(std::string_view service, std::string_view target,
                                      std::string body) {
  const bool is_sqs = service == "sqs";
  return send(service, "POST", "/", body,
              {std::string("Content-Type: application/x-amz-json-1.") + (is_sqs ? "0" : "1"),
               "X-Amz-Target: " + std::string(target)});
}

Result<std::string> ApiClient::rest(std::string_view service, std::string_view method,
                                    std::string path, std::string body,
                                    std::vector<std::string> headers) {
  if (!body.empty()) headers.emplace_back("Content-Type: application/json");
  return send(service, method, path, body, headers);
}

Result<std::string> ApiClient::send(std::string_view service, std::string_view method,
                                    const std::string& path, const std::string& body,
                                    std::vector<std::string> headers) {
  CURL* easy = curl_->easy;
  const std::string url = base_url(service) + path;
  const std::string verb(method);
  std::string reply;
  curl_->reply_headers.clear();
  last_type_.clear();

  if (endpoint_.url == "aws" && service == "penstock") {
    return Error{CliErrc::kUsage,
                 "AWS has no such call: this command asks a Penstock server. Only put, tail and "
                 "stream work with --endpoint-url aws."};
  }
  if (endpoint_.url == "aws" && !endpoint_.has_credentials) {
    return Error{CliErrc::kUsage, "there are no credentials for AWS: " + advice()};
  }
  const Location at = location_of(url);
  const Outgoing outgoing{.service = service,
                          .method = method,
                          .host = at.host,
                          .target = at.target,
                          .body = body,
                          .now = wall_now()};
  curl_slist* list = nullptr;
  for (const std::string& header : sign(endpoint_, outgoing, std::move(headers))) {
    list = curl_slist_append(list, header.c_str());
  }
  list = curl_slist_append(list, "Expect:");

  curl_easy_reset(easy);  // Keeps the connection, forgets the options.
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, verb.c_str());
  if (!body.empty() || verb == "POST" || verb == "PUT") {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);  // What was signed is what is sent.
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "penstock-cli");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &append_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &reply);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &append_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &curl_->reply_headers);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, 10L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT, 960L);  // A function may run for 900 s.
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  if (!endpoint_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, endpoint_.ca_file.c_str());

  const CURLcode code = curl_easy_perform(easy);
  curl_slist_free_all(list);
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    return Error{CliErrc::kUnreachable,
                 "the certificate of " + base_url(service) +
                     " is signed by nobody who is trusted here, or is for another host. --ca-file "
                     "or AWS_CA_BUNDLE names the CA: the file in the server's ready line."};
  }
  if (code == CURLE_SSL_CACERT_BADFILE) {
    return Error{CliErrc::kUsage, "the CA file " + endpoint_.ca_file +
                                      " cannot be read, or holds no certificate in PEM."};
  }
  if (code != CURLE_OK && url.starts_with("https://") && speaks_no_tls(code, easy)) {
    return Error{CliErrc::kUnreachable,
                 "no answer from " + base_url(service) + ": " + curl_easy_strerror(code) +
                     ". It is reached, but seems to speak http:// only: give that to "
                     "--endpoint-url, or start it with `penstock serve --tls=self-signed`."};
  }
  if (code != CURLE_OK) {
    return Error{CliErrc::kUnreachable, "no answer from " + base_url(service) + ": " +
                                            curl_easy_strerror(code) +
                                            ". Is it running? `penstock serve` starts it; "
                                            "--endpoint-url says where it is."};
  }
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (status < 200 || status > 299) return refusal(static_cast<int>(status), reply);
  return reply;
}

Error ApiClient::refusal(int status, const std::string& body) {
  last_type_ = last_header("x-amzn-errortype");
  std::string message;
  if (auto parsed = shape::from_json<ErrorBody>(body); parsed.ok()) {
    if (last_type_.empty()) last_type_ = parsed->type.value_or("");
    message = parsed->message.value_or(parsed->capital_message.value_or(""));
  }
  if (const auto colon = last_type_.find(':'); colon != std::string::npos) last_type_.resize(colon);
  if (const auto hash = last_type_.rfind('#'); hash != std::string::npos) {
    last_type_.erase(0, hash + 1);
  }
  if (last_type_.empty()) last_type_ = "HTTP " + std::to_string(status);
  std::string text = last_type_ + (message.empty() ? "" : ": " + message);
  if (is_about_credentials(last_type_)) {
    text += endpoint_.has_credentials
                ? "\nThe request was signed with the access key " + endpoint_.access_key + "."
                : "\nThe server takes signed requests only, and there are no credentials here: " +
                      advice();
  }
  return Error{CliErrc::kRefused, std::move(text)};
}

std::string ApiClient::advice() const {
  return "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of "
         "~/.aws/credentials in AWS_PROFILE" +
         std::string(endpoint_.url == "aws" ? "" : " (`penstock keys add` makes a key)");
}

std::string_view ApiClient::last_header(std::string_view name) const {
  for (const auto& [key, value] : curl_->reply_headers) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace penstock::cli
