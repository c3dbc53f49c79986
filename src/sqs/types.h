#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "sqs/attributes.h"
#include "sqs/message.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What api/sqs and the mappings say to queues, and hear from them.
namespace penstock::sqs {

struct NewMessage {
  std::string body;
  MessageAttributes attributes;
  MessageAttributes system;
  std::string sender_id;
  std::optional<std::int64_t> delay_seconds;  ///< 0..900; without it the queue's own.
};

struct Sent {
  std::string id;
  std::string body_md5;
  std::string attributes_md5;  ///< Empty without attributes.
  std::string system_md5;
};

struct Receive {
  std::int64_t max = 1;                            ///< 1..10
  std::optional<std::int64_t> visibility_seconds;  ///< 0..43200; without it the queue's own.
  std::optional<std::int64_t> wait_seconds;        ///< 0..20; without it the queue's own.
  /// Nobody waits for the messages any more: none are handed out, so that none is hidden in vain.
  CancelToken gone;
};

struct Received {
  Message message;
  std::string receipt_handle;
  std::uint32_t receive_count = 0;
  ServiceTime first_received;
};

struct VisibilityChange {
  std::string receipt_handle;
  std::int64_t seconds = 0;  ///< 0..43200; 0 shows the message at once.
};

/// GetQueueAttributes: settable ones as text, and what the queue counts.
struct QueueDescription {
  QueueTarget target;
  TextMap attributes;  ///< Every attribute by its name.
  TextMap tags;
};

struct QueuePage {
  std::vector<std::string> names;
  bool has_more = false;
};

struct QueueSettings {
  std::size_t in_flight_max = 120'000;  ///< Of one queue.
  Millis purge_interval{60'000};        ///< Between two purges of a queue.
};

}  // namespace penstock::sqs
