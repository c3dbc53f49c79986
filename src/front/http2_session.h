#pragma once

#include "front/http2_output.h"
#include "front/http2_stream.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>

struct nghttp2_session;

namespace penstock::front {

/// HTTP/2 of one connection: bytes in, requests out; replies in, bytes out. nghttp2 does the work.
/// Does no I/O and knows no time, so that it can be fuzzed whole.
///
/// Memory: a stream's window is what its peer may send of a body, and it is opened when the room
/// for that is reserved. 64 KiB are granted unasked (they find room at once, or reading stops until
/// they do); more, when some of it has come and its room could be had.
class Http2Session {
 public:
  /// Requests of a connection at once. AWS's front end gives 128; this is enough for a client that
  /// subscribes to a thousand shards.
  static constexpr std::size_t kStreamsMax = 1'000;

  /// Who runs it. Called from receive() only.
  class Owner {
   public:
    virtual ~Owner() = default;
    /// For a request that begins. Null: not now; the client is told that it may try again.
    virtual std::shared_ptr<Http2Stream> make_stream(std::int32_t id) = 0;
    /// Room for `total` bytes of a body, when it is there at once.
    virtual bool has_reserved(ConnectionBuffer& body, std::size_t total) = 0;
    virtual bool fits_ever(std::size_t total) const = 0;
    /// Whether there is room for the head that has come.
    virtual bool has_charged_head(Http2Stream&) { return true; }
    /// It was not: grant() or an answer follows when it is, or is not to be had.
    virtual void wait_for_room(std::shared_ptr<Http2Stream> stream, std::size_t total) = 0;
    /// A request has come whole.
    virtual void serve(std::shared_ptr<Http2Stream> stream) = 0;
    /// A reply of our own, 431 and the like.
    virtual std::string_view date() = 0;
  };
  struct Limits {
    std::size_t head_bytes_max;
    const std::function<std::size_t(const RequestHead&)>& body_bytes_max;
  };

  Http2Session(Owner& owner, Limits limits);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  /// Takes what has come, from the client's preface on. Fewer bytes than there were: paused() is
  /// not null. False: the connection is to end, when what it says is sent.
  bool receive(std::string_view bytes, std::size_t& consumed);
  /// Whose bytes, the last ones consumed, found no room. Until resume(), and then they are kept or,
  /// without room, the stream is answered with 503.
  Http2Stream* paused() const { return paused_.get(); }
  std::size_t paused_total() const;
  void resume(bool has_room);

  /// The window of a stream opens: room for `total` bytes of its body is reserved.
  void grant(Http2Stream& stream, std::size_t total);
  /// Answers a request that is not read to its end.
  void refuse(Http2Stream& stream, int status);
  /// The reply goes out; `in_pieces`: with a body behind it, given by give().
  void answer(Http2Stream& stream, Reply reply, bool in_pieces, std::string_view date);
  /// The next piece of a reply; when the last one is taken. Empty: its end.
  void give(Http2Stream& stream, std::string piece);
  void reset(Http2Stream& stream, std::uint32_t error_code);

  /// Puts what is to be sent now into `output`, until it is full.
  bool fill(Http2Output& output);
  /// No new requests; those that have come are answered.
  void begin_end();
  /// Nothing more is to be read or sent.
  bool is_over() const;

  using Streams = std::unordered_map<std::int32_t, std::shared_ptr<Http2Stream>>;
  const Streams& streams() const { return streams_; }
  /// Begins to count anew what a client sends without need.
  void forgive() { idle_frames_ = 0; }
  /// Bytes of replies sent so far.
  std::uint64_t reply_bytes() const { return reply_bytes_; }
  /// Whether the peer wants more of this reply, as far as the stream itself goes.
  bool is_wanted(const Http2Stream& stream) const;

 private:
  struct Callbacks;
  Http2Stream* find(std::int32_t id) const;
  bool count_idle_frame();
  int take_head(Http2Stream& stream, bool is_end);
  int take_body(Http2Stream& stream, std::string_view bytes);
  void keep(Http2Stream& stream, std::string_view bytes);
  void take_end(Http2Stream& stream);

  Owner& owner_;
  const Limits limits_;
  nghttp2_session* session_ = nullptr;
  Http2Output* output_ = nullptr;  ///< While fill() runs.
  Streams streams_;
  std::shared_ptr<Http2Stream> paused_;
  std::string_view paused_bytes_;
  std::size_t idle_frames_ = 0;
  std::uint64_t reply_bytes_ = 0;
  bool is_ending_ = false;
};

}  // namespace penstock::front
