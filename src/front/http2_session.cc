#include "front/http2_session.h"

#include "base/check.h"
#include "front/error_reply.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace penstock::front {
namespace {

/// What the protocol grants unasked.
constexpr std::size_t kFirstWindow = NGHTTP2_INITIAL_WINDOW_SIZE;
/// Of the connection: streams bound what is held, this only what is on its way.
constexpr std::int32_t kConnectionWindow = 16 << 20;
/// A body whose length is not told grows by as much as it has, and by this much at most.
constexpr std::size_t kStep = 1u << 20;
/// Frames that ask for nothing, since forgive(): beyond, the client is up to something else.
constexpr std::size_t kIdleFramesMax = 10'000;
/// Answers to settings and pings that wait to be sent.
constexpr std::size_t kAcksMax = 100;
/// Frames of any kind, but for bodies: more than all requests at once give reason for.
constexpr std::size_t kUnsentFramesMax = 10'000;

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

// --- What nghttp2 calls -----------------------------------------------------------------------

struct Http2Session::Callbacks {
  static Http2Session& self(void* user) { return *static_cast<Http2Session*>(user); }

  /// Called of those, too, that nghttp2 does not look at.
  static int begin_frame(nghttp2_session*, const nghttp2_frame_hd* frame, void* user) {
    const bool is_end = (frame->flags & NGHTTP2_FLAG_END_STREAM) != 0;
    const bool is_body = frame->type == NGHTTP2_DATA && (frame->length != 0 || is_end);
    if (is_body || frame->type == NGHTTP2_CONTINUATION) return 0;
    return self(user).count_idle_frame() ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  static int begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Http2Session& own = self(user);
    const std::int32_t id = frame->hd.stream_id;
    const bool is_request = frame->headers.cat == NGHTTP2_HCAT_REQUEST;
    auto stream = is_request && !own.is_ending_ ? own.owner_.make_stream(id) : nullptr;
    if (is_request && stream == nullptr) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    // It does ask for something, or ends what did.
    own.idle_frames_ -= std::min<std::size_t>(own.idle_frames_, 1);
    if (!is_request) return 0;
    // All by turns: who comes first would have the connection to its reply's end otherwise.
    const nghttp2_extpri by_turns{NGHTTP2_EXTPRI_DEFAULT_URGENCY, 1};
    nghttp2_session_change_extpri_stream_priority(session, id, &by_turns,
                                                  /*ignore_client_signal=*/1);
    stream->window = kFirstWindow;
    own.streams_.emplace(id, std::move(stream));
    return 0;
  }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* user) {
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;  // Trailers say nothing to us.
    Http2Session& own = self(user);
    Http2Stream* stream = own.find(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    const std::size_t head_max = own.limits_.head_bytes_max;
    stream->add_header(view(name, name_size), view(value, value_size), head_max);
    // A little too large is answered; a table of headers referred to a thousand times is not.
    return stream->head_bytes > 16 * head_max ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
  }

  static int frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Http2Session& own = self(user);
    const bool is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    const bool is_data = frame->hd.type == NGHTTP2_DATA;
    if (!is_data && frame->hd.type != NGHTTP2_HEADERS) return 0;
    Http2Stream* stream = own.find(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    if (!is_data && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
      return own.take_head(*stream, is_end);
    if (is_end) own.take_end(*stream);
    return 0;
  }

  static int data(nghttp2_session* session, std::uint8_t, std::int32_t id,
                  const std::uint8_t* bytes, std::size_t size, void* user) {
    nghttp2_session_consume_connection(session, size);
    Http2Session& own = self(user);
    Http2Stream* stream = own.find(id);
    if (stream == nullptr || stream->is_ignored) return 0;
    return own.take_body(*stream, view(bytes, size));
  }

  static int closed(nghttp2_session*, std::int32_t id, std::uint32_t error, void* user) {
    Http2Session& own = self(user);
    const auto at = own.streams_.find(id);
    if (at == own.streams_.end()) return 0;
    if (error != NGHTTP2_NO_ERROR) own.count_idle_frame();
    const auto stream = std::move(at->second);
    own.streams_.erase(at);
    if (own.paused_ == stream) own.paused_ = nullptr;
    stream->close();
    return 0;
  }

  static int sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    const bool is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    const bool is_reply = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    const Http2Stream* stream = self(user).find(frame->hd.stream_id);
    if (!is_end || !is_reply || stream == nullptr || stream->is_complete) return 0;
    // Answered before it has come whole: the rest is not wanted (RFC 9113, 8.1).
    return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                     NGHTTP2_NO_ERROR);
  }

  static ssize_t send(nghttp2_session*, const std::uint8_t* bytes, std::size_t size, int,
                      void* user) {
    Http2Output& output = *self(user).output_;
    if (output.is_full()) return NGHTTP2_ERR_WOULDBLOCK;
    output.add(view(bytes, size));
    return static_cast<ssize_t>(size);
  }

  /// How much of a reply the next frame holds; its bytes stay where they are.
  static ssize_t read_reply(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t most,
                            std::uint32_t* flags, nghttp2_data_source* source, void*) {
    Http2Stream& stream = *static_cast<Http2Stream*>(source->ptr);
    const std::size_t left = stream.unsent().size();
    if (left == 0 && !stream.is_last) return NGHTTP2_ERR_DEFERRED;
    const std::size_t size = std::min(left, most);
    stream.read_bytes += size;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (size == left && stream.is_last) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }

  static int send_reply(nghttp2_session*, nghttp2_frame*, const std::uint8_t* frame_head,
                        std::size_t size, nghttp2_data_source* source, void* user) {
    constexpr std::size_t kFrameHead = 9;
    Http2Session& own = self(user);
    Http2Output& output = *own.output_;
    if (output.is_full()) return NGHTTP2_ERR_WOULDBLOCK;
    // A frame of a reply may be answered with more window, for the stream and for the connection.
    own.idle_frames_ -= std::min<std::size_t>(own.idle_frames_, 2);
    Http2Stream& stream = *static_cast<Http2Stream*>(source->ptr);
    output.add(view(frame_head, kFrameHead));
    const std::string& all = stream.current();
    const std::string_view bytes = std::string_view(all).substr(stream.lent_bytes, size);
    stream.lent_bytes += size;
    own.reply_bytes_ += size;
    output.lend(bytes, stream.shared_from_this(), stream.lent_bytes == all.size());
    return 0;
  }

  static const nghttp2_session_callbacks* all() {
    static const nghttp2_session_callbacks* const made = [] {
      nghttp2_session_callbacks* set = nullptr;
      nghttp2_session_callbacks_new(&set);
      nghttp2_session_callbacks_set_on_begin_frame_callback(set, &begin_frame);
      nghttp2_session_callbacks_set_on_begin_headers_callback(set, &begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(set, &header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(set, &frame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(set, &data);
      nghttp2_session_callbacks_set_on_stream_close_callback(set, &closed);
      nghttp2_session_callbacks_set_on_frame_send_callback(set, &sent);
      nghttp2_session_callbacks_set_send_callback(set, &send);
      nghttp2_session_callbacks_set_send_data_callback(set, &send_reply);
      return set;
    }();
    return made;
  }

  static const nghttp2_option* options() {
    static const nghttp2_option* const made = [] {
      nghttp2_option* set = nullptr;
      nghttp2_option_new(&set);
      nghttp2_option_set_no_auto_window_update(set, 1);
      nghttp2_option_set_no_closed_streams(set, 1);
      nghttp2_option_set_max_outbound_ack(set, kAcksMax);
      return set;
    }();
    return made;
  }
};

Http2Session::Http2Session(Owner& owner, Limits limits) : owner_(owner), limits_(limits) {
  const int made =
      nghttp2_session_server_new2(&session_, Callbacks::all(), this, Callbacks::options());
  PENSTOCK_CHECK(made == 0, "a session takes memory, and nothing else");
  const std::array settings{
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kStreamsMax},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
                             static_cast<std::uint32_t>(limits.head_bytes_max)},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

Http2Session::~Http2Session() { nghttp2_session_del(session_); }

Http2Stream* Http2Session::find(std::int32_t id) const {
  const auto at = streams_.find(id);
  return at == streams_.end() ? nullptr : at->second.get();
}

bool Http2Session::count_idle_frame() { return ++idle_frames_ <= kIdleFramesMax; }

// --- Requests -----------------------------------------------------------------------------------

bool Http2Session::receive(std::string_view bytes, std::size_t& consumed) {
  const ssize_t taken = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  consumed = taken < 0 ? bytes.size() : static_cast<std::size_t>(taken);
  if (taken < 0 || nghttp2_session_get_outbound_queue_size(session_) > kUnsentFramesMax) {
    nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM);
    return false;
  }
  return true;
}

int Http2Session::take_head(Http2Stream& stream, bool is_end) {
  stream.is_complete = is_end;
  if (stream.is_head_too_large) {
    refuse(stream, 431);
    return 0;
  }
  if (!stream.end_head()) {
    refuse(stream, 400);
    return 0;
  }
  if (!is_end) stream.body_max = limits_.body_bytes_max(stream.parsed);
  stream.make_request();
  const std::uint64_t told = is_end ? 0 : stream.parsed.content_length.value_or(0);
  if (told > stream.body_max || !owner_.fits_ever(static_cast<std::size_t>(told))) {
    refuse(stream, 413);
  } else if (!owner_.has_charged_head(stream)) {
    refuse(stream, 503);
  } else if (is_end) {
    take_end(stream);
  }
  return 0;
}

int Http2Session::take_body(Http2Stream& stream, std::string_view bytes) {
  const std::size_t total = stream.body.size() + bytes.size();
  if (total > stream.body_max) {
    refuse(stream, 413);
    return 0;
  }
  // What is told to be small is read in one piece, once some of it has come; the rest is reserved
  // before its window opens.
  const auto told = static_cast<std::size_t>(stream.parsed.content_length.value_or(0));
  const std::size_t first = total < kBodyProof ? std::min(told, kBodyProof) : told;
  const std::size_t wanted = first <= kFirstWindow ? std::max(first, total) : total;
  if (wanted > stream.body.capacity() && !owner_.has_reserved(stream.body, wanted)) {
    paused_ = stream.shared_from_this();
    paused_bytes_ = bytes;
    return NGHTTP2_ERR_PAUSE;
  }
  keep(stream, bytes);
  return 0;
}

void Http2Session::keep(Http2Stream& stream, std::string_view bytes) {
  const bool has_room = stream.body.reserve(stream.body.size() + bytes.size());
  PENSTOCK_CHECK(has_room, "room for a body is reserved before it is kept");
  std::copy(bytes.begin(), bytes.end(), stream.body.tail());
  stream.body.received(bytes.size());
  const std::size_t received = stream.body.size();
  const std::optional<std::uint64_t> told = stream.parsed.content_length;
  const std::size_t all = told ? static_cast<std::size_t>(*told) : stream.body_max + 1;
  if (stream.waits_for_memory || stream.window >= all || received < kBodyProof) return;
  if (!told && received < stream.window / 2) return;
  const std::size_t next =
      told ? all : std::min(all, stream.window + std::min(stream.window, kStep));
  if (owner_.has_reserved(stream.body, next)) {
    grant(stream, next);
  } else {
    stream.waits_for_memory = true;
    owner_.wait_for_room(stream.shared_from_this(), next);
  }
}

std::size_t Http2Session::paused_total() const {
  return paused_->body.size() + paused_bytes_.size();
}

void Http2Session::resume(bool has_room) {
  const auto stream = std::exchange(paused_, nullptr);
  if (stream->is_closed || stream->is_ignored) return;
  if (has_room) {
    keep(*stream, paused_bytes_);
  } else {
    refuse(*stream, 503);
  }
}

void Http2Session::grant(Http2Stream& stream, std::size_t total) {
  stream.waits_for_memory = false;
  if (stream.is_closed || stream.is_ignored || stream.is_complete) return;
  stream.window = total;
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, stream.id,
                                        static_cast<std::int32_t>(total));
}

void Http2Session::take_end(Http2Stream& stream) {
  stream.is_complete = true;
  stream.waits_for_memory = false;  // Its window had room for all of it; now it stays where it is.
  if (stream.is_ignored) return;
  stream.end_body();
  owner_.serve(stream.shared_from_this());
}

void Http2Session::refuse(Http2Stream& stream, int status) {
  stream.is_ignored = true;
  Reply reply;
  if (status == 503) reply = out_of_memory();
  reply.status = status;
  answer(stream, std::move(reply), /*in_pieces=*/false, owner_.date());
  stream.drop_request();
}

// --- Replies ----------------------------------------------------------------------------------

void Http2Session::answer(Http2Stream& stream, Reply reply, bool in_pieces, std::string_view date) {
  if (stream.is_closed || stream.is_answered) return;
  stream.is_answered = true;
  stream.reply = std::move(reply);
  stream.is_last = !in_pieces;
  stream.is_taken = stream.reply.body.empty();
  const Reply& out = stream.reply;
  const std::string status = std::to_string(out.status);
  const std::string length = std::to_string(out.body.size());
  std::vector<nghttp2_nv> headers;
  headers.reserve(out.headers.size() + 6);
  const auto add = [&](std::string_view name, std::string_view value, std::uint8_t flags) {
    // Both are copied, and the name is put into lower case.
    const auto bytes = [](std::string_view text) {
      return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
    };
    headers.push_back({bytes(name), bytes(value), name.size(), value.size(), flags});
  };
  constexpr std::uint8_t kKeep = NGHTTP2_NV_FLAG_NONE;
  // Never the same twice: not worth a place in the table of headers.
  constexpr std::uint8_t kOnce = NGHTTP2_NV_FLAG_NO_INDEX;
  add(":status", status, kKeep);
  if (out.request_id) add("x-amzn-requestid", out.request_id->view(), kOnce);
  if (out.extended_id) add("x-amz-id-2", out.extended_id->view(), kOnce);
  for (const auto& [name, value] : out.headers) add(name, value, kKeep);
  if (!out.content_type.empty()) add("content-type", out.content_type, kKeep);
  add("date", date, kKeep);
  if (!in_pieces && out.status != 204) add("content-length", length, kKeep);

  const bool with_body = stream.request.method != "HEAD" && (in_pieces || !out.body.empty());
  nghttp2_data_provider body{{.ptr = &stream}, &Callbacks::read_reply};
  nghttp2_submit_response(session_, stream.id, headers.data(), headers.size(),
                          with_body ? &body : nullptr);
}

void Http2Session::give(Http2Stream& stream, std::string piece) {
  if (stream.is_closed) return;
  stream.is_last = piece.empty();
  stream.is_taken = stream.is_last;
  stream.is_in_pieces = true;
  stream.piece = std::move(piece);
  stream.read_bytes = stream.lent_bytes = 0;
  nghttp2_session_resume_data(session_, stream.id);
}

void Http2Session::reset(Http2Stream& stream, std::uint32_t error_code) {
  stream.is_ignored = true;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, error_code);
}

bool Http2Session::fill(Http2Output& output) {
  output_ = &output;
  const int sent = nghttp2_session_send(session_);
  output_ = nullptr;
  return sent == 0;
}

bool Http2Session::is_wanted(const Http2Stream& stream) const {
  return nghttp2_session_get_stream_remote_window_size(session_, stream.id) > 0;
}

void Http2Session::begin_end() {
  if (std::exchange(is_ending_, true)) return;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

bool Http2Session::is_over() const {
  if (nghttp2_session_want_write(session_) != 0) return false;
  return nghttp2_session_want_read(session_) == 0 || (is_ending_ && streams_.empty());
}

}  // namespace penstock::front
