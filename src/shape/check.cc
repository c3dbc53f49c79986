#include "shape/check.h"

#include "shape/errors.h"
#include "shape/json_text.h"

#include <algorithm>
#include <string>
#include <vector>

namespace penstock::shape {
namespace {

constexpr std::size_t kMostViolations = 10;

template <class T>
const T& as(const void* value) {
  return *static_cast<const T*>(value);
}

/// A value as the service prints it inside a violation: Java's toString().
std::string printed(const void* value, const Type& type) {
  switch (type.kind) {
    case Kind::kBoolean: return as<bool>(value) ? "true" : "false";
    case Kind::kInteger: return std::to_string(as<std::int32_t>(value));
    case Kind::kLong: return std::to_string(as<std::int64_t>(value));
    case Kind::kDouble: {
      std::string out;
      append_json_double(out, as<double>(value));
      return out;
    }
    case Kind::kString: return as<std::string>(value);
    case Kind::kBlob: {
      const std::string size = std::to_string(as<Blob>(value).bytes.size());
      return "java.nio.HeapByteBuffer[pos=0 lim=" + size + " cap=" + size + "]";
    }
    case Kind::kTimestamp: return std::to_string(as<Timestamp>(value).millis);
    case Kind::kRawJson: return as<RawJson>(value).text;
    case Kind::kStructure: return std::string(type.name);
    case Kind::kList: {
      std::string out = "[";
      for (std::size_t i = 0; i < type.size(value); ++i) {
        if (i != 0) out += ", ";
        out += printed(type.at(value, i), *type.element());
      }
      return out + "]";
    }
    case Kind::kMap: {
      struct Context {
        std::string out = "{";
        const Type* element;
      } context{.element = type.element()};
      type.each(value, &context, [](void* opaque, const std::string& key, const void* inner) {
        auto& c = *static_cast<Context*>(opaque);
        if (c.out.size() > 1) c.out += ", ";
        c.out += key + "=" + printed(inner, *c.element);
      });
      return context.out + "}";
    }
  }
  return {};
}

std::string at_least(std::string_view what, std::int64_t low) {
  return "Member must have " + std::string(what) + " greater than or equal to " +
         std::to_string(low);
}
std::string at_most(std::string_view what, std::int64_t high) {
  return "Member must have " + std::string(what) + " less than or equal to " + std::to_string(high);
}

/// Upper bound first: the order inside a bracketed constraint on elements, keys and values.
std::string both_bounds(const Rule& rule) {
  std::string text;
  if (rule.high != kNoLimit) text = at_most("length", rule.high) + ", ";
  return text + at_least("length", rule.low);
}

std::string enum_text(const Rule& rule) {
  std::string text = "Member must satisfy enum value set: [";
  for (std::size_t i = 0; i < rule.value_count; ++i) {
    if (i != 0) text += ", ";
    text += rule.values[i];
  }
  return text + "]";
}

std::string pattern_text(const Rule& rule) {
  return "Member must satisfy regular expression pattern: " + std::string(rule.text);
}

bool in_enum(const Rule& rule, std::string_view value) {
  return std::find(rule.values, rule.values + rule.value_count, value) !=
         rule.values + rule.value_count;
}

std::int64_t length_of(const void* value, const Type& type) {
  switch (type.kind) {
    case Kind::kString: return static_cast<std::int64_t>(character_count(as<std::string>(value)));
    case Kind::kBlob: return static_cast<std::int64_t>(as<Blob>(value).bytes.size());
    case Kind::kRawJson: return static_cast<std::int64_t>(character_count(as<RawJson>(value).text));
    case Kind::kList:
    case Kind::kMap: return static_cast<std::int64_t>(type.size(value));
    default: return 0;
  }
}

bool outside(const Rule& rule, std::int64_t n) { return n < rule.low || n > rule.high; }

std::string java_name(std::string_view member) {
  std::string name(member);
  if (!name.empty() && name[0] >= 'A' && name[0] <= 'Z') {
    name[0] = static_cast<char>(name[0] - 'A' + 'a');
  }
  return name;
}

class Checker {
 public:
  void structure(const void* object, const Type& type, const std::string& path);
  Status outcome() const;

 private:
  bool full() const { return violations_.size() >= kMostViolations; }
  void violate(const std::string& constraint);
  void member(const void* value, const Member& member);
  void scalar(const void* value, const Type& type, const Rules& rules);
  void elements(const void* value, const Type& type, const Rules& rules);
  void map(const void* value, const Type& type, const Rules& rules);
  void inner(const void* value, const Type& type, const std::string& path);

  std::vector<std::string> violations_;
  std::string path_;   ///< Of the member being held against its rules.
  std::string value_;  ///< " 'printed'", " null", or empty when it must not be shown.
};

void Checker::violate(const std::string& constraint) {
  if (full()) return;
  violations_.push_back("Value" + value_ + " at '" + path_ +
                        "' failed to satisfy constraint: " + constraint);
}

/// Constraints that stand in brackets because they are about what a list holds.
void Checker::elements(const void* value, const Type& type, const Rules& rules) {
  const Type& element = *type.element();
  const auto any = [&](auto&& breaks) {
    for (std::size_t i = 0; i < type.size(value); ++i) {
      if (breaks(type.at(value, i))) return true;
    }
    return false;
  };
  const auto violate_each = [&](const std::string& text) {
    violate("Member must satisfy constraint: [" + text + "]");
  };
  if (const Rule* rule = rules.find(Rule::Type::kElementLength);
      rule != nullptr &&
      any([&](const void* e) { return outside(*rule, length_of(e, element)); })) {
    violate_each(both_bounds(*rule));
  }
  if (element.kind != Kind::kString) return;
  if (const Rule* rule = rules.find(Rule::Type::kEnum);
      rule != nullptr && any([&](const void* e) { return !in_enum(*rule, as<std::string>(e)); })) {
    violate_each(enum_text(*rule) + ", Member must not be null");
  }
  if (const Rule* rule = rules.find(Rule::Type::kPattern);
      rule != nullptr && any([&](const void* e) { return !rule->matches(as<std::string>(e)); })) {
    violate_each(pattern_text(*rule) + ", Member must not be null");
  }
}

void Checker::map(const void* value, const Type& type, const Rules& rules) {
  struct Context {
    const Rule* keys;
    const Rule* values;
    const Type* element;
    bool bad_key = false;
    bool bad_value = false;
  } context{.keys = rules.find(Rule::Type::kKeyLength),
            .values = rules.find(Rule::Type::kValueLength),
            .element = type.element()};
  type.each(value, &context, [](void* opaque, const std::string& key, const void* held) {
    auto& c = *static_cast<Context*>(opaque);
    if (c.keys != nullptr) {
      c.bad_key |= outside(*c.keys, static_cast<std::int64_t>(character_count(key)));
    }
    if (c.values != nullptr) c.bad_value |= outside(*c.values, length_of(held, *c.element));
  });
  if (context.bad_key) {
    violate("Map keys must satisfy constraint: [" + both_bounds(*context.keys) + "]");
  }
  if (context.bad_value) {
    violate("Map value must satisfy constraint: [" + both_bounds(*context.values) + "]");
  }
}

void Checker::scalar(const void* value, const Type& type, const Rules& rules) {
  if (type.kind == Kind::kString) {
    const std::string& text = as<std::string>(value);
    if (const Rule* rule = rules.find(Rule::Type::kEnum);
        rule != nullptr && !in_enum(*rule, text)) {
      violate(enum_text(*rule));
    }
    if (const Rule* rule = rules.find(Rule::Type::kPattern);
        rule != nullptr && !rule->matches(text)) {
      violate(pattern_text(*rule));
    }
  }
  if (const Rule* rule = rules.find(Rule::Type::kLength)) {
    const std::int64_t length = length_of(value, type);
    if (length < rule->low) violate(at_least("length", rule->low));
    if (length > rule->high) violate(at_most("length", rule->high));
  }
  if (const Rule* rule = rules.find(Rule::Type::kRange)) {
    std::int64_t number = 0;
    if (type.kind == Kind::kInteger) number = as<std::int32_t>(value);
    if (type.kind == Kind::kLong) number = as<std::int64_t>(value);
    if (type.kind == Kind::kDouble) number = static_cast<std::int64_t>(as<double>(value));
    if (number < rule->low) violate(at_least("value", rule->low));
    if (number > rule->high) violate(at_most("value", rule->high));
  }
}

void Checker::member(const void* value, const Member& member) {
  const Type& type = *member.type();
  if (value == nullptr) {
    value_ = " null";
    if (member.rules.has(Rule::Type::kRequired)) violate("Member must not be null");
    return;
  }
  // Structures have no form that could be reproduced: their Java hash code would be in it. An
  // empty list has nothing to keep silent about.
  const bool structures = type.kind == Kind::kList && type.element()->kind == Kind::kStructure;
  const bool silent = structures ? type.size(value) > 0 : member.rules.has(Rule::Type::kSensitive);
  const std::size_t before = violations_.size();
  value_.clear();
  scalar(value, type, member.rules);
  if (type.kind == Kind::kList) elements(value, type, member.rules);
  if (type.kind == Kind::kMap) map(value, type, member.rules);
  if (silent || violations_.size() == before) return;
  // Printed only now: a valid value of ten megabytes is not worth a copy.
  const std::string shown = "Value '" + printed(value, type) + "'";
  for (std::size_t i = before; i < violations_.size(); ++i) violations_[i].replace(0, 5, shown);
}

void Checker::inner(const void* value, const Type& type, const std::string& path) {
  switch (type.kind) {
    case Kind::kStructure: structure(value, type, path); return;
    case Kind::kList: {
      const Kind kind = type.element()->kind;
      if (kind != Kind::kStructure && kind != Kind::kList && kind != Kind::kMap) return;
      for (std::size_t i = 0; i < type.size(value) && !full(); ++i) {
        inner(type.at(value, i), *type.element(), path + "." + std::to_string(i + 1) + ".member");
      }
      return;
    }
    case Kind::kMap: {
      const Kind kind = type.element()->kind;
      if (kind != Kind::kStructure && kind != Kind::kList && kind != Kind::kMap) return;
      struct Context {
        Checker* checker;
        const Type* element;
        const std::string* path;
      } context{this, type.element(), &path};
      type.each(value, &context, [](void* opaque, const std::string& key, const void* held) {
        const auto& c = *static_cast<Context*>(opaque);
        c.checker->inner(held, *c.element, *c.path + "." + key + ".member");
      });
      return;
    }
    default: return;
  }
}

void Checker::structure(const void* object, const Type& type, const std::string& path) {
  for (const Member& each : type.members()) {
    if (full()) return;
    const void* value = each.get(object);
    const std::string here =
        path.empty() ? java_name(each.name) : path + "." + java_name(each.name);
    path_ = here;
    member(value, each);
    if (value != nullptr) inner(value, *each.type(), here);
  }
}

Status Checker::outcome() const {
  if (violations_.empty()) return ok();
  std::string message = std::to_string(violations_.size());
  message +=
      violations_.size() == 1 ? " validation error detected: " : " validation errors detected: ";
  for (std::size_t i = 0; i < violations_.size(); ++i) {
    if (i != 0) message += "; ";
    message += violations_[i];
  }
  return Error{ShapeErrc::kValidation, std::move(message)};
}

}  // namespace

std::size_t character_count(std::string_view utf8) {
  std::size_t count = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    count += (byte & 0xC0) != 0x80;  // not a continuation byte
    count += byte >= 0xF0;           // beyond U+FFFF: a surrogate pair
  }
  return count;
}

Status check(const void* object, const Type& type) {
  Checker checker;
  checker.structure(object, type, {});
  return checker.outcome();
}

}  // namespace penstock::shape
