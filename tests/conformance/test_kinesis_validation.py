"""Texts of SerializationException and ValidationException, byte for byte."""

import pytest
from conftest import evidence

NUMBER = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to "
KINESALITE = "comparison of kinesalite's suite with production"

SERIALIZATION = [
    ("PutRecord", '{"StreamName":true}', "class java.lang.Boolean can not be converted to an String"),
    ("PutRecord", '{"StreamName":3}', NUMBER + "an String"),
    ("PutRecord", '{"StreamName":[]}', "Start of list found where not expected"),
    ("PutRecord", '{"StreamName":{}}', "Start of structure or map found where not expected."),
    ("CreateStream", '{"ShardCount":"3"}', "class java.lang.String can not be converted to an Integer"),
    ("CreateStream", '{"ShardCount":true}', "class java.lang.Boolean can not be converted to an Integer"),
    ("PutRecord", '{"Data":true}', "class java.lang.Boolean can not be converted to a Blob"),
    ("PutRecord", '{"Data":3}', NUMBER + "a Blob"),
    ("PutRecord", '{"Data":"23456"}',
     "'23456' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 "
     "bytes but found: 5"),
    ("PutRecord", '{"Data":"=+/="}',
     "'=+/=' can not be converted to a Blob: Invalid Base64 character: '='"),
    ("PutRecord", '{"Data":"+/+="}',
     "'+/+=' can not be converted to a Blob: Invalid last non-pad Base64 character dectected"),
    ("GetShardIterator", '{"Timestamp":"now"}',
     "class java.lang.String can not be converted to milliseconds since epoch"),
    ("PutRecords", '{"Records":"x"}', "Expected list or null"),
    ("AddTagsToStream", '{"Tags":"x"}', "Expected map or null"),
    ("PutRecords", '{"Records":["x"]}', "Expected null"),
    ("PutRecords", '{"Records":[{"Data":3}]}', NUMBER + "a Blob"),
    ("DeleteStream", '{"EnforceConsumerDeletion":3}', NUMBER + "an Boolean"),
    ("DeleteStream", '{"EnforceConsumerDeletion":"maybe"}', "'MAYBE' can not be converted to an Boolean"),
]


@evidence("R", KINESALITE)
@pytest.mark.parametrize("operation, body, text", SERIALIZATION)
def test_wrong_type_is_a_serialization_exception(server, operation, body, text):
    reply = server.raw.kinesis(operation, body)
    assert reply.status == 400
    assert reply.json() == {"__type": "SerializationException", "Message": text}


NULL = "Member must not be null"
NAME = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
AT_LEAST_1 = "Member must have length greater than or equal to 1"
AT_MOST_128 = "Member must have length less than or equal to 128"
HASH_KEY = r"Member must satisfy regular expression pattern: 0|([1-9]\d{0,38})"
SEQUENCE = r"Member must satisfy regular expression pattern: 0|([1-9]\d{0,128})"
ITERATOR_TYPES = ("Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, "
                  "AT_SEQUENCE_NUMBER, TRIM_HORIZON]")


def violations(*each):
    head = "1 validation error" if len(each) == 1 else f"{len(each)} validation errors"
    return f"{head} detected: " + "; ".join(
        f"Value {value} at '{path}' failed to satisfy constraint: {constraint}"
        for value, path, constraint in each)


VALIDATION = [
    ("GetRecords", {"ShardIterator": "", "Limit": 0},
     [("'0'", "limit", "Member must have value greater than or equal to 1"),
      ("''", "shardIterator", AT_LEAST_1)]),
    ("GetRecords", {"ShardIterator": "x", "Limit": 100000},
     [("'100000'", "limit", "Member must have value less than or equal to 10000")]),
    ("GetRecords", {}, [("null", "shardIterator", NULL)]),
    ("CreateStream", {"StreamName": "", "ShardCount": 0},
     [("'0'", "shardCount", "Member must have value greater than or equal to 1"),
      ("''", "streamName", NAME), ("''", "streamName", AT_LEAST_1)]),
    ("CreateStream", {"ShardCount": 1}, [("null", "streamName", NULL)]),
    ("CreateStream", {"StreamName": "a b", "ShardCount": 1}, [("'a b'", "streamName", NAME)]),
    ("CreateStream", {"StreamName": "a" * 129, "ShardCount": 1},
     [("'" + "a" * 129 + "'", "streamName", AT_MOST_128)]),
    ("DescribeStream", {"StreamName": "x", "Limit": 0},
     [("'0'", "limit", "Member must have value greater than or equal to 1")]),
    ("DescribeStream", {"StreamName": "x", "Limit": 10001},
     [("'10001'", "limit", "Member must have value less than or equal to 10000")]),
    ("DescribeStream", {"StreamName": "x", "ExclusiveStartShardId": ""},
     [("''", "exclusiveStartShardId", NAME), ("''", "exclusiveStartShardId", AT_LEAST_1)]),
    ("PutRecord", {"StreamName": "x", "PartitionKey": "k", "Data": "", "ExplicitHashKey": ""},
     [("''", "explicitHashKey", HASH_KEY)]),
    ("PutRecord", {"StreamName": "x", "PartitionKey": "k", "Data": "", "SequenceNumberForOrdering": "01"},
     [("'01'", "sequenceNumberForOrdering", SEQUENCE)]),
    ("PutRecord", {"StreamName": "x", "PartitionKey": "k" * 257, "Data": ""},
     [("'" + "k" * 257 + "'", "partitionKey", "Member must have length less than or equal to 256")]),
    ("PutRecord", {"StreamName": "x", "PartitionKey": "k"}, [("null", "data", NULL)]),
    ("PutRecords", {"StreamName": "x"}, [("null", "records", NULL)]),
    ("PutRecords", {"StreamName": "x", "Records": []}, [("'[]'", "records", AT_LEAST_1)]),
    ("PutRecords", {"StreamName": "x", "Records": [{"Data": "", "PartitionKey": ""}]},
     [("''", "records.1.member.partitionKey", AT_LEAST_1)]),
    ("PutRecords", {"StreamName": "x", "Records": [{"Data": "", "PartitionKey": "k"},
                                                   {"PartitionKey": "k"}]},
     [("null", "records.2.member.data", NULL)]),
    ("GetShardIterator", {"StreamName": "x", "ShardId": "shardId-0", "ShardIteratorType": "x"},
     [("'x'", "shardIteratorType", ITERATOR_TYPES)]),
    ("GetShardIterator", {"StreamName": "x"},
     [("null", "shardId", NULL), ("null", "shardIteratorType", NULL)]),
    ("SplitShard", {"StreamName": "x"},
     [("null", "newStartingHashKey", NULL), ("null", "shardToSplit", NULL)]),
    ("MergeShards", {"StreamName": "x"},
     [("null", "shardToMerge", NULL), ("null", "adjacentShardToMerge", NULL)]),
    ("AddTagsToStream", {"StreamName": "x", "Tags": {}}, [("'{}'", "tags", AT_LEAST_1)]),
    ("RemoveTagsFromStream", {"StreamName": "x", "TagKeys": []}, [("'[]'", "tagKeys", AT_LEAST_1)]),
    ("ListTagsForStream", {"StreamName": "x", "Limit": 0},
     [("'0'", "limit", "Member must have value greater than or equal to 1")]),
    ("IncreaseStreamRetentionPeriod", {"StreamName": "x"}, [("null", "retentionPeriodHours", NULL)]),
    ("ListStreams", {"Limit": 0}, [("'0'", "limit", "Member must have value greater than or equal to 1")]),
]


@evidence("R", KINESALITE + "; bounds of the current service model")
@pytest.mark.parametrize("operation, body, expected", VALIDATION)
def test_violations_are_listed_in_the_service_s_order(server, operation, body, expected):
    assert server.raw.error(operation, body) == ("ValidationException", violations(*expected))


@evidence("R", KINESALITE)
def test_an_integer_saturates_and_a_fraction_is_floored(server, name):
    kind, text = server.raw.error("GetRecords", {"ShardIterator": "x", "Limit": 100000000000})
    assert (kind, "'2147483647' at 'limit'" in text) == ("ValidationException", True)
    assert server.raw.kinesis("CreateStream", {"StreamName": name, "ShardCount": 1.9}).status == 200
    assert len(server.kinesis.list_shards(StreamName=name)["Shards"]) == 1


@evidence("R", KINESALITE)
def test_null_is_absent_and_unknown_members_are_ignored(server, name):
    body = {"StreamName": name, "ShardCount": 1, "StreamModeDetails": None, "Colour": "blue"}
    assert server.raw.kinesis("CreateStream", body).status == 200


@evidence("F", "awslabs/amazon-kinesis-producer 680: text since records of 10 MiB")
def test_an_oversize_record_is_named_without_its_value(server, stream):
    import base64
    big = base64.b64encode(b"x" * 1048577).decode()
    kind, text = server.raw.error("PutRecords", {
        "StreamName": stream, "Records": [{"Data": big, "PartitionKey": "k"}]})
    assert kind == "ValidationException"
    assert text == ("1 validation error detected: Value at 'records.1.member.data' failed to satisfy "
                    "constraint: Member must have length less than or equal to 1048576.")
