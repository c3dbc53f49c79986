#pragma once

#include "base/check.h"
#include "base/task.h"

#include <boost/asio/io_context.hpp>

#include <optional>
#include <utility>

namespace penstock::test {

/// Runs a task to its end on an event loop of its own.
template <class T>
T run_task(Task<T> task) {
  boost::asio::io_context loop;
  std::optional<T> value;
  start(loop.get_executor(), [](Task<T> inner, std::optional<T>& out) -> Task<> {
    out.emplace(co_await std::move(inner));
  }(std::move(task), value));
  loop.run();
  PENSTOCK_CHECK(value.has_value(), "the task ended");
  return std::move(*value);
}

}  // namespace penstock::test
