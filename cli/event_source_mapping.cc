#include "cli/event_source_mapping.h"

#include "base/percent.h"
#include "cli/wire.h"

#include <map>

namespace penstock::cli {
namespace {

constexpr std::string_view kMappings = "/2015-03-31/event-source-mappings";

struct MappingList {
  std::vector<wire::Mapping> mappings;
  std::optional<std::string> next_marker;
  static constexpr auto shape() {
    return std::array{shape::member<&MappingList::mappings>("EventSourceMappings"),
                      shape::member<&MappingList::next_marker>("NextMarker")};
  }
};

struct QueueName {
  std::string name;
  static constexpr auto shape() { return std::array{shape::member<&QueueName::name>("QueueName")}; }
};
struct QueueUrl {
  std::string url;
  static constexpr auto shape() { return std::array{shape::member<&QueueUrl::url>("QueueUrl")}; }
};
struct GetAttributes {
  std::string url;
  std::vector<std::string> names{"QueueArn"};
  static constexpr auto shape() {
    return std::array{shape::member<&GetAttributes::url>("QueueUrl"),
                      shape::member<&GetAttributes::names>("AttributeNames")};
  }
};
struct Attributes {
  std::map<std::string, std::string> values;
  static constexpr auto shape() {
    return std::array{shape::member<&Attributes::values>("Attributes")};
  }
};

Result<wire::Mapping> one_mapping(ApiClient& client, std::string_view method,
                                  const std::string& path, std::string body) {
  TRY(const std::string reply, client.rest("lambda", method, path, std::move(body)));
  return shape::from_json<wire::Mapping>(reply);
}

}  // namespace

Result<wire::Mapping> create_mapping(ApiClient& client, const wire::CreateMapping& request) {
  return one_mapping(client, "POST", std::string(kMappings), shape::to_json(request));
}

Result<wire::Mapping> get_mapping(ApiClient& client, const std::string& uuid) {
  return one_mapping(client, "GET", std::string(kMappings) + "/" + percent_encode(uuid), "");
}

Result<wire::Mapping> delete_mapping(ApiClient& client, const std::string& uuid) {
  return one_mapping(client, "DELETE", std::string(kMappings) + "/" + percent_encode(uuid), "");
}

Result<std::vector<wire::Mapping>> list_mappings(ApiClient& client) {
  std::vector<wire::Mapping> all;
  std::string query;
  while (true) {
    TRY(const std::string reply, client.rest("lambda", "GET", std::string(kMappings) + query, ""));
    TRY(MappingList page, shape::from_json<MappingList>(reply));
    for (wire::Mapping& mapping : page.mappings) all.push_back(std::move(mapping));
    if (!page.next_marker || page.next_marker->empty()) return all;
    query = "?Marker=" + percent_encode(*page.next_marker);
  }
}

Result<std::string> stream_arn(ApiClient& client, const std::string& name_or_arn) {
  if (name_or_arn.starts_with("arn:")) return name_or_arn;
  TRY(const auto summary, client.kinesis<wire::StreamSummary>("DescribeStreamSummary",
                                                              wire::StreamTarget::of(name_or_arn)));
  return summary.description.arn;
}

Result<std::string> queue_url(ApiClient& client, const std::string& name) {
  TRY(const QueueUrl url, client.sqs<QueueUrl>("GetQueueUrl", QueueName{name}));
  return url.url;
}

Result<std::string> queue_arn(ApiClient& client, const std::string& name_or_arn) {
  if (name_or_arn.starts_with("arn:")) return name_or_arn;
  TRY(const std::string url, queue_url(client, name_or_arn));
  TRY(const Attributes attributes,
      client.sqs<Attributes>("GetQueueAttributes", GetAttributes{.url = url}));
  const auto arn = attributes.values.find("QueueArn");
  if (arn == attributes.values.end()) {
    return Error{CliErrc::kUnexpected, "GetQueueAttributes gave no QueueArn for " + name_or_arn};
  }
  return arn->second;
}

std::string last_part(const std::string& arn) {
  const auto at = arn.find_last_of(":/");
  return at == std::string::npos ? arn : arn.substr(at + 1);
}

std::string source_name(const std::string& arn) {
  constexpr std::string_view kStream = ":stream/";
  const auto at = arn.find(kStream);
  if (at == std::string::npos) return last_part(arn);
  const std::string name = arn.substr(at + kStream.size());
  return name.substr(0, name.find(':'));
}

}  // namespace penstock::cli
