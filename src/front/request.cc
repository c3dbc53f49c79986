#include "front/request.h"

namespace penstock::front {

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

CancelToken Request::peer_gone() const {
  return peer == nullptr || runs_on == nullptr ? CancelToken() : peer->watch(*runs_on);
}

}  // namespace penstock::front
