#include "front/dispatch.h"

#include "base/hex.h"
#include "env/sim/world.h"
#include "front/error_reply.h"
#include "front/reply_writer.h"
#include "front/verifier.h"
#include "shape/document.h"
#include "support/slow_sigv4.h"

#include <gtest/gtest.h>

#include <set>

namespace penstock::front {
namespace {

std::function<Task<Reply>(Request&)> answering(std::string text) {
  return [text](Request&) -> Task<Reply> {
    Reply reply;
    reply.body = text;
    co_return reply;
  };
}

Operation rest(std::string_view method, std::string_view path) {
  return {.name = path, .serve = answering("ok"), .method = method, .path = path};
}

// --- Routes
// -------------------------------------------------------------------------------------------

class RoutesTest : public ::testing::Test {
 protected:
  RoutesTest() {
    routes.add(rest("GET", "/functions/{Name}"));
    routes.add(rest("GET", "/functions/special"));
    routes.add(rest("DELETE", "/functions/{Name}"));
    routes.add(rest("GET", "/functions/{Name}/code/{Part}"));
    routes.add(rest("GET", "/functions"));
  }
  std::string path_of(std::string_view method, std::string_view path) {
    request = {};
    request.method = method;
    request.path = path;
    const Routes::Match match = routes.find(request);
    exists = match.path_exists;
    return match.operation == nullptr ? "(none)" : std::string(match.operation->path);
  }
  Routes routes;
  Request request;
  bool exists = false;
};

TEST_F(RoutesTest, ALabelTakesOneSegment) {
  EXPECT_EQ(path_of("GET", "/functions/f"), "/functions/{Name}");
  ASSERT_EQ(request.labels.size(), 1u);
  EXPECT_EQ(request.labels[0].first, "Name");
  EXPECT_EQ(request.labels[0].second, "f");
  EXPECT_EQ(path_of("GET", "/functions/f/code/p"), "/functions/{Name}/code/{Part}");
  EXPECT_EQ(request.labels.size(), 2u);
}

TEST_F(RoutesTest, ALabelIsDecodedAfterSplitting) {
  EXPECT_EQ(path_of("GET", "/functions/arn%3Aaws%3Ax%2Fy"), "/functions/{Name}");
  EXPECT_EQ(request.labels[0].second, "arn:aws:x/y");
  EXPECT_EQ(path_of("GET", "/functions/a+b"), "/functions/{Name}");
  EXPECT_EQ(request.labels[0].second, "a+b") << "a plus is a plus in a path";
}

TEST_F(RoutesTest, MoreLiteralSegmentsWin) {
  EXPECT_EQ(path_of("GET", "/functions/special"), "/functions/special");
  EXPECT_TRUE(request.labels.empty());
  EXPECT_EQ(path_of("DELETE", "/functions/special"), "/functions/{Name}")
      << "another method falls through to the less special path";
}

TEST_F(RoutesTest, ASlashAtTheEndIsTolerated) {
  EXPECT_EQ(path_of("GET", "/functions/"), "/functions");
  EXPECT_EQ(path_of("GET", "/functions/f/"), "/functions/{Name}");
}

TEST_F(RoutesTest, AnotherMethodIsNotFoundButThePathExists) {
  EXPECT_EQ(path_of("PUT", "/functions/f"), "(none)");
  EXPECT_TRUE(exists);
}

TEST_F(RoutesTest, UnknownPathsDoNotExist) {
  for (const char* path : {"", "/", "x", "/function", "/functions/f/code", "/functions//",
                           "/functions//code/p", "/functions/%", "/functions/%zz", "functions"}) {
    EXPECT_EQ(path_of("GET", path), "(none)") << path;
    EXPECT_FALSE(exists) << path;
  }
}

// --- Error replies
// ------------------------------------------------------------------------------------

TEST(ErrorReply, InJsonNamesItsTypeTwice) {
  const Reply reply = typed_error(Protocol::kJson11, 400, "XException", "a \"b\"");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.content_type, "application/x-amz-json-1.1");
  EXPECT_EQ(reply.body, R"({"__type":"XException","message":"a \"b\""})");
  ASSERT_EQ(reply.headers.size(), 1u);
  EXPECT_EQ(reply.headers[0].second, "XException");
}

TEST(ErrorReply, InCborIsAMapOfTheSameMembers) {
  const Reply reply = typed_error(Protocol::kCbor11, 400, "XException", "text");
  EXPECT_EQ(reply.content_type, "application/x-amz-cbor-1.1");
  const auto document = shape::parse_cbor(reply.body);
  ASSERT_TRUE(document.ok()) << hex_encode(reply.body);
  EXPECT_EQ(document->string_at("__type"), "XException");
  EXPECT_EQ(document->string_at("message"), "text");
}

TEST(ErrorReply, AnEmptyMessageIsLeftOut) {
  EXPECT_EQ(typed_error(Protocol::kJson10, 400, "X", "").body, R"({"__type":"X"})");
  EXPECT_EQ(typed_error(Protocol::kJson10, 400, "X", "").content_type,
            "application/x-amz-json-1.0");
}

TEST(ErrorReply, OfAnUnknownProtocolIsXmlWithoutAType) {
  const Reply reply = xml_error(403, "AccessDeniedException", "no");
  EXPECT_EQ(reply.content_type, "");
  EXPECT_EQ(reply.body,
            "<AccessDeniedException>\n  <Message>no</Message>\n</AccessDeniedException>\n");
  EXPECT_EQ(xml_error(404, "X", "").body, "<X/>\n");
}

TEST(ErrorReply, OfRestServicesIsAMessageAlone) {
  EXPECT_EQ(rest_error(404, "X", "y").body, R"({"message":"y"})");
}

// --- Reply heads
// --------------------------------------------------------------------------------------

TEST(WriteHead, HasStatusHeadersDateAndLength) {
  Reply reply;
  reply.status = 404;
  reply.content_type = "text/plain";
  reply.headers.emplace_back("X-A", "b");
  reply.body = "12345";
  std::string out;
  write_head(out, reply, "DATE", true);
  EXPECT_EQ(out,
            "HTTP/1.1 404 Not Found\r\nX-A: b\r\nContent-Type: text/plain\r\nDate: DATE\r\n"
            "Content-Length: 5\r\n\r\n");
}

TEST(WriteHead, SaysWhenTheConnectionEndsAndLeavesTheLengthOutOf204) {
  Reply reply;
  reply.status = 204;
  std::string out;
  write_head(out, reply, "D", false);
  EXPECT_EQ(out, "HTTP/1.1 204 No Content\r\nDate: D\r\nConnection: close\r\n\r\n");
}

TEST(DateHeader, IsTheSecondInTheFormOfHttp) {
  DateHeader date;
  EXPECT_EQ(date.text(WallTime{Millis{1'764'000'000'999}}), "Mon, 24 Nov 2025 16:00:00 GMT");
  EXPECT_EQ(date.text(WallTime{Millis{1'764'000'001'000}}), "Mon, 24 Nov 2025 16:00:01 GMT");
  EXPECT_EQ(date.text(WallTime{Millis{0}}), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(RequestIds, AreUuidsAndDoNotRepeat) {
  env::sim::World world(1);
  RequestIds ids(world.env().random);
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id(ids.request_id().view());
    ASSERT_EQ(id.size(), 36u);
    ASSERT_EQ(id[14], '4');
    ASSERT_TRUE(seen.insert(id).second);
  }
  EXPECT_EQ(ids.extended_id().view().find('\0'), std::string_view::npos);
}

// --- Dispatch
// -----------------------------------------------------------------------------------------

class Dispatch : public ::testing::Test {
 protected:
  Dispatch() : world(1), dispatcher(world.loop(), "eu-central-1"), ids(world.env().random) {
    Service kinesis{.name = "kinesis", .target_prefix = "Kinesis_20131202"};
    kinesis.operations.push_back({.name = "ListStreams", .serve = answering("streams")});
    dispatcher.add(std::move(kinesis));
    Service sqs{.name = "sqs", .target_prefix = "AmazonSQS"};
    sqs.operations.push_back({.name = "ListQueues", .serve = answering("queues")});
    dispatcher.add(std::move(sqs));
    Service lambda{.name = "lambda"};
    lambda.operations.push_back(rest("GET", "/2015-03-31/functions/{Name}"));
    dispatcher.add(std::move(lambda));
    dispatcher.add_admin(rest("GET", "/_penstock/health"));
    request.method = "POST";
    request.path = "/";
    request.body = "{}";
    with("content-type", "application/x-amz-json-1.1");
    with("x-amz-target", "Kinesis_20131202.ListStreams");
    with("x-amz-date", "20261124T000000Z");
    with("authorization",
         "AWS4-HMAC-SHA256 Credential=123456789012/20261124/us-west-2/kinesis/aws4_request, "
         "SignedHeaders=host, Signature=abc");
  }
  void with(std::string_view name, std::string_view value) {
    for (auto& [key, old] : request.headers) {
      if (key == name) {
        old = value;
        return;
      }
    }
    request.headers.emplace_back(name, value);
  }
  void without(std::string_view name) {
    std::erase_if(request.headers, [&](const auto& header) { return header.first == name; });
  }
  Reply serve() { return world.run(dispatcher.serve(request, ids)); }
  static std::string header(const Reply& reply, std::string_view name) {
    for (const auto& [key, value] : reply.headers) {
      if (key == name) return value;
    }
    return "(absent)";
  }

  env::sim::World world;
  Dispatcher dispatcher;
  RequestIds ids;
  Request request;
};

TEST_F(Dispatch, ATargetGoesToItsOperationWithItsCaller) {
  const Reply reply = serve();
  EXPECT_EQ(reply.body, "streams");
  EXPECT_EQ(reply.content_type, "application/x-amz-json-1.1");
  EXPECT_EQ(request.caller.tenant, (Tenant{"123456789012", "us-west-2"}));
  EXPECT_EQ(reply.request_id->view(), request.request_id.view());
  EXPECT_TRUE(reply.extended_id.has_value());
}

TEST_F(Dispatch, CborIsRecognizedByItsType) {
  with("content-type", "application/x-amz-cbor-1.1");
  EXPECT_EQ(serve().content_type, "application/x-amz-cbor-1.1");
  EXPECT_EQ(request.protocol, Protocol::kCbor11);
}

TEST_F(Dispatch, AContentTypeMayHaveParameters) {
  with("content-type", "application/x-amz-json-1.1 ; charset=utf-8");
  EXPECT_EQ(serve().body, "streams");
}

TEST_F(Dispatch, SqsSpeaksJson10) {
  with("x-amz-target", "AmazonSQS.ListQueues");
  with("content-type", "application/x-amz-json-1.0");
  const Reply reply = serve();
  EXPECT_EQ(reply.body, "queues");
  EXPECT_EQ(reply.content_type, "application/x-amz-json-1.0");
}

TEST_F(Dispatch, TheQueryProtocolOfSqsIsRefusedWithWhatToDo) {
  without("x-amz-target");
  with("content-type", "application/x-www-form-urlencoded; charset=utf-8");
  with("authorization",
       "AWS4-HMAC-SHA256 Credential=123456789012/20261124/us-west-2/sqs/aws4_request, "
       "SignedHeaders=host, Signature=abc");
  request.body = "Action=ListQueues&Version=2012-11-05";
  const Reply reply = serve();
  EXPECT_EQ(reply.status, 400);
  EXPECT_NE(reply.body.find("<Code>UnsupportedProtocol</Code>"), std::string::npos) << reply.body;
}

TEST_F(Dispatch, VersionedPathsAreRest) {
  request.method = "GET";
  request.path = "/2015-03-31/functions/f";
  EXPECT_EQ(serve().body, "ok");
  EXPECT_EQ(request.protocol, Protocol::kRestJson);
  EXPECT_EQ(request.labels.at(0).second, "f");
}

TEST_F(Dispatch, AdminPathsNeedNoSignature) {
  request.headers.clear();
  request.method = "GET";
  request.path = "/_penstock/health";
  EXPECT_EQ(serve().body, "ok");
  EXPECT_EQ(request.caller.tenant, (Tenant{"000000000000", "eu-central-1"}));
}

TEST_F(Dispatch, AdminPathsThatAreNotThereSaySo) {
  request.path = "/_penstock/nothing";
  EXPECT_EQ(serve().status, 404);
  request.path = "/_penstock/health";
  EXPECT_EQ(serve().status, 405);
}

struct Refusal {
  const char* name;
  std::function<void(Request&)> change;
  int status;
  std::string part;  ///< Of the body.
};
class Refused : public Dispatch, public ::testing::WithParamInterface<int> {};

void set(Request& request, std::string_view name, std::string_view value) {
  for (auto& [key, old] : request.headers) {
    if (key == name) old = value;
  }
}
void drop(Request& request, std::string_view name) {
  std::erase_if(request.headers, [&](const auto& header) { return header.first == name; });
}

const std::vector<Refusal>& refusals() {
  static const std::vector<Refusal> all{
      {"another method", [](Request& r) { r.method = "PUT"; }, 403, "<AccessDeniedException>"},
      {"no body", [](Request& r) { r.body = ""; }, 400, "SerializationException"},
      {"no body and no operation",
       [](Request& r) {
         r.body = "";
         drop(r, "x-amz-target");
       },
       400, "UnknownOperationException"},
      {"no JSON",
       [](Request& r) {
         r.body = "{";
         set(r, "x-amz-target", "Kinesis_20131202.Nope");
       },
       400, "SerializationException"},
      {"no operation", [](Request& r) { set(r, "x-amz-target", "Kinesis_20131202.Nope"); }, 400,
       "UnknownOperationException"},
      {"no target", [](Request& r) { drop(r, "x-amz-target"); }, 400, "UnknownOperationException"},
      {"no signature", [](Request& r) { drop(r, "authorization"); }, 400,
       "MissingAuthenticationTokenException"},
      {"half a signature", [](Request& r) { set(r, "authorization", "AWS4 x"); }, 400,
       "IncompleteSignatureException"},
      {"legacy type", [](Request& r) { set(r, "content-type", "application/json"); }, 404,
       "com.amazon.coral.service#UnknownOperationException"},
      {"legacy type, no JSON",
       [](Request& r) {
         set(r, "content-type", "application/json");
         r.body = "x";
       },
       400, "com.amazon.coral.service#SerializationException"},
      {"unknown type", [](Request& r) { set(r, "content-type", "text/plain"); }, 404,
       "<UnknownOperationException/>"},
      {"unknown type, no target",
       [](Request& r) {
         set(r, "content-type", "text/plain");
         drop(r, "x-amz-target");
       },
       403, "Unable to determine service/operation name to be authorized"},
      {"unknown type, no signature",
       [](Request& r) {
         set(r, "content-type", "text/plain");
         drop(r, "authorization");
       },
       403, "<MissingAuthenticationTokenException>"},
      {"unknown type and service",
       [](Request& r) {
         set(r, "content-type", "text/plain");
         set(r, "x-amz-target", "A.B");
       },
       403, "No authorization strategy was found for service: A, operation: B"},
      {"unknown type and operation",
       [](Request& r) {
         set(r, "content-type", "text/plain");
         set(r, "x-amz-target", "Kinesis_20131202.B");
       },
       500, "<InternalFailure/>"},
      {"SQS without an operation", [](Request& r) { set(r, "x-amz-target", "AmazonSQS.Nope"); },
       400, "com.amazon.coral.service#UnknownOperationException"},
      {"SQS without a signature",
       [](Request& r) {
         set(r, "x-amz-target", "AmazonSQS.ListQueues");
         drop(r, "authorization");
       },
       403, "com.amazon.coral.service#MissingAuthenticationTokenException"},
      {"SQS by GET",
       [](Request& r) {
         set(r, "x-amz-target", "AmazonSQS.ListQueues");
         r.method = "GET";
       },
       403, "<AccessDeniedException>"},
      {"REST without a signature",
       [](Request& r) {
         r.method = "GET";
         r.path = "/2015-03-31/functions/f";
         drop(r, "authorization");
       },
       403, "Missing Authentication Token"},
      {"REST, nothing there", [](Request& r) { r.path = "/2015-03-31/nothing"; }, 404,
       "docs/compat.md"},
      {"REST, another method",
       [](Request& r) {
         r.method = "PUT";
         r.path = "/2015-03-31/functions/f";
       },
       405, "docs/compat.md"},
  };
  return all;
}

TEST_P(Refused, WithTheServicesStatusAndText) {
  const Refusal& refusal = refusals()[static_cast<std::size_t>(GetParam())];
  refusal.change(request);
  const Reply reply = serve();
  EXPECT_EQ(reply.status, refusal.status) << refusal.name << "\n" << reply.body;
  const bool found = reply.body.find(refusal.part) != std::string::npos;
  EXPECT_TRUE(found) << refusal.name << "\n" << reply.body;
  EXPECT_TRUE(reply.request_id.has_value());
}
INSTANTIATE_TEST_SUITE_P(All, Refused, ::testing::Range(0, 21));
TEST(Refusals, AreAllTried) { EXPECT_EQ(refusals().size(), 21u); }

TEST_F(Dispatch, BrowsersArePreflightedAndToldWhatTheyMaySee) {
  with("origin", "http://x");
  EXPECT_EQ(header(serve(), "Access-Control-Allow-Origin"), "*");
  request.method = "OPTIONS";
  with("access-control-request-headers", "a,b");
  const Reply reply = serve();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(header(reply, "Access-Control-Allow-Headers"), "a,b");
  EXPECT_FALSE(reply.extended_id.has_value());
}

// --- With keys
// ----------------------------------------------------------------------------------------------

/// A dispatcher's guard with one user's and one administrator's key.
class Guarded : public Dispatch {
 protected:
  Guarded()
      : keyring(SessionKeys::Seed{1}), verifier(keyring), guard(verifier, world.env().clocks) {
    keyring.replace(
        {{"USERUSERUSERUSER", {.secret = "secret", .account = "111111111111"}},
         {"ADMINADMINADMINA", {.secret = "secret", .account = "222222222222", .is_admin = true}}},
        true);
    with("host", "localhost");
    dispatcher.add_open(rest("GET", "/_penstock/health"));
    dispatcher.add_admin(rest("GET", "/_penstock/audit"));
  }
  /// Signs the request as it is now, in the scope of `service`.
  void sign(const std::string& id, const std::string& service) {
    time = sigv4::basic_time(world.env().clocks.wall_now());
    with("x-amz-date", time);
    const std::string scope = time.substr(0, 8) + "/us-west-2/" + service + "/aws4_request";
    const std::string list = "content-type;host;x-amz-date;x-amz-target";
    authorization =
        "AWS4-HMAC-SHA256 Credential=" + id + "/" + scope + ", SignedHeaders=" + list +
        ", Signature=" +
        penstock::testing::slow_signature("secret", time, scope,
                                          penstock::testing::slow_canonical_request(request, list));
    with("authorization", authorization);
  }
  Reply serve_guarded() { return world.run(dispatcher.serve(request, ids, &guard)); }

  Keyring keyring;
  Verifier verifier;
  Dispatcher::Guard guard;
  std::string time;
  std::string authorization;
};

TEST_F(Guarded, TheAccountIsTheKeysAndTheRegionTheScopes) {
  sign("USERUSERUSERUSER", "kinesis");
  EXPECT_EQ(serve_guarded().body, "streams");
  EXPECT_EQ(request.caller.tenant, (Tenant{"111111111111", "us-west-2"}));
  EXPECT_EQ(request.caller.access_key, "USERUSERUSERUSER");
}

TEST_F(Guarded, AnUnverifiedRequestReachesNoOperation) {
  EXPECT_EQ(serve_guarded().status, 400) << "the signature is a made-up one";
  EXPECT_EQ(request.caller.tenant.account, "000000000000");
}

TEST_F(Guarded, AKinesisErrorIsInTheRequestsProtocol) {
  sign("NOBODYNOBODYNOBO", "kinesis");
  EXPECT_EQ(serve_guarded().body,
            R"({"__type":"UnrecognizedClientException","message":"The security token included in )"
            R"(the request is invalid."})");
  with("content-type", "application/x-amz-cbor-1.1");
  request.body = "\xa0";
  const Reply cbor = serve_guarded();
  EXPECT_EQ(cbor.content_type, "application/x-amz-cbor-1.1");
  EXPECT_EQ(shape::parse_cbor(cbor.body)->string_at("__type"), "UnrecognizedClientException");
}

TEST_F(Guarded, TheBodyIsComplainedOfBeforeTheSignature) {
  request.body = "{";
  EXPECT_EQ(serve_guarded().body, R"({"__type":"SerializationException"})");
}

TEST_F(Guarded, TheScopeNamesTheServiceThatIsCalled) {
  sign("USERUSERUSERUSER", "sqs");
  EXPECT_EQ(serve_guarded().status, 400);
  with("x-amz-target", "AmazonSQS.ListQueues");
  sign("USERUSERUSERUSER", "sqs");
  EXPECT_EQ(serve_guarded().body, "queues");
}

TEST_F(Guarded, AdminPathsTakeAnAdministratorsKeyAndHealthTakesNone) {
  request.method = "GET";
  request.body = "";
  request.path = "/_penstock/audit";
  sign("USERUSERUSERUSER", "penstock");
  const Reply denied = serve_guarded();
  EXPECT_EQ(denied.status, 403);
  EXPECT_EQ(header(denied, "x-amzn-ErrorType"), "AccessDeniedException");
  sign("ADMINADMINADMINA", "penstock");
  EXPECT_EQ(serve_guarded().body, "ok");
  without("authorization");
  EXPECT_EQ(header(serve_guarded(), "x-amzn-ErrorType"), "MissingAuthenticationTokenException");
  request.path = "/_penstock/health";
  EXPECT_EQ(serve_guarded().body, "ok");
}

TEST_F(Guarded, WhileNoKeysCountAnyWellFormedCredentialsWillDo) {
  keyring.replace({}, false);
  EXPECT_EQ(serve_guarded().body, "streams");
  EXPECT_EQ(request.caller.tenant.account, "123456789012");
}

TEST_F(Dispatch, OperationsOfTheControlLoopRunThereAndComeBack) {
  env::sim::World two(2, {.loops = 2});
  Dispatcher table(two.loop(0), "us-east-1");
  std::vector<std::size_t> ran;
  Service service{.name = "kinesis", .target_prefix = "Kinesis_20131202"};
  const auto note = [&](Request&) -> Task<Reply> {
    ran.push_back(two.loop(0).is_current() ? 0 : 1);
    co_return Reply{};
  };
  service.operations.push_back(
      {.name = "OnControl", .affinity = Affinity::kControlLoop, .serve = note});
  service.operations.push_back({.name = "Anywhere", .affinity = Affinity::kAnyLoop, .serve = note});
  table.add(std::move(service));
  for (const char* target : {"Kinesis_20131202.OnControl", "Kinesis_20131202.Anywhere"}) {
    with("x-amz-target", target);
    EXPECT_EQ(two.run(table.serve(request, ids), 1).status, 200);
  }
  EXPECT_EQ(ran, (std::vector<std::size_t>{0, 1}));
}

}  // namespace
}  // namespace penstock::front
