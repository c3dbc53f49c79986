#pragma once

#include "base/budget.h"
#include "base/task.h"
#include "base/time.h"
#include "env/loop.h"
#include "front/connection_buffer.h"
#include "front/http_parse.h"
#include "front/request.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::front {

/// One request of an HTTP/2 connection with its reply, on the connection's loop. Whether its peer
/// still waits it can be asked (Peer): until it is reset, or the connection ends.
struct Http2Stream final : Peer, std::enable_shared_from_this<Http2Stream> {
  Http2Stream(std::int32_t number, const Executor& on, BufferShelf& shelf, Budget::Share share)
      : id(number), loop(on), charge(std::move(share)), body(shelf) {}

  /// Adds a header as it comes; false: the head is larger than `head_bytes_max`.
  bool add_header(std::string_view name, std::string_view value, std::size_t head_bytes_max);
  /// Makes `parsed` of the headers; false: something that every request has is missing.
  bool end_head();
  /// And the request's head of it, which takes its headers.
  void make_request();
  /// Bytes that are kept for the head.
  std::size_t head_held_bytes() const;
  /// Nobody looks at the request any more: it holds nothing.
  void drop_request();
  void end_body() { request.body = {body.data(), body.size()}; }

  /// Bytes of the reply that the session has not taken yet.
  std::string_view unsent() const { return std::string_view(current()).substr(read_bytes); }
  const std::string& current() const { return is_in_pieces ? piece : reply.body; }
  /// The bytes given last are on their way.
  void take_taken();

  /// Whether nothing but its peer keeps it: what is missing of the request, or of the reply.
  bool waits_for_peer() const;
  /// Notes when bytes of it have come or gone since the last look.
  void look_at_progress(SteadyTime now);

  CancelToken watch(const Executor& here) override;
  /// Cancels `gone` on `there`.
  void when_closed(std::shared_ptr<CancelSource> gone, const Executor& there);
  void close();

  const std::int32_t id;
  const Executor loop;
  Budget::Share charge;
  Budget::Share head_charge;  ///< For what is more than usual.
  bool is_closed = false;

  // The request
  std::string head;  ///< Names and values, one behind the other.
  std::size_t head_bytes = 0;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> header_sizes;
  RequestHead parsed;
  Request request;
  ConnectionBuffer body;
  std::size_t body_max = 0;
  std::size_t window = 0;  ///< Bytes of a body its peer may send.
  bool is_head_too_large = false;
  bool is_complete = false;  ///< All of it has come.
  bool is_ignored = false;   ///< It is answered; what still comes of it is not kept.
  bool waits_for_memory = false;

  // The reply
  Reply reply;
  std::string piece;          ///< Of a body that is made while it is sent.
  bool is_in_pieces = false;  ///< `piece` is what is sent now, no more the reply's body.
  bool is_last = false;       ///< There is nothing behind what is sent now.
  bool is_answered = false;
  std::size_t read_bytes = 0;  ///< Of it: taken by the session,
  std::size_t lent_bytes = 0;  ///< and given to the output.
  bool is_taken = true;
  env::Signal taken;

  SteadyTime since;        ///< Its beginning, then the beginning of its reply.
  SteadyTime quiet_since;  ///< Since then no look has found that bytes of it came or went.

 private:
  std::size_t seen_bytes_ = 0;
  std::vector<std::pair<std::shared_ptr<CancelSource>, Executor>> watchers_;
};

}  // namespace penstock::front
