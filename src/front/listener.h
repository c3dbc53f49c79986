#pragma once

#include "env/loop.h"
#include "front/connection.h"
#include "front/http_listener.h"
#include "front/reply_writer.h"

#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <list>
#include <memory>
#include <unordered_set>

namespace penstock::front {

/// Requests from here on let others have a turn before they are handled, and before their reply.
inline constexpr std::size_t kSlowRequest = 256u << 10;

/// A request that waits for memory.
struct MemoryWait {
  std::size_t total;
  SteadyTime give_up;
  const std::function<bool()>& is_wanted;
  const std::function<bool()>& try_take;
  bool is_taken = false;
  Gate ended = {};
};

/// What all connections of an HttpListener share, on its loop: who may connect, the memory of their
/// requests, and how long each may take. The protocols (Http1, Http2) ask it for both.
struct Listener : std::enable_shared_from_this<Listener> {
  Listener(env::Loop& loop, env::Clocks& clocks, Budget& budget, HttpListener::Handler handler,
           HttpLimits limits);

  // listener.cc: connections come and go
  void start();
  Task<> accept_loop();
  Task<> admit(boost::asio::ip::tcp::socket socket);
  /// What a connection holds as long as it is open; those that are quiet make room for it. Empty:
  /// there is none.
  Task<Budget::Share> charge(std::size_t bytes);
  Task<bool> greet(Connection& connection);
  Task<> serve(std::shared_ptr<Connection> connection);
  /// Closes some of the connections that have been quiet longest, between requests or in the middle
  /// of one or of its reply; how many.
  std::size_t make_room();
  void arm_sweep();
  void sweep();
  /// False: its peer has sent something, and is not quiet.
  static bool close_unless_unread(Connection& connection, SteadyTime now);
  Task<> let_others();
  void enter(Connection& connection, Phase phase);

  // listener_memory.cc: the memory of requests
  /// Large requests leave a sixteenth of the memory to small ones.
  bool has_room_for(std::size_t total) const;
  /// Whether a request of that size has to let others go first.
  bool must_wait(std::size_t total) const;
  /// Makes room at once, when there is some and nobody else waits for it.
  bool has_reserved(ConnectionBuffer& buffer, std::size_t total) const;
  /// Until `try_take` has it: in line when it is much. False: it is to be refused, or is not
  /// wanted any more. Both are asked now and then, `is_wanted` wherever it stands.
  Task<bool> wait_for_memory(std::size_t total, std::function<bool()> is_wanted,
                             std::function<bool()> try_take);
  void arm_line();
  void look_at_line();
  /// Memory is wanted: peers that stopped in the middle of a request or reply do not keep theirs.
  void close_stalled();
  /// Then connections that only wait for a request have no buffer to receive it in.
  bool is_memory_short() const { return budget.used_bytes() > budget.limit_bytes() / 2; }

  env::Loop& loop;
  env::Clocks& clocks;
  Budget& budget;
  HttpListener::Handler handler;
  HttpLimits limits;
  std::shared_ptr<ConnectionSlots> slots;
  BufferShelf shelf;
  std::list<MemoryWait*> line;  ///< In the order in which they came.
  std::size_t large_in_line = 0;
  int looks_at_line = 0;
  boost::asio::ip::tcp::acceptor acceptor;
  Scope scope;
  std::unordered_set<std::shared_ptr<Connection>> connections;
  DateHeader date;
  bool stopping = false;
  env::Loop::TimerId sweep_timer = 0;
};

}  // namespace penstock::front
