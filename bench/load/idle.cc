#include "load/idle.h"

#include "load/calls.h"

#include <cstdio>
#include <unistd.h>
#include <vector>

namespace penstock::bench {

void hold_idle(std::uint16_t port, std::string_view stream, std::size_t connections) {
  PutRecordWork work(stream, {.data_bytes = 100});
  ReplyBuffer in;
  std::vector<int> sockets;
  for (std::size_t line = 0; line < connections; ++line) {
    sockets.push_back(connect_to(port));
    const std::string_view request = work.next(line, Work::Clock::now());
    work.check(line, exchange(sockets.back(), request, in));
  }
  std::puts("idle");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  for (const int socket : sockets) ::close(socket);
}

}  // namespace penstock::bench
