#include "mapping/filter.h"

#include "mapping/errors.h"
#include "mapping/filter_rule.h"
#include "shape/document.h"
#include "shape/json_text.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace penstock::mapping {
namespace {

using shape::Document;
using Kind = Document::Kind;

/// As many patterns as Lambda's quota can be raised to.
constexpr std::size_t kPatternsMax = 10;

struct PatternField;

/// An object of a pattern: every field must match, and of each `$or` one alternative.
struct PatternObject {
  std::vector<PatternField> fields;
  std::vector<std::vector<PatternObject>> choices;
};

/// A field is an object, or a leaf: one of its rules must match.
struct PatternField {
  std::string name;
  bool is_leaf = false;
  std::vector<FilterRule> rules;
  PatternObject object;
};

bool compile_object(const Document& from, PatternObject& out);

bool compile_leaf(const Document& from, std::vector<FilterRule>& out) {
  if (!from.is(Kind::kList) || from.items.empty()) return false;
  for (const Document& entry : from.items) {
    std::optional<FilterRule> rule = compile_rule(entry);
    if (!rule) return false;
    out.push_back(std::move(*rule));
  }
  return true;
}

/// "$or" is an ordinary field's name unless it holds at least two objects of fields.
bool is_choice(std::string_view name, const Document& value) {
  return name == "$or" && value.is(Kind::kList) && value.items.size() >= 2 &&
         std::all_of(value.items.begin(), value.items.end(), [](const Document& item) {
           return item.is(Kind::kObject) &&
                  std::none_of(item.names.begin(), item.names.end(), is_rule_name);
         });
}

bool compile_choice(const Document& from, std::vector<PatternObject>& out) {
  return std::all_of(from.items.begin(), from.items.end(), [&](const Document& alternative) {
    return compile_object(alternative, out.emplace_back());
  });
}

bool compile_object(const Document& from, PatternObject& out) {
  if (!from.is(Kind::kObject) || from.items.empty()) return false;
  for (std::size_t i = 0; i < from.items.size(); ++i) {
    const Document& value = from.items[i];
    if (from.find(from.names[i]) != &value) continue;  // of a repeated key the last one counts
    if (is_choice(from.names[i], value)) {
      if (!compile_choice(value, out.choices.emplace_back())) return false;
      continue;
    }
    PatternField& field = out.fields.emplace_back();
    field.name = from.names[i];
    field.is_leaf = value.is(Kind::kList);
    if (!(field.is_leaf ? compile_leaf(value, field.rules) : compile_object(value, field.object))) {
      return false;
    }
  }
  return true;
}

/// Whether any value of `value`, lists opened, matches a rule. `found` becomes true when there is
/// one.
bool any_value_matches(const std::vector<FilterRule>& rules, const Document& value, bool& found) {
  if (value.is(Kind::kObject)) return false;
  if (value.is(Kind::kList)) {
    return std::any_of(value.items.begin(), value.items.end(),
                       [&](const Document& item) { return any_value_matches(rules, item, found); });
  }
  found = true;
  return std::any_of(rules.begin(), rules.end(),
                     [&](const FilterRule& rule) { return rule.matches(value); });
}

bool leaf_matches(const std::vector<FilterRule>& rules, const Document* value) {
  bool found = false;
  if (value != nullptr && any_value_matches(rules, *value, found)) return true;
  return !found && std::any_of(rules.begin(), rules.end(), [](const FilterRule& rule) {
    return rule.op == FilterRule::Op::kAbsent;
  });
}

bool holds_object(const Document& list) {
  return std::any_of(list.items.begin(), list.items.end(), [](const Document& item) {
    return item.is(Kind::kObject) || (item.is(Kind::kList) && holds_object(item));
  });
}

bool fields_match(const PatternObject& pattern, const Document* value);

/// `value` is nullptr where the record has nothing. An object in a list must match by itself.
bool object_matches(const PatternObject& pattern, const Document* value) {
  if (value != nullptr && value->is(Kind::kList) && holds_object(*value)) {
    return std::any_of(value->items.begin(), value->items.end(), [&](const Document& item) {
      return (item.is(Kind::kObject) || item.is(Kind::kList)) && object_matches(pattern, &item);
    });
  }
  return fields_match(pattern, value != nullptr && value->is(Kind::kObject) ? value : nullptr);
}

bool fields_match(const PatternObject& pattern, const Document* value) {
  for (const PatternField& field : pattern.fields) {
    const Document* inner = value == nullptr ? nullptr : value->find(field.name);
    if (!(field.is_leaf ? leaf_matches(field.rules, inner) : object_matches(field.object, inner))) {
      return false;
    }
  }
  return std::all_of(pattern.choices.begin(), pattern.choices.end(), [&](const auto& choice) {
    return std::any_of(choice.begin(), choice.end(), [&](const PatternObject& alternative) {
      return fields_match(alternative, value);
    });
  });
}

/// What a pattern names, so that nothing else of a record is kept.
void note_wanted(const PatternObject& pattern, shape::Wanted& wanted) {
  for (const PatternField& field : pattern.fields) {
    shape::Wanted& inner = wanted.members[field.name];
    if (!field.is_leaf) note_wanted(field.object, inner);
  }
  for (const auto& choice : pattern.choices) {
    for (const PatternObject& alternative : choice) note_wanted(alternative, wanted);
  }
}

/// The top of a pattern. Data that is no JSON matches no rule about it, not even an absence.
bool record_matches(const PatternObject& pattern, const Document& record) {
  const auto data_matches = [&](const PatternField& field) {
    const Document* data = record.find("data");
    if (data == nullptr) return false;
    return field.is_leaf ? leaf_matches(field.rules, data)
                         : data->is(Kind::kObject) && fields_match(field.object, data);
  };
  for (const PatternField& field : pattern.fields) {
    const Document* value = record.find(field.name);
    if (!(field.name == "data" ? data_matches(field)
          : field.is_leaf      ? leaf_matches(field.rules, value)
                               : object_matches(field.object, value))) {
      return false;
    }
  }
  return std::all_of(pattern.choices.begin(), pattern.choices.end(), [&](const auto& choice) {
    return std::any_of(choice.begin(), choice.end(), [&](const PatternObject& alternative) {
      return record_matches(alternative, record);
    });
  });
}

void add_text(Document& record, std::string_view name, std::string text) {
  record.names.emplace_back(name);
  record.items.push_back({.kind = Kind::kString, .text = std::move(text)});
}

void add_metadata(const Item& item, const EventContext& context, Document& record) {
  const std::string number = item.number.to_string();
  add_text(record, "kinesisSchemaVersion", "1.0");
  add_text(record, "partitionKey", std::string(item.key));
  add_text(record, "sequenceNumber", number);
  add_text(record, "eventSource", "aws:kinesis");
  add_text(record, "eventVersion", "1.0");
  add_text(record, "eventID", context.shard_id + ":" + number);
  add_text(record, "eventName", "aws:kinesis:record");
  add_text(record, "invokeIdentityArn", context.role_arn);
  add_text(record, "awsRegion", context.region);
  add_text(record, "eventSourceARN", context.source_arn);
  std::string arrival;
  shape::append_json_seconds(arrival, unix_millis(item.arrival));
  record.names.emplace_back("approximateArrivalTimestamp");
  shape::number_of(arrival, record.items.emplace_back());
}

Error invalid_pattern() {
  return {MappingErrc::kInvalidParameter, "Invalid filter pattern definition."};
}

}  // namespace

struct FilterSet::Compiled {
  std::vector<PatternObject> patterns;
  std::optional<shape::Wanted> data;  ///< Of a record's data, when a pattern names any.
  bool has_metadata = false;          ///< A pattern names something beside it.
};

FilterSet::FilterSet() = default;
FilterSet::~FilterSet() = default;
FilterSet::FilterSet(FilterSet&&) noexcept = default;
FilterSet& FilterSet::operator=(FilterSet&&) noexcept = default;

Result<FilterSet> FilterSet::compile(std::span<const std::string> patterns) {
  if (patterns.empty()) return FilterSet();
  if (patterns.size() > kPatternsMax) {
    return Error{MappingErrc::kInvalidParameter,
                 "FilterCriteria may hold at most " + std::to_string(kPatternsMax) + " filters."};
  }
  auto compiled = std::make_unique<Compiled>();
  shape::Wanted wanted;
  for (const std::string& text : patterns) {
    const Result<Document> pattern = shape::parse_json(text);
    if (!pattern.ok() || !compile_object(*pattern, compiled->patterns.emplace_back())) {
      return invalid_pattern();
    }
    note_wanted(compiled->patterns.back(), wanted);
  }
  if (auto data = wanted.members.extract("data")) compiled->data = std::move(data.mapped());
  compiled->has_metadata = !wanted.members.empty();
  FilterSet set;
  set.compiled_ = std::move(compiled);
  return set;
}

bool FilterSet::empty() const { return compiled_ == nullptr; }

bool FilterSet::matches(const Item& record, const EventContext& context) const {
  if (empty()) return true;
  Document object{.kind = Kind::kObject};
  if (compiled_->data) {
    if (Result<Document> data = shape::parse_json(record.data, *compiled_->data, shape::kValuesMax);
        data.ok()) {
      object.names.emplace_back("data");
      object.items.push_back(std::move(data).value());
    }
  }
  if (compiled_->has_metadata) add_metadata(record, context, object);
  return std::any_of(compiled_->patterns.begin(), compiled_->patterns.end(),
                     [&](const PatternObject& pattern) { return record_matches(pattern, object); });
}

}  // namespace penstock::mapping
