#include "function/function_service.h"

#include "base/uuid.h"
#include "function/errors.h"
#include "function/name.h"
#include "function/service_state.h"

namespace penstock::function {

FunctionService::FunctionService(std::shared_ptr<State> state) : state_(std::move(state)) {}
FunctionService::~FunctionService() = default;

Task<Result<std::unique_ptr<FunctionService>>> FunctionService::open(FunctionParts parts,
                                                                     FunctionSettings settings) {
  auto state = std::make_shared<State>(parts, std::move(settings));
  CO_TRY_OK(co_await state->open());
  co_return std::unique_ptr<FunctionService>(new FunctionService(std::move(state)));
}

Task<> FunctionService::end_invocations(Nanos grace) { return state_->end_invocations(grace); }
Task<> FunctionService::stop() { return state_->stop(); }

Task<Result<FunctionView>> FunctionService::create(Tenant tenant, Create request) {
  return state_->create(std::move(tenant), std::move(request));
}

Result<FunctionView> FunctionService::get(const Tenant& tenant, const std::string& name,
                                          const std::string& qualifier) const {
  TRY(const FunctionReference reference, resolve_reference(tenant, name, qualifier));
  TRY(const auto function, state_->find(tenant, name, qualifier));
  return state_->view(*function, reference.qualifier);
}

Task<Result<FunctionView>> FunctionService::update_code(Tenant tenant, UpdateCode request) {
  return state_->update_code(std::move(tenant), std::move(request));
}

Task<Result<FunctionView>> FunctionService::update_configuration(Tenant tenant, std::string name,
                                                                 ConfigurationChange change) {
  return state_->update_configuration(std::move(tenant), std::move(name), std::move(change));
}

Task<Status> FunctionService::remove(Tenant tenant, std::string name, std::string qualifier) {
  return state_->remove(std::move(tenant), std::move(name), std::move(qualifier));
}

Result<FunctionService::Listed> FunctionService::list(const Tenant& tenant,
                                                      const std::string& marker,
                                                      std::size_t limit) const {
  if (!marker.empty() && (marker.size() > kNameMax || !parse_reference(marker))) {
    return Error{FunctionErrc::kInvalidParameter, "Invalid marker: " + marker};
  }
  const std::string prefix = catalog_key(tenant, {});
  Listed listed;
  // The marker is the last name of the page before, which may be gone by now.
  for (auto at = state_->functions.upper_bound(prefix + marker);
       at != state_->functions.end() && at->first.starts_with(prefix); ++at) {
    if (listed.functions.size() == limit) {
      listed.next_marker = listed.functions.back().record.name;
      break;
    }
    listed.functions.push_back(state_->view(*at->second, {}));
  }
  return listed;
}

Task<Result<std::string>> FunctionService::package(Tenant tenant, std::string name) {
  return state_->package(std::move(tenant), std::move(name));
}

Result<LogRing::Page> FunctionService::log(const Tenant& tenant, const std::string& name,
                                           std::int64_t after) const {
  TRY(const auto function, state_->find(tenant, name));
  return function->log.after(after, state_->settings.log_lines_max);
}

Task<InvokeOutcome> FunctionService::invoke(InvokeRequest request, CancelToken cancel) {
  return state_->invoke(std::move(request), new_uuid(state_->parts.random), std::move(cancel));
}

Task<InvokeOutcome> FunctionService::invoke_as(InvokeRequest request, std::string request_id,
                                               CancelToken cancel) {
  return state_->invoke(std::move(request), std::move(request_id), std::move(cancel));
}

std::string FunctionService::resolve_arn(const Tenant& tenant, const std::string& function) const {
  const auto found = state_->find(tenant, function);
  return found.ok() ? (*found)->arn : std::string();
}

std::string FunctionService::role_arn(const Tenant& tenant, const std::string& function) const {
  const auto found = state_->find(tenant, function);
  return found.ok() ? (*found)->record.configuration.role : std::string();
}

std::size_t FunctionService::environments_busy() const { return state_->pool.busy(); }
std::size_t FunctionService::environments_idle() const { return state_->pool.idle(); }

}  // namespace penstock::function
