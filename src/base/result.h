#pragma once

#include "base/check.h"
#include "base/error.h"

#include <type_traits>
#include <utility>
#include <variant>

namespace penstock {

struct Unit {
  bool operator==(const Unit&) const = default;
};

/// A value or an Error. Reading the wrong side is a broken invariant and stops the process.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    PENSTOCK_CHECK(ok(), "value of a failed Result");
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    PENSTOCK_CHECK(ok(), "value of a failed Result");
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    PENSTOCK_CHECK(ok(), "value of a failed Result");
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & {
    PENSTOCK_CHECK(!ok(), "error of a successful Result");
    return *std::get_if<1>(&state_);
  }
  const Error& error() const& {
    PENSTOCK_CHECK(!ok(), "error of a successful Result");
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    PENSTOCK_CHECK(!ok(), "error of a successful Result");
    return std::move(*std::get_if<1>(&state_));
  }

  /// Drops the outcome on purpose; the reason is for the reader.
  void ignore(const char* /*reason*/) const {}

 private:
  std::variant<T, Error> state_;
};

using Status = Result<Unit>;
inline Status ok() { return Unit{}; }

}  // namespace penstock

#define PENSTOCK_CAT2(a, b) a##b
#define PENSTOCK_CAT(a, b) PENSTOCK_CAT2(a, b)

/// TRY(auto x, expression): x is the value, or the function returns the Error.
#define TRY(declaration, ...) \
  PENSTOCK_TRY_(return, PENSTOCK_CAT(try_, __LINE__), declaration, __VA_ARGS__)
/// The same in a coroutine.
#define CO_TRY(declaration, ...) \
  PENSTOCK_TRY_(co_return, PENSTOCK_CAT(try_, __LINE__), declaration, __VA_ARGS__)
#define PENSTOCK_TRY_(leave, name, declaration, ...) \
  auto name = (__VA_ARGS__);                         \
  if (!name.ok()) leave std::move(name).error();     \
  declaration = std::move(name).value()

/// TRY_OK(expression): for a Status, or a Result whose value is not wanted.
#define TRY_OK(...)                                     \
  do {                                                  \
    auto try_ok = (__VA_ARGS__);                        \
    if (!try_ok.ok()) return std::move(try_ok).error(); \
  } while (false)
#define CO_TRY_OK(...)                                     \
  do {                                                     \
    auto try_ok = (__VA_ARGS__);                           \
    if (!try_ok.ok()) co_return std::move(try_ok).error(); \
  } while (false)
