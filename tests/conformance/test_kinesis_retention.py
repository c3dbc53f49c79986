"""Retention and tags."""

import pytest
from conftest import evidence
from kit import (ACCOUNT, FIRST, HOUR, data_of, iterator, put, read, refused, shard, shards_of, split_in_the_middle)

KINESALITE = "comparison of kinesalite's suite with production"
MODEL = "service model of botocore 1.44.8"


def hours(server, stream):
    return server.kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["RetentionPeriodHours"]


@evidence("R", KINESALITE)
def test_retention_goes_up_and_down(server, stream):
    server.kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=168)
    assert hours(server, stream) == 168
    server.kinesis.decrease_stream_retention_period(StreamName=stream, RetentionPeriodHours=25)
    assert hours(server, stream) == 25


@evidence("R", KINESALITE)
@pytest.mark.parametrize("direction", ["increase", "decrease"])
def test_the_present_value_is_accepted(server, stream, direction):
    call = getattr(server.kinesis, f"{direction}_stream_retention_period")
    call(StreamName=stream, RetentionPeriodHours=24)
    assert hours(server, stream) == 24


@evidence("R", KINESALITE)
@pytest.mark.parametrize("operation", ["IncreaseStreamRetentionPeriod", "DecreaseStreamRetentionPeriod"])
def test_less_than_a_day(server, stream, operation):
    assert server.raw.error(operation, {"StreamName": stream, "RetentionPeriodHours": 20}) == (
        "InvalidArgumentException",
        "Minimum allowed retention period is 24 hours. Requested retention period (20 hours) is too short.")


@evidence("F", "text of AWS as users quote it")
def test_more_than_a_year(server, stream):
    assert server.raw.error("IncreaseStreamRetentionPeriod", {"StreamName": stream, "RetentionPeriodHours": 8761}) == (
        "InvalidArgumentException",
        "Maximum allowed retention period is 8760 hours. Requested retention period (8761 hours) is too long.")


@evidence("R", KINESALITE)
def test_an_increase_must_not_decrease(server, stream):
    server.kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=30)
    assert server.raw.error("IncreaseStreamRetentionPeriod", {"StreamName": stream, "RetentionPeriodHours": 25}) == (
        "InvalidArgumentException",
        f"Requested retention period (25 hours) for stream {stream} can not be shorter than existing retention "
        "period (30 hours). Use DecreaseRetentionPeriod API.")


@evidence("R", KINESALITE)
def test_a_decrease_must_not_increase(server, stream):
    assert server.raw.error("DecreaseStreamRetentionPeriod", {"StreamName": stream, "RetentionPeriodHours": 40}) == (
        "InvalidArgumentException",
        f"Requested retention period (40 hours) for stream {stream} can not be longer than existing retention "
        "period (24 hours). Use IncreaseRetentionPeriod API.")


@evidence("D", "trimming by arrival time; readers jump to the horizon")
def test_records_leave_after_a_day(server, stream):
    put(server.kinesis, stream, b"old")
    server.advance(23 * HOUR)
    put(server.kinesis, stream, b"young")
    assert data_of(read(server.kinesis, stream)) == [b"old", b"young"]
    server.advance(2 * HOUR)
    assert data_of(read(server.kinesis, stream)) == [b"young"]


@evidence("D", "a trimmed position moves to the oldest record without an error")
def test_a_trimmed_number_reads_from_the_horizon(server, stream):
    old, = put(server.kinesis, stream, b"old")
    server.advance(23 * HOUR)
    put(server.kinesis, stream, b"young")
    server.advance(2 * HOUR)
    assert data_of(read(server.kinesis, stream, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=old)) == [b"young"]


@evidence("D", "a longer retention keeps what has not been trimmed")
def test_a_longer_retention_keeps_records(server, stream):
    server.kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=48)
    put(server.kinesis, stream, b"1")
    server.advance(30 * HOUR)
    assert data_of(read(server.kinesis, stream)) == [b"1"]
    server.kinesis.decrease_stream_retention_period(StreamName=stream, RetentionPeriodHours=24)
    assert read(server.kinesis, stream) == []


@evidence("D", "an increase does not bring back trimmed records")
def test_an_increase_brings_nothing_back(server, stream):
    put(server.kinesis, stream, b"1")
    server.advance(25 * HOUR)
    assert read(server.kinesis, stream) == []
    server.kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=48)
    assert read(server.kinesis, stream) == []


@evidence("D", "an increase does not bring back trimmed records, nor shards that have gone with theirs")
def test_a_decrease_and_an_increase_bring_nothing_back(server, stream):
    server.kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=72)
    put(server.kinesis, stream, b"1")
    split_in_the_middle(server.kinesis, stream)
    server.advance(30 * HOUR)
    assert data_of(read(server.kinesis, stream)) == [b"1"]
    for change, hours in (("decrease", 24), ("increase", 72)):
        getattr(server.kinesis, change + "_stream_retention_period")(StreamName=stream, RetentionPeriodHours=hours)
        assert sorted(shards_of(server.kinesis, stream)) == [shard(1), shard(2)]
    put(server.kinesis, stream, b"2")
    server.advance(60 * HOUR)
    assert sum(len(read(server.kinesis, stream, shard_id=shard(n))) for n in (1, 2)) == 1


@evidence("D", "a closed shard whose records have expired is gone")
def test_an_expired_shard_has_no_iterators(server, stream):
    split_in_the_middle(server.kinesis, stream)
    iterator(server.kinesis, stream)
    server.advance(25 * HOUR)
    code, text = refused(server.kinesis.get_shard_iterator, StreamName=stream, ShardId=FIRST,
                         ShardIteratorType="TRIM_HORIZON")
    assert (code, text) == ("ResourceNotFoundException",
                            f"Shard {FIRST} in stream {stream} under account {ACCOUNT} does not exist")
    assert iterator(server.kinesis, stream, shard_id=shard(1))


# --- Tags ----------------------------------------------------------------------------------------


def tags(server, stream, **more):
    reply = server.raw.result("ListTagsForStream", {"StreamName": stream, **more})
    return [(each["Key"], each["Value"]) for each in reply["Tags"]], reply["HasMoreTags"]


@evidence("R", KINESALITE)
def test_tags_are_added_replaced_removed_and_listed_by_key(server, stream):
    server.kinesis.add_tags_to_stream(StreamName=stream, Tags={"b": "1", "a": "2"})
    server.kinesis.add_tags_to_stream(StreamName=stream, Tags={"b": "3", "c": ""})
    assert tags(server, stream) == ([("a", "2"), ("b", "3"), ("c", "")], False)
    server.kinesis.remove_tags_from_stream(StreamName=stream, TagKeys=["a", "not there"])
    assert tags(server, stream) == ([("b", "3"), ("c", "")], False)


@evidence("R", KINESALITE)
def test_tags_come_in_pages(server, stream):
    server.kinesis.add_tags_to_stream(StreamName=stream, Tags={"a": "1", "b": "2", "c": "3"})
    assert tags(server, stream, Limit=2) == ([("a", "1"), ("b", "2")], True)
    assert tags(server, stream, ExclusiveStartTagKey="b") == ([("c", "3")], False)


@evidence("R", KINESALITE)
def test_tags_with_characters_that_are_not_allowed(server, stream):
    text = "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @."
    for bad in ({"a;b": "1"}, {"a": "<1>"}, {"a\tb": "1"}, {"a": "1\t"}, {"a:b": "1"}, {"\u2603": "1"}, {"a": "\U0001f600"}):
        assert server.raw.error("AddTagsToStream", {"StreamName": stream, "Tags": bad}) == (
            "InvalidArgumentException", text)


@evidence("R", KINESALITE)
def test_keys_to_remove_with_characters_that_are_not_allowed(server, stream):
    for bad in ("a\tb", "a:b", "\u2603"):
        kind, _ = server.raw.error("RemoveTagsFromStream", {"StreamName": stream, "TagKeys": [bad]})
        assert kind == "InvalidArgumentException", bad


@evidence("R", KINESALITE)
def test_a_percent_sign_passes_the_first_check_and_fails_the_second(server, stream):
    end = ("because some tags contained illegal characters. The allowed characters are Unicode letters, white-spaces, "
           "'_',',','/','=','+','-','@'.")
    assert server.raw.error("AddTagsToStream", {"StreamName": stream, "Tags": {"a%b": "1"}}) == (
        "InvalidArgumentException", f"Failed to add tags to stream {stream} under account {ACCOUNT} {end}")
    assert server.raw.error("RemoveTagsFromStream", {"StreamName": stream, "TagKeys": ["a%b"]}) == (
        "InvalidArgumentException", f"Failed to remove tags from stream {stream} under account {ACCOUNT} {end}")


@evidence("R", KINESALITE)
def test_letters_of_any_script_are_allowed(server, stream):
    server.kinesis.add_tags_to_stream(StreamName=stream, Tags={"Größe 尺寸_./=+-@1": "värde"})
    assert tags(server, stream) == ([("Größe 尺寸_./=+-@1", "värde")], False)


@evidence("R", KINESALITE + ": it says 10 whatever the limit is")
def test_a_stream_has_at_most_fifty_tags(server, stream):
    server.kinesis.add_tags_to_stream(StreamName=stream, Tags={f"k{n:02d}": "v" for n in range(50)})
    assert server.raw.error("AddTagsToStream", {"StreamName": stream, "Tags": {"one more": "v"}}) == (
        "InvalidArgumentException",
        f"Failed to add tags to stream {stream} under account {ACCOUNT} because a given stream cannot have more than "
        "10 tags associated with it.")
    server.kinesis.add_tags_to_stream(StreamName=stream, Tags={"k00": "replaced"})
    assert len(tags(server, stream)[0]) == 50
