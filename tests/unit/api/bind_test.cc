#include "api/bind.h"

#include "base/hex.h"
#include "base/percent.h"
#include "shape/errors.h"
#include "unit/api/run_task.h"

#include <gtest/gtest.h>

namespace penstock::api {
namespace {

struct ThingRequest {
  std::optional<std::string> name;
  std::optional<std::int32_t> limit;
  std::optional<std::vector<std::string>> keys;
  std::optional<std::string> kind;
  std::optional<std::string> note;
  static constexpr auto shape() {
    using Self = ThingRequest;
    return std::array{
        shape::member<&Self::name>("Name", {shape::required, shape::in_path("Name")}),
        shape::member<&Self::limit>("Limit", {shape::in_query("limit"), shape::range(1, 10)}),
        shape::member<&Self::keys>("Keys", {shape::in_query("key")}),
        shape::member<&Self::kind>("Kind", {shape::in_header("X-Amz-Kind")}),
        shape::member<&Self::note>("Note", {shape::length(1, 5)}),
    };
  }
};

struct ThingReply {
  std::string name;
  std::int32_t status = 200;
  std::string version;
  static constexpr auto shape() {
    using Self = ThingReply;
    return std::array{
        shape::member<&Self::name>("Name"),
        shape::member<&Self::status>("Status", {shape::is_status}),
        shape::member<&Self::version>("Version", {shape::in_header("X-Amz-Version")}),
    };
  }
};

struct PayloadRequest {
  std::optional<std::string> name;
  std::optional<shape::Blob> payload;
  static constexpr auto shape() {
    return std::array{
        shape::member<&PayloadRequest::name>("Name", {shape::in_path("Name")}),
        shape::member<&PayloadRequest::payload>("Payload", {shape::is_payload}),
    };
  }
};

enum class ThingErrc { kGone, kBusy };
const ErrorDomain& error_domain(ThingErrc) {
  static const ErrorDomain domain{"thing", [](int) -> std::string_view { return "x"; }};
  return domain;
}

const ErrorName* name_of(const ErrorCode& code) {
  static constexpr ErrorName kGone{
      .name = "ResourceNotFoundException", .status = 404, .message_key = "Message"};
  static constexpr ErrorName kBusy{.name = "TooManyRequestsException",
                                   .status = 429,
                                   .fields = R"("Reason":"Busy")",
                                   .header = "retry-after",
                                   .header_value = "1"};
  if (code == ThingErrc::kGone) return &kGone;
  if (code == ThingErrc::kBusy) return &kBusy;
  return shape_error_name(code);
}

constexpr ServiceStyle kTyped{.name_of = &name_of,
                              .write_error = &write_type_error,
                              .internal = {.name = "InternalFailure", .status = 500}};
constexpr ServiceStyle kRest{.name_of = &name_of,
                             .write_error = &write_rest_error,
                             .internal = {.name = "ServiceException", .status = 500}};

constexpr shape::Operation<ThingRequest, ThingReply> kGetThing{
    .name = "GetThing", .method = "GET", .path = "/things/{Name}", .success_status = 201};

front::Request rest_request(std::string_view body = {}) {
  front::Request request;
  request.protocol = front::Protocol::kRestJson;
  request.body = body;
  request.labels.emplace_back("Name", "n");
  return request;
}

front::Reply serve(const front::Operation& operation, front::Request request) {
  return test::run_task(operation.serve(request));
}

front::Operation echo(const ServiceStyle& style) {
  return bind(
      kGetThing, style, [](const front::Request&, ThingRequest input) -> Result<ThingReply> {
        std::string text = *input.name + "|" + std::to_string(input.limit.value_or(0)) + "|";
        for (const std::string& key : input.keys.value_or(std::vector<std::string>{}))
          text += key + ",";
        text += "|" + input.kind.value_or("") + "|" + input.note.value_or("");
        return ThingReply{.name = text, .status = 202, .version = "7"};
      });
}

front::Operation failing(const ServiceStyle& style, ErrorCode code, std::string message) {
  return bind(kGetThing, style,
              [code, message](const front::Request&, ThingRequest) -> Task<Result<ThingReply>> {
                co_return Error{code, message};
              });
}

TEST(Bind, GathersMembersFromPathQueryHeadersAndBody) {
  front::Request request = rest_request(R"({"Note":"hello","Name":"ignored","Limit":9})");
  request.query = "limit=3&key=a&other=1&key=b%20c+d";
  request.headers.emplace_back("x-amz-kind", "K");
  const front::Reply reply = serve(echo(kRest), request);
  EXPECT_EQ(reply.body, R"({"Name":"n|3|a,b c d,|K|hello"})");
  EXPECT_EQ(reply.status, 202);
  ASSERT_EQ(reply.headers.size(), 1u);
  EXPECT_EQ(reply.headers[0].first, "X-Amz-Version");
  EXPECT_EQ(reply.headers[0].second, "7");
}

TEST(Bind, KeepsNameMethodAndPathForDispatch) {
  const front::Operation operation = echo(kRest);
  EXPECT_EQ(operation.name, "GetThing");
  EXPECT_EQ(operation.method, "GET");
  EXPECT_EQ(operation.path, "/things/{Name}");
  EXPECT_EQ(operation.affinity, front::Affinity::kControlLoop);
}

TEST(Bind, RestRequestsMayHaveNoBodyAndOthersMayNot) {
  EXPECT_EQ(serve(echo(kRest), rest_request()).status, 202);
  front::Request request = rest_request();
  request.protocol = front::Protocol::kJson11;
  const front::Reply reply = serve(echo(kTyped), request);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body, R"({"__type":"SerializationException"})");
}

TEST(Bind, TypesAreCheckedBeforeRulesAndRulesBeforeTheHandler) {
  front::Request request = rest_request(R"({"Note":true})");
  request.query = "limit=0";
  EXPECT_EQ(serve(echo(kTyped), request).body,
            R"({"__type":"SerializationException",)"
            R"("Message":"class java.lang.Boolean can not be converted to an String"})");
  request.body = R"({"Note":"too long"})";
  const front::Reply reply = serve(echo(kTyped), request);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body,
            R"({"__type":"ValidationException","message":"2 validation errors detected: Value '0' )"
            R"(at 'limit' failed to satisfy constraint: Member must have value greater than or )"
            R"(equal to 1; Value 'too long' at 'note' failed to satisfy constraint: Member must )"
            R"(have length less than or equal to 5"})");
}

class NotAnObject : public testing::TestWithParam<std::string> {};
TEST_P(NotAnObject, IsASerializationExceptionWithoutText) {
  const std::string body = GetParam();
  EXPECT_EQ(serve(echo(kTyped), rest_request(body)).body, R"({"__type":"SerializationException"})");
}
INSTANTIATE_TEST_SUITE_P(All, NotAnObject, testing::Values("null", "[]", "1", "\"x\"", "{", "{]"));

TEST(Bind, ErrorsOfTheServiceGetTheirNameStatusAndForm) {
  const front::Reply typed =
      serve(failing(kTyped, ThingErrc::kGone, "no \"thing\""), rest_request());
  EXPECT_EQ(typed.status, 404);
  EXPECT_EQ(typed.body, R"({"__type":"ResourceNotFoundException","Message":"no \"thing\""})");
  ASSERT_EQ(typed.headers.size(), 1u);
  EXPECT_EQ(typed.headers[0].first, "x-amzn-ErrorType");
  EXPECT_EQ(typed.headers[0].second, "ResourceNotFoundException");

  const front::Reply rest =
      serve(failing(kRest, ThingErrc::kBusy, "Rate Exceeded."), rest_request());
  EXPECT_EQ(rest.status, 429);
  EXPECT_EQ(rest.body, R"({"Reason":"Busy","Type":"User","message":"Rate Exceeded."})");
  EXPECT_EQ(rest.headers[1].first, "retry-after");
}

TEST(Bind, UnnamedErrorsAreInternalAndKeepTheirTextInside) {
  const front::Reply reply = serve(failing(kTyped, Errc::kIo, "/secret/path: EIO"), rest_request());
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body, R"({"__type":"InternalFailure"})");
  const front::Reply rest = serve(failing(kRest, Errc::kIo, "/secret/path: EIO"), rest_request());
  EXPECT_EQ(rest.body, R"({"Type":"Service"})");
}

TEST(Bind, CborErrorsAreWhatKinesisAnswers) {
  front::Request request = rest_request("\xA0");
  request.protocol = front::Protocol::kCbor11;
  front::Reply reply = error_reply(kTyped, request, Error{shape::ShapeErrc::kSerialization, ""});
  EXPECT_EQ(hex_encode(reply.body),
            "bf665f5f747970657653657269616c697a6174696f6e457863657074696f6eff");
  EXPECT_EQ(serve(echo(kTyped), request).body.substr(0, 6),
            "\xBF"
            "dName");
}

TEST(Bind, APayloadIsTheBodyAsItIs) {
  const front::Request request = rest_request("not json");
  const auto decoded = decode<PayloadRequest>(request);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->payload->bytes, "not json");
  EXPECT_EQ(decoded->name, "n");
  EXPECT_EQ(encode(request, *decoded).body, "not json");
}

TEST(Bind, AResponseWithoutMembersIsZeroBytes) {
  EXPECT_EQ(encode(rest_request(), shape::Empty{}, 204).body, "");
  EXPECT_EQ(encode(rest_request(), shape::Empty{}, 204).status, 204);
}

TEST(Percent, RoundTripsEveryByteAndRefusesHalfEscapes) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_encode("a b/c~", "/"), "a%20b/c~");
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  for (const char* bad : {"%", "%4", "%4g", "a%"}) EXPECT_FALSE(percent_decode(bad)) << bad;
}

}  // namespace
}  // namespace penstock::api
