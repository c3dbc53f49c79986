#pragma once

#include "api/wire_error.h"
#include "base/result.h"
#include "base/task.h"
#include "front/request.h"
#include "shape/shape.h"

#include <memory>
#include <type_traits>
#include <utility>

/// Joins a declared operation to the function that does it (README.md shows how).
namespace penstock::api {

/// Fills a request structure from wherever its members travel: path labels, query, headers, the
/// payload, the body in the request's protocol. Then checks its rules.
/// Errors: ShapeErrc::kSerialization, ShapeErrc::kValidation.
Status decode(const front::Request& request, const shape::Type& type, void* object);

/// Writes a response structure where its members travel. Without body members: zero bytes.
void encode(const front::Request& request, const shape::Type& type, const void* object,
            int success_status, front::Reply& reply);

template <shape::Structure T>
Result<T> decode(const front::Request& request) {
  T input;
  TRY_OK(decode(request, *shape::type_of<T>(), &input));
  return input;
}

template <shape::Structure T>
front::Reply encode(const front::Request& request, const T& output, int success_status = 200) {
  front::Reply reply;
  encode(request, *shape::type_of<T>(), &output, success_status, reply);
  return reply;
}

namespace detail {

template <class Request, class Response, class Handler>
struct Bound {
  const ServiceStyle* style;
  int success_status;
  Handler handler;
};

template <class Request, class Response, class Handler>
Task<front::Reply> serve(std::shared_ptr<const Bound<Request, Response, Handler>> bound,
                         front::Request& request) {
  Result<Request> input = decode<Request>(request);
  if (!input.ok()) co_return error_reply(*bound->style, request, input.error());
  using Outcome = std::invoke_result_t<const Handler&, const front::Request&, Request>;
  if constexpr (std::is_same_v<Outcome, Result<Response>>) {
    Result<Response> output = bound->handler(request, std::move(input).value());
    if (!output.ok()) co_return error_reply(*bound->style, request, output.error());
    co_return encode(request, output.value(), bound->success_status);
  } else {
    Result<Response> output = co_await bound->handler(request, std::move(input).value());
    if (!output.ok()) co_return error_reply(*bound->style, request, output.error());
    co_return encode(request, output.value(), bound->success_status);
  }
}

}  // namespace detail

/// `handler(const front::Request&, Request)` gives a Result<Response> or a Task of one; it is
/// called on the loop of `affinity`, any number of times at once, and outlived by the request.
/// `style` outlives the operation.
template <class Request, class Response, class Handler>
front::Operation bind(const shape::Operation<Request, Response>& operation,
                      const ServiceStyle& style, Handler handler,
                      front::Affinity affinity = front::Affinity::kControlLoop) {
  auto bound = std::make_shared<const detail::Bound<Request, Response, Handler>>(
      detail::Bound<Request, Response, Handler>{&style, operation.success_status,
                                                std::move(handler)});
  return front::Operation{
      .name = operation.name,
      .affinity = affinity,
      .serve = [bound = std::move(bound)](
                   front::Request& request) { return detail::serve(bound, request); },
      .method = operation.method,
      .path = operation.path,
  };
}

}  // namespace penstock::api
