"""What the checks share: which files are ours, and C++ text with comments and literals blanked out."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("src", "cli", "producer", "tests", "bench", "fuzz", "cmake")
SUFFIXES = (".h", ".cc", ".cpp")

_TOKEN = re.compile(
    r"""
    (?P<line>//[^\n]*)
  | (?P<block>/\*.*?\*/)
  | (?P<raw>R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)")
  | (?P<string>"(?:\\.|[^"\\\n])*")
  | (?P<number>\b\d[\w']*)
  | (?P<char>'(?:\\.|[^'\\\n])+')
    """,
    re.VERBOSE | re.DOTALL,
)


# What stands before a call of a free function in an expression; any other word before it is a type.
_BEFORE_A_CALL = {"return", "co_return", "co_await", "co_yield", "throw", "else", "do", "not", "and", "or", "case"}


def free_calls(code, names):
    """Where blanked `code` calls a plain or global (::f, std::f) function that matches `names`, as positions.

    Members of objects and classes, declarations of the same name and initialisers of members are no calls:
    one has a . -> or :: before it, the others a type, or the : or , of a constructor's list.
    """
    found = []
    for match in re.finditer(rf"(?<![\w.:])(?<!->)(?:(?:std)?::)?(?:{names})\s*\(", code):
        if "::" in match.group():
            found.append(match.start())
            continue
        before = code[:match.start()].rstrip()
        word = re.search(r"[A-Za-z_]\w*$", before)
        if word:
            is_call = word.group() in _BEFORE_A_CALL
        elif re.search(r"[\w>\])][&*]*[&*>]$", before):
            is_call = False  # A type: T*, T&, T&&, vector<T>.
        else:
            is_call = not before.endswith((",", ":"))
        if is_call:
            found.append(match.start())
    return found


def our_files():
    """Every C++ file that git knows or would add, as paths relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *FOLDERS],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()
    return sorted({name for name in listed if name.endswith(SUFFIXES) and (ROOT / name).is_file()})


def changed_files():
    """Those of our_files() that differ from the last commit, new ones included."""
    status = subprocess.run(
        ["git", "status", "--porcelain", "--no-renames", "--untracked-files=all"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()
    touched = {line[3:] for line in status}
    return [name for name in our_files() if name in touched]


def chosen(arguments):
    """The files a check was asked to look at: names given, or all of ours."""
    names = [name for name in arguments if not name.startswith("-")]
    return names if names else our_files()


def read(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def blank(text, keep_strings=False):
    """`text` with comments and literals replaced by spaces; lines and columns stay where they were."""

    def spaces(match):
        if match.lastgroup == "number" or match.group("number"):
            return match.group()
        if keep_strings and not (match.group("line") or match.group("block")):
            return match.group()
        return re.sub(r"[^\n]", " ", match.group())

    return _TOKEN.sub(spaces, text)
