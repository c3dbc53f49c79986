"""The checks of tools/ see what they are for, and let pass what they should."""

import importlib.machinery
import importlib.util
import pathlib
import re
import subprocess
import sys

import pytest

TOOLS = pathlib.Path(__file__).resolve().parent.parent / "tools"
sys.path.insert(0, str(TOOLS))

import compat_rows  # noqa: E402


def load(name):
    loader = importlib.machinery.SourceFileLoader(name, str(TOOLS / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


check_size = load("check_size")
check_env = load("check_env")
check_includes = load("check_includes")
check_leftovers = load("check_leftovers")
fuzz_corpus = load("fuzz_corpus")
check_links = load("check_links")
reference = load("reference")


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


PAGE = """# A page, with `code`

[up](../README.md) [down](deep/other.md#one-heading) [here](#a-page-with-code) [away](https://example.com/x.md)
Paths in code: `docs/deep/other.md` and `docs/*.md`, but `src` alone is a word. `test_found.py` has `test_a_case`.

```
[in a block](nowhere.md)
```
"""


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A small tree of pages; gives a function that writes docs/page.md and says what is wrong with it."""
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    (tmp_path / "README.md").write_text("# Top\n")
    (tmp_path / "tests" / "conformance").mkdir(parents=True)
    (tmp_path / "tests" / "conformance" / "test_found.py").write_text("def test_a_case(server):\n    pass\n")
    (tmp_path / "docs" / "deep" / "other.md").write_text("# Other\n\n## One heading\n\n## One heading\n")
    monkeypatch.setattr(check_links.cpp_text, "ROOT", tmp_path)

    def wrong_with(text):
        (tmp_path / "docs" / "page.md").write_text(text)
        return check_links.complaints_of("docs/page.md")

    return wrong_with


def test_links_that_lead_somewhere_pass(tree):
    assert tree(PAGE) == []


@pytest.mark.parametrize("text", [
    "[a](missing.md)",
    "[a](deep/missing.md#top)",
    "[a](deep/other.md#two-headings)",
    "[a](#nothing-here)",
    "[`code`](missing.md)",
    "see `docs/missing.md`.",
    "see `docs/missing/`",
    "evidence: `test_missing.py`",
    "evidence: `test_another_case`",
])
def test_links_that_lead_nowhere_are_found(tree, text):
    assert len(tree("# Page\n\n" + text + "\n")) == 1


def test_a_second_heading_of_one_text_is_counted(tree):
    assert tree("[a](deep/other.md#one-heading-1)\n") == []
    assert tree("[a](deep/other.md#one-heading-2)\n") != []


def run_copied(tool, tmp_path, *arguments):
    """The tool in a tree of nothing else."""
    copy = tmp_path / "tools" / tool
    copy.parent.mkdir()
    copy.write_bytes((TOOLS / tool).read_bytes())
    copy.chmod(0o755)
    return subprocess.run([copy, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("data", [bytes(range(256)), b"# no comment", b"\\x41", b"a\\", b"\r\n\t"])
def test_inputs_of_fuzzers_survive_their_text_form(data):
    line = fuzz_corpus.packed(data)
    assert line.isascii() and line.isprintable() and not line.startswith("#")
    assert fuzz_corpus.unpacked(line) == data


def test_every_fuzzer_has_kept_inputs_and_its_seeds_are_among_them():
    names = re.findall(r"^penstock_fuzzer\((\w+)", (fuzz_corpus.FUZZ / "CMakeLists.txt").read_text(), re.MULTILINE)
    assert names
    for name in names:
        kept = fuzz_corpus.inputs_in(fuzz_corpus.FUZZ / f"corpus/{name}.txt")
        assert kept, name
        assert set(fuzz_corpus.seeds_of(name)) - {b""} <= set(kept), name


def test_a_folder_without_tests_fails(tmp_path):
    done = run_copied("test", tmp_path, "all")
    assert done.returncode == 1
    assert "there are no tests in tests/conformance\n" in done.stdout
    failed = done.stdout.splitlines()[-1].removeprefix("failed: ").split()
    assert {"contract/shape", "conformance", "clients"} <= set(failed)


def test_reference_pages_are_compared_both_ways(tmp_path):
    pages = {"a.md": "one\ntwo\n", "b.md": "same\n"}
    reference.write(pages, tmp_path)
    assert reference.differences(pages, tmp_path) == []
    (tmp_path / "a.md").write_text("one\nthree\n")
    (tmp_path / "left_over.md").write_text("gone\n")
    (tmp_path / "b.md").unlink()
    changed, missing, left_over = reference.differences(pages, tmp_path)
    assert "-three" in changed and "+two" in changed
    assert "+same" in missing
    assert "-gone" in left_over


def test_writing_the_reference_removes_pages_nobody_writes(tmp_path):
    (tmp_path / "left_over.md").write_text("gone\n")
    reference.write({"a.md": "one\n"}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.md"]

def operation(name, members=(), reply=()):
    def side(names):
        return {"members": [{"name": each, "type": {"kind": "string"}} for each in names]}
    return {"name": name, "request": side(members), "response": side(reply)}


def test_rows_of_compat_say_state_members_and_differences(monkeypatch, tmp_path):
    (tmp_path / "test_kinesis_x.py").write_text(
        '@evidence("R", "x")\ndef test_a():\n    call("PutIt")\n\n@evidence("M", "x")\ndef test_b():\n    put_it()\n')
    monkeypatch.setattr(compat_rows, "CASES", tmp_path)
    text = compat_rows.Page([operation("PutIt", ["Data", "StreamId"], ["Number"])], {
        "anywhere": {"StreamId": "ignored"},
        "PutIt": {"state": "full", "text": "quick", "members": {"reply.Number": "ours"}}}).text()
    assert "| PutIt | full | quick. `Number`: ours | `test_kinesis_x.py`: R M |" in text
    assert "| PutIt | `Data`, *`StreamId`* | `Number` |  |" in text


@pytest.mark.parametrize("differences, complaint", [
    ({}, "says nothing of PutIt"),
    ({"PutIt": {"state": "full"}, "GetIt": {"state": "full"}}, "knows GetIt"),
    ({"PutIt": {"state": "full", "members": {"Colour": "x"}}}, "PutIt has no Colour")])
def test_rows_of_compat_are_about_what_is_there(differences, complaint):
    with pytest.raises(AssertionError, match=complaint):
        compat_rows.Page([operation("PutIt", ["Data"])], differences)


def test_only_the_part_between_the_marks_is_written():
    page = f"before\n{compat_rows.BEGIN}\nold\n{compat_rows.END}\nbehind\n"
    part = f"{compat_rows.BEGIN}\nnew\n{compat_rows.END}"
    assert compat_rows.page_with(page, part) == f"before\n{part}\nbehind\n"



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
    "if (before > time(nullptr)) return std::time(nullptr);",
    "  return time(&now);",
    "auto there = std::filesystem::exists(path);",
    "const int failed = std::system(command);",
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
    "ServiceTime time() { return at; }",
    "void time(ServiceTime value) { number(value); }",
    "const chrono::hh_mm_ss time(moment - midnight);",
    "const std::optional<ServiceTime> time(parsed);",
    "Row(Facts f) : time(f.time), rand(f.seed) {}",
    "writer.time(now); reader->time(); Reader::time(now);",
    "#include <filesystem>",
])
def test_env_check_lets_our_own_interfaces_pass(monkeypatch, capsys, line):
    assert complaints(check_env, monkeypatch, capsys, line + "\n") == []


@pytest.mark.parametrize("line, name, allowed", [
    ("const pid_t pid = ::vfork();", "src/sandbox/x.cc", True),
    ("const pid_t pid = ::vfork();", "src/function/x.cc", False),
    ("const int fd = ::open(path, O_RDONLY);", "src/sandbox/x.cc", True),
    ("const int fd = ::open(path, O_RDONLY);", "src/front/x.cc", False),
    ("int s = ::socket(AF_INET, 0, 0);", "src/front/x.cc", True),
    ("::nanosleep(&pause, nullptr);", "src/sandbox/x.cc", False),
    ("auto t = std::chrono::steady_clock::now();", "src/sandbox/x.cc", False),
    ('const char* home = getenv("HOME");', "src/sandbox/x.cc", False),
    ("std::thread reaper(run);", "src/sandbox/x.cc", False),
])
def test_a_folder_may_do_what_it_is_there_for(monkeypatch, capsys, line, name, allowed):
    assert (complaints(check_env, monkeypatch, capsys, line + "\n", name) == []) == allowed


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
    ('puts("x");', False),
    ('  if (failed) std::puts("x");', False),
    ("std::cout << x;", False),
    ("Parts(P p) : given(p), puts(given, settings), printf(3) {}", True),
    ("Status puts(Entries entries);", True),
    ("service.puts(entries);", True),
])
def test_leftovers(monkeypatch, capsys, line, clean):
    assert (complaints(check_leftovers, monkeypatch, capsys, line + "\n") == []) == clean


@pytest.mark.parametrize("name, allowed", [
    ("cli/put.cc", True), ("src/server/serve.cc", True), ("src/server/server.cc", False), ("src/stream/x.cc", False)])
def test_only_commands_print(monkeypatch, capsys, name, allowed):
    assert (complaints(check_leftovers, monkeypatch, capsys, 'std::printf("x");\n', name) == []) == allowed
