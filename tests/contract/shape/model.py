"""A published service model and the server's tables, both as flat facts that can be compared.

A fact is what one side says about one place:

    ("kinesis.GetRecords.request.Limit", "range") -> [1, 10000]

Places go down through structures with a dot, through list elements with [] and through map values with {}.
Aspects: type, name (of a structure), required, in, length, range, pattern, enum, element_length, key_length,
value_length; of an operation method, path, status, errors.
"""

import gzip
import json
import pathlib
from typing import NamedTuple

import botocore

# Aspects that the server need not state: nothing holds a reply against rules, a nameless structure is printed nowhere.
OPTIONAL = {"name"}
OPTIONAL_IN_REPLIES = {"required", "length", "range", "pattern", "enum", "element_length", "key_length", "value_length"}

VERSIONS = {"kinesis": "2013-12-02", "lambda": "2015-03-31", "sqs": "2012-11-05"}
SCALARS = {"boolean": "boolean", "integer": "integer", "long": "long", "double": "double", "float": "double",
           "string": "string", "blob": "blob", "timestamp": "timestamp"}
PLACES = {"uri": "path", "querystring": "query", "header": "header", "statusCode": "status"}
RULES = ("required", "length", "range", "pattern", "enum", "element_length", "key_length", "value_length")


def published(service):
    """The newest model that the tests' botocore has."""
    folder = pathlib.Path(botocore.__file__).parent / "data" / service
    assert max(path.name for path in folder.iterdir()) == VERSIONS[service], "a newer version of the API is published"
    return json.loads(gzip.decompress((folder / VERSIONS[service] / "service-2.json.gz").read_bytes()))


class ModelFacts:
    """Facts of the operations named, out of a published model."""

    def __init__(self, service, model, operations):
        self.facts = {}
        self.shapes = model["shapes"]
        for name in operations:
            self.operation(f"{service}.{name}", model["operations"][name])

    def operation(self, where, operation):
        self.facts[where, "method"] = operation["http"]["method"]
        # Labels of a path are spelled {Name}; a trailing slash is the same resource.
        self.facts[where, "path"] = operation["http"]["requestUri"].rstrip("/") or "/"
        self.facts[where, "status"] = operation["http"].get("responseCode", 200)
        self.facts[where, "errors"] = sorted(error["shape"] for error in operation.get("errors", []))
        for side, key in ("request", "input"), ("response", "output"):
            if key in operation:
                self.members(f"{where}.{side}", self.shapes[operation[key]["shape"]])

    def members(self, where, shape):
        for name, reference in shape["members"].items():
            self.member(f"{where}.{name}", reference["shape"])
            if name in shape.get("required", []):
                self.facts[f"{where}.{name}", "required"] = True
            if shape.get("payload") == name:
                self.facts[f"{where}.{name}", "in"] = "payload"
            elif "location" in reference:
                self.facts[f"{where}.{name}", "in"] = " ".join(
                    [PLACES[reference["location"]], *([reference["locationName"]] if "locationName" in reference else [])])

    def member(self, where, name):
        shape = self.shapes[name]
        kind = shape["type"]
        if kind == "structure":
            self.facts[where, "type"] = "structure"
            self.facts[where, "name"] = name
            self.members(where, shape)
        elif kind == "list":
            self.facts[where, "type"] = "list"
            self.bounds(where, "length", shape)
            self.inner(where, "[]", "element_length", shape["member"]["shape"])
        elif kind == "map":
            self.facts[where, "type"] = "map"
            self.bounds(where, "length", shape)
            self.bounds(where, "key_length", self.shapes[shape["key"]["shape"]])
            self.inner(where, "{}", "value_length", shape["value"]["shape"])
        else:
            self.facts[where, "type"] = SCALARS[kind]
            self.bounds(where, "range" if kind in ("integer", "long") else "length", shape)
            self.text_rules(where, shape)

    def inner(self, where, suffix, bounds, name):
        """What a list or map holds: rules on texts stand with the member, as in the tables."""
        shape = self.shapes[name]
        if shape["type"] in SCALARS:
            self.facts[where + suffix, "type"] = SCALARS[shape["type"]]
            self.bounds(where, bounds, shape)
            self.text_rules(where, shape)
        else:
            self.member(where + suffix, name)

    def text_rules(self, where, shape):
        for rule in "pattern", "enum":
            if rule in shape:
                self.facts[where, rule] = shape[rule]

    def bounds(self, where, aspect, shape):
        if "min" in shape or "max" in shape:
            self.facts[where, aspect] = [shape.get("min", 0), shape.get("max")]


class TableFacts:
    """Facts out of the server's own description of its tables (`penstock shapes`)."""

    def __init__(self, service, description):
        self.facts = {}
        self.required_but_never_absent = []
        for operation in description["operations"]:
            where = f"{service}.{operation['name']}"
            for aspect in "method", "path", "status":
                self.facts[where, aspect] = operation[aspect]
            self.facts[where, "errors"] = sorted(operation["errors"])
            for side in "request", "response":
                self.members(f"{where}.{side}", operation[side])

    def members(self, where, kind):
        for member in kind["members"]:
            self.member(f"{where}.{member['name']}", member)

    def member(self, where, member):
        for rule in RULES:
            if rule in member:
                self.facts[where, rule] = member[rule]
        if ".request." in where and member.get("required") and not member["nullable"]:
            self.required_but_never_absent.append(where)
        if "in" in member:
            self.facts[where, "in"] = " ".join([member["in"], *([member["at"]] if "at" in member else [])])
        self.kind(where, member["type"])

    def kind(self, where, kind):
        self.facts[where, "type"] = kind["kind"]
        if kind["kind"] == "structure":
            if "name" in kind:
                self.facts[where, "name"] = kind["name"]
            self.members(where, kind)
        elif kind["kind"] in ("list", "map"):
            self.kind(where + ("[]" if kind["kind"] == "list" else "{}"), kind["element"])


class Difference(NamedTuple):
    where: str
    aspect: str
    ours: object
    published: object

    def __str__(self):
        return f"{self.where} {self.aspect}: the table says {self.ours!r}, the model {self.published!r}"


def differences(table, model):
    """What the two sides do not agree on; a member that one side lacks counts once, without what it holds."""
    found = []
    for where, aspect in sorted(set(table) | set(model)):
        ours, published = table.get((where, aspect)), model.get((where, aspect))
        if ours == published:
            continue
        missing = where_missing(where, table) or where_missing(where, model)
        if missing and (missing != where or aspect != "type"):
            continue
        if ours is None and (aspect in OPTIONAL or ".response." in where and aspect in OPTIONAL_IN_REPLIES):
            continue
        found.append(Difference(where, aspect, ours, published))
    return found


def where_missing(where, facts):
    """The outermost member on the way to a place that one side does not have, or None."""
    depth = 3  # service.Operation.request
    for end in [at for at, letter in enumerate(where) if letter in ".[{"][depth:] + [len(where)]:
        if where.count(".", 0, end) >= depth and (where[:end], "type") not in facts:
            return where[:end]
    return None
