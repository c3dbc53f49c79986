#pragma once

#include "base/task.h"
#include "front/connection.h"
#include "front/http2_output.h"
#include "front/http2_session.h"
#include "front/listener.h"

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
  Task<bool> read_some();
  Task<bool> take(std::string_view bytes);
  Task<> write();
  Task<bool> send();
  Task<> handle(std::shared_ptr<Http2Stream> stream);
  Task<> send_pieces(std::shared_ptr<Http2Stream> stream, std::unique_ptr<BodyStream> pieces);
  Task<> find_room(std::shared_ptr<Http2Stream> stream, std::size_t total);
  void wake();
  void begin_end();
  void note_idle();
  void reset_those(const std::function<bool(const Http2Stream&)>& is_meant);

  // Http2Session::Owner
  std::shared_ptr<Http2Stream> make_stream(std::int32_t id) override;
  bool has_reserved(ConnectionBuffer& body, std::size_t total) override;
  bool fits_ever(std::size_t total) const override;
  void wait_for_room(std::shared_ptr<Http2Stream> stream, std::size_t total) override;
  void serve(std::shared_ptr<Http2Stream> stream) override;
  std::string_view date() override;

  // Multiplexed
  void look_at_time(SteadyTime now) override;
  void drop_stalled(SteadyTime now, Nanos span) override;
  void end_idle() override { begin_end(); }

  Listener& listener_;
  const std::shared_ptr<Connection> connection_;
  Http2Session session_;
  Http2Output output_;
  Scope scope_;  ///< The writer, handlers, those that wait for memory.
  const Budget::Share charge_;
  Gate writer_;
  bool writer_waits_ = false;
  bool is_blocked_ = false;  ///< The socket is full.
  SteadyTime blocked_since_;
  bool has_ended_ = false;
  std::size_t read_bytes_;  ///< Asked for at a time: more, where that came.
  std::size_t handled_ = 0;
};

}  // namespace penstock::front
