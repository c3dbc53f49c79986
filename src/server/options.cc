#include "server/options.h"

#include "base/sigv4.h"
#include "front/http_listener.h"
#include "server/memory.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

namespace penstock::server {
namespace {

Error invalid(const std::string& message) { return Error{Errc::kInvalid, message}; }

/// "a|b|c" holds value.
bool is_one_of(std::string_view allowed, std::string_view value) {
  while (true) {
    const std::size_t bar = allowed.find('|');
    if (allowed.substr(0, bar) == value) return true;
    if (bar == std::string_view::npos) return false;
    allowed.remove_prefix(bar + 1);
  }
}

Status check_row(const SettingRow& row) {
  if (row.allowed.empty()) return ok();
  const std::string flag = flag_name(row.name);
  if (const auto* number = std::get_if<std::int64_t*>(&row.value)) {
    const std::size_t dots = row.allowed.find("..");
    std::int64_t low = 0;
    std::int64_t high = 0;
    std::from_chars(row.allowed.data(), row.allowed.data() + dots, low);
    std::from_chars(row.allowed.data() + dots + 2, row.allowed.data() + row.allowed.size(), high);
    if (**number >= low && **number <= high) return ok();
    return invalid(flag + " is " + std::to_string(**number) + "; it must be in " +
                   std::string(row.allowed));
  }
  const auto* text = std::get_if<std::string*>(&row.value);
  const bool is_range = row.allowed.find("..") != std::string_view::npos;
  if (text == nullptr || is_range || is_one_of(row.allowed, **text)) return ok();
  return invalid(flag + " is \"" + **text + "\"; it must be one of " + std::string(row.allowed));
}

Status check_region(const std::string& region) {
  if (sigv4::is_region(region)) return ok();
  return invalid("--region is \"" + region +
                 "\"; a region is written like eu-west-1: small letters, digits and hyphens");
}

/// Of IPv4 or IPv6, perhaps with the interface where it counts (fe80::1%eth0).
bool is_address(const std::string& text) {
  in6_addr parsed{};
  const std::string bare = text.substr(0, text.find('%'));
  return inet_pton(AF_INET, text.c_str(), &parsed) == 1 ||
         inet_pton(AF_INET6, bare.c_str(), &parsed) == 1;
}

Status split_listen(const std::string& listen, Options& options) {
  const std::size_t colon = listen.rfind(':');
  const std::string form =
      "--listen takes ADDRESS:PORT such as 127.0.0.1:4566, not \"" + listen + "\"";
  if (colon == std::string::npos) return invalid(form);
  options.address = listen.substr(0, colon);
  if (options.address == "localhost") options.address = "127.0.0.1";
  if (options.address.starts_with('[') && options.address.ends_with(']')) {
    options.address = options.address.substr(1, options.address.size() - 2);
  }
  if (!is_address(options.address)) return invalid(form);
  unsigned port = 0;
  const char* begin = listen.data() + colon + 1;
  const char* end = listen.data() + listen.size();
  const auto parsed = std::from_chars(begin, end, port);
  if (begin == end || parsed.ptr != end || port > 65535) return invalid(form);
  options.port = static_cast<std::uint16_t>(port);
  return ok();
}

/// Of names only localhost, which has become an address by now.
bool is_loopback(const std::string& address) {
  const bool is_ipv4 = address.find_first_not_of("0123456789.") == std::string::npos;
  return (is_ipv4 && address.starts_with("127.")) || address == "::1";
}

Status check_tls(const Settings& settings, Options& options) {
  const bool has_files = !settings.tls_cert.empty() || !settings.tls_key.empty();
  if (settings.tls == "self-signed") {
    if (has_files) {
      return invalid(
          "--tls=self-signed makes a certificate, and --tls-cert and --tls-key name one; say one "
          "or the other");
    }
    options.tls = {.kind = TlsSource::Kind::kSelfSigned,
                   .folder = settings.data.empty() ? "" : settings.data + "/tls",
                   .hosts = {"localhost", "127.0.0.1", "::1"}};
    const bool is_named = options.address != "0.0.0.0" && options.address != "::" &&
                          options.address != "127.0.0.1" && options.address != "::1";
    if (is_named) options.tls.hosts.push_back(options.address.substr(0, options.address.find('%')));
    return ok();
  }
  if (!has_files) return ok();
  if (settings.tls_cert.empty() || settings.tls_key.empty()) {
    return invalid("--tls-cert and --tls-key belong together: a certificate and its key");
  }
  options.tls = {.kind = TlsSource::Kind::kFiles,
                 .certificate_file = settings.tls_cert,
                 .key_file = settings.tls_key};
  return ok();
}

/// Where other machines come, requests are encrypted and signed, or somebody has said that they
/// need not be.
Status check_exposure(const Settings& settings, Options& options) {
  options.is_exposed = !is_loopback(options.address) && !settings.listen_unprotected;
  if (!options.is_exposed) return ok();
  const std::string begin = "--listen " + settings.listen + " is reachable from other machines, ";
  if (options.tls.kind == TlsSource::Kind::kNone) {
    return invalid(begin +
                   "and requests and answers would not be encrypted; say --tls-cert and --tls-key, "
                   "or --tls=self-signed, or listen on 127.0.0.1 or [::1] "
                   "(--listen-unprotected listens nevertheless)");
  }
  if (settings.auth == "off") {
    return invalid(begin +
                   "and with --auth=off anybody's requests would count; leave that out, or listen "
                   "on 127.0.0.1 or [::1] (--listen-unprotected listens nevertheless)");
  }
  return ok();
}

}  // namespace

Result<std::size_t> parse_bytes(const std::string& text) {
  std::size_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(parsed.ptr,
                              static_cast<std::size_t>(text.data() + text.size() - parsed.ptr));
  const std::size_t factor = unit.empty() || unit == "B" ? 1
                             : unit == "KiB"             ? std::size_t{1} << 10
                             : unit == "MiB"             ? std::size_t{1} << 20
                             : unit == "GiB"             ? std::size_t{1} << 30
                             : unit == "TiB"             ? std::size_t{1} << 40
                                                         : 0;
  if (parsed.ec != std::errc{} || factor == 0 || number > SIZE_MAX / factor) {
    return invalid("\"" + text + "\" is not a size; write 512MiB or 1GiB");
  }
  return number * factor;
}

Result<stream::CallRates::Changes> parse_call_rates(std::string_view text) {
  constexpr std::int64_t kRateMax = 1'000'000;
  stream::CallRates::Changes changes;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    const std::string_view name = one.substr(0, one.find('='));
    const std::string_view number = one.substr(std::min(one.size(), name.size() + 1));
    std::int64_t rate = 0;
    const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), rate);
    if (failure != std::errc{} || end != number.data() + number.size() || rate < 0 ||
        rate > kRateMax) {
      return invalid(
          "--limits.call-rates takes OPERATION=CALLS,... such as ListStreams=10, not \"" +
          std::string(one) + "\"");
    }
    const auto rates = stream::aws_call_rates();
    if (std::none_of(rates.begin(), rates.end(),
                     [name](const stream::CallRate& known) { return known.operation == name; })) {
      return invalid("--limits.call-rates names " + std::string(name) +
                     ", which is no operation of the control plane with a rate");
    }
    changes[std::string(name)] = rate;
  }
  return changes;
}

std::size_t connections_possible(const Options& options, std::size_t descriptors) {
  // A function's environment has pipes, a log and the socket of its Runtime API.
  constexpr std::size_t kOfAFunction = 8;
  constexpr std::size_t kOfTheServer = 128;
  const std::size_t functions = static_cast<std::size_t>(options.settings.function_concurrency);
  const std::size_t kept =
      std::min(std::max(kOfTheServer + kOfAFunction * functions, descriptors / 8), descriptors / 2);
  const bool has_tls = options.tls.kind != TlsSource::Kind::kNone;
  const std::size_t bytes_each =
      front::HttpListener::kConnectionBytes +
      // By TLS clients that know HTTP/2 choose it.
      (has_tls ? front::HttpListener::kTlsBytes + front::HttpListener::kHttp2Bytes : 0);
  const std::size_t in_memory =
      Memory(options.memory_bytes).requests.limit_bytes() / 2 / bytes_each;
  const std::size_t possible = std::max<std::size_t>(1, std::min(descriptors - kept, in_memory));
  const auto asked = static_cast<std::size_t>(options.settings.connections);
  return asked == 0 ? possible : std::min(asked, possible);
}

Result<Options> checked(Settings settings, std::size_t cores) {
  Options options;
  for (const SettingRow& row : setting_rows(settings)) TRY_OK(check_row(row));
  TRY_OK(parse_call_rates(settings.limits_call_rates));
  TRY_OK(check_region(settings.region));
  TRY_OK(split_listen(settings.listen, options));
  TRY_OK(check_tls(settings, options));
  TRY_OK(check_exposure(settings, options));
  const Result<std::size_t> memory = parse_bytes(settings.memory);
  if (!memory.ok()) return invalid("--memory: " + memory.error().message);
  options.memory_bytes = *memory;
  constexpr std::size_t kMemoryMin = 64u << 20;
  if (options.memory_bytes < kMemoryMin) return invalid("--memory must be at least 64MiB");
  options.durability = settings.data.empty() || settings.durability == "memory"
                           ? engine::local::Durability::kMemory
                       : settings.durability == "os" ? engine::local::Durability::kOs
                                                     : engine::local::Durability::kSync;
  options.auth = settings.auth == "on"    ? Auth::kOn
                 : settings.auth == "off" ? Auth::kOff
                                          : Auth::kAuto;
  options.keys_file = !settings.keys.empty()   ? settings.keys
                      : !settings.data.empty() ? settings.data + "/keys"
                                               : "";
  constexpr std::size_t kLoopsByDefault = 8;
  options.loops = settings.loops != 0 ? static_cast<std::size_t>(settings.loops)
                                      : std::clamp<std::size_t>(cores, 1, kLoopsByDefault);
  options.settings = std::move(settings);
  return options;
}

}  // namespace penstock::server
