#pragma once

#include "front/credentials.h"
#include "front/request.h"
#include "front/request_ids.h"
#include "front/routes.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::env {
class Loop;
class Random;
}  // namespace penstock::env

namespace penstock::front {

/// The fixed table of where requests go, the same on every loop. Filled before the first request.
///
///   1. /_penstock/..., /_localstack/health    admin and health, by path
///   2. /20YY-MM-DD/...                        REST services, by method and path
///   3. X-Amz-Target: Prefix.Operation         services by prefix
///   4. anything else                          what Kinesis answers to unknown requests
class Dispatcher {
 public:
  Dispatcher(env::Loop& control_loop, std::string default_region);

  void add(Service service);
  /// An operation with a path of its own, unsigned.
  void add_admin(Operation operation);

  /// What is to be done with a request: an operation to run, or the answer at once.
  struct Decision {
    const Operation* operation = nullptr;
    Reply reply;
  };
  /// Sets request.protocol, caller and labels. Order of checks: as recorded on AWS for Kinesis.
  Decision decide(Request& request) const;

  /// decide(), then the operation on the loop it belongs to, then the headers every reply has.
  Task<Reply> serve(Request& request, RequestIds& ids) const;

  /// Names of the services, for health.
  std::vector<std::string_view> service_names() const;

 private:
  struct TargetService {
    std::string_view name;
    std::map<std::string_view, Operation> operations;
  };
  struct Target {
    bool has_operation = false;  ///< There is a prefix and an operation name, known or not.
    std::string_view prefix;
    std::string_view name;
    const TargetService* service = nullptr;
    const Operation* operation = nullptr;
  };
  Target target_of(const Request& request) const;
  Decision decide_rest(Request& request) const;
  Decision decide_sqs(Request& request, const Target& target) const;
  Decision decide_kinesis(Request& request, const Target& target) const;
  Reply unknown_protocol(const Request& request, const Target& target) const;
  void set_caller(Request& request, const Credentials& credentials) const;

  env::Loop& control_loop_;
  std::string default_region_;
  std::map<std::string_view, TargetService> by_prefix_;
  Routes rest_;
  Routes admin_;
  std::vector<std::string_view> names_;
};

}  // namespace penstock::front
