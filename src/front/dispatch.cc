#include "front/dispatch.h"

#include "env/clocks.h"
#include "env/loop.h"
#include "front/error_reply.h"
#include "front/verifier.h"
#include "shape/document.h"

#include <algorithm>

namespace penstock::front {
namespace {

constexpr std::string_view kJson11 = "application/x-amz-json-1.1";
constexpr std::string_view kCbor11 = "application/x-amz-cbor-1.1";
constexpr std::string_view kLegacyJson = "application/json";
/// What the scope of requests to /_penstock/... names as service.
constexpr std::string_view kAdminService = "penstock";

/// Without parameters and surrounding spaces.
std::string_view bare_content_type(const Request& request) {
  std::string_view type = request.header("content-type");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  while (type.starts_with(' ')) type.remove_prefix(1);
  return type;
}

bool is_object(const Request& request, bool cbor) {
  const auto parsed =
      cbor ? shape::parse_cbor(request.body) : shape::parse_json(request.body, shape::kValuesMax);
  return parsed.ok() && parsed->is(shape::Document::Kind::kObject);
}

Reply legacy_error(int status, std::string_view type) {
  Reply reply;
  reply.status = status;
  reply.content_type = kLegacyJson;
  reply.body = "{\"Output\":{\"__type\":\"com.amazon.coral.service#" + std::string(type) +
               "\"},\"Version\":\"1.0\"}";
  return reply;
}

/// Clients of before November 2023 speak to queues in forms, `Action=CreateQueue&...`.
bool is_sqs_query(const Request& request) {
  return bare_content_type(request) == "application/x-www-form-urlencoded" &&
         request.header("x-amz-target").empty() &&
         request.header("authorization").find("/sqs/aws4_request") != std::string_view::npos;
}

Reply query_error() {
  Reply reply;
  reply.status = 400;
  reply.content_type = "text/xml";
  reply.body =
      "<ErrorResponse><Error><Type>Sender</Type><Code>UnsupportedProtocol</Code><Message>"
      "Penstock's queues speak the JSON protocol of SQS only; this client speaks the older query "
      "protocol. Use an SDK or AWS CLI from 2024 or later.</Message></Error></ErrorResponse>";
  return reply;
}

Reply preflight(const Request& request) {
  Reply reply;
  reply.headers.emplace_back("Access-Control-Allow-Origin", "*");
  reply.headers.emplace_back("Access-Control-Max-Age", "172800");
  const auto echo = [&](std::string_view asked, std::string_view answered) {
    const std::string_view value = request.header(asked);
    if (!value.empty()) reply.headers.emplace_back(answered, value);
  };
  echo("access-control-request-headers", "Access-Control-Allow-Headers");
  echo("access-control-request-method", "Access-Control-Allow-Methods");
  return reply;
}

Reply unable_to_determine() {
  return xml_error(403, "AccessDeniedException",
                   "Unable to determine service/operation name to be authorized");
}

/// "/2015-03-31/functions": an API version begins the paths of REST services.
bool is_versioned(std::string_view path) {
  static constexpr std::string_view kForm = "/0000-00-00/";
  if (path.size() < kForm.size()) return false;
  return std::equal(kForm.begin(), kForm.end(), path.begin(), [](char form, char c) {
    return form == '0' ? c >= '0' && c <= '9' : form == c;
  });
}

}  // namespace

Dispatcher::Dispatcher(env::Loop& control_loop, std::string default_region)
    : control_loop_(control_loop), default_region_(std::move(default_region)) {}

std::string Dispatcher::Guard::presigned(std::string_view host, std::string_view path,
                                         std::string_view query, const Tenant& tenant) const {
  constexpr Seconds kLife{600};
  return presigned_query(verifier_.sessions(),
                         {.host = host,
                          .path = path,
                          .query = query,
                          .tenant = tenant,
                          .service = kAdminService,
                          .now = clocks_.wall_now(),
                          .life = kLife},
                         /*is_admin=*/true);
}

void Dispatcher::add(Service service) {
  names_.push_back(service.name);
  if (service.target_prefix.empty()) {
    rest_service_ = service.name;
    for (Operation& operation : service.operations) rest_.add(std::move(operation));
    return;
  }
  TargetService& entry = by_prefix_[service.target_prefix];
  entry.name = service.name;
  for (Operation& operation : service.operations) {
    const std::string_view name = operation.name;
    entry.operations.emplace(name, std::move(operation));
  }
}

void Dispatcher::add_admin(Operation operation) { admin_.add(std::move(operation)); }
void Dispatcher::add_open(Operation operation) { open_.add(std::move(operation)); }

std::vector<std::string_view> Dispatcher::service_names() const { return names_; }

Dispatcher::Target Dispatcher::target_of(const Request& request) const {
  Target target;
  const std::string_view header = request.header("x-amz-target");
  const std::size_t dot = header.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == header.size()) return target;
  target.has_operation = true;
  target.prefix = header.substr(0, dot);
  target.name = header.substr(dot + 1);
  const auto service = by_prefix_.find(target.prefix);
  if (service == by_prefix_.end()) return target;
  target.service = &service->second;
  const auto operation = target.service->operations.find(target.name);
  if (operation != target.service->operations.end()) target.operation = &operation->second;
  return target;
}

std::optional<AuthError> Dispatcher::authenticate(Request& request, std::string_view service,
                                                  const Guard* guard, bool* is_admin) const {
  std::vector<std::string> storage;
  const AuthResult auth = parse_credentials(request, storage);
  if (auth.error) return auth.error;
  const Credentials& credentials = *auth.credentials;
  Caller& caller = request.caller;
  Tenant tenant = tenant_of(credentials, default_region_);
  if (guard != nullptr && guard->verifier().is_required()) {
    Identity who;
    auto wrong =
        guard->verifier().verify(request, credentials, service, guard->clocks().wall_now(), who);
    if (wrong) return wrong;
    tenant.account = std::move(who.account);
    request.urls = guard;
    if (is_admin != nullptr) *is_admin = who.is_admin;
  } else if (guard != nullptr) {
    std::string account = guard->verifier().session_account(credentials);
    if (!account.empty()) tenant.account = std::move(account);
    if (is_admin != nullptr) *is_admin = true;
  }
  caller.tenant = std::move(tenant);
  caller.access_key = credentials.access_key;
  return std::nullopt;
}

Dispatcher::Decision Dispatcher::decide_admin(Request& request, const Guard* guard) const {
  request.protocol = Protocol::kPlain;
  if (const Routes::Match open = open_.find(request); open.operation != nullptr) {
    authenticate(request, kAdminService, nullptr);  // Whose region it is, when it says.
    return {open.operation, {}};
  }
  bool is_admin = false;
  const auto wrong = authenticate(request, kAdminService, guard, &is_admin);
  if (guard != nullptr && guard->verifier().is_required()) {
    if (wrong) return {nullptr, rest_error(403, wrong->type, wrong->message)};
    if (!is_admin) {
      return {nullptr, rest_error(403, "AccessDeniedException",
                                  "The access key " + request.caller.access_key +
                                      " has no admin rights, which " + std::string(request.path) +
                                      " takes; `penstock keys add --admin` makes one that has.")};
    }
  }
  const Routes::Match match = admin_.find(request);
  if (match.operation != nullptr) return {match.operation, {}};
  const bool exists = match.path_exists || Routes::Match(open_.find(request)).path_exists;
  return {nullptr, exists ? rest_error(405, "MethodNotAllowed",
                                       "this path does not take " + std::string(request.method))
                          : rest_error(404, "NotFound",
                                       "there is nothing at " + std::string(request.path) +
                                           "; /_penstock/health says what runs here")};
}

Dispatcher::Decision Dispatcher::decide(Request& request, const Guard* guard) const {
  request.caller.user_agent = request.header("user-agent");
  request.caller.tenant = {std::string(kDefaultAccount), default_region_};
  if (request.path.starts_with("/_")) return decide_admin(request, guard);
  const bool has_origin = !request.header("origin").empty();
  if (request.method == "OPTIONS" && has_origin) return {nullptr, preflight(request)};
  if (is_versioned(request.path)) return decide_rest(request, guard);
  const Target target = target_of(request);
  if (target.prefix == "AmazonSQS") return decide_sqs(request, target, guard);
  if (is_sqs_query(request)) return {nullptr, query_error()};
  return decide_kinesis(request, target, guard);
}

Dispatcher::Decision Dispatcher::decide_rest(Request& request, const Guard* guard) const {
  request.protocol = Protocol::kRestJson;
  const Routes::Match match = rest_.find(request);
  if (const auto wrong = authenticate(request, rest_service_, guard)) {
    return {nullptr, rest_error(403, wrong->type, wrong->message)};
  }
  if (match.operation != nullptr) return {match.operation, {}};
  return {nullptr,
          rest_error(match.path_exists ? 405 : 404, "UnknownOperationException",
                     "Penstock does not have " + std::string(request.method) + " " +
                         std::string(request.path) + "; docs/compat.md lists what it has.")};
}

Dispatcher::Decision Dispatcher::decide_sqs(Request& request, const Target& target,
                                            const Guard* guard) const {
  request.protocol = Protocol::kJson10;
  if (request.method != "POST") return {nullptr, unable_to_determine()};
  if (target.operation == nullptr) {
    return {nullptr, typed_error(request.protocol, 400,
                                 "com.amazon.coral.service#UnknownOperationException", {})};
  }
  if (const auto wrong = authenticate(request, target.service->name, guard)) {
    return {nullptr, typed_error(request.protocol, 403, "com.amazon.coral.service#" + wrong->type,
                                 wrong->message)};
  }
  return {target.operation, {}};
}

/// A body in a type that no protocol has: here AWS looks at the signature first.
Reply Dispatcher::unknown_protocol(Request& request, const Target& target,
                                   const Guard* guard) const {
  if (!target.has_operation) return unable_to_determine();
  const std::string_view service = target.service != nullptr ? target.service->name : "kinesis";
  if (const auto wrong = authenticate(request, service, guard)) {
    return xml_error(403, wrong->type, wrong->message);
  }
  if (target.service == nullptr) {
    return xml_error(403, "UnrecognizedClientException",
                     "No authorization strategy was found for service: " +
                         std::string(target.prefix) + ", operation: " + std::string(target.name));
  }
  return target.operation == nullptr ? xml_error(500, "InternalFailure", {})
                                     : xml_error(404, "UnknownOperationException", {});
}

Dispatcher::Decision Dispatcher::decide_kinesis(Request& request, const Target& target,
                                                const Guard* guard) const {
  if (request.method != "POST") return {nullptr, unable_to_determine()};
  const std::string_view type = bare_content_type(request);
  request.protocol = type == kJson11 ? Protocol::kJson11 : Protocol::kCbor11;
  if (request.body.empty()) {
    return {nullptr, typed_error(request.protocol, 400,
                                 target.operation != nullptr ? "SerializationException"
                                                             : "UnknownOperationException",
                                 {})};
  }
  const bool is_legacy = type == kLegacyJson;
  if (type != kJson11 && type != kCbor11 && !is_legacy) {
    return {nullptr, unknown_protocol(request, target, guard)};
  }
  std::optional<AuthError> wrong;
  if (!is_legacy && target.operation != nullptr) {
    wrong = authenticate(request, target.service->name, guard);
    if (!wrong) return {target.operation, {}};  // The operation reads the body.
  }
  // Something is wrong; AWS complains of the body first.
  const bool well_formed = is_object(request, type == kCbor11);
  if (is_legacy) {
    return {nullptr, well_formed ? legacy_error(404, "UnknownOperationException")
                                 : legacy_error(400, "SerializationException")};
  }
  if (!well_formed)
    return {nullptr, typed_error(request.protocol, 400, "SerializationException", {})};
  if (target.operation == nullptr) {
    return {nullptr, typed_error(request.protocol, 400, "UnknownOperationException", {})};
  }
  return {nullptr, typed_error(request.protocol, 400, wrong->type, wrong->message)};
}

Task<Reply> Dispatcher::serve(Request& request, RequestIds& ids, const Guard* guard) const {
  request.request_id = ids.request_id();
  Decision decision = decide(request, guard);
  Reply reply;
  if (decision.operation == nullptr) {
    reply = std::move(decision.reply);
  } else if (decision.operation->affinity == Affinity::kAnyLoop || control_loop_.is_current()) {
    reply = co_await decision.operation->serve(request);
  } else {
    request.runs_on = &control_loop_.executor();
    reply = co_await run_on(control_loop_.executor(), decision.operation->serve(request));
  }
  const bool has_origin = !request.header("origin").empty();
  const bool is_preflight = request.method == "OPTIONS" && has_origin;
  reply.request_id = request.request_id;
  if (!is_preflight) reply.extended_id = ids.extended_id();
  if (!is_preflight && has_origin) {
    reply.headers.emplace_back("Access-Control-Allow-Origin", "*");
    reply.headers.emplace_back("Access-Control-Expose-Headers",
                               "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,"
                               "x-amzn-ErrorMessage,Date");
  }
  const bool chooses_type = decision.operation != nullptr && reply.content_type.empty();
  if (chooses_type) reply.content_type = content_type_of(request.protocol);
  co_return reply;
}

}  // namespace penstock::front
