#pragma once

#include "base/budget.h"
#include "base/ids.h"
#include "base/task.h"
#include "front/request_ids.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::front {

/// How bodies and errors are written on the wire.
enum class Protocol : std::uint8_t {
  kJson10,    ///< application/x-amz-json-1.0 (SQS)
  kJson11,    ///< application/x-amz-json-1.1 (Kinesis)
  kCbor11,    ///< application/x-amz-cbor-1.1 (Kinesis, Java SDKs)
  kRestJson,  ///< Lambda
  kPlain,     ///< admin, health: JSON without a protocol of AWS
};

/// Who asks, from the credential scope; unsigned requests have the defaults.
struct Caller {
  Tenant tenant;  ///< account: 12-digit access key, else 000000000000; region: from the scope.
  std::string access_key;  ///< Empty when unsigned.
  std::string peer;        ///< Address without port.
  std::string user_agent;
};

/// Makes URLs of this server that can be fetched without credentials for a while.
class UrlSigner {
 public:
  virtual ~UrlSigner() = default;
  /// `query` with what makes a GET of it count for an administrator of the account.
  virtual std::string presigned(std::string_view host, std::string_view path,
                                std::string_view query, const Tenant& tenant) const = 0;
};

/// Whoever waits for the reply.
class Peer {
 public:
  virtual ~Peer() = default;
  /// Cancelled when the peer closes its side before it is answered: nobody waits any more. Called
  /// by the handler on the loop it runs on, `here`, where the cancellation arrives, too.
  virtual CancelToken watch(const Executor& here) = 0;
};

/// One parsed request. The views live as long as the handler runs.
struct Request {
  std::string_view method;
  std::string_view path;   ///< Raw, still percent-encoded, without the query.
  std::string_view query;  ///< Raw, without '?'.
  std::string_view body;   ///< At least 64 readable bytes follow it.
  Protocol protocol = Protocol::kJson11;
  Caller caller;
  const UrlSigner* urls = nullptr;  ///< Where signatures count.
  std::string_view host;            ///< The Host header, for URLs in replies.
  RequestId request_id;             ///< Also in the reply's x-amzn-RequestId.
  std::vector<std::pair<std::string_view, std::string_view>> headers;  ///< Names in lower case.
  std::vector<std::pair<std::string_view, std::string>> labels;  ///< REST path labels, decoded.

  /// The header's value, empty when absent. `name` in lower case.
  std::string_view header(std::string_view name) const;

  /// For a handler that may wait: see Peer::watch. Never cancelled where nobody is known.
  CancelToken peer_gone() const;
  Peer* peer = nullptr;
  const Executor* runs_on = nullptr;  ///< Where the handler runs.
};

/// A body that is made while it is sent, for as long as its peer reads: an event stream. Lives on
/// the connection's loop once the reply was handed over, and ends there.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  /// The next bytes, asked for when the peer has taken enough of those before. Empty: the end.
  /// Completes soon, with whatever, once `gone` is cancelled: the peer has left, or the server
  /// stops, where what is given then is still sent.
  virtual Task<std::string> next(CancelToken gone) = 0;
};

struct Reply {
  int status = 200;
  std::optional<RequestId> request_id;    ///< x-amzn-RequestId
  std::optional<ExtendedId> extended_id;  ///< x-amz-id-2
  std::string content_type;               ///< Empty: that of the request's protocol.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Budget::Share charge;  ///< For the body, until it is sent. Without: taken if that lasts.
  std::unique_ptr<BodyStream> stream;  ///< Sent behind `body`, without a Content-Length.
};

/// On which loop an operation runs.
enum class Affinity : std::uint8_t {
  kAnyLoop,      ///< The connection's own loop: Kinesis puts and gets.
  kControlLoop,  ///< Loop 0: everything that touches catalogs, functions, queues, mappings.
};

/// One operation of one service, ready to be dispatched to.
struct Operation {
  std::string_view name;
  Affinity affinity = Affinity::kControlLoop;
  std::function<Task<Reply>(Request&)> serve;
  // REST only:
  std::string_view method;
  std::string_view path;  ///< e.g. "/2015-03-31/functions/{FunctionName}/code"
};

/// A service as dispatch sees it.
struct Service {
  std::string_view name;           ///< Signing name: "kinesis", "lambda", "sqs".
  std::string_view target_prefix;  ///< "Kinesis_20131202", "AmazonSQS"; empty for REST services.
  std::vector<Operation> operations;
};

}  // namespace penstock::front
