#include "base/check.h"
#include "front/http2_session.h"

#include <fuzzer/FuzzedDataProvider.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

// 'f', then frames as a client might send them, cut into pieces as the last bytes choose: which
// requests come of them must not depend on the cuts. Anything else: choices for nghttp2's own
// client, which sends requests and reads the replies; each must be what was asked for, whatever
// waits for memory, comes in pieces or is reset meanwhile.

namespace penstock::front {
namespace {

constexpr std::size_t kHeadMax = 600;
constexpr std::size_t kBodyMax = 80'000;  // More than the first window.

/// By the library's hash, which is compiled without the sanitizers: most of the bytes pass here.
std::string digest(std::string_view body) {
  return std::to_string(body.size()) + ' ' + std::to_string(std::hash<std::string_view>()(body));
}

/// What a handler would see of it.
std::string seen(const Request& request) {
  std::string text = std::string(request.method) + ' ' + std::string(request.path) + '?' +
                     std::string(request.query) + '\n';
  for (const auto& [name, value] : request.headers) {
    text += std::string(name) + ':' + std::string(value) + '\n';
  }
  return text + digest(request.body);
}

struct Server : Http2Session::Owner {
  Server() : session(*this, {.head_bytes_max = kHeadMax, .body_bytes_max = body_max}) {}

  std::shared_ptr<Http2Stream> make_stream(std::int32_t id) override {
    if (refuses && refuses()) return nullptr;
    return std::make_shared<Http2Stream>(id, Executor(), shelf, budget.take(1));
  }
  bool has_reserved(ConnectionBuffer& body, std::size_t total) override {
    if (total > body.capacity() && lacks_memory && lacks_memory()) return false;
    return body.reserve(total);
  }
  bool fits_ever(std::size_t) const override { return true; }
  void wait_for_room(std::shared_ptr<Http2Stream> stream, std::size_t total) override {
    waiting.emplace_back(std::move(stream), total);
  }
  void serve(std::shared_ptr<Http2Stream> stream) override {
    PENSTOCK_CHECK(stream->is_complete, "a request is served when all of it has come");
    served.push_back(std::move(stream));
  }
  std::string_view date() override { return "Wed, 25 Nov 2026 00:00:00 GMT"; }

  Budget budget{64u << 20};
  BufferShelf shelf{budget};
  const std::function<std::size_t(const RequestHead&)> body_max = [](const RequestHead&) {
    return kBodyMax;
  };
  std::function<bool()> refuses;
  std::function<bool()> lacks_memory;
  std::vector<std::pair<std::shared_ptr<Http2Stream>, std::size_t>> waiting;
  std::vector<std::shared_ptr<Http2Stream>> served;
  Http2Session session;
};

// --- Frames -------------------------------------------------------------------------------------

struct Outcome {
  std::vector<std::string> requests;
  bool goes_on = true;
  bool operator==(const Outcome&) const = default;
};

Outcome read_in_pieces(std::string_view frames, const std::vector<std::size_t>& cuts) {
  Server server;
  Outcome outcome;
  std::size_t at = 0;
  const auto feed = [&](std::string_view bytes) {
    const auto copy = std::make_unique<char[]>(bytes.size());  // A read behind it is seen.
    std::copy(bytes.begin(), bytes.end(), copy.get());
    std::size_t consumed = 0;
    outcome.goes_on = server.session.receive({copy.get(), bytes.size()}, consumed);
    PENSTOCK_CHECK(consumed == bytes.size(), "with room for everything nothing is left");
  };
  feed(NGHTTP2_CLIENT_MAGIC);
  for (const std::size_t cut : cuts) {
    if (!outcome.goes_on) break;
    feed(frames.substr(at, cut - at));
    at = cut;
  }
  for (const auto& stream : server.served) {
    outcome.requests.push_back(seen(stream->request));
    server.session.answer(*stream, Reply{}, false, server.date());
  }
  Http2Output output;
  while (server.session.fill(output) && !output.is_empty()) {
    for (const auto& piece : output.pieces()) output.taken(piece.size());
  }
  return outcome;
}

void check_frames(std::string_view input) {
  const std::size_t size = input.size() - std::min<std::size_t>(input.size(), 8);
  const std::string_view frames = input.substr(0, size);
  FuzzedDataProvider choices(reinterpret_cast<const std::uint8_t*>(input.data()) + size,
                             input.size() - size);
  std::vector<std::size_t> cuts(choices.ConsumeIntegralInRange<std::size_t>(0, 6));
  for (std::size_t& cut : cuts) cut = choices.ConsumeIntegralInRange<std::size_t>(0, size);
  cuts.push_back(size);
  std::sort(cuts.begin(), cuts.end());
  PENSTOCK_CHECK(read_in_pieces(frames, cuts) == read_in_pieces(frames, {size}),
                 "where frames are cut does not decide about them");
}

// --- A client -----------------------------------------------------------------------------------

struct Asked {
  std::string expected;  ///< Of the reply's body, unless it is refused.
  std::string body;
  std::size_t sent = 0;
  bool is_reset = false;
  std::string status;
  std::string got;
  bool is_closed = false;
  std::uint32_t error = 0;
};

class Talk {
 public:
  explicit Talk(FuzzedDataProvider& choices) : choices_(choices) {
    server_.refuses = [this] { return rarely(); };
    server_.lacks_memory = [this] { return rarely(); };
    nghttp2_session_callbacks* set = nullptr;
    nghttp2_session_callbacks_new(&set);
    nghttp2_session_callbacks_set_send_callback(set, &send);
    nghttp2_session_callbacks_set_on_header_callback(set, &header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(set, &data);
    nghttp2_session_callbacks_set_on_stream_close_callback(set, &closed);
    nghttp2_session_client_new(&client_, set, this);
    nghttp2_session_callbacks_del(set);
    nghttp2_submit_settings(client_, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  ~Talk() { nghttp2_session_del(client_); }

  void run() {
    while (choices_.remaining_bytes() != 0) step();
    is_calm_ = true;
    // What is under way comes to its end by itself.
    for (int idle = 0; idle < 3; ++idle) {
      if (progress()) idle = 0;
    }
    for (const auto& [id, asked] : asked_) check(asked);
  }

 private:
  bool rarely() { return !is_calm_ && choices_.ConsumeIntegral<std::uint8_t>() > 200; }

  void step() {
    switch (choices_.ConsumeIntegralInRange(0, 6)) {
      case 0: ask(); break;
      case 1: move(to_server_, choices_.ConsumeIntegral<std::uint16_t>(), true); break;
      case 2: move(to_client_, choices_.ConsumeIntegral<std::uint16_t>(), false); break;
      case 3: answer_one(choices_.ConsumeBool()); break;
      case 4: room_for_one(choices_.ConsumeBool()); break;
      case 5:
        if (asked_.empty() || !choices_.ConsumeBool()) break;
        reset(asked_.rbegin()->first);
        break;
      case 6: say(); break;
    }
  }

  void ask() {
    Asked asked;
    const std::string path = "/" + std::to_string(asked_.size());
    const bool tells = choices_.ConsumeBool();
    asked.body.assign(choices_.ConsumeIntegral<std::uint8_t>() % 16 == 0
                          ? choices_.ConsumeIntegralInRange<std::size_t>(0, 85'000)
                          : choices_.ConsumeIntegral<std::uint8_t>(),
                      'b');
    const std::string length = std::to_string(asked.body.size());
    const std::string value(choices_.ConsumeIntegral<std::uint8_t>() * 3, 'v');
    asked.expected = "POST " + path + "?\nhost:h\nx:" + value + '\n' +
                     (tells ? "content-length:" + length + '\n' : "") + digest(asked.body);
    std::vector<nghttp2_nv> head{of(":method", "POST"), of(":scheme", "http"), of(":path", path),
                                 of(":authority", "h"), of("x", value)};
    if (tells) head.push_back(of("content-length", length));
    next_ = std::make_unique<Asked>(std::move(asked));
    nghttp2_data_provider body{{.ptr = next_.get()}, &read_body};
    const std::int32_t id =
        nghttp2_submit_request(client_, nullptr, head.data(), head.size(), &body, nullptr);
    if (id < 0) return;  // After a GOAWAY.
    owned_.push_back(std::move(next_));
    asked_[id] = owned_.back().get();
    nghttp2_session_send(client_);  // It cannot reset what it has not begun.
  }

  void reset(std::int32_t id) {
    // Closed, or not begun: beyond a hundred at once requests wait in the client.
    if (nghttp2_session_find_stream(client_, id) == nullptr) return;
    asked_[id]->is_reset = true;
    nghttp2_submit_rst_stream(client_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  }

  /// As much of what is on its way, in one piece.
  bool move(std::string& wire, std::size_t most, bool is_to_server) {
    if (is_to_server && server_.session.paused() != nullptr) return false;
    const std::size_t size = std::min(wire.size(), most);
    const std::string bytes = left_ + wire.substr(0, is_to_server ? size : 0);
    if (is_to_server) {
      wire.erase(0, size);
      if (bytes.empty() && !was_paused_) return false;
      was_paused_ = false;
      feed(bytes);
      return true;
    }
    const std::string reply = wire.substr(0, size);
    wire.erase(0, size);
    const ssize_t taken = nghttp2_session_mem_recv(
        client_, reinterpret_cast<const std::uint8_t*>(reply.data()), reply.size());
    PENSTOCK_CHECK(taken == static_cast<ssize_t>(reply.size()), "nghttp2 understands what is said");
    return size != 0;
  }

  /// The bytes stay where they are while the session is paused.
  void feed(std::string bytes) {
    held_ = std::move(bytes);
    left_.clear();
    std::string_view rest = held_;
    std::size_t consumed = 0;
    const bool goes_on = server_.session.receive(rest, consumed);
    PENSTOCK_CHECK(goes_on, "a well-behaved client is not sent away");
    left_ = std::string(rest.substr(consumed));
    PENSTOCK_CHECK(left_.empty() || server_.session.paused() != nullptr, "it stops for a reason");
  }

  bool answer_one(bool in_pieces) {
    for (auto at = pieces_.begin(); at != pieces_.end(); ++at) {
      const auto stream = at->first;
      if (!stream->is_taken && !stream->is_closed) continue;
      std::string& rest = at->second;
      if (stream->is_closed) {
        pieces_.erase(at);
        return true;
      }
      const std::size_t size = std::min<std::size_t>(rest.size(), 1 + rest.size() / 2);
      const std::string piece = rest.substr(0, size);
      rest.erase(0, size);
      server_.session.give(*stream, piece);
      if (piece.empty()) pieces_.erase(at);
      return true;
    }
    if (server_.served.empty()) return false;
    const auto stream = server_.served.back();
    server_.served.pop_back();
    Reply reply;
    reply.body = seen(stream->request) + std::string(choices_.ConsumeBool() ? 20'000 : 0, '.');
    if (in_pieces) {
      pieces_.emplace_back(stream, std::exchange(reply.body, {}));
      server_.session.answer(*stream, std::move(reply), true, server_.date());
      if (stream->is_closed) pieces_.pop_back();
    } else {
      server_.session.answer(*stream, std::move(reply), false, server_.date());
    }
    return true;
  }

  bool room_for_one(bool has_room) {
    if (Http2Stream* paused = server_.session.paused()) {
      const std::size_t total = server_.session.paused_total();
      server_.session.resume(has_room && paused->body.reserve(total));
      was_paused_ = true;
      return true;
    }
    if (server_.waiting.empty()) return false;
    const auto [stream, total] = server_.waiting.back();
    server_.waiting.pop_back();
    if (stream->is_closed || stream->is_ignored || stream->is_complete) return true;
    if (has_room && stream->body.reserve(total)) {
      server_.session.grant(*stream, total);
    } else {
      server_.session.refuse(*stream, 503);
    }
    return true;
  }

  bool progress() {
    bool has_moved = room_for_one(true);
    has_moved = answer_one(false) || has_moved;
    has_moved = say() || has_moved;
    has_moved = move(to_server_, SIZE_MAX, true) || has_moved;
    has_moved = say() || has_moved;
    return move(to_client_, SIZE_MAX, false) || has_moved;
  }

  /// Both put what they have to say on its way.
  bool say() {
    const std::size_t before = to_server_.size();
    nghttp2_session_send(client_);
    PENSTOCK_CHECK(server_.session.fill(output_), "what it says can be said");
    std::size_t size = 0;
    for (const auto& piece : output_.pieces()) {
      to_client_.append(static_cast<const char*>(piece.data()), piece.size());
      size += piece.size();
    }
    output_.taken(size);
    return size != 0 || to_server_.size() != before;
  }

  static void check(const Asked* asked) {
    PENSTOCK_CHECK(asked->is_closed, "every request comes to an end");
    if (asked->is_reset || asked->error == NGHTTP2_REFUSED_STREAM) return;
    if (asked->status == "503" || asked->status == "413" || asked->status == "431") return;
    PENSTOCK_CHECK(asked->error == NGHTTP2_NO_ERROR && asked->status == "200", "is answered");
    const std::string_view got = asked->got;
    PENSTOCK_CHECK(got.starts_with(asked->expected), "and with what was asked for");
    PENSTOCK_CHECK(got.find_first_not_of('.', asked->expected.size()) == std::string_view::npos,
                   "and nothing else");
  }

  static nghttp2_nv of(std::string_view name, std::string_view value) {
    const auto bytes = [](std::string_view text) {
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
  }
  static Talk& self(void* user) { return *static_cast<Talk*>(user); }
  Asked* find(std::int32_t id) {
    const auto at = asked_.find(id);
    return at == asked_.end() ? nullptr : at->second;
  }
  static ssize_t send(nghttp2_session*, const std::uint8_t* bytes, std::size_t size, int,
                      void* user) {
    self(user).to_server_.append(reinterpret_cast<const char*>(bytes), size);
    return static_cast<ssize_t>(size);
  }
  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t most,
                           std::uint32_t* flags, nghttp2_data_source* source, void*) {
    Asked& asked = *static_cast<Asked*>(source->ptr);
    const std::size_t size = std::min(most, asked.body.size() - asked.sent);
    std::memcpy(into, asked.body.data() + asked.sent, size);
    asked.sent += size;
    if (asked.sent == asked.body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }
  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* user) {
    const std::string_view text(reinterpret_cast<const char*>(name), name_size);
    Asked* asked = self(user).find(frame->hd.stream_id);
    if (asked != nullptr && text == ":status")
      asked->status.assign(reinterpret_cast<const char*>(value), value_size);
    return 0;
  }
  static int data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                  std::size_t size, void* user) {
    if (Asked* asked = self(user).find(id))
      asked->got.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }
  static int closed(nghttp2_session*, std::int32_t id, std::uint32_t error, void* user) {
    if (Asked* asked = self(user).find(id)) {
      asked->is_closed = true;
      asked->error = error;
    }
    return 0;
  }

  FuzzedDataProvider& choices_;
  Server server_;
  Http2Output output_;
  nghttp2_session* client_ = nullptr;
  std::string to_server_;
  std::string to_client_;
  std::string held_;
  std::string left_;
  bool was_paused_ = false;
  bool is_calm_ = false;
  std::unique_ptr<Asked> next_;
  std::vector<std::unique_ptr<Asked>> owned_;
  std::map<std::int32_t, Asked*> asked_;
  std::list<std::pair<std::shared_ptr<Http2Stream>, std::string>> pieces_;
};

}  // namespace
}  // namespace penstock::front

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock::front;
  if (size != 0 && data[0] == 'f') {
    check_frames({reinterpret_cast<const char*>(data) + 1, size - 1});
    return 0;
  }
  FuzzedDataProvider choices(data, size);
  Talk(choices).run();
  return 0;
}
