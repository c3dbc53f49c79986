#pragma once

#include "load/closed_loop.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::bench {

/// A POST with the headers an SDK sends, the signature's too (the server does not verify it).
std::string kinesis_request(std::string_view operation, std::string_view body);
std::string lambda_request(std::string_view path, std::string_view body);

/// The text of a member of a JSON reply that has it once and without escapes.
std::string member_of(const Reply& reply, std::string_view name);

/// Bodies of random records, made ahead and sent in turn, so that nothing is made while measuring.
class Puts : public Work {
 public:
  std::string_view next() override;

 protected:
  std::vector<std::string> requests_;

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
  void check(const Reply& reply) const override;
};

class PutRecordsWork final : public Puts {
 public:
  PutRecordsWork(std::string_view stream, RecordSize size, std::size_t records);
  void check(const Reply& reply) const override;

 private:
  std::size_t records_;
};

/// The same full page again and again.
class GetRecordsWork final : public Work {
 public:
  /// Asks for an iterator at the horizon of shard 0.
  GetRecordsWork(std::uint16_t port, std::string_view stream, std::size_t records);
  std::string_view next() override { return request_; }
  void check(const Reply& reply) const override;

 private:
  std::size_t records_;
  std::string request_;
};

/// Invocations of a function, answered when it has run.
class InvokeWork final : public Work {
 public:
  InvokeWork(std::string_view function, std::size_t payload_bytes);
  std::string_view next() override { return request_; }
  void check(const Reply& reply) const override;

 private:
  std::string request_;
};

}  // namespace penstock::bench
