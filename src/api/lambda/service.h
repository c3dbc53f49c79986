#pragma once

#include "front/request.h"
#include "function/function_service.h"
#include "shape/shape.h"

#include <vector>

namespace penstock::api::lambda {

/// The Lambda service for dispatch: the operations on functions and, from elsewhere, `further`
/// ones (event source mappings). `functions` outlives it.
front::Service make_lambda_service(function::FunctionService& functions,
                                   std::vector<front::Operation> further);

/// Its own declarations: reference page, comparison with the published model.
std::vector<shape::OperationInfo> lambda_shapes();

/// Admin operations: a function's log, and the package that GetFunction's Code.Location points to.
///
///   GET /_penstock/functions/{FunctionName}/logs?after=N
///     {"lines":[{"id":8,"time_ms":1790000000000,"text":"..."}],"dropped":0}
///   GET /_penstock/functions/{FunctionName}/code
///
/// Both take account= and region= for callers that do not sign.
std::vector<front::Operation> function_log_operations(function::FunctionService& functions);

/// Their declarations, for the reference page.
std::vector<shape::OperationInfo> function_log_shapes();

}  // namespace penstock::api::lambda
