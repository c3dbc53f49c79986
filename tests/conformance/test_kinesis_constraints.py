"""Every constraint of every member of every Kinesis operation, broken, in JSON and in CBOR: the whole message.

Expectations are made from the newest published model (constraints.py). The order of members is the recorded one where
AWS's is known, else the order of the server's own tables.
"""

import base64
import json
import subprocess

import pytest
from conftest import BINARY, evidence
from constraints import RECORDED_ORDER, Model
from raw import signed

FORM = "the published model's constraints, in the form of kinesalite's suite, which was compared with production"


def described():
    return json.loads(subprocess.run([BINARY, "shapes"], capture_output=True, text=True, check=True).stdout)["kinesis"]["operations"]


def order_of(description, orders):
    """Members of all structures of a request as the server has them."""
    for member in description["members"]:
        kind = member["type"]
        while kind["kind"] in ("list", "map"):
            kind = kind["element"]
        if kind["kind"] == "structure":
            orders[kind["name"]] = [each["name"] for each in kind["members"]]
            order_of(kind, orders)


def model_of(operations):
    orders = {}
    plain = Model({})
    for operation in operations:
        order_of(operation["request"], orders)
        if plain.input_of(operation["name"]):
            orders[plain.input_of(operation["name"])] = [member["name"] for member in operation["request"]["members"]]
    return Model(orders)


OPERATIONS = described()
NAMES = [operation["name"] for operation in OPERATIONS]
MODEL = model_of(OPERATIONS)
TAKING = [operation["name"] for operation in OPERATIONS if operation["request"]["members"]]
VALUES_MAX = 32_768  # A body of more is not read to its end.


def values_in(body):
    inner = body.values() if isinstance(body, dict) else body if isinstance(body, list) else []
    return 1 + sum(map(values_in, inner))


EVERY = [(name, what, body) for name in NAMES for what, body in MODEL.spoiled_requests(name)]
# The SDKs' CBOR ends where event streams begin: AWS answers SubscribeToShard in CBOR with a 500.
JSON_ONLY = {"SubscribeToShard"}
BOTH = [("json", name) for name in TAKING] + [("cbor", name) for name in TAKING if name not in JSON_ONLY]
SPOILED = [(protocol, *each) for each in EVERY if values_in(each[2]) <= VALUES_MAX for protocol in ("json", "cbor")
           if (protocol, each[0]) in BOTH]
TOO_LARGE = [each for each in EVERY if values_in(each[2]) > VALUES_MAX]
MISTYPED = [(name, *each) for name in NAMES for each in MODEL.mistyped(name)]


def as_json(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    return [as_json(inner) for inner in value] if isinstance(value, list) else value


def error(server, protocol, operation, body):
    if (operation, protocol) == ("SubscribeToShard", "cbor"):
        pytest.skip("SubscribeToShard speaks JSON alone, as on AWS")
    if protocol == "json":
        return server.raw.error(operation, as_json(body))
    return server.raw.cbor_error(operation, body)


@evidence("M", FORM)
@pytest.mark.parametrize("protocol, operation, what, body", SPOILED,
                         ids=[f"{protocol} {name}: {what}" for protocol, name, what, _ in SPOILED])
def test_a_broken_constraint_is_named(server, protocol, operation, what, body):
    expected = MODEL.message(operation, body)
    assert expected is not None, "the request breaks something"
    assert error(server, protocol, operation, body) == ("ValidationException", expected)


@evidence("own", "what is answered when a body has more values than are read")
@pytest.mark.parametrize("operation, what, body", TOO_LARGE, ids=[f"{name}: {what}" for name, what, _ in TOO_LARGE])
def test_a_body_of_too_many_values_is_not_read(server, operation, what, body):
    # What the first of them violate, else that it cannot be read.
    assert error(server, "json", operation, body)[0] in ("ValidationException", "SerializationException")


@evidence("R", FORM)
@pytest.mark.parametrize("protocol, operation", BOTH)
def test_all_broken_constraints_are_named_in_order(server, protocol, operation):
    body = MODEL.all_wrong(operation)
    assert error(server, protocol, operation, body) == ("ValidationException", MODEL.message(operation, body))


@evidence("R", "comparison of kinesalite's suite with production, by type")
@pytest.mark.parametrize("operation, member, value, text", MISTYPED,
                         ids=[f"{name}.{member} {json.dumps(value)}" for name, member, value, _ in MISTYPED])
def test_a_value_of_a_wrong_type_is_named(server, operation, member, value, text):
    reply = server.raw.kinesis(operation, {member: value})
    assert (reply.status, reply.json()) == (400, {"__type": "SerializationException", "Message": text})


@evidence("own", "AWS's answers in CBOR are not recorded: those of JSON")
@pytest.mark.parametrize("operation, member, value, text", [each for each in MISTYPED if each[0] not in JSON_ONLY],
                         ids=[f"{name}.{member} {json.dumps(value)}" for name, member, value, _ in MISTYPED if name not in JSON_ONLY])
def test_a_value_of_a_wrong_type_is_named_in_cbor_too(server, operation, member, value, text):
    assert server.raw.cbor_error(operation, {member: value}) == ("SerializationException", text)


@evidence("R", "comparison of kinesalite's suite with production")
@pytest.mark.parametrize("operation", RECORDED_ORDER)
def test_members_are_checked_in_the_recorded_order(operation):
    ours = [member["name"] for each in OPERATIONS if each["name"] == operation for member in each["request"]["members"]]
    assert [member for member in ours if member in RECORDED_ORDER[operation]] == RECORDED_ORDER[operation]


@evidence("M", "requests that break no constraint are not refused as if they did")
@pytest.mark.parametrize("operation", TAKING)
def test_a_request_within_its_constraints_passes_them(server, account, operation):
    body = MODEL.sample(MODEL.input_of(operation))
    assert MODEL.message(operation, body) is None
    # Some have their effect, in an account of their own.
    reply = server.raw.kinesis(operation, as_json(body), **signed("kinesis", account[1]))
    refused = reply.body and b"validation error" in reply.body
    # Without a key PutRecord(s) is refused by streams that need one, in the same words; this one is not there.
    assert not refused and b"SerializationException" not in reply.body
