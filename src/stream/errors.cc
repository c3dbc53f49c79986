#include "stream/errors.h"

namespace penstock::stream {
namespace {

std::string_view text(int value) {
  switch (static_cast<StreamErrc>(value)) {
    case StreamErrc::kNotFound: return "not_found";
    case StreamErrc::kInUse: return "in_use";
    case StreamErrc::kLimitExceeded: return "limit_exceeded";
    case StreamErrc::kInvalidArgument: return "invalid_argument";
    case StreamErrc::kValidation: return "validation";
    case StreamErrc::kThroughputExceeded: return "throughput_exceeded";
    case StreamErrc::kExpiredIterator: return "expired_iterator";
    case StreamErrc::kExpiredNextToken: return "expired_next_token";
    case StreamErrc::kDryRun: return "dry_run";
    case StreamErrc::kInternalFailure: return "internal_failure";
  }
  return "unknown";
}

}  // namespace

const ErrorDomain& error_domain(StreamErrc) {
  static constexpr ErrorDomain kDomain{"stream", text};
  return kDomain;
}

}  // namespace penstock::stream
