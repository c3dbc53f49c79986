"""What the newest published model of Kinesis demands of requests, and what the service says when they break it.

`Model` makes a request that is right, requests that break one rule each, and the message for any request, from the
model alone. What the model does not say stands in the tables at the top, each with its source.
"""

import gzip
import json
import pathlib
import re

import botocore

ARN = "arn:aws:kinesis:us-east-1:000000000000:"
# Texts that fit the patterns, by shape.
SAMPLES = {
    "StreamName": "nobody", "ShardId": "shardId-000000000000", "StreamId": "a" * 20 + "-abc", "HashKey": "1",
    "SequenceNumber": "1", "StreamARN": ARN + "stream/nobody", "ResourceARN": ARN + "stream/nobody",
    "ConsumerARN": ARN + "stream/nobody/consumer/c:1", "ConsumerName": "c", "QueueARN": ARN + "queue/q", "QueueName": "q",
    "ChannelARN": ARN + "channel/c", "ChannelName": "c", "RoleARN": "arn:aws:iam::000000000000:role/r",
    "BucketARN": "arn:aws:s3:::bucket", "ExpectedBucketOwner": "0" * 12, "S3ErrorOutputPrefix": "errors/",
    "S3OutputKeyTemplate": "{a}/b", "S3TablesNamespace": "space", "S3TablesTableName": "table",
    "TableBucketARN": "arn:aws:s3tables:us-east-1:000000000000:bucket/abc", "PartitionSourceName": "field",
    "GSRSchemaARN": "arn:aws:glue:us-east-1:000000000000:schema/r/s", "CloudWatchLogGroupName": "group",
    "CloudWatchLogStreamName": "stream",
}
# Recorded on AWS: printed without the anchors that the model has since got.
PRINTED_PATTERNS = {r"^(0|([1-9]\d{0,38}))$": r"0|([1-9]\d{0,38})", r"^(0|([1-9]\d{0,128}))$": r"0|([1-9]\d{0,128})"}
# Recorded on AWS: Java's order, not the model's.
PRINTED_ENUMS = {"ShardIteratorType": ["AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON"]}
# Field report (awslabs/amazon-kinesis-producer 680): values that are not printed.
SILENT_SHAPES = {"Data"}
# Recorded on AWS: the members of requests, as far as their order is known.
RECORDED_ORDER = {
    "CreateStream": ["ShardCount", "StreamName"],
    "DescribeStream": ["Limit", "ExclusiveStartShardId", "StreamName"],
    "PutRecord": ["SequenceNumberForOrdering", "PartitionKey", "ExplicitHashKey", "Data", "StreamName"],
    "PutRecords": ["Records", "StreamName"],
    "GetShardIterator": ["ShardId", "ShardIteratorType", "StartingSequenceNumber", "StreamName"],
    "GetRecords": ["Limit", "ShardIterator"],
    "SplitShard": ["NewStartingHashKey", "StreamName", "ShardToSplit"],
    "MergeShards": ["ShardToMerge", "AdjacentShardToMerge", "StreamName"],
    "AddTagsToStream": ["Tags", "StreamName"],
    "RemoveTagsFromStream": ["TagKeys", "StreamName"],
    "ListTagsForStream": ["Limit", "ExclusiveStartTagKey", "StreamName"],
    "IncreaseStreamRetentionPeriod": ["RetentionPeriodHours", "StreamName"],
    "DecreaseStreamRetentionPeriod": ["RetentionPeriodHours", "StreamName"],
    "ListStreams": ["Limit", "ExclusiveStartStreamName"],
}
UNFIT = "é:"  # Fits no pattern of the model, however often it is repeated.
SCALARS = {"string", "integer", "long", "boolean", "blob", "timestamp"}


def java_name(member):
    return member[0].lower() + member[1:]


def printed(value):
    """As Java prints it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(printed, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={printed(value[key])}" for key in sorted(value)) + "}"
    return str(value)


class Model:
    def __init__(self, orders):
        """`orders`: operation or structure -> its members as the server lists violations; recorded ones come first."""
        folder = pathlib.Path(botocore.__file__).parent / "data" / "kinesis" / "2013-12-02"
        self.model = json.loads(gzip.decompress((folder / "service-2.json.gz").read_bytes()))
        self.shapes = self.model["shapes"]
        self.orders = orders

    def input_of(self, operation):
        return self.model["operations"][operation].get("input", {}).get("shape")

    def members(self, name):
        """(member, shape, required) in the order of violations."""
        shape = self.shapes[name]
        order = self.orders.get(name, [])
        assert set(order) <= set(shape["members"]), name
        left = [member for member in shape["members"] if member not in order]
        for member in [*order, *left]:
            yield member, shape["members"][member]["shape"], member in shape.get("required", [])

    # --- Requests that are right ---------------------------------------------------------------------

    def sample(self, name):
        shape = self.shapes[name]
        kind = shape["type"]
        if kind == "string":
            if "enum" in shape:
                return shape["enum"][0]
            return SAMPLES[name] if "pattern" in shape else "x" * max(1, shape.get("min", 1))
        if kind in ("integer", "long"):
            return shape.get("min", 1)
        if kind == "structure":
            return {member: self.sample(inner) for member, inner, required in self.members(name) if required}
        if kind == "list":
            return [self.sample(shape["member"]["shape"])]
        if kind == "map":
            return {"k": "v"}
        return {"boolean": True, "blob": b"data", "timestamp": 1}[kind]

    # --- What is wrong with a request ----------------------------------------------------------------

    def message(self, operation, body):
        found = []
        self.structure(self.input_of(operation), body, "", found)
        found = found[:10]
        head = "1 validation error" if len(found) == 1 else f"{len(found)} validation errors"
        return f"{head} detected: " + "; ".join(found) if found else None

    def structure(self, name, value, path, found):
        for member, shape, required in self.members(name):
            here = (path + "." if path else "") + java_name(member)
            inner = value.get(member)
            if inner is None:
                if required:
                    found.append(f"Value null at '{here}' failed to satisfy constraint: Member must not be null")
                continue
            shown = "" if self.is_silent(shape, inner) else f" '{printed(inner)}'"
            found += [f"Value{shown} at '{here}' failed to satisfy constraint: {each}"
                      for each in self.broken(shape, inner)]
            self.inside(shape, inner, here, found)

    def inside(self, name, value, path, found):
        shape = self.shapes[name]
        if shape["type"] == "structure":
            self.structure(name, value, path, found)
        elif shape["type"] == "list" and self.shapes[shape["member"]["shape"]]["type"] == "structure":
            for at, each in enumerate(value):
                self.structure(shape["member"]["shape"], each, f"{path}.{at + 1}.member", found)

    def is_silent(self, name, value):
        shape = self.shapes[name]
        if shape["type"] == "list":  # Of structures: their Java form has a hash code in it.
            return bool(value) and self.shapes[shape["member"]["shape"]]["type"] == "structure"
        return name in SILENT_SHAPES

    def broken(self, name, value):
        """The constraints of one shape that a value breaks."""
        shape = self.shapes[name]
        kind = shape["type"]
        if kind == "string":
            return self.broken_text(name, value) + self.broken_length(shape, len(value))
        if kind == "blob":
            return self.broken_length(shape, len(value))
        if kind in ("integer", "long"):
            return bounds(shape, value, "value")
        if kind == "list":
            return self.broken_length(shape, len(value)) + self.broken_elements(shape["member"]["shape"], value)
        if kind == "map":
            found = self.broken_length(shape, len(value))
            for inner, what, texts in ((shape["key"], "keys", value), (shape["value"], "value", value.values())):
                limits = self.shapes[inner["shape"]]
                if any(bounds(limits, len(text), "length") for text in texts):
                    found.append(f"Map {what} must satisfy constraint: [{both_bounds(limits)}]")
            return found
        return []

    def broken_text(self, name, value):
        shape, found = self.shapes[name], []
        if "enum" in shape and value not in shape["enum"]:
            found.append(self.enum_text(name))
        if "pattern" in shape and re.fullmatch(shape["pattern"], value) is None:
            found.append("Member must satisfy regular expression pattern: "
                         + PRINTED_PATTERNS.get(shape["pattern"], shape["pattern"]))
        return found

    def enum_text(self, name):
        values = PRINTED_ENUMS.get(name, self.shapes[name]["enum"])
        return f"Member must satisfy enum value set: [{', '.join(values)}]"

    @staticmethod
    def broken_length(shape, length):
        return bounds(shape, length, "length")

    def broken_elements(self, name, values):
        shape = self.shapes[name]
        if shape["type"] != "string":
            return []
        found = []
        if any(bounds(shape, len(value), "length") for value in values):
            found.append(f"Member must satisfy constraint: [{both_bounds(shape)}]")
        if "enum" in shape and any(value not in shape["enum"] for value in values):
            found.append(f"Member must satisfy constraint: [{self.enum_text(name)}, Member must not be null]")
        return found

    # --- Requests that break one rule ----------------------------------------------------------------

    def spoiled(self, name):
        """(what, value) for each rule of the shape and of what it holds: a value that breaks it."""
        shape = self.shapes[name]
        kind = shape["type"]
        if kind == "string":
            yield from self.spoiled_text(name, shape)
        elif kind in ("integer", "long"):
            if "min" in shape:
                yield "too small", shape["min"] - 1
            if "max" in shape:
                yield "too large", shape["max"] + 1
        elif kind == "blob" and "max" in shape:
            yield "too long", b"x" * (shape["max"] + 1)
        elif kind == "list":
            yield from self.spoiled_list(shape)
        elif kind == "map":
            yield "empty", {}
            yield "too many", {f"k{i}": "v" for i in range(shape["max"] + 1)}
            for what, key in self.spoiled(shape["key"]["shape"]):
                yield f"a key {what}", {"k": "v", key: "v"}
            for what, text in self.spoiled(shape["value"]["shape"]):
                yield f"a value {what}", {"k": text}
        elif kind == "structure":
            yield from self.spoiled_structure(name)

    def spoiled_text(self, name, shape):
        if "enum" in shape:
            yield "no such value", shape["enum"][0].lower()
        if "pattern" in shape:
            yield "unfit", UNFIT * max(1, shape.get("min", 2) // 2)
        if shape.get("min", 0) > 0:
            yield "empty", ""
        if "max" in shape:
            sample = self.sample(name)
            yield "too long", sample + sample[-1] * (shape["max"] + 1 - len(sample))

    def spoiled_list(self, shape):
        element = shape["member"]["shape"]
        if shape.get("min", 0) > 0:
            yield "empty", []
        if "max" in shape:
            yield "too many", [self.sample(element)] * (shape["max"] + 1)
        for what, value in self.spoiled(element):
            yield f"an element: {what}", [self.sample(element), value]

    def spoiled_structure(self, name, base=None):
        whole = self.sample(name) if base is None else base
        for member, shape, required in self.members(name):
            if required:
                yield f"{member} missing", {key: value for key, value in whole.items() if key != member}
                yield f"{member} null", {**whole, member: None}
            for what, value in self.spoiled(shape):
                yield f"{member} {what}", {**whole, member: value}

    def spoiled_requests(self, operation):
        if self.input_of(operation) is not None:
            yield from self.spoiled_structure(self.input_of(operation))

    def all_wrong(self, operation):
        """Every member of the request breaks something, or is missing."""
        body = {}
        for member, shape, required in self.members(self.input_of(operation)):
            value = next((value for _, value in self.spoiled(shape)), None)
            if value is not None and not (required and member == "Data"):
                body[member] = value
        return body

    # --- Values of a wrong type ----------------------------------------------------------------------

    def mistyped(self, operation):
        """(member, value, Message) for each member of the request: as recorded on AWS, by type."""
        number = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to "
        boolean = "class java.lang.Boolean can not be converted to "
        text = "class java.lang.String can not be converted to "
        wrong = {
            "string": [(True, boolean + "an String"), (3, number + "an String"), ([], LIST), ({}, STRUCTURE)],
            "integer": [("3", text + "an Integer"), (True, boolean + "an Integer"), ([], LIST), ({}, STRUCTURE)],
            "long": [("3", text + "an Long"), (True, boolean + "an Long"), ([], LIST), ({}, STRUCTURE)],
            "boolean": [(3, number + "an Boolean"), ("maybe", "'MAYBE' can not be converted to an Boolean"), ([], LIST),
                        ({}, STRUCTURE)],
            "blob": [(True, boolean + "a Blob"), (3, number + "a Blob"), ([], LIST), ({}, STRUCTURE)],
            "timestamp": [("now", text + "milliseconds since epoch"), (True, boolean + "milliseconds since epoch"),
                          ([], LIST), ({}, STRUCTURE)],
            "list": [("x", "Expected list or null"), (3, "Expected list or null"), ({}, STRUCTURE)],
            "map": [("x", "Expected map or null"), (True, "Expected map or null"), ([], LIST)],
            "structure": [("x", "Expected null"), (3, "Expected null"), ([], LIST)],
        }
        for member, shape, _ in self.members(self.input_of(operation)) if self.input_of(operation) else []:
            for value, message in wrong[self.shapes[shape]["type"]]:
                yield member, value, message


LIST = "Start of list found where not expected"
STRUCTURE = "Start of structure or map found where not expected."


def bounds(shape, number, what):
    found = []
    if "min" in shape and number < shape["min"]:
        found.append(f"Member must have {what} greater than or equal to {shape['min']}")
    if "max" in shape and number > shape["max"]:
        found.append(f"Member must have {what} less than or equal to {shape['max']}")
    return found


def both_bounds(shape):
    return (f"Member must have length less than or equal to {shape['max']}, "
            f"Member must have length greater than or equal to {shape.get('min', 0)}")
