#include "front/reply_writer.h"

#include <boost/beast/http/status.hpp>

#include <charconv>
#include <ctime>

namespace penstock::front {

std::string_view DateHeader::text(WallTime now) {
  const std::int64_t second = std::chrono::floor<Seconds>(now.time_since_epoch()).count();
  if (second != second_) {
    second_ = second;
    const std::time_t time = second;
    std::tm parts{};
    gmtime_r(&time, &parts);
    size_ = std::strftime(text_, sizeof text_, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  }
  return {text_, size_};
}

std::string_view reason_phrase(int status) {
  const auto phrase = boost::beast::http::obsolete_reason(
      boost::beast::http::int_to_status(static_cast<unsigned>(status)));
  return {phrase.data(), phrase.size()};
}

namespace {

void append_number(std::string& out, std::size_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

void write_head(std::string& out, const Reply& reply, std::string_view date, bool keep_alive,
                BodyLength length) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::size_t>(reply.status));
  out.append(" ").append(reason_phrase(reply.status)).append("\r\n");
  if (reply.request_id) append_header(out, "x-amzn-RequestId", reply.request_id->view());
  if (reply.extended_id) append_header(out, "x-amz-id-2", reply.extended_id->view());
  for (const auto& [name, value] : reply.headers) append_header(out, name, value);
  if (!reply.content_type.empty()) append_header(out, "Content-Type", reply.content_type);
  append_header(out, "Date", date);
  if (!keep_alive) append_header(out, "Connection", "close");
  // 1xx and 204 carry no body and no length (RFC 9110 section 8.6).
  if (length == BodyLength::kChunks) {
    append_header(out, "Transfer-Encoding", "chunked");
  } else if (length == BodyLength::kKnown && reply.status != 204) {
    out.append("Content-Length: ");
    append_number(out, reply.body.size());
    out.append("\r\n");
  }
  out.append("\r\n");
}

void write_chunk_size(std::string& out, std::size_t bytes) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, bytes, 16).ptr;
  out.append(digits, end).append("\r\n");
}

}  // namespace penstock::front
