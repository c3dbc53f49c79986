#include "load/http2_loop.h"

#include "load/http.h"
#include "load/wire.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <charconv>
#include <ctype.h>
#include <map>
#include <string>
#include <sys/epoll.h>
#include <unistd.h>

namespace penstock::bench {
namespace {

using Clock = Work::Clock;

struct Exchange {
  std::size_t line = 0;
  std::string_view body;  ///< What is left of it.
  int status = 0;
  std::string reply;
  Clock::time_point begun;
};

struct Http2Connection {
  explicit Http2Connection(std::uint16_t port, Wire::Kind kind) : wire(port, kind) {}
  ~Http2Connection() { nghttp2_session_del(session); }
  Wire wire;
  nghttp2_session* session = nullptr;
  std::string out;
  std::size_t sent = 0;
  bool waits_to_send = false;
  std::map<std::int32_t, Exchange> exchanges;
};

nghttp2_nv header_of(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

/// The headers of a request in HTTP/1.1, whose bytes live on.
std::vector<nghttp2_nv> headers_of(std::string_view head, std::vector<std::string>& names) {
  const std::size_t method_end = head.find(' ');
  const std::size_t path_end = head.find(' ', method_end + 1);
  std::vector<nghttp2_nv> all{
      header_of(":method", head.substr(0, method_end)), header_of(":scheme", "http"),
      header_of(":path", head.substr(method_end + 1, path_end - method_end - 1))};
  head.remove_prefix(head.find("\r\n") + 2);
  names.reserve(16);
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(head.size(), line.size() + 2));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) break;
    std::string& name = names.emplace_back(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(), ::tolower);
    const std::string_view value = line.substr(line.find_first_not_of(' ', colon + 1));
    if (name == "host") name = ":authority";
    if (name == ":authority") {
      all.insert(all.begin() + 3, header_of(name, value));
    } else {
      all.push_back(header_of(name, value));
    }
  }
  return all;
}

}  // namespace

struct Http2Loop::State {
  State(const Load& l, Work& w) : load(l), work(w), epoll(::epoll_create1(EPOLL_CLOEXEC)) {}
  ~State() { ::close(epoll); }

  void open();
  void begin(Http2Connection& on, std::size_t line, Clock::time_point now);
  void end(Http2Connection& on, std::int32_t id);
  void send(Http2Connection& on);
  void receive(Http2Connection& on);

  const Load& load;
  Work& work;
  int epoll;
  std::vector<std::unique_ptr<Http2Connection>> connections;
  std::vector<std::uint32_t>* latencies = nullptr;
  Clock::time_point until;
  std::size_t in_flight = 0;
  std::uint64_t requests = 0;
  std::uint64_t records = 0;
  struct Ended {
    Http2Connection* on;
    std::int32_t id;
  };
  std::vector<Ended> ended;  ///< What nghttp2 has reported; gone through outside its calls.

  struct User {
    State* state;
    Http2Connection* on;
  };
  std::vector<std::unique_ptr<User>> users;
};

void Http2Loop::State::open() {
  nghttp2_session_callbacks* set = nullptr;
  nghttp2_session_callbacks_new(&set);
  nghttp2_session_callbacks_set_send_callback(
      set, [](nghttp2_session*, const std::uint8_t* bytes, std::size_t size, int, void* user) {
        static_cast<User*>(user)->on->out.append(reinterpret_cast<const char*>(bytes), size);
        return static_cast<ssize_t>(size);
      });
  nghttp2_session_callbacks_set_on_header_callback(
      set, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
              std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
              std::uint8_t, void* user) {
        if (std::string_view(reinterpret_cast<const char*>(name), name_size) != ":status") return 0;
        const char* const text = reinterpret_cast<const char*>(value);
        Exchange& one = static_cast<User*>(user)->on->exchanges[frame->hd.stream_id];
        std::from_chars(text, text + value_size, one.status);
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      set, [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
              std::size_t size, void* user) {
        static_cast<User*>(user)->on->exchanges[id].reply.append(
            reinterpret_cast<const char*>(bytes), size);
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      set, [](nghttp2_session*, std::int32_t id, std::uint32_t error, void* user) {
        if (error != NGHTTP2_NO_ERROR) fail("the server reset a request");
        const User& own = *static_cast<User*>(user);
        own.state->ended.push_back({own.on, id});
        return 0;
      });
  const Wire::Kind kind = load.tls ? Wire::Kind::kTlsHttp2 : Wire::Kind::kPlain;
  // Windows that no page of GetRecords fills.
  constexpr std::int32_t kWindow = 32 << 20;
  const nghttp2_settings_entry window{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow};
  for (std::size_t i = 0; i < load.connections; ++i) {
    connections.push_back(std::make_unique<Http2Connection>(load.port, kind));
    Http2Connection& on = *connections.back();
    users.push_back(std::make_unique<User>(User{this, &on}));
    nghttp2_session_client_new(&on.session, set, users.back().get());
    nghttp2_submit_settings(on.session, NGHTTP2_FLAG_NONE, &window, 1);
    nghttp2_session_set_local_window_size(on.session, NGHTTP2_FLAG_NONE, 0, kWindow);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &on}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, on.wire.socket(), &event);
  }
  nghttp2_session_callbacks_del(set);
}

void Http2Loop::State::begin(Http2Connection& on, std::size_t line, Clock::time_point now) {
  if (now >= until || requests == load.requests_max) return;
  const std::string_view request = work.next(line, now);
  if (request.empty()) return;
  ++requests;
  ++in_flight;
  const std::size_t head_end = request.find("\r\n\r\n") + 4;
  std::vector<std::string> names;
  const auto headers = headers_of(request.substr(0, head_end), names);
  nghttp2_data_provider body{};
  body.read_callback = [](nghttp2_session* session, std::int32_t id, std::uint8_t* into,
                          std::size_t most, std::uint32_t* flags, nghttp2_data_source*,
                          void*) -> ssize_t {
    auto& left = *static_cast<std::string_view*>(nghttp2_session_get_stream_user_data(session, id));
    const std::size_t size = std::min(most, left.size());
    std::copy_n(left.data(), size, into);
    left.remove_prefix(size);
    if (left.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  };
  const std::int32_t id =
      nghttp2_submit_request(on.session, nullptr, headers.data(), headers.size(), &body, nullptr);
  if (id < 0) fail("nghttp2 takes no request");
  Exchange& one = on.exchanges[id];
  one.line = line;
  one.body = request.substr(head_end);
  one.begun = now;
  nghttp2_session_set_stream_user_data(on.session, id, &one.body);
}

void Http2Loop::State::end(Http2Connection& on, std::int32_t id) {
  const auto at = on.exchanges.find(id);
  const Exchange& one = at->second;
  const auto now = Clock::now();
  if (latencies != nullptr) {
    latencies->push_back(static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(now - one.begun).count() / 100));
  }
  records += work.check(one.line, {one.status, one.reply});
  --in_flight;
  const std::size_t line = one.line;
  on.exchanges.erase(at);
  begin(on, line, now);
}

void Http2Loop::State::send(Http2Connection& on) {
  nghttp2_session_send(on.session);
  while (on.sent != on.out.size()) {
    const std::size_t sent = on.wire.send(std::string_view(on.out).substr(on.sent));
    if (sent == 0) break;
    on.sent += sent;
  }
  const bool waits = on.sent != on.out.size();
  if (!waits) {
    on.out.clear();
    on.sent = 0;
  }
  if (waits == on.waits_to_send) return;
  on.waits_to_send = waits;
  epoll_event event{.events = EPOLLIN, .data = {.ptr = &on}};
  if (waits) event.events |= EPOLLOUT;
  ::epoll_ctl(epoll, EPOLL_CTL_MOD, on.wire.socket(), &event);
}

void Http2Loop::State::receive(Http2Connection& on) {
  char bytes[64u << 10];
  do {
    const std::size_t got = on.wire.receive(bytes, sizeof bytes);
    const ssize_t taken =
        nghttp2_session_mem_recv(on.session, reinterpret_cast<const std::uint8_t*>(bytes), got);
    if (taken < 0) fail("a reply that is not HTTP/2");
  } while (on.wire.has_more());
  std::vector<Ended> now_ended;
  now_ended.swap(ended);
  for (const Ended& one : now_ended) end(*one.on, one.id);
}

Http2Loop::Http2Loop(const Load& load, Work& work) : state_(std::make_unique<State>(load, work)) {
  state_->open();
}

Http2Loop::~Http2Loop() = default;

std::uint64_t Http2Loop::records() const { return state_->records; }

void Http2Loop::drive(Clock::time_point until, std::vector<std::uint32_t>* latencies) {
  State& state = *state_;
  state.latencies = latencies;
  state.until = until;
  std::size_t line = 0;
  for (const auto& on : state.connections) {
    for (std::size_t i = 0; i < state.load.streams; ++i) state.begin(*on, line++, Clock::now());
    state.send(*on);
  }
  epoll_event ready[64];
  while (state.in_flight > 0) {
    const int count = ::epoll_wait(state.epoll, ready, 64, 30'000);
    if (count == 0) fail("no reply for thirty seconds");
    for (int i = 0; i < count; ++i) {
      Http2Connection& on = *static_cast<Http2Connection*>(ready[i].data.ptr);
      if ((ready[i].events & ~static_cast<unsigned>(EPOLLOUT)) != 0) state.receive(on);
      state.send(on);
    }
  }
}

}  // namespace penstock::bench
