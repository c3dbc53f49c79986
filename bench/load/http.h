#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// As much of an HTTP/1.1 client as a load generator needs, so that it costs less than the server.
namespace penstock::bench {

/// Says why and ends the program: a run with a wrong answer in it has no figures.
[[noreturn]] void fail(const std::string& why);

struct Reply {
  int status = 0;
  std::string_view body;  ///< Until the next read on its connection.
};

/// Bytes of one reply as they come in.
class ReplyBuffer {
 public:
  /// Room for the next read; at least a page is free.
  char* tail();
  std::size_t room() const { return bytes_.size() - size_; }
  /// Nothing until the reply is whole.
  std::optional<Reply> received(std::size_t bytes);
  /// For the next reply. The peer never sends more than it was asked for.
  void clear();

 private:
  std::vector<char> bytes_;
  std::size_t size_ = 0;
  std::size_t head_bytes_ = 0;  ///< 0: the head is not whole.
  std::size_t total_ = 0;
  int status_ = 0;
};

/// A connected TCP socket to 127.0.0.1.
int connect_to(std::uint16_t port);

/// Sends a whole request and waits for its reply, which lives in `in`.
Reply exchange(int socket, std::string_view request, ReplyBuffer& in);

/// One blocking keep-alive connection: for what is done once, and for single calls in flight.
class Connection {
 public:
  explicit Connection(std::uint16_t port) : socket_(connect_to(port)) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Reply exchange(std::string_view request) { return bench::exchange(socket_, request, in_); }

 private:
  int socket_;
  ReplyBuffer in_;
};

}  // namespace penstock::bench
