#include "base/base64.h"
#include "base/check.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/uuid.h"
#include "engine/errors.h"
#include "function/code_package.h"
#include "function/errors.h"
#include "function/name.h"
#include "function/remote_environment.h"
#include "function/service_state.h"
#include "shape/json.h"

#include <algorithm>

namespace penstock::function {
namespace {

Error not_found(const std::string& arn) {
  return Error{FunctionErrc::kNotFound, "Function not found: " + arn};
}

Error changing(const std::string& arn) {
  return Error{
      FunctionErrc::kConflict,
      "The operation cannot be performed at this time. An update is in progress for resource: " +
          arn};
}

/// The name of a package's file, from what clients see.
std::string hex_of(const std::string& code_sha256) {
  std::string bytes;
  const bool decoded = base64_decode(code_sha256, bytes).status == Base64Status::kOk;
  PENSTOCK_CHECK(decoded, "a stored CodeSha256 is base64");
  return hex_encode(bytes);
}

Status check_revision(const FunctionRecord& record, const std::string& revision_id) {
  if (revision_id.empty() || revision_id == record.revision_id) return ok();
  return Error{FunctionErrc::kPrecondition,
               "The RevisionId provided does not match the latest RevisionId. Call the "
               "GetFunction/GetAlias API to "
               "retrieve the latest RevisionId"};
}

/// Says that a function is being changed, until it goes.
class Changing {
 public:
  explicit Changing(std::shared_ptr<Function> function) : function_(std::move(function)) {
    function_->is_changing = true;
  }
  ~Changing() { function_->is_changing = false; }
  Changing(const Changing&) = delete;
  Changing& operator=(const Changing&) = delete;

 private:
  std::shared_ptr<Function> function_;
};

void apply(const ConfigurationChange& change, Configuration& to) {
  const auto take = [](const auto& from, auto& into) {
    if (from) into = *from;
  };
  take(change.runtime, to.runtime);
  take(change.handler, to.handler);
  take(change.role, to.role);
  take(change.description, to.description);
  take(change.timeout_s, to.timeout_s);
  take(change.memory_mb, to.memory_mb);
  take(change.ephemeral_mb, to.ephemeral_mb);
  take(change.tracing_mode, to.tracing_mode);
  take(change.dead_letter_arn, to.dead_letter_arn);
  take(change.kms_key_arn, to.kms_key_arn);
  if (change.variables) to.variables = change.variables;
  if (!change.log_format && !change.log_group) return;
  to.log_format = change.log_format.value_or("Text");
  to.application_log_level = change.application_log_level.value_or("");
  to.system_log_level = change.system_log_level.value_or("");
  to.log_group = change.log_group.value_or("");
}

}  // namespace

Task<Status> FunctionService::State::open() {
  CO_TRY_OK(packages.open());
  for (const engine::Document& document : parts.meta.list(kCatalogPrefix)) {
    CO_TRY(Tenant tenant, tenant_of_key(document.key));
    const auto function = make_function(std::move(tenant));
    CO_TRY(function->record, shape::from_json<FunctionRecord>(document.value));
    if (function->record.format != 1) {
      co_return Error{Errc::kCorrupt,
                      document.key + " was written by a newer version of the server"};
    }
    function->version = document.version;
    function->arn = function_arn(function->tenant, function->record.name);
    use_package(function->record);
    functions.emplace(document.key, function);
  }
  co_return co_await sweep_packages();
}

std::shared_ptr<Function> FunctionService::State::make_function(Tenant tenant) {
  auto function =
      std::make_shared<Function>(std::move(tenant), settings.log_lines_max, settings.log_bytes_max);
  function->generation = Generation{++last_generation_};
  return function;
}

Result<std::shared_ptr<Function>> FunctionService::State::find(const Tenant& tenant,
                                                               const std::string& name,
                                                               const std::string& qualifier) const {
  TRY(const FunctionReference reference, resolve_reference(tenant, name, qualifier));
  const auto found = functions.find(catalog_key(tenant, reference.name));
  const bool has_version = reference.qualifier.empty() || reference.qualifier == kLatest;
  if (found == functions.end() || !has_version) {
    return not_found(function_arn(tenant, reference.name, reference.qualifier));
  }
  return found->second;
}

FunctionView FunctionService::State::view(const Function& function, std::string_view qualifier,
                                          FunctionView::Moment moment) const {
  FunctionView made{function.record, function_arn(function.tenant, function.record.name, qualifier),
                    moment};
  // The settled state that follows is another revision; its id is the stored one.
  if (moment != FunctionView::Moment::kSettled) made.record.revision_id = new_uuid(parts.random);
  return made;
}

// --- Packages --------------------------------------------------------------------------------

void FunctionService::State::use_package(const FunctionRecord& record) {
  if (record.configuration.package_type == "Zip") ++package_users[hex_of(record.code_sha256)];
}

void FunctionService::State::release_package(const FunctionRecord& record) {
  if (record.configuration.package_type != "Zip") return;
  const std::string hex = hex_of(record.code_sha256);
  const auto found = package_users.find(hex);
  if (--found->second > 0) return;
  package_users.erase(found);
  // In the order posted: a later put of the same package comes after this.
  worker->post([store = &packages, hex] { store->remove(hex); });
}

/// Checks and stores the code, and counts the record as one of its users.
Task<Status> FunctionService::State::keep_package(CodeSource& code, FunctionRecord& record) {
  Configuration& configuration = record.configuration;
  if (code.image_uri) {
    if (remote_url(*code.image_uri).empty()) {
      co_return Error{FunctionErrc::kNotSupported,
                      "This server runs no container images. For PackageType Image, ImageUri is "
                      "the address of a "
                      "running function: http://host:port[/path]."};
    }
    configuration.image_uri = *code.image_uri;
    record.code_sha256 = sha256_hex(*code.image_uri);
    record.code_bytes = 0;
    co_return ok();
  }
  const auto zip = std::make_shared<const std::string>(std::move(*code.zip));
  const Sha256Digest digest = sha256(*zip);
  record.code_sha256 = base64_encode(as_chars(digest));
  record.code_bytes = static_cast<std::int64_t>(zip->size());
  const std::string hex = hex_encode(as_chars(digest));
  use_package(record);
  Status kept = co_await env::run_blocking(*worker, [store = &packages, zip, hex]() -> Status {
    TRY_OK(check_package(*zip));
    return store->put(hex, *zip);
  });
  if (!kept.ok()) release_package(record);
  co_return kept;
}

/// Packages that a crash left without a function.
Task<Status> FunctionService::State::sweep_packages() {
  std::vector<std::string> used;
  for (const auto& [hex, users] : package_users) used.push_back(hex + ".zip");
  co_return co_await env::run_blocking(
      *worker, [&disk = parts.disk, folder = packages.folder(), used]() -> Status {
        TRY(const auto names, disk.list(folder));
        for (const std::string& name : names) {
          const bool is_ours = name.ends_with(".zip") || name.ends_with(".zip.partial");
          if (is_ours && !std::binary_search(used.begin(), used.end(), name))
            TRY_OK(disk.remove(folder + "/" + name));
        }
        return ok();
      });
}

Task<Result<std::string>> FunctionService::State::package(Tenant tenant, std::string name) {
  CO_TRY(const auto function, find(tenant, name));
  if (function->is_remote())
    co_return Error{FunctionErrc::kNotSupported, "The code of a remote function is not here."};
  co_return co_await env::run_blocking(
      *worker,
      [store = &packages, hex = hex_of(function->record.code_sha256)] { return store->get(hex); });
}

// --- Changes ---------------------------------------------------------------------------------

namespace {

Status check_code(const CodeSource& code, const std::string& package_type) {
  if (package_type == "Image") {
    if (!code.image_uri)
      return Error{
          FunctionErrc::kInvalidParameter,
          "Please provide ImageUri when updating or creating a function with packageType Image."};
    return ok();
  }
  if (!code.zip)
    return Error{FunctionErrc::kInvalidParameter, "Please provide a source for function code."};
  if (code.zip->size() > kPackageBytesMax) {
    return Error{FunctionErrc::kCodeTooLarge, "Zipped size must be smaller than 52428800 bytes"};
  }
  return ok();
}

}  // namespace

Task<Status> FunctionService::State::store(std::shared_ptr<Function> function,
                                           FunctionRecord record) {
  record.last_modified_ms = unix_millis(parts.clocks.service_now());
  record.revision_id = new_uuid(parts.random);
  std::vector<engine::Change> changes{{engine::Change::Op::kPut,
                                       catalog_key(function->tenant, record.name),
                                       function->version, shape::to_json(record)}};
  const auto committed = co_await parts.meta.commit(std::move(changes));
  if (!committed.ok()) {
    if (committed.error().code == engine::EngineErrc::kConflict) co_return changing(function->arn);
    co_return committed.error();
  }
  retire(function->generation);
  function->version = *committed;
  function->record = std::move(record);
  function->generation = Generation{++last_generation_};
  co_return ok();
}

Task<Result<FunctionView>> FunctionService::State::create(Tenant tenant, Create request) {
  CO_TRY(const FunctionReference reference, resolve_reference(tenant, request.name));
  const std::string key = catalog_key(tenant, reference.name);
  FunctionRecord record{.name = reference.name,
                        .configuration = std::move(request.configuration),
                        .tags = std::move(request.tags)};
  CO_TRY_OK(
      check_configuration(record.configuration, parts.host.why_not(record.configuration.runtime)));
  CO_TRY_OK(check_code(request.code, record.configuration.package_type));
  const auto exists = [&] { return functions.contains(key); };
  const Error conflict{FunctionErrc::kConflict, "Function already exist: " + reference.name};
  if (exists()) co_return conflict;
  CO_TRY_OK(co_await keep_package(request.code, record));
  if (exists()) {
    release_package(record);
    co_return conflict;
  }
  const auto function = make_function(tenant);
  function->arn = function_arn(tenant, reference.name);
  const Status stored = co_await store(function, record);
  if (!stored.ok()) {
    release_package(record);
    co_return stored.error().code == FunctionErrc::kConflict ? conflict : stored.error();
  }
  functions.emplace(key, function);
  co_return view(*function, {}, FunctionView::Moment::kCreating);
}

Task<Result<FunctionView>> FunctionService::State::update_code(Tenant tenant, UpdateCode request) {
  CO_TRY(const auto function, find(tenant, request.name));
  if (function->is_changing) co_return changing(function->arn);
  CO_TRY_OK(check_revision(function->record, request.revision_id));
  CO_TRY_OK(check_code(request.code, function->record.configuration.package_type));
  const Changing guard(function);
  FunctionRecord record = function->record;
  if (!request.architecture.empty()) record.configuration.architecture = request.architecture;
  CO_TRY_OK(co_await keep_package(request.code, record));
  if (function->is_removed || request.dry_run) {
    release_package(record);
    if (function->is_removed) co_return not_found(function->arn);
    Function would_be(tenant, 0, 0);
    would_be.record = record;
    co_return view(would_be, {});
  }
  const FunctionRecord before = function->record;
  const Status stored = co_await store(function, record);
  release_package(stored.ok() ? before : record);
  if (!stored.ok()) co_return stored.error();
  co_return view(*function, {}, FunctionView::Moment::kUpdating);
}

Task<Result<FunctionView>> FunctionService::State::update_configuration(
    Tenant tenant, std::string name, ConfigurationChange change) {
  CO_TRY(const auto function, find(tenant, name));
  if (function->is_changing) co_return changing(function->arn);
  CO_TRY_OK(check_revision(function->record, change.revision_id));
  FunctionRecord record = function->record;
  apply(change, record.configuration);
  CO_TRY_OK(
      check_configuration(record.configuration, parts.host.why_not(record.configuration.runtime)));
  const Changing guard(function);
  CO_TRY_OK(co_await store(function, std::move(record)));
  co_return view(*function, {}, FunctionView::Moment::kUpdating);
}

Task<Status> FunctionService::State::remove(Tenant tenant, std::string name,
                                            std::string qualifier) {
  CO_TRY(const FunctionReference reference, resolve_reference(tenant, name, qualifier));
  CO_TRY(const auto function, find(tenant, reference.name));
  if (reference.qualifier == kLatest) {
    co_return Error{FunctionErrc::kInvalidParameter,
                    "$LATEST version cannot be deleted without deleting the function."};
  }
  if (!reference.qualifier.empty())
    co_return not_found(function_arn(tenant, reference.name, reference.qualifier));
  if (function->is_changing) co_return changing(function->arn);
  const Changing guard(function);
  const std::string key = catalog_key(tenant, reference.name);
  std::vector<engine::Change> changes{{engine::Change::Op::kErase, key, function->version, {}}};
  CO_TRY_OK(co_await parts.meta.commit(std::move(changes)));
  function->is_removed = true;
  functions.erase(key);
  retire(function->generation);
  release_package(function->record);
  co_return ok();
}

}  // namespace penstock::function
