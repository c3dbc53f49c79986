#pragma once

#include "load/closed_loop.h"
#include "load/sign.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::bench {

SignedRequest kinesis_request(std::string_view operation, std::string_view body);
SignedRequest lambda_request(std::string_view path, std::string_view body);

/// The text of a member of a JSON reply that has it once and without escapes.
std::string member_of(const Reply& reply, std::string_view name);

/// Distinct signed requests with random records, made ahead and sent in turn.
class Puts : public Work {
 public:
  std::string_view next(std::size_t line, Clock::time_point now) override;

 protected:
  std::vector<SignedRequest> requests_;

 private:
  std::size_t at_ = 0;
};

struct RecordSize {
  std::size_t key_bytes = 20;
  std::size_t data_bytes = 0;
};

class PutRecordWork final : public Puts {
 public:
  PutRecordWork(std::string_view stream, RecordSize size);
  std::size_t check(std::size_t line, const Reply& reply) override;
};

class PutRecordsWork final : public Puts {
 public:
  PutRecordsWork(std::string_view stream, RecordSize size, std::size_t records);
  std::size_t check(std::size_t line, const Reply& reply) override;

 private:
  std::size_t records_;
};

/// The same full page again and again.
class GetRecordsWork final : public Work {
 public:
  /// Asks for an iterator at the horizon of shard 0.
  GetRecordsWork(std::uint16_t port, std::string_view stream, std::size_t records);
  std::string_view next(std::size_t, Clock::time_point now) override { return request_.bytes(now); }
  std::size_t check(std::size_t line, const Reply& reply) override;

 private:
  std::size_t records_;
  SignedRequest request_;
};

/// Each connection reads a shard of its own from its horizon to its end, as consumers that catch up
/// do.
class CatchUpWork final : public Work {
 public:
  CatchUpWork(std::uint16_t port, std::string_view stream, std::size_t shards,
              std::size_t records_max);
  std::string_view next(std::size_t line, Clock::time_point now) override;
  std::size_t check(std::size_t line, const Reply& reply) override;

 private:
  std::size_t records_max_;
  std::vector<SignedRequest> requests_;  ///< Of each line.
  std::vector<bool> is_at_end_;
};

/// Invocations of a function, answered when it has run.
class InvokeWork final : public Work {
 public:
  InvokeWork(std::string_view function, std::size_t payload_bytes);
  std::string_view next(std::size_t, Clock::time_point now) override { return request_.bytes(now); }
  std::size_t check(std::size_t line, const Reply& reply) override;

 private:
  SignedRequest request_;
};

}  // namespace penstock::bench
