"""GetRecords pages, lag, the end of a closed shard; sequence numbers."""

import re

import pytest
from conftest import evidence
from kit import (FIRST, SequenceNumber, data_of, iterator, merge, put, read, shard, shards_of,
                 split_in_the_middle)

KINESALITE = "comparison of kinesalite's suite with production"
MODEL = "service model of botocore 1.44.8"


@evidence("R", KINESALITE)
def test_a_limit_cuts_pages_that_go_on_where_the_last_ended(server, stream):
    put(server.kinesis, stream, *[b"%d" % n for n in range(5)])
    at, pages = iterator(server.kinesis, stream), []
    while len(pages) < 4:
        page = server.kinesis.get_records(ShardIterator=at, Limit=2)
        pages.append(data_of(page["Records"]))
        at = page["NextShardIterator"]
    assert pages == [[b"0", b"1"], [b"2", b"3"], [b"4"], []]


@evidence("M", MODEL)
def test_a_page_has_at_most_ten_thousand_records(server, stream):
    for _ in range(21):
        server.kinesis.put_records(StreamName=stream, Records=[{"Data": b"", "PartitionKey": "k"}] * 500)
    page = server.kinesis.get_records(ShardIterator=iterator(server.kinesis, stream))
    assert len(page["Records"]) == 10000
    rest = server.kinesis.get_records(ShardIterator=page["NextShardIterator"])
    assert len(rest["Records"]) == 500


@evidence("D", "10 MiB of data and keys in a page")
def test_a_page_has_at_most_ten_mebibytes(server, stream):
    for n in range(11):
        put(server.kinesis, stream, b"%d" % (n % 10) * 1_000_000)
    page = server.kinesis.get_records(ShardIterator=iterator(server.kinesis, stream))
    assert len(page["Records"]) == 10
    assert len(server.kinesis.get_records(ShardIterator=page["NextShardIterator"])["Records"]) == 1


@evidence("R", KINESALITE)
def test_an_empty_page_goes_on(server, stream):
    page = server.raw.result("GetRecords", {"ShardIterator": iterator(server.kinesis, stream)})
    assert page.pop("NextShardIterator")
    assert page == {"Records": [], "MillisBehindLatest": 0}


@evidence("D", "a distance, not a flag: consumers act on it")
def test_the_lag_is_measured_while_records_are_unread(server, stream):
    put(server.kinesis, stream, b"1")
    server.advance(5000)
    put(server.kinesis, stream, b"2")
    page = server.kinesis.get_records(ShardIterator=iterator(server.kinesis, stream), Limit=1)
    assert 5000 <= page["MillisBehindLatest"] < 60_000
    page = server.kinesis.get_records(ShardIterator=page["NextShardIterator"], Limit=1)
    assert page["MillisBehindLatest"] == 0


@evidence("R", KINESALITE)
def test_arrival_is_a_plain_decimal_of_milliseconds(server, stream):
    put(server.kinesis, stream, b"1")
    text = server.raw.kinesis("GetRecords", {"ShardIterator": iterator(server.kinesis, stream)}).body.decode()
    found = re.search(r'"ApproximateArrivalTimestamp":(\d{10}(?:\.\d{1,3})?)[,}]', text)
    assert float(found[1]) == pytest.approx(server.now_ms() / 1000, abs=60)


@evidence("M", "consumer libraries of the field refuse any other combination")
def test_a_split_shard_ends_with_its_children(server, stream):
    put(server.kinesis, stream, b"1", b"2")
    at = iterator(server.kinesis, stream)
    split_in_the_middle(server.kinesis, stream)
    first = server.raw.result("GetRecords", {"ShardIterator": at, "Limit": 1})
    assert (len(first["Records"]), "ChildShards" in first) == (1, False)
    at = first["NextShardIterator"]
    while at is not None:
        last = server.raw.result("GetRecords", {"ShardIterator": at})
        at = last.get("NextShardIterator")
    children = shards_of(server.kinesis, stream)
    assert last["ChildShards"] == [
        {"ShardId": shard(n), "ParentShards": [FIRST], "HashKeyRange": children[shard(n)]["HashKeyRange"]}
        for n in (1, 2)]
    assert last["MillisBehindLatest"] == 0


@evidence("F", "Telegraf's consumer drops the records of a page without a next iterator")
def test_the_last_records_of_a_closed_shard_come_before_its_end(server, stream):
    put(server.kinesis, stream, b"1", b"2")
    split_in_the_middle(server.kinesis, stream)
    page = server.kinesis.get_records(ShardIterator=iterator(server.kinesis, stream))
    assert ([each["Data"] for each in page["Records"]], page["MillisBehindLatest"], "ChildShards" in page) == (
        [b"1", b"2"], 0, False)
    end = server.kinesis.get_records(ShardIterator=page["NextShardIterator"])
    assert (end["Records"], end.get("NextShardIterator"), len(end["ChildShards"])) == ([], None, 2)


@evidence("M", MODEL)
def test_merged_shards_end_with_one_child_of_two_parents(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=2)
    merge(server.kinesis, name, shard(0), shard(1))
    for parent in (shard(0), shard(1)):
        page = server.kinesis.get_records(ShardIterator=iterator(server.kinesis, name, shard_id=parent))
        assert "NextShardIterator" not in page
        assert [(each["ShardId"], each["ParentShards"]) for each in page["ChildShards"]] == [
            (shard(2), [shard(0), shard(1)])]


@evidence("R", KINESALITE)
def test_latest_on_a_closed_shard_is_its_end(server, stream):
    put(server.kinesis, stream, b"1")
    split_in_the_middle(server.kinesis, stream)
    page = server.kinesis.get_records(ShardIterator=iterator(server.kinesis, stream, "LATEST"))
    assert (page["Records"], page.get("NextShardIterator"), len(page["ChildShards"])) == ([], None, 2)


# --- Sequence numbers ----------------------------------------------------------------------------


@evidence("R", "field numbers of AWS decode to these parts (version 2)")
def test_a_number_says_shard_and_second(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=3)
    before = server.now_ms() // 1000
    reply = server.kinesis.put_record(StreamName=name, Data=b"", PartitionKey="e")
    after = server.now_ms() // 1000
    number = SequenceNumber.of(reply["SequenceNumber"])
    assert len(reply["SequenceNumber"]) == 56
    assert (reply["ShardId"], number.shard) == (shard(2), 2)
    assert before <= number.time <= after
    assert number.index >= 1


@evidence("R", KINESALITE)
def test_a_shard_starts_with_index_zero_at_its_creation(server, stream):
    start = shards_of(server.kinesis, stream)[FIRST]["SequenceNumberRange"]["StartingSequenceNumber"]
    number = SequenceNumber.of(start)
    assert (number.index, number.shard, number.time) == (0, 0, number.created)
    first, = put(server.kinesis, stream, b"1")
    assert SequenceNumber.of(first).created == number.created
    assert int(first) > int(start)


@evidence("R", KINESALITE)
def test_numbers_rise_within_a_shard(server, stream):
    numbers = put(server.kinesis, stream, b"1", b"2")
    reply = server.kinesis.put_records(StreamName=stream, Records=[{"Data": b"", "PartitionKey": "k"}] * 50)
    numbers += [each["SequenceNumber"] for each in reply["Records"]]
    numbers += put(server.kinesis, stream, b"3")
    values = [int(each) for each in numbers]
    assert values == sorted(set(values))
    assert numbers == sorted(numbers), "equal length: they sort as text too"


@evidence("R", KINESALITE)
def test_a_closed_shard_ends_above_all_its_records(server, stream):
    last, = put(server.kinesis, stream, b"1")
    split_in_the_middle(server.kinesis, stream)
    ending = shards_of(server.kinesis, stream)[FIRST]["SequenceNumberRange"]["EndingSequenceNumber"]
    assert int(ending) > int(last)
    assert SequenceNumber.of(ending).index == 2**63 - 1


@evidence("R", KINESALITE)
def test_children_s_numbers_are_above_their_parents_(server, stream):
    put(server.kinesis, stream, b"1")
    split_in_the_middle(server.kinesis, stream)
    split_in_the_middle(server.kinesis, stream, shard(1))
    listed = {key: each["SequenceNumberRange"] for key, each in shards_of(server.kinesis, stream).items()}
    for child, parent in [(1, 0), (2, 0), (3, 1), (4, 1)]:
        assert int(listed[shard(child)]["StartingSequenceNumber"]) > int(listed[shard(parent)]["EndingSequenceNumber"])
    late, = put(server.kinesis, stream, b"2", ExplicitHashKey="0")
    assert int(late) > int(listed[shard(1)]["EndingSequenceNumber"])
    assert data_of(read(server.kinesis, stream, shard_id=shard(3))) == [b"2"]
