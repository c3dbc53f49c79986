#include "engine/errors.h"

namespace penstock::engine {
namespace {

std::string_view text(int value) {
  switch (static_cast<EngineErrc>(value)) {
    case EngineErrc::kNotOwner: return "not_owner";
    case EngineErrc::kSealed: return "sealed";
    case EngineErrc::kTrimmed: return "trimmed";
    case EngineErrc::kConflict: return "conflict";
    case EngineErrc::kUnavailable: return "unavailable";
    case EngineErrc::kUnknownOutcome: return "unknown_outcome";
    case EngineErrc::kNoSpace: return "no_space";
    case EngineErrc::kFailed: return "failed";
    case EngineErrc::kNoSuchShard: return "no_such_shard";
    case EngineErrc::kCorrupt: return "corrupt";
  }
  return "unknown";
}

}  // namespace

const ErrorDomain& error_domain(EngineErrc) {
  static constexpr ErrorDomain kDomain{"engine", text};
  return kDomain;
}

}  // namespace penstock::engine
