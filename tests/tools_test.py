"""The checks of tools/ see what they are for, and let pass what they should."""

import importlib.machinery
import importlib.util
import pathlib
import sys

import pytest

TOOLS = pathlib.Path(__file__).resolve().parent.parent / "tools"
sys.path.insert(0, str(TOOLS))


def load(name):
    loader = importlib.machinery.SourceFileLoader(name, str(TOOLS / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


check_size = load("check_size")
check_env = load("check_env")
check_includes = load("check_includes")
check_leftovers = load("check_leftovers")


def complaints(check, monkeypatch, capsys, text, name="src/stream/x.cc"):
    monkeypatch.setattr(check.cpp_text, "chosen", lambda _: [name])
    monkeypatch.setattr(check.cpp_text, "read", lambda _: text)
    check.main()
    return capsys.readouterr().out.splitlines()


def test_function_lengths_see_constructors_templates_and_operators():
    source = """
namespace a::b {
class [[nodiscard]] Foo final : public Bar<int(int)> {
  Foo(int a) : a_{a}, c_{std::vector<int>{1, 2}} {
    go();
  }
  bool operator==(const Foo& o) const { return true; }
  template <class T> requires(sizeof(T) > 2)
  static Task<T> open(T t = T{}, std::function<void()> f = [] { return; }) {
    auto inner = [&](int q) {
      return q;
    };
  }
};
constexpr auto kTable = std::array{
    member("x", {1, 2}),
};
const char* text() { return "}{"; }
extern "C" {
int q() { return '{'; }
}
}
"""
    lengths = [(first, lines) for _, first, lines in check_size.functions_of(source)]
    assert lengths == [(4, 3), (7, 1), (8, 6), (18, 1), (20, 1)]


@pytest.mark.parametrize("line", [
    "auto t = std::chrono::steady_clock::now();",
    "std::this_thread::sleep_for(1s);",
    "int fd = ::open(path, 0);",
    "std::ifstream in(path);",
    "if (fork() == 0) return;",
    "std::thread worker(run);",
    'const char* home = getenv("HOME");',
    "int s = ::socket(AF_INET, 0, 0);",
    "auto now = time(nullptr);",
])
def test_env_check_finds_the_outside_world(monkeypatch, capsys, line):
    assert len(complaints(check_env, monkeypatch, capsys, line + "\n")) == 1


@pytest.mark.parametrize("line", [
    "auto t = clocks.steady_now();",
    "auto log = co_await Log::open(disk);",
    "disk.open(path);",
    "co_await sleep_until(loop, deadline, cancel);",
    "// a std::thread would be too much here",
    'auto id = std::thread::id{}; log("getenv");',
    "std::thread t(run);  // env: SQLite blocks",
])
def test_env_check_lets_our_own_interfaces_pass(monkeypatch, capsys, line):
    assert complaints(check_env, monkeypatch, capsys, line + "\n") == []


@pytest.mark.parametrize("name, included, allowed", [
    ("src/stream/x.cc", "engine/log.h", True),
    ("src/stream/x.cc", "stream/limits.h", True),
    ("src/stream/x.cc", "mapping/poller.h", False),
    ("src/engine/local/x.cc", "engine/log.h", True),
    ("src/front/x.cc", "engine/log.h", False),
    ("src/sandbox/x.cc", "function/invoker.h", True),
    ("src/function/x.cc", "sandbox/environment.h", False),
    ("cli/x.cc", "shape/shape.h", True),
    ("cli/x.cc", "stream/limits.h", False),
    ("src/server/main.cc", "cli/commands.h", True),
    ("src/stream/x.cc", "boost/asio/post.hpp", True),
])
def test_include_arrows_point_up(monkeypatch, capsys, name, included, allowed):
    brackets = "<{}>" if included.startswith("boost/") else '"{}"'
    found = complaints(check_includes, monkeypatch, capsys, "#include " + brackets.format(included) + "\n", name)
    assert (found == []) == allowed


def test_dear_headers_stay_out_of_headers(monkeypatch, capsys):
    assert complaints(check_includes, monkeypatch, capsys, "#include <boost/asio/post.hpp>\n", "src/stream/x.h")


@pytest.mark.parametrize("line, clean", [
    ("// TODO: later", False),
    ('printf("%d", x);', False),
    ("// store.append(batch);", False),
    ("// if (x > 3) {", False),
    ("// The caller appends; see put().", True),
    ("// position = offset within the segment", True),
    ('std::snprintf(text, 3, "x");', True),
])
def test_leftovers(monkeypatch, capsys, line, clean):
    assert (complaints(check_leftovers, monkeypatch, capsys, line + "\n") == []) == clean
