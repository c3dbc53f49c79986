#include "load/delivery.h"

#include "base/base64.h"
#include "load/calls.h"

#include <algorithm>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <time.h>
#include <unistd.h>

namespace penstock::bench {
namespace {

/// CLOCK_REALTIME, as the kernel's stamps.
double microseconds(const timespec& time) {
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

double now_us() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return microseconds(time);
}

/// Where the function reports to.
class Reports {
 public:
  Reports() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    socklen_t size = sizeof own;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &size) != 0) {
      fail(std::string("cannot bind a UDP port: ") + ::strerror(errno));
    }
    port_ = ntohs(own.sin_port);
  }
  ~Reports() { ::close(socket_); }
  std::uint16_t port() const { return port_; }

  /// When the report of `number` arrived.
  double wait_for(int number) {
    for (;;) {
      char text[64];
      char control[256];
      iovec part{text, sizeof text};
      msghdr message{};
      message.msg_iov = &part;
      message.msg_iovlen = 1;
      message.msg_control = control;
      message.msg_controllen = sizeof control;
      const ssize_t got = ::recvmsg(socket_, &message, 0);
      if (got <= 0) fail("the function did not report within 20 seconds");
      if (std::string_view(text, static_cast<std::size_t>(got)) != std::to_string(number)) continue;
      for (cmsghdr* part_of = CMSG_FIRSTHDR(&message); part_of != nullptr;
           part_of = CMSG_NXTHDR(&message, part_of)) {
        if (part_of->cmsg_type != SCM_TIMESTAMPNS) continue;
        timespec stamp{};
        ::memcpy(&stamp, CMSG_DATA(part_of), sizeof stamp);
        return microseconds(stamp);
      }
      fail("a datagram without a time stamp");
    }
  }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

}  // namespace

DeliveryFigures measure_delivery(const Delivery& delivery) {
  constexpr std::size_t kDataBytes = 100;
  Reports reports;
  Connection connection(delivery.port);
  DeliveryFigures figures;
  for (int number = -delivery.warm_up; number < delivery.measured; ++number) {
    std::string data = std::to_string(reports.port()) + " " + std::to_string(number) + " ";
    data.resize(kDataBytes, '.');
    SignedRequest request = kinesis_request(
        "PutRecord", R"({"StreamName":")" + std::string(delivery.stream) +
                         R"(","PartitionKey":"k","Data":")" + base64_encode(data) + R"("})");
    const std::string_view bytes = request.bytes(SignedRequest::Clock::now());
    const double begun = now_us();
    member_of(connection.exchange(bytes), "SequenceNumber");
    const double acknowledged = now_us();
    const double reported = reports.wait_for(number);
    if (number >= 0) {
      figures.put_us.push_back(acknowledged - begun);
      figures.function_us.push_back(reported - begun);
    }
    std::this_thread::sleep_for(delivery.pause);
  }
  std::sort(figures.put_us.begin(), figures.put_us.end());
  std::sort(figures.function_us.begin(), figures.function_us.end());
  return figures;
}

}  // namespace penstock::bench
