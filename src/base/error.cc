#include "base/error.h"

namespace penstock {
namespace {

std::string_view errc_text(int value) {
  switch (static_cast<Errc>(value)) {
    case Errc::kIo: return "io";
    case Errc::kNoSpace: return "no_space";
    case Errc::kNotFound: return "not_found";
    case Errc::kExists: return "exists";
    case Errc::kCorrupt: return "corrupt";
    case Errc::kUnavailable: return "unavailable";
    case Errc::kTimedOut: return "timed_out";
    case Errc::kCancelled: return "cancelled";
    case Errc::kInvalid: return "invalid";
    case Errc::kLimit: return "limit";
  }
  return "unknown";
}

}  // namespace

const ErrorDomain& error_domain(Errc) {
  static constexpr ErrorDomain kDomain{"base", errc_text};
  return kDomain;
}

}  // namespace penstock
