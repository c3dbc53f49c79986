#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// How an operation is declared: a plain struct and, beside it, a table of plain records. The
/// walkers (read.h, write.h, check.h) are ordinary functions over these records.
///
///   struct GetRecordsRequest {
///     std::optional<std::int64_t> limit;
///     std::optional<std::string> shard_iterator;
///     static constexpr auto shape() {
///       using Self = GetRecordsRequest;
///       return std::array{
///           member<&Self::limit>("Limit", {range(1, 10'000)}, "Most records in the reply."),
///           member<&Self::shard_iterator>("ShardIterator", {required, length(1, 512)}, "..."),
///       };
///     }
///   };
///
/// Members stand in the order in which the service reports violations.
namespace penstock::shape {

/// Raw bytes: base64 in JSON, a byte string in CBOR.
struct Blob {
  std::string bytes;
  bool operator==(const Blob&) const = default;
};

/// Epoch milliseconds: seconds with a fraction in JSON, tag 1 + integer milliseconds in CBOR.
struct Timestamp {
  std::int64_t millis = 0;
  bool operator==(const Timestamp&) const = default;
};

/// Any JSON value, kept as its compact JSON text (RedrivePolicy, filter patterns, context).
struct RawJson {
  std::string text;
  bool operator==(const RawJson&) const = default;
};

enum class Kind : std::uint8_t {
  kBoolean,
  kInteger,
  kLong,
  kDouble,
  kString,
  kBlob,
  kTimestamp,
  kRawJson,
  kStructure,
  kList,
  kMap,
};

/// One constraint, with the text the service prints beside the predicate that decides.
struct Rule {
  enum class Type : std::uint8_t {
    kNone,
    kRequired,
    kRange,
    kLength,
    kPattern,
    kEnum,
    kElementLength,
    kKeyLength,
    kValueLength,
    kInPath,
    kInQuery,
    kInHeader,
    kPayload,
    kStatus,
    kSensitive,
  };
  Type type = Type::kNone;
  std::int64_t low = 0;
  std::int64_t high = 0;    ///< INT64_MAX: no upper bound.
  std::string_view text{};  ///< Pattern as printed; wire name of a path, query or header member.
  bool (*matches)(std::string_view) = nullptr;
  const std::string_view* values = nullptr;  ///< Enum values in the order the service prints them.
  std::size_t value_count = 0;
};

inline constexpr std::int64_t kNoLimit = INT64_MAX;
inline constexpr Rule required{.type = Rule::Type::kRequired};
/// The value is not printed in violations ("Value at 'x' failed ...").
inline constexpr Rule sensitive{.type = Rule::Type::kSensitive};
/// The member is the whole body (a blob as it is, a structure as JSON).
inline constexpr Rule is_payload{.type = Rule::Type::kPayload};
/// An integer member of a response that becomes the HTTP status.
inline constexpr Rule is_status{.type = Rule::Type::kStatus};
constexpr Rule range(std::int64_t low, std::int64_t high) {
  return {.type = Rule::Type::kRange, .low = low, .high = high};
}
/// Characters of a string, bytes of a blob, elements of a list or map.
constexpr Rule length(std::int64_t low, std::int64_t high) {
  return {.type = Rule::Type::kLength, .low = low, .high = high};
}
constexpr Rule element_length(std::int64_t low, std::int64_t high) {
  return {.type = Rule::Type::kElementLength, .low = low, .high = high};
}
constexpr Rule key_length(std::int64_t low, std::int64_t high) {
  return {.type = Rule::Type::kKeyLength, .low = low, .high = high};
}
constexpr Rule value_length(std::int64_t low, std::int64_t high) {
  return {.type = Rule::Type::kValueLength, .low = low, .high = high};
}
constexpr Rule pattern(std::string_view text, bool (*matches)(std::string_view)) {
  return {.type = Rule::Type::kPattern, .text = text, .matches = matches};
}
template <std::size_t N>
constexpr Rule one_of(const std::array<std::string_view, N>& values) {
  return {.type = Rule::Type::kEnum, .values = values.data(), .value_count = N};
}
constexpr Rule in_path(std::string_view label) {
  return {.type = Rule::Type::kInPath, .text = label};
}
constexpr Rule in_query(std::string_view name) {
  return {.type = Rule::Type::kInQuery, .text = name};
}
constexpr Rule in_header(std::string_view name) {
  return {.type = Rule::Type::kInHeader, .text = name};
}

/// At most six rules, kept in the member's record.
class Rules {
 public:
  constexpr Rules() = default;
  constexpr Rules(std::initializer_list<Rule> rules) {
    for (const Rule& rule : rules) rules_[count_++] = rule;
  }
  constexpr const Rule* begin() const { return rules_.data(); }
  constexpr const Rule* end() const { return rules_.data() + count_; }
  constexpr const Rule* find(Rule::Type type) const {
    for (const Rule& rule : *this) {
      if (rule.type == type) return &rule;
    }
    return nullptr;
  }
  constexpr bool has(Rule::Type type) const { return find(type) != nullptr; }

 private:
  std::array<Rule, 6> rules_{};
  std::size_t count_ = 0;
};

struct Member;

/// What the walkers know of a C++ type, erased. Objects are passed as void*.
struct Type {
  Kind kind;
  std::span<const Member> (*members)() = nullptr;  ///< structure
  std::string_view name{};                         ///< structure: its name in the service model
  const Type* (*element)() = nullptr;              ///< list element or map value
  std::size_t (*size)(const void*) = nullptr;      ///< list, map
  const void* (*at)(const void*, std::size_t) = nullptr;  ///< list element by index
  void* (*append)(void*) = nullptr;                       ///< list: a new element at the end
  void (*each)(const void*, void* context,                ///< map, in key order
               void (*visit)(void* context, const std::string& key, const void* value)) = nullptr;
  void* (*put)(void*, std::string_view key) = nullptr;  ///< map: the (new) value at key
};

/// One member of a structure.
struct Member {
  std::string_view name;
  Rules rules;
  std::string_view doc;
  const Type* (*type)();
  bool optional;                    ///< A std::optional in C++: may be absent.
  const void* (*get)(const void*);  ///< nullptr when absent.
  void* (*set)(void*);              ///< Makes it present and gives its place.
};

template <class T>
struct TypeOf;

template <class T>
const Type* type_of() {
  return &TypeOf<T>::type;
}

template <Kind K>
struct ScalarType {
  static constexpr Type type{.kind = K};
};
template <>
struct TypeOf<bool> : ScalarType<Kind::kBoolean> {};
template <>
struct TypeOf<std::int32_t> : ScalarType<Kind::kInteger> {};
template <>
struct TypeOf<std::int64_t> : ScalarType<Kind::kLong> {};
template <>
struct TypeOf<double> : ScalarType<Kind::kDouble> {};
template <>
struct TypeOf<std::string> : ScalarType<Kind::kString> {};
template <>
struct TypeOf<Blob> : ScalarType<Kind::kBlob> {};
template <>
struct TypeOf<Timestamp> : ScalarType<Kind::kTimestamp> {};
template <>
struct TypeOf<RawJson> : ScalarType<Kind::kRawJson> {};

template <class T>
struct TypeOf<std::vector<T>> {
  static_assert(!std::is_same_v<T, bool>, "vector<bool> has no addressable elements");
  static constexpr Type type{
      .kind = Kind::kList,
      .element = [] { return type_of<T>(); },
      .size = [](const void* list) { return static_cast<const std::vector<T>*>(list)->size(); },
      .at = [](const void* list, std::size_t i) -> const void* {
        return &(*static_cast<const std::vector<T>*>(list))[i];
      },
      .append = [](void* list) -> void* {
        return &static_cast<std::vector<T>*>(list)->emplace_back();
      },
  };
};

template <class T>
struct TypeOf<std::map<std::string, T>> {
  using Map = std::map<std::string, T>;
  static constexpr Type type{
      .kind = Kind::kMap,
      .element = [] { return type_of<T>(); },
      .size = [](const void* map) { return static_cast<const Map*>(map)->size(); },
      .each =
          [](const void* map, void* context,
             void (*visit)(void*, const std::string&, const void*)) {
            for (const auto& [key, value] : *static_cast<const Map*>(map)) {
              visit(context, key, &value);
            }
          },
      .put = [](void* map, std::string_view key) -> void* {
        return &(*static_cast<Map*>(map))[std::string(key)];
      },
  };
};

/// A structure has a `shape()`; an optional `kShapeName` gives its name in the service model.
template <class T>
concept Structure = requires { T::shape(); };

template <Structure T>
struct TypeOf<T> {
  static constexpr auto table = T::shape();
  static constexpr std::string_view name = [] {
    if constexpr (requires { T::kShapeName; }) {
      return std::string_view{T::kShapeName};
    } else {
      return std::string_view{};
    }
  }();
  static constexpr Type type{
      .kind = Kind::kStructure,
      .members = [] { return std::span<const Member>(table); },
      .name = name,
  };
};

namespace detail {
template <class T>
struct MemberPointer;
template <class Owner_, class Field_>
struct MemberPointer<Field_ Owner_::*> {
  using Owner = Owner_;
  using Field = Field_;
};
template <class T>
struct Unwrapped {
  using type = T;
  static constexpr bool optional = false;
};
template <class T>
struct Unwrapped<std::optional<T>> {
  using type = T;
  static constexpr bool optional = true;
};
}  // namespace detail

template <auto Pointer>
constexpr Member member(std::string_view name, Rules rules = {}, std::string_view doc = {}) {
  using Owner = typename detail::MemberPointer<decltype(Pointer)>::Owner;
  using Field = typename detail::MemberPointer<decltype(Pointer)>::Field;
  using Value = typename detail::Unwrapped<Field>::type;
  constexpr bool kOptional = detail::Unwrapped<Field>::optional;
  return Member{
      .name = name,
      .rules = rules,
      .doc = doc,
      .type = [] { return type_of<Value>(); },
      .optional = kOptional,
      .get = [](const void* object) -> const void* {
        const auto& field = static_cast<const Owner*>(object)->*Pointer;
        if constexpr (kOptional) {
          return field.has_value() ? &*field : nullptr;
        } else {
          return &field;
        }
      },
      .set = [](void* object) -> void* {
        auto& field = static_cast<Owner*>(object)->*Pointer;
        if constexpr (kOptional) {
          return &field.emplace();
        } else {
          return &field;
        }
      },
  };
}

/// An operation: names, shapes, the errors it may answer (names in the service model), and for
/// REST services its method, path and success status.
template <class RequestT, class ResponseT>
struct Operation {
  using Request = RequestT;
  using Response = ResponseT;
  std::string_view name;
  std::span<const std::string_view> errors;
  std::string_view doc;
  std::string_view method = "POST";
  std::string_view path = "/";
  int success_status = 200;
};

/// An operation without its C++ types: for reference pages and the comparison with published
/// models.
struct OperationInfo {
  std::string_view name;
  std::span<const std::string_view> errors;
  std::string_view doc;
  std::string_view method;
  std::string_view path;
  int success_status = 200;
  const Type* request = nullptr;
  const Type* response = nullptr;
};

template <class RequestT, class ResponseT>
OperationInfo describe(const Operation<RequestT, ResponseT>& operation) {
  return {operation.name, operation.errors,         operation.doc,       operation.method,
          operation.path, operation.success_status, type_of<RequestT>(), type_of<ResponseT>()};
}

/// A response without members: zero bytes on the wire.
struct Empty {
  static constexpr std::array<Member, 0> shape() { return {}; }
};

}  // namespace penstock::shape
