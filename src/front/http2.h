#pragma once

#include "base/task.h"
#include "front/connection.h"
#include "front/http2_output.h"
#include "front/http2_session.h"
#include "front/listener.h"

#include <boost/asio/buffer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace penstock::front {

/// HTTP/2 on one connection: reads and writes for its session, and runs the handler of each stream
/// by itself. Replies that are ready in one turn of the loop go out in one send.
class Http2 final : Http2Session::Owner, Multiplexed {
 public:
  Http2(Listener& listener, std::shared_ptr<Connection> connection);
  /// Until the connection has ended and every handler, too.
  Task<> serve();

 private:
  Task<> read();
  Task<std::string_view> read_some();
  boost::asio::mutable_buffer spare();
  Task<bool> take(std::string_view bytes);
  Task<> write();
  Task<bool> send();
  Task<> handle(std::shared_ptr<Http2Stream> stream);
  Task<> send_pieces(std::shared_ptr<Http2Stream> stream, std::unique_ptr<BodyStream> pieces);
  Task<> find_room(std::shared_ptr<Http2Stream> stream, std::size_t total);
  void wake();
  void linger();
  void begin_end();
  void note_idle();
  void reset_those(const std::function<bool(const Http2Stream&)>& is_meant);

  // Http2Session::Owner
  std::shared_ptr<Http2Stream> make_stream(std::int32_t id) override;
  bool has_reserved(ConnectionBuffer& body, std::size_t total) override;
  bool fits_ever(std::size_t total) const override;
  bool has_charged_head(Http2Stream& stream) override;
  void wait_for_room(std::shared_ptr<Http2Stream> stream, std::size_t total) override;
  void serve(std::shared_ptr<Http2Stream> stream) override;
  std::string_view date() override;

  // Multiplexed
  void look_at_time(SteadyTime now) override;
  void drop_stalled(SteadyTime now, Nanos span) override;
  bool waits_only_for_peer() const override;
  void end_idle() override { begin_end(); }

  Listener& listener_;
  const std::shared_ptr<Connection> connection_;
  Http2Session session_;
  Http2Output output_;
  Scope scope_;  ///< The writer, handlers, those that wait for memory.
  Budget::Share charge_;
  std::unique_ptr<char[]> spare_;  ///< To read into when there is no buffer to be had.
  bool reads_much_ = false;        ///< The last read was full.
  bool is_deaf_ = false;           ///< What still comes is thrown away.
  bool has_no_memory_ = false;     ///< A request has waited for it in vain.
  env::Loop::TimerId linger_ = 0;
  Gate writer_;
  bool writer_waits_ = false;
  bool is_blocked_ = false;  ///< The socket is full.
  SteadyTime blocked_since_;
  bool has_ended_ = false;
  std::size_t handled_ = 0;
  std::uint64_t seen_reply_bytes_ = 0;
  SteadyTime replies_since_;  ///< Since then no look has found that bytes of replies went.
};

}  // namespace penstock::front
