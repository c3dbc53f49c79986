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
class Clocks;
class Loop;
class Random;
}  // namespace penstock::env

namespace penstock::front {

class Verifier;

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
  /// An operation with a path of its own. Where keys count, it takes one with admin rights.
  void add_admin(Operation operation);
  /// One that needs no signature, ever: health.
  void add_open(Operation operation);

  /// Who looks at signatures, on the loop of the request, and by which clock.
  class Guard final : public UrlSigner {
   public:
    Guard(Verifier& verifier, const env::Clocks& clocks) : verifier_(verifier), clocks_(clocks) {}
    Verifier& verifier() const { return verifier_; }
    const env::Clocks& clocks() const { return clocks_; }
    /// Of /_penstock/..., for ten minutes, as the URLs are that GetFunction gives on AWS.
    std::string presigned(std::string_view host, std::string_view path, std::string_view query,
                          const Tenant& tenant) const override;

   private:
    Verifier& verifier_;
    const env::Clocks& clocks_;
  };
  /// What is to be done with a request: an operation to run, or the answer at once.
  struct Decision {
    const Operation* operation = nullptr;
    Reply reply;
  };
  /// Sets request.protocol, caller and labels. Order of checks: as recorded on AWS for Kinesis.
  /// Without a guard any well-formed credentials are accepted.
  Decision decide(Request& request, const Guard* guard = nullptr) const;

  /// decide(), then the operation on the loop it belongs to, then the headers every reply has.
  Task<Reply> serve(Request& request, RequestIds& ids, const Guard* guard = nullptr) const;

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
  Decision decide_admin(Request& request, const Guard* guard) const;
  Decision decide_rest(Request& request, const Guard* guard) const;
  Decision decide_sqs(Request& request, const Target& target, const Guard* guard) const;
  Decision decide_kinesis(Request& request, const Target& target, const Guard* guard) const;
  Reply unknown_protocol(Request& request, const Target& target, const Guard* guard) const;
  /// Sets the caller, or says what is wrong with the signature.
  std::optional<AuthError> authenticate(Request& request, std::string_view service,
                                        const Guard* guard, bool* is_admin = nullptr) const;

  env::Loop& control_loop_;
  std::string default_region_;
  std::map<std::string_view, TargetService> by_prefix_;
  Routes rest_;
  Routes admin_;
  Routes open_;
  std::string rest_service_;
  std::vector<std::string_view> names_;
};

}  // namespace penstock::front
