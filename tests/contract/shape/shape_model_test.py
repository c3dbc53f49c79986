"""Every operation's table against the newest published service model."""

import copy
import json
import os
import pathlib
import re
import subprocess

import pytest

import known
import model

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = os.environ.get("PENSTOCK_BIN", str(ROOT / "build" / "release" / "penstock"))

# What must be there, whatever else is.
OPERATIONS = {
    "kinesis": """CreateStream DeleteStream DescribeStream DescribeStreamSummary ListStreams ListShards DescribeLimits
        PutRecord PutRecords GetShardIterator GetRecords SplitShard MergeShards IncreaseStreamRetentionPeriod
        DecreaseStreamRetentionPeriod AddTagsToStream ListTagsForStream RemoveTagsFromStream""".split(),
    "lambda": """CreateFunction GetFunction GetFunctionConfiguration UpdateFunctionCode UpdateFunctionConfiguration
        DeleteFunction ListFunctions Invoke CreateEventSourceMapping GetEventSourceMapping UpdateEventSourceMapping
        DeleteEventSourceMapping ListEventSourceMappings""".split(),
    "sqs": """CreateQueue GetQueueUrl ListQueues SendMessage SendMessageBatch ReceiveMessage DeleteMessage
        DeleteMessageBatch ChangeMessageVisibility GetQueueAttributes PurgeQueue DeleteQueue""".split(),
}


def described():
    return json.loads(subprocess.run([BINARY, "shapes"], capture_output=True, text=True, check=True).stdout)


@pytest.fixture(scope="session")
def services():
    return described()


@pytest.fixture(scope="session")
def found(services):
    """All differences, known ones too, by service."""
    return {service: compared(service, description) for service, description in services.items()}


def compared(service, description):
    names = [operation["name"] for operation in description["operations"]]
    return model.differences(model.TableFacts(service, description).facts,
                             model.ModelFacts(service, model.published(service), names).facts)


def fits(entry, difference):
    place = re.escape(entry.where).replace(r"\*", ".*")
    if re.fullmatch(place, difference.where) is None or difference.aspect not in entry.aspects.split():
        return False
    if difference.aspect == "errors":  # One that the model does not declare is never meant.
        ours, published = set(difference.ours), set(difference.published)
        return ours <= published <= ours | set(entry.published)
    return entry.ours == difference.ours and entry.published in (..., difference.published)


def is_known(difference):
    return any(fits(entry, difference) for entry in known.KNOWN)


@pytest.mark.parametrize("service", OPERATIONS)
def test_every_operation_is_there(services, service):
    here = [operation["name"] for operation in services[service]["operations"]]
    assert set(OPERATIONS[service]) <= set(here)
    assert len(here) == len(set(here))
    assert set(here) <= set(model.published(service)["operations"])


@pytest.mark.parametrize("service", OPERATIONS)
def test_tables_say_what_the_published_model_says(found, service):
    unknown = [str(difference) for difference in found[service] if not is_known(difference)]
    assert not unknown, "\n".join(unknown)


@pytest.mark.parametrize("entry", known.KNOWN, ids=lambda entry: f"{entry.where} {entry.aspects.replace(' ', ',')}")
def test_every_known_difference_is_still_one(found, entry):
    every = [difference for differences in found.values() for difference in differences]
    assert any(fits(entry, difference) for difference in every), "the difference is gone: remove it from known.py"


@pytest.mark.parametrize("service", OPERATIONS)
def test_required_members_of_requests_can_be_seen_missing(services, service):
    assert model.TableFacts(service, services[service]).required_but_never_absent == []


# --- The comparison itself -----------------------------------------------------------------------------------------



def member_of(kind, *path):
    """The member of a description at a path of names, through lists."""
    for name in path:
        while kind["kind"] in ("list", "map"):
            kind = kind["element"]
        member = next(each for each in kind["members"] if each["name"] == name)
        kind = member["type"]
    return member


def drop(kind, name):
    kind["members"] = [each for each in kind["members"] if each["name"] != name]


SPOILED = {
    "a bound": (lambda t: member_of(t["GetRecords"]["request"], "Limit").update(range=[1, 9_999]),
                ["kinesis.GetRecords.request.Limit range"]),
    "a bound gone": (lambda t: member_of(t["GetRecords"]["request"], "ShardIterator").pop("length"),
                     ["kinesis.GetRecords.request.ShardIterator length"]),
    "a pattern inside a list": (
        lambda t: member_of(t["PutRecords"]["request"], "Records", "PartitionKey").update(length=[1, 255]),
        ["kinesis.PutRecords.request.Records[].PartitionKey length"]),
    "the order of an enum": (lambda t: member_of(t["ListShards"]["request"], "ShardFilter", "Type")["enum"].reverse(),
                             ["kinesis.ListShards.request.ShardFilter.Type enum"]),
    "a type": (lambda t: member_of(t["PutRecord"]["request"], "Data").update(type={"kind": "string"}),
               ["kinesis.PutRecord.request.Data type"]),
    "required": (lambda t: member_of(t["CreateStream"]["request"], "StreamName").pop("required"),
                 ["kinesis.CreateStream.request.StreamName required"]),
    "a member of a request": (lambda t: drop(t["DescribeStream"]["request"], "Limit"),
                              ["kinesis.DescribeStream.request.Limit type"]),
    "a member of a reply": (lambda t: drop(member_of(t["DescribeStream"]["response"], "StreamDescription")["type"], "Shards"),
                            ["kinesis.DescribeStream.response.StreamDescription.Shards type"]),
    "a member of ours": (lambda t: t["DeleteStream"]["request"]["members"].append(
        {"name": "Force", "nullable": True, "type": {"kind": "boolean"}}), ["kinesis.DeleteStream.request.Force type"]),
    "an error gone": (lambda t: t["GetRecords"]["errors"].remove("ExpiredIteratorException"),
                      ["kinesis.GetRecords errors"]),
    "an error of ours": (lambda t: t["ListStreams"]["errors"].append("AccessDeniedException"), ["kinesis.ListStreams errors"]),
    "the path": (lambda t: t["ListStreams"].update(path="/streams"), ["kinesis.ListStreams path"]),
    "the name of a structure": (lambda t: member_of(t["CreateStream"]["request"], "StreamModeDetails")["type"].update(
        name="Mode"), ["kinesis.CreateStream.request.StreamModeDetails name"]),
}


@pytest.mark.parametrize("spoiled", SPOILED)
def test_the_comparison_sees(services, spoiled):
    spoil, expected = SPOILED[spoiled]
    description = copy.deepcopy(services["kinesis"])
    spoil({each["name"]: each for each in description["operations"]})
    unknown = [f"{each.where} {each.aspect}" for each in compared("kinesis", description) if not is_known(each)]
    assert unknown == expected
