#include "api/kinesis/encryption.h"

namespace penstock::api::kinesis {
namespace {

constexpr shape::Operation<EncryptionRequest, shape::Empty> kStopStreamEncryption{
    .name = "StopStreamEncryption",
    .errors = kEncryptionErrors,
    .doc = "Records that arrive from now on are of no type again; those of before keep theirs."};

}  // namespace

shape::OperationInfo stop_stream_encryption_shape() {
  return shape::describe(kStopStreamEncryption);
}

front::Operation stop_stream_encryption(Parts parts) {
  return bind_encryption(parts, kStopStreamEncryption, stream::Switch::kOff);
}

}  // namespace penstock::api::kinesis
