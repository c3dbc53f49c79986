#include "api/kinesis/encryption.h"

namespace penstock::api::kinesis {
namespace {

constexpr shape::Operation<EncryptionRequest, shape::Empty> kStartStreamEncryption{
    .name = "StartStreamEncryption",
    .errors = kEncryptionErrors,
    .doc = "Records that arrive from now on are of type KMS. Their bytes are stored as they are."};

}  // namespace

shape::OperationInfo start_stream_encryption_shape() {
  return shape::describe(kStartStreamEncryption);
}

front::Operation start_stream_encryption(Parts parts) {
  return bind_encryption(parts, kStartStreamEncryption, stream::Switch::kOn);
}

}  // namespace penstock::api::kinesis
