#pragma once

#include "shape/shape.h"

#include <span>
#include <string>
#include <string_view>

/// The tables themselves as JSON, for whoever compares them with something: the contract test does
/// with the published service models.
namespace penstock::shape {

/// Appends one service's operations, in the order given. Structures are written out where they are
/// used; `nullable` says whether the member may be absent in C++, which is not what `required`
/// says.
///
///   {"operations":[{"name":"GetThing","method":"GET","path":"/things/{Name}","status":200,
///     "errors":["..."],
///     "request":{"kind":"structure","members":[
///       {"name":"Name","required":true,"in":"path","at":"Name","length":[1,64],
///        "pattern":"[a-z]+","type":{"kind":"string"}}]},
///     "response":{...}}]}
void describe_json(std::span<const OperationInfo> operations, std::string& out);

}  // namespace penstock::shape
