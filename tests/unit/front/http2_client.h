#pragma once

#include "unit/front/served.h"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::front::testing {

/// nghttp2's own client on a socket, that reads when a test waits for something.
class Http2Client {
 public:
  struct Answer {
    std::map<std::string, std::string> headers;
    std::string body;
    bool is_closed = false;
    std::uint32_t error = 0;
    std::string status() const {
      const auto at = headers.find(":status");
      return at == headers.end() ? "(none)" : at->second;
    }
  };
  using Headers = std::vector<std::pair<std::string, std::string>>;
  struct Options {
    bool opens_windows = true;  ///< When it has taken bytes.
    std::uint32_t stream_window = 65'535;
    std::int32_t connection_window = 65'535;
  };

  explicit Http2Client(const Served& server) : Http2Client(server, Options{}) {}
  Http2Client(const Served& server, Options options)
      : Http2Client(std::make_unique<Client>(server), options) {}
  Http2Client(std::unique_ptr<Client> wire, Options options) : wire_(std::move(wire)) {
    nghttp2_session_callbacks* set = nullptr;
    nghttp2_session_callbacks_new(&set);
    nghttp2_session_callbacks_set_send_callback(set, &send);
    nghttp2_session_callbacks_set_on_header_callback(set, &header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(set, &data);
    nghttp2_session_callbacks_set_on_stream_close_callback(set, &closed);
    nghttp2_session_callbacks_set_on_frame_recv_callback(set, &frame);
    nghttp2_option* how = nullptr;
    nghttp2_option_new(&how);
    nghttp2_option_set_no_auto_window_update(how, options.opens_windows ? 0 : 1);
    nghttp2_option_set_max_send_header_block_length(how, 16u << 20);
    nghttp2_option_set_peer_max_concurrent_streams(how, 100'000);
    nghttp2_session_client_new2(&session_, set, this, how);
    nghttp2_option_del(how);
    nghttp2_session_callbacks_del(set);
    const nghttp2_settings_entry window{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                                        options.stream_window};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &window, 1);
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                          options.connection_window);
    flush();
  }
  ~Http2Client() { nghttp2_session_del(session_); }
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  /// Sends a request; its number. With a body: `tells_length` says how long it is.
  std::int32_t request(const Headers& headers, std::string body = {}, bool is_whole = true) {
    std::vector<nghttp2_nv> all;
    for (const auto& [name, value] : headers) all.push_back(header_of(name, value));
    bodies_.push_back({std::move(body), 0, is_whole});
    nghttp2_data_provider from{{.ptr = &bodies_.back()}, &read_body};
    const bool has_body = !bodies_.back().bytes.empty() || !is_whole;
    const std::int32_t id = nghttp2_submit_request(session_, nullptr, all.data(), all.size(),
                                                   has_body ? &from : nullptr, nullptr);
    flush();
    return id;
  }
  std::int32_t get(const std::string& path) { return request(head_of("GET", path)); }
  std::int32_t post(const std::string& path, std::string body) {
    Headers head = head_of("POST", path);
    head.emplace_back("content-length", std::to_string(body.size()));
    return request(head, std::move(body));
  }
  static Headers head_of(const std::string& method, const std::string& path) {
    return {{":method", method}, {":scheme", "http"}, {":path", path}, {":authority", "x"}};
  }

  Answer& await(std::int32_t id) {
    Answer& answer = answers_[id];
    await_that([&answer] { return answer.is_closed; });
    return answer;
  }
  std::string body(std::int32_t id) { return await(id).body; }
  /// What has come of it.
  const Answer& so_far(std::int32_t id) { return answers_[id]; }
  Answer& await_bytes(std::int32_t id, std::size_t bytes) {
    Answer& answer = answers_[id];
    await_that([&answer, bytes] { return answer.body.size() >= bytes; });
    return answer;
  }
  /// Takes what comes until it is so, or the connection ends.
  void await_that(const std::function<bool()>& is_so) {
    flush();
    while (!is_so() && read_once()) {
    }
  }
  bool read_once() {
    const std::string bytes = wire_->some();
    if (bytes.empty()) return !(has_ended_ = true);
    nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                             bytes.size());
    flush();
    return true;
  }
  void await_end() {
    await_that([] { return false; });
    EXPECT_TRUE(has_ended_);
  }
  void reset(std::int32_t id) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    flush();
  }
  void ping() {
    nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
    flush();
  }
  /// Goes on sending what the server's windows allow, until it is so.
  void send_until(const std::function<bool()>& is_so) {
    while (!is_so() && !has_ended_) {
      const int seen = pings_;
      ping();
      await_that([this, seen] { return pings_ > seen; });
    }
  }
  /// Lets the server send so much more of it, and of everything.
  void open_window(std::int32_t id, std::int32_t bytes) {
    nghttp2_submit_window_update(session_, NGHTTP2_FLAG_NONE, id, bytes);
    open_window(bytes);
  }
  /// Of everything only.
  void open_window(std::int32_t bytes) {
    nghttp2_submit_window_update(session_, NGHTTP2_FLAG_NONE, 0, bytes);
    flush();
  }
  void send_raw(std::string_view bytes) { wire_->send(bytes); }
  void send_in_single_bytes() { in_single_bytes_ = true; }
  /// What `ask` asks for goes out in one piece.
  void send_together(const std::function<void()>& ask) {
    is_held_ = true;
    ask();
    is_held_ = false;
    flush();
  }
  int goaways() const { return goaways_; }
  int pings() const { return pings_; }

 private:
  struct Body {
    std::string bytes;
    std::size_t sent = 0;
    bool is_whole = true;  ///< Or more never comes.
  };
  static Http2Client& self(void* user) { return *static_cast<Http2Client*>(user); }
  static nghttp2_nv header_of(const std::string& name, const std::string& value) {
    const auto bytes = [](const std::string& text) {
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
  }
  static ssize_t send(nghttp2_session*, const std::uint8_t* bytes, std::size_t size, int,
                      void* user) {
    self(user).unsent_.append(reinterpret_cast<const char*>(bytes), size);
    return static_cast<ssize_t>(size);
  }
  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t most,
                           std::uint32_t* flags, nghttp2_data_source* source, void*) {
    Body& body = *static_cast<Body*>(source->ptr);
    const std::size_t size = std::min(most, body.bytes.size() - body.sent);
    std::copy_n(body.bytes.data() + body.sent, size, into);
    body.sent += size;
    if (body.sent == body.bytes.size()) {
      if (!body.is_whole && size == 0) return NGHTTP2_ERR_DEFERRED;
      if (body.is_whole) *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return static_cast<ssize_t>(size);
  }
  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* user) {
    self(user).answers_[frame->hd.stream_id].headers.emplace(
        std::string(reinterpret_cast<const char*>(name), name_size),
        std::string(reinterpret_cast<const char*>(value), value_size));
    return 0;
  }
  static int data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                  std::size_t size, void* user) {
    self(user).answers_[id].body.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }
  static int closed(nghttp2_session*, std::int32_t id, std::uint32_t error, void* user) {
    self(user).answers_[id].is_closed = true;
    self(user).answers_[id].error = error;
    return 0;
  }
  static int frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) ++self(user).goaways_;
    if (frame->hd.type == NGHTTP2_PING) ++self(user).pings_;
    return 0;
  }
  void flush() {
    if (is_held_) return;
    nghttp2_session_send(session_);
    const std::string out = std::exchange(unsent_, {});
    if (in_single_bytes_) {
      for (const char& byte : out) wire_->send({&byte, 1});
    } else {
      wire_->send(out);
    }
  }

  std::unique_ptr<Client> wire_;
  nghttp2_session* session_ = nullptr;
  std::list<Body> bodies_;
  std::map<std::int32_t, Answer> answers_;
  std::string unsent_;
  bool is_held_ = false;
  bool in_single_bytes_ = false;
  bool has_ended_ = false;
  int goaways_ = 0;
  int pings_ = 0;
};

}  // namespace penstock::front::testing
