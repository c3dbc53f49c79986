#pragma once

#include "front/request.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

/// Signature Version 4 once more, slowly and step by step from AWS's description, to hold the
/// server's against. Shares nothing with it but the Request.
namespace penstock::testing {

inline std::string slow_hex(const std::string& bytes) {
  std::string out;
  char two[3];
  for (const char c : bytes) {
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(c));
    out += two;
  }
  return out;
}

inline std::string slow_sha256(std::string_view bytes) {
  unsigned char digest[32];
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr);
  return {reinterpret_cast<char*>(digest), size};
}

inline std::string slow_hmac(const std::string& key, std::string_view text) {
  unsigned char digest[32];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return {reinterpret_cast<char*>(digest), size};
}

inline std::vector<std::string> slow_split(std::string_view text, char by) {
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == by) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

inline std::string slow_encode(const std::string& text) {
  const std::string plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  char three[4];
  for (const char c : text) {
    if (c != '\0' && plain.find(c) != std::string::npos) {
      out += c;
    } else {
      std::snprintf(three, sizeof three, "%%%02X", static_cast<unsigned char>(c));
      out += three;
    }
  }
  return out;
}

inline std::string slow_decode(const std::string& text) {
  const std::string digits = "0123456789abcdef0123456789ABCDEF";
  const auto is_digit = [&](std::size_t at) {
    return at < text.size() && text[at] != '\0' && digits.find(text[at]) != std::string::npos;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && is_digit(i + 1) && is_digit(i + 2)) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

inline std::string slow_path(std::string_view path) {
  std::vector<std::string> kept;
  for (const std::string& segment : slow_split(path, '/')) {
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      kept.push_back(segment);
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  std::string out;
  for (const std::string& segment : kept) out += "/" + slow_encode(segment);
  return out + (out.empty() || path.ends_with('/') ? "/" : "");
}

inline std::string slow_query(std::string_view query) {
  std::multimap<std::string, std::string> all;
  for (const std::string& pair : slow_split(query, '&')) {
    if (pair.empty()) continue;
    const std::string name = pair.substr(0, pair.find('='));
    const std::string value = name.size() == pair.size() ? "" : pair.substr(name.size() + 1);
    if (slow_decode(name) == "X-Amz-Signature") continue;
    all.emplace(slow_encode(slow_decode(name)), slow_encode(slow_decode(value)));
  }
  std::vector<std::pair<std::string, std::string>> sorted(all.begin(), all.end());
  std::sort(sorted.begin(), sorted.end());
  std::string out;
  for (const auto& [name, value] : sorted) out += (out.empty() ? "" : "&") + name + "=" + value;
  return out;
}

inline std::string slow_value(std::string_view value) {
  std::istringstream words{std::string(value)};
  std::string out;
  for (std::string word; words >> word;) out += (out.empty() ? "" : " ") + word;
  return out;
}

/// Empty when a header of the list is not there.
inline std::string slow_canonical_request(const front::Request& request,
                                          std::string_view signed_headers) {
  std::map<std::string, std::string> lines;
  for (std::string name : slow_split(signed_headers, ';')) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    std::string joined;
    std::size_t count = 0;
    for (const auto& [key, value] : request.headers) {
      if (key == (name == ":authority" ? "host" : name))
        joined += (count++ == 0 ? "" : ",") + slow_value(value);
    }
    if (count == 0) return {};
    lines[name] = joined;
  }
  std::string out = std::string(request.method) + "\n" + slow_path(request.path) + "\n" +
                    slow_query(request.query) + "\n";
  std::string names;
  for (const auto& [name, value] : lines) {
    out += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  return out + "\n" + names + "\n" + slow_hex(slow_sha256(request.body));
}

/// scope: "20261124/us-east-1/kinesis/aws4_request"
inline std::string slow_signature(const std::string& secret, const std::string& time,
                                  const std::string& scope, const std::string& canonical) {
  std::string key = "AWS4" + secret;
  for (const std::string& part : slow_split(scope, '/')) key = slow_hmac(key, part);
  const std::string text =
      "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + slow_hex(slow_sha256(canonical));
  return slow_hex(slow_hmac(key, text));
}

}  // namespace penstock::testing
