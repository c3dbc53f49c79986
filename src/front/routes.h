#pragma once

#include "front/request.h"

#include <string>
#include <string_view>
#include <vector>

namespace penstock::front {

/// REST operations by method and path template ("/functions/{FunctionName}/code").
///
/// A label takes one segment, percent-decoded after splitting, so that an ARN may come raw or
/// encoded. A slash at the end is tolerated. Among several matches the one with more literal
/// segments wins.
class Routes {
 public:
  /// The views in `operation` outlive the table.
  void add(Operation operation);

  struct Match {
    const Operation* operation = nullptr;  ///< nullptr: nothing there, or not with this method.
    bool path_exists = false;              ///< Some method has this path.
  };
  /// Fills request.labels when it matches.
  Match find(Request& request) const;

 private:
  struct Route {
    std::vector<std::string_view> segments;
    std::size_t literals = 0;
    Operation operation;
  };
  std::vector<Route> routes_;
};

}  // namespace penstock::front
