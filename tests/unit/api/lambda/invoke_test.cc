#include "api/lambda/operations.h"
#include "front/request.h"
#include "unit/function/function_stand.h"

#include <gtest/gtest.h>

#include <optional>

namespace penstock::api::lambda {
namespace {

using function::EnvironmentSpec;
using function::Event;
using function::FunctionStand;
using function::ModelHost;

/// A client that goes when the test says so.
struct Client final : front::Peer {
  CancelToken watch(const Executor&) override { return leaves.token(); }
  CancelSource leaves;
};

/// An Invoke of "f" as dispatch hands it over, until it is answered.
struct Invoking {
  explicit Invoking(FunctionStand& stand)
      : operation(invoke(stand.functions())), here(stand.world().loop().executor()) {
    request.method = "POST";
    request.path = "/2015-03-31/functions/f/invocations";
    request.labels = {{"FunctionName", "f"}};
    request.body = body;
    request.protocol = front::Protocol::kRestJson;
    request.caller.tenant = FunctionStand::tenant();
    request.peer = &client;
    request.runs_on = &here;
    stand.world().spawn([](Invoking& self) -> Task<> {
      self.reply = co_await self.operation.serve(self.request);
    }(*this));
    stand.world().run_for(Nanos{0});
  }
  const std::string body = "{}" + std::string(64, ' ');
  const front::Operation operation;
  const Executor here;
  Client client;
  front::Request request;
  std::optional<front::Reply> reply;
};

TEST(Invoke, WaitsNoLongerThanItsClientAndTheFunctionRunsOn) {
  FunctionStand stand;
  stand.create("f");
  stand.host.run_as(
      [](const EnvironmentSpec&, const Event&) { return ModelHost::Plan{.takes = Seconds{2}}; });
  Invoking invoking(stand);
  ASSERT_EQ(stand.host.running, 1);
  ASSERT_FALSE(invoking.reply);
  invoking.client.leaves.cancel();
  stand.world().run_for(Millis{1});
  EXPECT_TRUE(invoking.reply) << "nobody waits for it, so nothing is kept for it";
  EXPECT_EQ(stand.host.running, 1) << "what runs on AWS runs on, too";
  stand.world().run_for(Seconds{2});
  EXPECT_EQ(stand.host.running, 0);
  EXPECT_EQ(stand.functions().environments_idle(), 1u);
}

TEST(Invoke, IsAnsweredToAClientThatStays) {
  FunctionStand stand;
  stand.create("f");
  Invoking invoking(stand);
  stand.world().run_until([&] { return invoking.reply.has_value(); });
  ASSERT_TRUE(invoking.reply);
  EXPECT_EQ(invoking.reply->status, 200);
  EXPECT_EQ(invoking.reply->body, "null");
}

}  // namespace
}  // namespace penstock::api::lambda
