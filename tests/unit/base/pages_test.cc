#include "base/pages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace penstock {
namespace {

TEST(Pages, AreAlignedAndWritableInEverySize) {
  for (const std::size_t bytes : {1u, 4'096u, 65'535u, 65'536u, 1u << 20, (1u << 20) + 1}) {
    const Pages pages(bytes);
    EXPECT_EQ(pages.size(), bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pages.data()) % Pages::kAlign, 0u) << bytes;
    std::fill_n(pages.data(), bytes, std::uint8_t{7});
    EXPECT_EQ(pages.data()[bytes - 1], 7);
  }
}

TEST(Pages, MoveWithTheirBytes) {
  Pages from(1u << 20);
  from.data()[5] = 9;
  const Pages to = std::move(from);
  EXPECT_EQ(to.data()[5], 9);
  EXPECT_EQ(to.size(), 1u << 20);
  EXPECT_EQ(from.size(), 0u);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(Pages().data(), nullptr);
}

}  // namespace
}  // namespace penstock
