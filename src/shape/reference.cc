#include "shape/reference.h"

#include "base/ascii.h"
#include "base/check.h"

#include <algorithm>

namespace penstock::shape {
namespace {

std::string code(std::string_view text) { return "`" + std::string(text) + "`"; }

/// As GitHub makes them from a heading of letters and digits.
std::string anchor(std::string_view heading) { return "#" + ascii_lower(std::string(heading)); }

std::string link(std::string_view heading) {
  return "[" + std::string(heading) + "](" + anchor(heading) + ")";
}

bool is_named(const Type& type) { return type.kind == Kind::kStructure && !type.name.empty(); }

std::string type_text(const Type& type) {
  switch (type.kind) {
    case Kind::kBoolean: return "boolean";
    case Kind::kInteger: return "integer";
    case Kind::kLong: return "long";
    case Kind::kDouble: return "double";
    case Kind::kString: return "string";
    case Kind::kBlob: return "blob";
    case Kind::kTimestamp: return "timestamp";
    case Kind::kRawJson: return "any JSON";
    case Kind::kStructure: return is_named(type) ? link(type.name) : "structure";
    case Kind::kList: return "list of " + type_text(*type.element());
    case Kind::kMap: return "map of string to " + type_text(*type.element());
  }
  return {};
}

/// What `length` counts.
std::string_view length_unit(const Type& type) {
  switch (type.kind) {
    case Kind::kBlob: return " bytes";
    case Kind::kList: return " elements";
    case Kind::kMap: return " entries";
    default: return " characters";
  }
}

std::string bounds(const Rule& rule, std::string_view unit) {
  const std::string low = std::to_string(rule.low);
  std::string text;
  if (rule.high == kNoLimit) {
    text = "at least " + low;
  } else if (rule.low == rule.high) {
    text = low;
  } else {
    text = low + " to " + std::to_string(rule.high);
  }
  return text + std::string(unit);
}

std::string values_of(const Rule& rule) {
  std::string text;
  for (std::size_t i = 0; i < rule.value_count; ++i) {
    if (i > 0) text += ", ";
    text += code(rule.values[i]);
  }
  return text;
}

/// Empty for rules that have a column of their own, or say nothing about the value.
std::string rule_text(const Rule& rule, const Type& type) {
  switch (rule.type) {
    case Rule::Type::kNone:
    case Rule::Type::kRequired:
    case Rule::Type::kSensitive: return {};
    case Rule::Type::kRange: return bounds(rule, "");
    case Rule::Type::kLength: return bounds(rule, length_unit(type));
    case Rule::Type::kPattern: return code(rule.text);
    case Rule::Type::kEnum: return values_of(rule);
    case Rule::Type::kElementLength: return "each " + bounds(rule, " characters");
    case Rule::Type::kKeyLength: return "keys of " + bounds(rule, " characters");
    case Rule::Type::kValueLength: return "values of " + bounds(rule, " characters");
    case Rule::Type::kInPath: return "in the path";
    case Rule::Type::kInQuery: return "in the query as " + code(rule.text);
    case Rule::Type::kInHeader: return "in the header " + code(rule.text);
    case Rule::Type::kPayload: return "the whole body";
    case Rule::Type::kStatus: return "the HTTP status";
  }
  return {};
}

std::string rules_text(const Member& member) {
  std::string text;
  for (const Rule& rule : member.rules) {
    const std::string one = rule_text(rule, *member.type());
    if (!one.empty()) text += (text.empty() ? "" : "; ") + one;
  }
  return text;
}

class Page {
 public:
  explicit Page(const ReferencePage& page) : page_(page) {
    text_ = "# " + std::string(page.title) + "\n\n" + std::string(page.introduction) + "\n\n";
  }

  std::string write() && {
    write_contents();
    for (const OperationInfo& operation : page_.operations) write_operation(operation);
    if (!structures_.empty()) text_ += "\n## Structures\n";
    // Grows while it is walked: a structure may name another.
    for (std::size_t i = 0; i < structures_.size(); ++i) {
      const Type& type = *structures_[i];
      text_ += "\n### " + std::string(type.name) + "\n\n";
      write_members(type);
    }
    return std::move(text_);
  }

 private:
  void write_contents() {
    text_ += "| operation | |\n|---|---|\n";
    for (const OperationInfo& operation : page_.operations) {
      text_ += "| " + link(operation.name) + " | " + table_cell(operation.doc) + " |\n";
    }
  }

  void write_operation(const OperationInfo& operation) {
    text_ += "\n## " + std::string(operation.name) + "\n\n" + std::string(operation.doc) + "\n\n";
    text_ += code(std::string(operation.method) + " " + std::string(operation.path));
    if (!page_.target_prefix.empty()) {
      text_ += " with " + code("X-Amz-Target: " + std::string(page_.target_prefix) + "." +
                               std::string(operation.name));
    }
    if (operation.success_status != 200) {
      text_ += ", answered with " + std::to_string(operation.success_status);
    }
    text_ += "\n";
    write_side("Request", operation.request);
    write_side("Reply", operation.response);
    if (operation.errors.empty()) return;
    text_ += "\nErrors: ";
    for (std::size_t i = 0; i < operation.errors.size(); ++i) {
      text_ += (i > 0 ? ", " : "") + code(operation.errors[i]);
    }
    text_ += ".\n";
  }

  void write_side(std::string_view name, const Type* type) {
    if (type == nullptr) return;
    text_ += "\n" + std::string(name);
    if (is_named(*type)) {
      text_ += ": " + link(type->name) + ".\n";
      meet(*type);
    } else if (type->members().empty()) {
      text_ += ": no members.\n";
    } else {
      text_ += "\n\n";
      write_members(*type);
    }
  }

  void write_members(const Type& type) {
    text_ += "| member | type | required | rules | |\n|---|---|---|---|---|\n";
    write_rows(type, "");
  }

  void write_rows(const Type& type, const std::string& prefix) {
    for (const Member& member : type.members()) {
      const std::string name = prefix + std::string(member.name);
      text_ += "| " + code(name) + " | " + type_text(*member.type()) + " | " +
               (member.rules.has(Rule::Type::kRequired) ? "yes" : "") + " | " +
               table_cell(rules_text(member)) + " | " + table_cell(member.doc) + " |\n";
      write_inner(*member.type(), name);
    }
  }

  /// What is inside a member: noted when it has a name, written at once when it has none.
  void write_inner(const Type& type, const std::string& name) {
    if (type.kind == Kind::kList) return write_inner(*type.element(), name + "[]");
    if (type.kind == Kind::kMap) return write_inner(*type.element(), name + "{}");
    if (type.kind != Kind::kStructure) return;
    if (is_named(type)) return meet(type);
    write_rows(type, name + ".");
  }

  void meet(const Type& type) {
    const auto same = std::find_if(structures_.begin(), structures_.end(),
                                   [&](const Type* met) { return met->name == type.name; });
    if (same == structures_.end()) {
      structures_.push_back(&type);
      return;
    }
    const auto names = [](const Member& a, const Member& b) { return a.name == b.name; };
    const auto ours = type.members();
    const auto theirs = (*same)->members();
    PENSTOCK_CHECK(std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end(), names),
                   "structures of one name in a service's tables have the same members");
  }

  const ReferencePage& page_;
  std::string text_;
  std::vector<const Type*> structures_;
};

}  // namespace

std::string table_cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c == '\n' ? ' ' : c;
  }
  return cell;
}

std::string reference_page(const ReferencePage& page) { return Page(page).write(); }

}  // namespace penstock::shape
