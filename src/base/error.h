#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace penstock {

/// A family of error codes: one enum per folder. `text` names a value for logs.
struct ErrorDomain {
  std::string_view name;
  std::string_view (*text)(int value);
};

/// One value of one folder's error enum, without that folder's header.
///
/// A folder declares `enum class StreamErrc {...};` and, beside it in the same namespace,
/// `const ErrorDomain& error_domain(StreamErrc);` found by argument-dependent lookup.
class ErrorCode {
 public:
  template <class Enum>
    requires requires(Enum e) { error_domain(e); }
  ErrorCode(Enum value)  // NOLINT: a code converts from its enum on purpose
      : domain_(&error_domain(value)), value_(static_cast<int>(value)) {}

  template <class Enum>
  std::optional<Enum> as() const {
    if (domain_ != &error_domain(Enum{})) return std::nullopt;
    return static_cast<Enum>(value_);
  }

  template <class Enum>
    requires requires(Enum e) { error_domain(e); }
  bool operator==(Enum other) const {
    return domain_ == &error_domain(other) && value_ == static_cast<int>(other);
  }

  const ErrorDomain& domain() const { return *domain_; }
  int value() const { return value_; }
  std::string_view name() const { return domain_->text(value_); }

 private:
  const ErrorDomain* domain_;
  int value_;
};

/// What went wrong, as a value: the code decides, the message tells its reader what to do.
struct [[nodiscard]] Error {
  ErrorCode code;
  std::string message;
};

/// Failures of the outside world that every folder meets.
enum class Errc {
  kIo,       ///< A file or device failed; the message names operation, path and errno.
  kNoSpace,  ///< The disk is full; it may recover.
  kNotFound,
  kExists,
  kCorrupt,      ///< Stored bytes do not check out.
  kUnavailable,  ///< A peer or a resource is not there now; trying again may help.
  kTimedOut,
  kCancelled,  ///< The owner asked the wait to end.
  kInvalid,    ///< The input breaks a rule; the message names it.
  kLimit,      ///< A bound of ours is reached.
};
const ErrorDomain& error_domain(Errc);

}  // namespace penstock
