#include "fuzz/put_body.h"
#include "shape/cbor_text.h"

namespace penstock::api::kinesis::fuzz {
namespace {

struct Cbor {
  using Text = shape::CborText;
  static constexpr bool kIsCbor = true;
  static std::optional<PutBody> read_batch(std::string_view body, char*) {
    return read_put_records_cbor(body);
  }
  static std::optional<PutBody> read_single(std::string_view body, char*) {
    return read_put_record_cbor(body);
  }
  static bool is_usual(const ReadBody&) { return true; }
};

}  // namespace
}  // namespace penstock::api::kinesis::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock::api::kinesis::fuzz;
  check_input<Cbor>({reinterpret_cast<const char*>(data), size});
  return 0;
}
