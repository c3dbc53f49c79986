"""The part of docs/compat.md about the operations of Kinesis: every operation and member, its state, differences, evidence.

Members come from the tables of the code (`penstock shapes`), differences from docs/kinesis-differences.toml, members that answers
never have from tests/contract/shape/known.py, evidence from what tests/conformance says of itself.
"""

import ast
import collections
import importlib.util
import pathlib
import re
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "compat.md"
DIFFERENCES = ROOT / "docs" / "kinesis-differences.toml"
CASES = ROOT / "tests" / "conformance"
BEGIN = "<!-- Written by tools/reference from the tables, docs/kinesis-differences.toml and the tests; an edit here is lost. -->"
END = "<!-- Until here. -->"
GRADES = ["R", "F", "M", "D", "E", "own"]
FILES_MOST = 4


def known_module():
    spec = importlib.util.spec_from_file_location("known", ROOT / "tests" / "contract" / "shape" / "known.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def never_answered():
    """operation -> members of its reply (with what leads to them) that the model has and answers never do."""
    found = {}
    for entry in known_module().KNOWN:
        match = re.fullmatch(r"kinesis\.(\w+)\.response\.([\w.\[\]]+)", entry.where)
        if match and entry.aspects == "type" and entry.ours is None:
            found.setdefault(match[1], []).append(match[2].split(".")[-1])
    return found


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def evidence(operations):
    """operation -> (file -> cases, grades) of the cases that name it."""
    spellings = {name: re.compile(rf"\b{name}\b|\b{snake(name)}\b") for name in operations}
    found = {name: (collections.Counter(), set()) for name in operations}
    for path in sorted(CASES.glob("test_kinesis_*.py")):
        text = path.read_text(encoding="utf-8")
        body = ast.parse(text).body
        tables = {target.id: ast.unparse(each) for each in body if isinstance(each, ast.Assign)
                  for target in each.targets if isinstance(target, ast.Name)}
        for function in body:
            if not isinstance(function, ast.FunctionDef) or not function.name.startswith("test_"):
                continue
            grades = {mark.args[0].value for mark in function.decorator_list
                      if isinstance(mark, ast.Call) and getattr(mark.func, "id", "") == "evidence"
                      and isinstance(mark.args[0], ast.Constant)}
            used = {each.id for each in ast.walk(function) if isinstance(each, ast.Name)}
            source = "\n".join([ast.unparse(function), *(tables[name] for name in sorted(used & set(tables)))])
            for name, spelling in spellings.items():
                if spelling.search(source):
                    found[name][0][path.name] += 1
                    found[name][1].update(grades)
    return found


def structures_of(members, found):
    """Structures inside, by name, in the order in which they are met."""
    for member in members:
        kind = member["type"]
        while kind["kind"] in ("list", "map"):
            kind = kind["element"]
        if kind["kind"] == "structure" and kind.get("name") and kind["name"] not in found:
            found[kind["name"]] = kind["members"]
            structures_of(kind["members"], found)


class Page:
    def __init__(self, operations, differences):
        self.operations = operations
        self.anywhere = differences.pop("anywhere", {})
        self.differences = differences
        self.check()

    def check(self):
        """Every operation has a row, and every difference something it is about."""
        names = {operation["name"] for operation in self.operations}
        missing, extra = names - set(self.differences), set(self.differences) - names
        assert not missing, f"docs/kinesis-differences.toml says nothing of {', '.join(sorted(missing))}"
        assert not extra, f"docs/kinesis-differences.toml knows {', '.join(sorted(extra))}, which the tables do not"
        for operation in self.operations:
            row = self.differences[operation["name"]]
            assert row["state"] in ("full", "partly", "refused"), operation["name"]
            known = {member["name"] for member in operation["request"]["members"]}
            known |= {"reply." + member["name"] for member in operation["response"]["members"]}
            unknown = set(row.get("members", {})) - known
            assert not unknown, f"{operation['name']} has no {', '.join(sorted(unknown))}"

    def text(self):
        return "\n".join([BEGIN, "", *self.operation_rows(), "", *self.member_rows(), "", *self.structure_rows(), "", END])

    def operation_rows(self):
        yield "| operation | state | known differences | evidence |"
        yield "|---|---|---|---|"
        found = evidence([operation["name"] for operation in self.operations])
        for operation in self.operations:
            name = operation["name"]
            row = self.differences[name]
            said = [row["text"]] if row.get("text") else []
            said += [f"`{member.removeprefix('reply.')}`: {text}" for member, text in row.get("members", {}).items()]
            files, grades = found[name]
            most = sorted(files, key=lambda file: (-files[file], file))[:FILES_MOST]
            cases = ", ".join(f"`{file}`" for file in sorted(most))
            graded = " ".join(grade for grade in GRADES if grade in grades)
            yield f"| {name} | {row['state']} | {'. '.join(said)} | {cases + ': ' + graded if cases else '–'} |"

    def member_rows(self):
        yield "Members, in the order in which violations are listed. In italics: taken and checked, without effect"
        yield "(" + "; ".join(f"`{name}`: {text}" for name, text in self.anywhere.items()) + ")."
        yield ""
        yield "| operation | members of the request | of the reply | in AWS's reply only |"
        yield "|---|---|---|---|"
        never = never_answered()
        for operation in self.operations:
            name = operation["name"]
            refused = self.differences[name]["state"] == "refused"
            reply = "–" if refused else self.names(operation["response"]["members"])
            lacking = "never answered" if refused else ", ".join(f"`{member}`" for member in never.get(name, []))
            yield f"| {name} | {self.names(operation['request']['members'])} | {reply} | {lacking} |"

    def names(self, members):
        def one(member):
            mark = "*" if member["name"] in self.anywhere else ""
            return f"{mark}`{member['name']}`{mark}"
        return ", ".join(map(one, members)) or "–"

    def structure_rows(self):
        structures = {}
        for operation in self.operations:
            for side in "request", "response":
                structures_of(operation[side]["members"], structures)
        yield "| structure | members |"
        yield "|---|---|"
        for name in sorted(structures):
            yield f"| {name} | {self.names(structures[name])} |"


def generated(operations):
    with open(DIFFERENCES, "rb") as file:
        return Page(operations, tomllib.load(file)).text()


def page_with(text, part):
    """The page with the part between the marks replaced."""
    begin, end = text.index(BEGIN), text.index(END) + len(END)
    return text[:begin] + part + text[end:]
