#include "stream/policy.h"

#include "shape/document.h"
#include "stream/errors.h"

#include <algorithm>
#include <span>
#include <string>

namespace penstock::stream {
namespace {

using shape::Document;
using Kind = Document::Kind;

Error refused(std::string reason) {
  return {StreamErrc::kInvalidArgument, "The resource policy is not valid: " + std::move(reason)};
}

/// A policy says "x" or ["x", "y"] where it likes.
std::span<const Document> one_or_more(const Document& value) {
  if (value.is(Kind::kList)) return value.items;
  return {&value, 1};
}

bool are_texts(const Document& value) {
  const auto items = one_or_more(value);
  return !items.empty() && std::all_of(items.begin(), items.end(),
                                       [](const Document& item) { return item.is_string(); });
}

/// Exactly one of a member and its opposite; nullptr otherwise.
const Document* either(const Document& statement, std::string_view member,
                       std::string_view opposite) {
  const Document* one = statement.find(member);
  const Document* other = statement.find(opposite);
  if ((one == nullptr) == (other == nullptr)) return nullptr;
  return one != nullptr ? one : other;
}

/// "*", or an object of kinds with one name or more each.
bool is_principal(const Document& value) {
  if (value.is_string()) return value.text == "*";
  return value.is(Kind::kObject) && !value.items.empty() &&
         std::all_of(value.items.begin(), value.items.end(), &are_texts);
}

bool is_action(const Document& item) {
  constexpr std::string_view kService = "kinesis:";
  return item.is_string() && item.text.starts_with(kService) && item.text.size() > kService.size();
}

Status check_statement(const Document& statement, std::string_view arn) {
  if (!statement.is(Kind::kObject)) return refused("a statement is not an object.");
  if (const auto effect = statement.string_at("Effect"); effect != "Allow" && effect != "Deny") {
    return refused("the Effect of a statement must be Allow or Deny.");
  }
  const Document* principal = either(statement, "Principal", "NotPrincipal");
  if (principal == nullptr || !is_principal(*principal)) {
    return refused("a statement needs a Principal: \"*\", or names by kind.");
  }
  const Document* actions = either(statement, "Action", "NotAction");
  if (actions == nullptr || !are_texts(*actions)) {
    return refused("a statement needs an Action, or a list of them.");
  }
  for (const Document& action : one_or_more(*actions)) {
    if (!is_action(action)) return refused("the action " + action.text + " is none of kinesis.");
  }
  const Document* resources = statement.find("Resource");
  if (resources == nullptr || !are_texts(*resources)) {
    return refused("a statement needs the Resource " + std::string(arn) + ".");
  }
  for (const Document& resource : one_or_more(*resources)) {
    if (resource.text != arn) {
      return refused("its Resource must be " + std::string(arn) + ", not " + resource.text + ".");
    }
  }
  const Document* condition = statement.find("Condition");
  if (condition != nullptr && !condition->is(Kind::kObject)) {
    return refused("the Condition of a statement must be an object.");
  }
  return ok();
}

}  // namespace

Status check_policy(std::string_view policy, std::string_view arn) {
  if (policy.size() > kPolicyBytesMax) {
    return refused("it has " + std::to_string(policy.size()) + " bytes; at most " +
                   std::to_string(kPolicyBytesMax) + " are kept.");
  }
  const Result<Document> parsed = shape::parse_json(policy);
  if (!parsed.ok() || !parsed->is(Kind::kObject)) return refused("it is not a JSON object.");
  if (const Document* version = parsed->find("Version");
      version != nullptr && version->text != "2012-10-17" && version->text != "2008-10-17") {
    return refused("its Version must be 2012-10-17 or 2008-10-17.");
  }
  const Document* statements = parsed->find("Statement");
  if (statements == nullptr || one_or_more(*statements).empty()) {
    return refused("it has no Statement.");
  }
  for (const Document& statement : one_or_more(*statements)) {
    TRY_OK(check_statement(statement, arn));
  }
  return ok();
}

}  // namespace penstock::stream
