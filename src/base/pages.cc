#include "base/pages.h"

#include <new>
#include <sys/mman.h>

namespace penstock {
namespace {

constexpr std::size_t kMappedFrom = 64u << 10;

std::uint8_t* allocate(std::size_t bytes) {
  if (bytes < kMappedFrom) {
    return static_cast<std::uint8_t*>(::operator new(bytes, std::align_val_t{Pages::kAlign}));
  }
  // Populated at once: a page at a time costs twice as much.
  void* const mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::uint8_t*>(mapped);
}

}  // namespace

Pages::Pages(std::size_t bytes) : data_(allocate(bytes), Free{bytes}) {}

void Pages::Free::operator()(std::uint8_t* memory) const {
  if (bytes < kMappedFrom) {
    ::operator delete(memory, std::align_val_t{kAlign});
  } else {
    ::munmap(memory, bytes);
  }
}

}  // namespace penstock
