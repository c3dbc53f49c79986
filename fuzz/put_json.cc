#include "fuzz/put_body.h"
#include "shape/json_text.h"

namespace penstock::api::kinesis::fuzz {
namespace {

struct Json {
  using Text = shape::JsonText;
  static constexpr bool kIsCbor = false;
  static std::optional<PutBody> read_batch(std::string_view body, char* arena) {
    return read_put_records_json(body, arena);
  }
  static std::optional<PutBody> read_single(std::string_view body, char* arena) {
    return read_put_record_json(body, arena);
  }
  /// A key with an escape in it is the walker's.
  static bool is_usual(const ReadBody& body) {
    return std::none_of(body.entries.begin(), body.entries.end(), [](const auto& entry) {
      std::string quoted;
      shape::append_json_string(quoted, entry[0]);
      return quoted.size() != entry[0].size() + 2;
    });
  }
};

}  // namespace
}  // namespace penstock::api::kinesis::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock::api::kinesis::fuzz;
  check_input<Json>({reinterpret_cast<const char*>(data), size});
  return 0;
}
