#pragma once

#include "base/task.h"
#include "sqs/errors.h"
#include "sqs/queue.h"
#include "sqs/types.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::sqs {

/// Every queue of this server. Lives on the control loop.
///
/// Documents "queue/<account>/<region>/<name>" say which queues there are; "queue-removed/<log>" is
/// a queue whose log and marks are still to be removed, finished by open() after a crash.
/// Every operation on a queue fails with kQueueDoesNotExist when there is none.
class QueueService {
 public:
  /// Finishes removals, then reads every queue's receipts and messages. A queue that cannot be
  /// read answers with its error; the others go on.
  static Task<Result<std::unique_ptr<QueueService>>> open(QueueParts parts, QueueSettings settings);
  ~QueueService();
  /// Receives that wait end empty, and later ones do not wait: before whoever serves requests waits
  /// for those in progress. Everything else goes on.
  void end_waits();
  /// Operations have ended before; nothing may be called afterwards.
  Task<> stop();

  /// Idempotent with the same attributes.
  /// fails     kQueueNameExists, kInvalidAttributeName, kInvalidAttributeValue, kInvalidParameter,
  ///           kUnsupported (FIFO)
  Task<Status> create(QueueTarget target, TextMap attributes, TextMap tags);
  Status exists(const QueueTarget& target) const;
  /// Names in order, behind `after`, at most `max`.
  QueuePage list(const Tenant& tenant, std::string_view prefix, std::string_view after,
                 std::size_t max) const;
  Result<QueueDescription> describe(QueueTarget target);
  Task<Status> set_attributes(QueueTarget target, TextMap attributes);
  Task<Status> set_tags(QueueTarget target, TextMap add, std::vector<std::string> remove);
  Task<Status> remove(QueueTarget target);

  /// One outcome for each message; what is valid is stored together.
  /// fails     for one message: kInvalidParameter, kInvalidContents, kMissingParameter, or the
  /// engine's
  Task<Result<std::vector<Result<Sent>>>> send(QueueTarget target,
                                               std::vector<NewMessage> messages);
  /// Delivers `body` unless a message with this id was delivered before, also before a crash.
  Task<Status> send_once(QueueTarget target, std::string id, std::string body,
                         std::string sender_id);
  /// May be fewer than there are; waits for the first one when asked to. The wait is real time.
  /// fails     kInvalidParameter, kOverLimit
  Task<Result<std::vector<Received>>> receive(QueueTarget target, Receive receive);
  /// fails     for one handle: kReceiptHandleInvalid. A message that is gone is a success.
  Task<Result<std::vector<Status>>> erase(QueueTarget target,
                                          std::vector<std::string> receipt_handles);
  /// fails     for one handle: kReceiptHandleInvalid, kInvalidParameter, kMessageNotInflight
  Task<Result<std::vector<Status>>> change_visibility(QueueTarget target,
                                                      std::vector<VisibilityChange> changes);
  /// fails     kPurgeInProgress
  Task<Status> purge(QueueTarget target);

 private:
  struct Entry;
  QueueService(QueueParts parts, QueueSettings settings);
  Task<Status> load();
  Task<Status> finish_removals();
  Task<Status> finish_removal(std::string key);
  Task<> tidy();
  Result<std::shared_ptr<Queue>> find(const QueueTarget& target) const;
  std::shared_ptr<Queue> make_queue(LogId log, const QueueTarget& target,
                                    const QueueAttributes& attributes);
  Status check_redrive(const QueueTarget& target, const QueueAttributes& attributes,
                       const TextMap& set) const;
  Task<Status> store(QueueTarget target, TextMap attributes, TextMap tags);

  QueueParts parts_;
  QueueSettings settings_;
  std::map<std::string, std::unique_ptr<Entry>> queues_;  ///< By the key of the document.
  env::Signal untidy_;
  Scope scope_;
};

}  // namespace penstock::sqs
