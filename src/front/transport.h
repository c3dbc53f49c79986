#pragma once

#include "base/task.h"
#include "front/tls_stream.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <tuple>

namespace penstock::front {

/// What is to be sent, in pieces that lie where they were made.
using Pieces = std::span<const boost::asio::const_buffer>;

/// Bytes to and from one peer, as they are or in TLS. On the connection's loop; reading and writing
/// may go on at the same time, each once.
class Transport {
 public:
  /// What ended a transfer, if something did, and how many bytes were moved.
  using Moved = std::tuple<boost::system::error_code, std::size_t>;

  explicit Transport(boost::asio::ip::tcp::socket socket);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// Whether the first byte, which has come, begins TLS.
  bool begins_tls();
  /// Speaks TLS from here on. False: it did not come about.
  Task<bool> accept_tls(std::shared_ptr<const TlsContext> context);
  /// Whether the peer has chosen HTTP/2 while it did so.
  bool has_chosen_http2() const;

  /// Waits for bytes, and gives what is there.
  Task<Moved> read_some(boost::asio::mutable_buffer into);
  /// Sends what is taken at once: perhaps nothing, which is no error.
  std::size_t write_now(Pieces pieces, boost::system::error_code& error);
  /// Waits until something is taken.
  Task<Moved> write_some(Pieces pieces);

  Task<std::tuple<boost::system::error_code>> wait_readable();
  /// Calls once: when something can be read, the peer's end counted, or with an error.
  void when_readable(std::function<void(boost::system::error_code)> call);
  /// Waits of reading end with operation_aborted; those of writing, too.
  void cancel_waits();

  bool is_open() const { return socket_.is_open(); }
  void close();
  /// Tells the peer that nothing more will come.
  void end_sending();
  /// Whether reading would give the peer's end now, or bytes. Nothing is taken.
  bool has_ended();
  bool has_bytes();
  /// Whether the peer has sent what was not read yet.
  bool has_unread();
  /// Bytes in the socket that the peer's side has not taken yet; negative when it cannot be said.
  int unsent_bytes();

  std::string peer_address() const;
  /// Whether its peer is a process of this machine.
  bool is_local() const;
  boost::asio::any_io_executor executor() { return socket_.get_executor(); }

 private:
  Task<Moved> read_tls(boost::asio::mutable_buffer into);
  Task<Moved> write_tls(Pieces pieces);
  Task<std::tuple<boost::system::error_code>> wait_readable_tls();
  Task<std::tuple<boost::system::error_code>> wait_for(TlsStream::Step step);

  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<TlsStream> tls_;
};

}  // namespace penstock::front
