#pragma once

#include "api/sqs/members.h"
#include "shape/shape.h"
#include "sqs/message.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

/// Structures that several requests and replies share.
namespace penstock::api::sqs {

struct MessageAttributeValue {
  std::optional<std::string> string_value;
  std::optional<shape::Blob> binary_value;
  std::optional<std::vector<std::string>> string_list_values;
  std::optional<std::vector<shape::Blob>> binary_list_values;
  std::optional<std::string> data_type;
  static constexpr std::string_view kShapeName = "MessageAttributeValue";
  static constexpr auto shape() {
    using Self = MessageAttributeValue;
    return std::array{
        shape::member<&Self::string_value>("StringValue", {}, "For String and Number."),
        shape::member<&Self::binary_value>("BinaryValue", {}, "For Binary."),
        shape::member<&Self::string_list_values>("StringListValues", {}, "Not implemented by AWS."),
        shape::member<&Self::binary_list_values>("BinaryListValues", {}, "Not implemented by AWS."),
        shape::member<&Self::data_type>("DataType", kRequired,
                                        "String, Number or Binary, and maybe .label behind."),
    };
  }
};
using AttributeMap = std::map<std::string, MessageAttributeValue>;

/// Errors: SqsErrc::kInvalidParameter.
Result<penstock::sqs::MessageAttributes> attributes_of(const std::optional<AttributeMap>& input);
/// The same for MessageSystemAttributes: AWSTraceHeader, a String, and nothing else.
Result<penstock::sqs::MessageAttributes> system_of(const std::optional<AttributeMap>& input);
AttributeMap wire(const penstock::sqs::MessageAttributes& attributes);

struct BatchResultErrorEntry {
  std::string id;
  bool sender_fault = true;
  std::string code;
  std::optional<std::string> message;
  static constexpr std::string_view kShapeName = "BatchResultErrorEntry";
  static constexpr auto shape() {
    using Self = BatchResultErrorEntry;
    return std::array{
        shape::member<&Self::id>("Id", kRequired),
        shape::member<&Self::sender_fault>("SenderFault", kRequired),
        shape::member<&Self::code>("Code", kRequired),
        shape::member<&Self::message>("Message"),
    };
  }
};
/// The failed entry of a batch; a failure of ours is logged and told without its insides.
BatchResultErrorEntry failed_entry(const front::Request& request, std::string_view id,
                                   const Error& error);

/// An entry that succeeded and has nothing more to say.
struct BatchResultEntry {
  std::string id;
  static constexpr auto shape() {
    return std::array{shape::member<&BatchResultEntry::id>("Id", kRequired)};
  }
};

struct BatchResult {
  std::vector<BatchResultEntry> successful;
  std::vector<BatchResultErrorEntry> failed;
  static constexpr auto shape() {
    return std::array{
        shape::member<&BatchResult::successful>("Successful", kRequired),
        shape::member<&BatchResult::failed>("Failed", kRequired),
    };
  }
};
/// One outcome for each id.
BatchResult batch_result(const front::Request& request, const std::vector<std::string>& ids,
                         const std::vector<Status>& outcomes);

}  // namespace penstock::api::sqs
