"""Modes, warm throughput and the settings of an account."""

from datetime import timedelta

import pytest
from conftest import ACCOUNT, evidence
from kit import HOUR, refused, shards_of, stream_arn, until, wait_active

SETTINGS = "MinimumThroughputBillingCommitment"


def summary(kinesis, stream):
    return kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]


def arn_of(account, stream):
    return stream_arn(stream, account)


def switch(kinesis, arn, mode, **more):
    kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": mode}, **more)
    wait_active(kinesis, arn.split("/")[1])


def commit(kinesis, status="ENABLED"):
    return kinesis.update_account_settings(**{SETTINGS: {"Status": status}})[SETTINGS]


@pytest.fixture
def advantage(account):
    """A client of an account with a billing commitment, and the account."""
    commit(account[0])
    return account


# --- Modes -------------------------------------------------------------------------------------------


@evidence("D", "the shards stay in both directions")
def test_a_switch_keeps_the_shards(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=6)
    before = shards_of(server.kinesis, name)
    for mode in ("ON_DEMAND", "PROVISIONED"):
        switch(server.kinesis, stream_arn(name), mode)
        assert summary(server.kinesis, name)["StreamModeDetails"] == {"StreamMode": mode}
        assert shards_of(server.kinesis, name) == before


@evidence("D", "a stream is switched twice in 24 hours; the text is a field report's")
def test_two_switches_a_day(limited, name):
    limited.kinesis.create_stream(StreamName=name, ShardCount=4)
    switch(limited.kinesis, stream_arn(name), "ON_DEMAND")
    switch(limited.kinesis, stream_arn(name), "PROVISIONED")
    wanted = {"StreamARN": stream_arn(name), "StreamModeDetails": {"StreamMode": "ON_DEMAND"}}
    assert refused(limited.kinesis.update_stream_mode, **wanted) == (
        "LimitExceededException", f"Rate exceeded for stream {name} under account {ACCOUNT}.")
    limited.advance(24 * HOUR)
    switch(limited.kinesis, stream_arn(name), "ON_DEMAND")


@evidence("E", "emulators accept the present mode")
def test_the_present_mode_counts_for_nothing(limited, name):
    limited.kinesis.create_stream(StreamName=name, ShardCount=1)
    for _ in range(4):
        switch(limited.kinesis, stream_arn(name), "PROVISIONED")
    switch(limited.kinesis, stream_arn(name), "ON_DEMAND")


@evidence("D", "the quota of on-demand streams; the text is ours")
def test_the_quota_of_on_demand_streams(account):
    kinesis, number = account
    for each in range(50):
        kinesis.create_stream(StreamName=f"s{each}")
    kinesis.create_stream(StreamName="one", ShardCount=1)
    code, text = refused(kinesis.update_stream_mode, StreamARN=arn_of(number, "one"),
                         StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert code == "LimitExceededException"
    assert text.endswith(f"the number of on-demand streams for the account {number}. Limit: 50.")
    assert kinesis.describe_limits()["OnDemandStreamCount"] == 50


@evidence("own", "records of an AUTO stream have no keys to be placed by")
def test_an_auto_stream_is_not_made_provisioned(server, name):
    server.kinesis.create_stream(StreamName=name, RecordDistributionStrategy="AUTO")
    code, text = refused(server.kinesis.update_stream_mode, StreamARN=stream_arn(name),
                         StreamModeDetails={"StreamMode": "PROVISIONED"})
    assert code == "InvalidArgumentException"
    assert "USER_PARTITION_KEY" in text


@evidence("M", "the ARN is required, and there are two modes")
@pytest.mark.parametrize("body, text", [
    ({"StreamModeDetails": {"StreamMode": "ON_DEMAND"}},
     "Value null at 'streamARN' failed to satisfy constraint: Member must not be null"),
    ({"StreamARN": stream_arn("x"), "StreamModeDetails": {}},
     "Value null at 'streamModeDetails.streamMode' failed to satisfy constraint: Member must not be null"),
    ({"StreamARN": stream_arn("x"), "StreamModeDetails": {"StreamMode": "FAST"}},
     "Value 'FAST' at 'streamModeDetails.streamMode' failed to satisfy constraint: Member must satisfy enum value "
     "set: [PROVISIONED, ON_DEMAND]")])
def test_members_are_checked(server, body, text):
    assert server.raw.error("UpdateStreamMode", body) == (
        "ValidationException", f"1 validation error detected: {text}")


# --- Accounts ----------------------------------------------------------------------------------------


@evidence("M", "never used: disabled")
def test_an_account_without_commitment(account):
    assert account[0].describe_account_settings()[SETTINGS] == {"Status": "DISABLED"}


@evidence("D", "a commitment lasts 24 hours at least")
def test_a_commitment_lasts_a_day(server, account):
    kinesis, _ = account
    started = commit(kinesis)
    assert started["Status"] == "ENABLED"
    assert (started["EarliestAllowedEndAt"] - started["StartedAt"]).total_seconds() == 24 * 3600
    assert kinesis.describe_account_settings()[SETTINGS] == started
    ending = commit(kinesis, "DISABLED")
    assert ending == {**started, "Status": "ENABLED_UNTIL_EARLIEST_ALLOWED_END"}
    assert commit(kinesis) == started
    commit(kinesis, "DISABLED")
    server.advance(24 * HOUR)
    ended = kinesis.describe_account_settings()[SETTINGS]
    assert ended["Status"] == "DISABLED"
    assert ended["EndedAt"] == started["EarliestAllowedEndAt"]


@evidence("D", "after the 24 hours it ends at once")
def test_an_old_commitment_ends_at_once(server, advantage):
    kinesis, _ = advantage
    server.advance(25 * HOUR)
    assert commit(kinesis, "DISABLED")["Status"] == "DISABLED"


@evidence("M", "the reply has the settings as they are from now on")
def test_the_reply_of_a_commitment(account):
    kinesis, _ = account
    reply = kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    assert reply[SETTINGS] == kinesis.describe_account_settings()[SETTINGS]
    assert reply[SETTINGS]["EarliestAllowedEndAt"] - reply[SETTINGS]["StartedAt"] == timedelta(hours=24)


@evidence("D", "a commitment is an account's in a region")
def test_a_commitment_holds_in_one_region(server, advantage):
    elsewhere = server.client("kinesis", access_key=advantage[1], region="eu-west-1")
    assert elsewhere.describe_account_settings()[SETTINGS]["Status"] == "DISABLED"


@evidence("D", "20 consumers a stream, 50 with the commitment")
def test_more_consumers_with_a_commitment(account):
    kinesis, number = account
    kinesis.create_stream(StreamName="s", ShardCount=1)
    for each in range(20):
        kinesis.register_stream_consumer(StreamARN=arn_of(number, "s"), ConsumerName=f"c{each}")
    assert refused(kinesis.register_stream_consumer, StreamARN=arn_of(number, "s"),
                   ConsumerName="one-more")[0] == "LimitExceededException"
    commit(kinesis)
    for each in range(20, 50):
        kinesis.register_stream_consumer(StreamARN=arn_of(number, "s"), ConsumerName=f"c{each}")
    assert refused(kinesis.register_stream_consumer, StreamARN=arn_of(number, "s"),
                   ConsumerName="one-more")[0] == "LimitExceededException"


# --- Warm throughput ---------------------------------------------------------------------------------


@evidence("D", "real shards are added; the summary shows both figures")
def test_warm_throughput_adds_shards(advantage):
    kinesis, number = advantage
    kinesis.create_stream(StreamName="s")
    assert summary(kinesis, "s")["WarmThroughput"] == {"CurrentMiBps": 4}
    reply = kinesis.update_stream_warm_throughput(StreamName="s", WarmThroughputMiBps=10)
    reply.pop("ResponseMetadata")
    assert reply == {"StreamARN": arn_of(number, "s"), "StreamName": "s",
                     "WarmThroughput": {"TargetMiBps": 10, "CurrentMiBps": 4}}
    wait_active(kinesis, "s")
    assert summary(kinesis, "s")["WarmThroughput"] == {"TargetMiBps": 10, "CurrentMiBps": 10}
    assert summary(kinesis, "s")["OpenShardCount"] == 10


@evidence("D", "at creation, too")
def test_a_stream_is_created_warm(advantage):
    kinesis, _ = advantage
    kinesis.create_stream(StreamName="s", StreamModeDetails={"StreamMode": "ON_DEMAND"}, WarmThroughputMiBps=25)
    assert summary(kinesis, "s")["WarmThroughput"] == {"TargetMiBps": 25, "CurrentMiBps": 25}


@evidence("D", "and with a switch of modes")
def test_a_stream_is_switched_warm(advantage):
    kinesis, number = advantage
    kinesis.create_stream(StreamName="s", ShardCount=2)
    assert "WarmThroughput" not in summary(kinesis, "s")
    switch(kinesis, arn_of(number, "s"), "ON_DEMAND", WarmThroughputMiBps=7)
    assert summary(kinesis, "s")["WarmThroughput"] == {"TargetMiBps": 7, "CurrentMiBps": 7}
    switch(kinesis, arn_of(number, "s"), "PROVISIONED")
    assert "WarmThroughput" not in summary(kinesis, "s")
    assert summary(kinesis, "s")["OpenShardCount"] == 7


@evidence("D", "only with the commitment; the texts are ours")
def test_no_warm_throughput_without_commitment(server, name):
    server.kinesis.create_stream(StreamName=name)
    assert "WarmThroughput" not in summary(server.kinesis, name)
    for call, arguments in (
            (server.kinesis.update_stream_warm_throughput, {"StreamName": name, "WarmThroughputMiBps": 8}),
            (server.kinesis.create_stream, {"StreamName": name + "-2", "WarmThroughputMiBps": 8}),
            (server.kinesis.update_stream_mode, {"StreamARN": stream_arn(name), "WarmThroughputMiBps": 8,
                                                 "StreamModeDetails": {"StreamMode": "ON_DEMAND"}})):
        code, text = refused(call, **arguments)
        assert code == "InvalidArgumentException"
        assert "needs a minimum throughput billing commitment" in text


@evidence("D", "on-demand streams only, 10 GiB/s at most; the texts are ours")
def test_warm_throughput_has_bounds(advantage):
    kinesis, number = advantage
    kinesis.create_stream(StreamName="provisioned", ShardCount=1)
    assert refused(kinesis.update_stream_warm_throughput, StreamName="provisioned", WarmThroughputMiBps=8) == (
        "ValidationException",
        f"Request is invalid. Stream provisioned under account {number} is in Provisioned mode.")
    kinesis.create_stream(StreamName="s")
    code, text = refused(kinesis.update_stream_warm_throughput, StreamName="s", WarmThroughputMiBps=10_241)
    assert (code, "at most 10240" in text) == ("LimitExceededException", True)
    code, text = refused(kinesis.create_stream, StreamName="p", ShardCount=1, WarmThroughputMiBps=8)
    assert code == "InvalidArgumentException"


@evidence("D", "less lets shards go, down to what the last hour needs")
def test_lower_warm_throughput_lets_shards_go(advantage):
    kinesis, _ = advantage
    kinesis.create_stream(StreamName="s", WarmThroughputMiBps=16)
    for wanted, shards in ((10, 10), (0, 4)):
        kinesis.update_stream_warm_throughput(StreamName="s", WarmThroughputMiBps=wanted)
        wait_active(kinesis, "s")
        assert summary(kinesis, "s")["WarmThroughput"] == {"TargetMiBps": wanted, "CurrentMiBps": shards}


# --- Scaling by itself -------------------------------------------------------------------------------


def scaling(server, stream, **query):
    reply = server.raw.request("GET", f"/_penstock/streams/{stream}/scaling")
    assert reply.status == 200, reply
    return reply.json()


@evidence("D", "an on-demand stream has four shards at least")
def test_a_small_stream_that_goes_on_demand_is_scaled(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=1)
    switch(server.kinesis, stream_arn(name), "ON_DEMAND")
    until(lambda: summary(server.kinesis, name)["OpenShardCount"] == 4, each=lambda: server.advance(60_000))
    now = scaling(server, name)
    assert (now["mode"], now["open_shards"], now["shards_min"], now["shards_max"]) == ("ON_DEMAND", 4, 4, 10240)
    assert [(step["from"], step["to"]) for step in now["steps"]] == [(1, 4)]
    assert now["steps"][0]["reason"] == "An on-demand stream has at least four shards: 1 shard becomes 4."
    assert abs(now["steps"][0]["at_ms"] - server.now_ms()) < HOUR


@evidence("D", "split where a shard takes more than half of its limits; the stream stays ACTIVE")
def test_traffic_splits_shards(server, name):
    server.kinesis.create_stream(StreamName=name)
    record = {"Data": "eA==", "PartitionKey": "k", "ExplicitHashKey": str(2**128 - 1)}

    def minute():
        """31,000 records, all of them for the last shard: 516 a second of service time."""
        for _ in range(62):
            server.raw.result("PutRecords", {"StreamName": name, "Records": [record] * 500})
        server.advance(60_000)
        assert summary(server.kinesis, name)["StreamStatus"] == "ACTIVE"

    until(lambda: summary(server.kinesis, name)["OpenShardCount"] > 4, seconds=120, each=minute)
    step = scaling(server, name)["steps"][-1]
    assert (step["from"], step["to"]) == (4, 5)
    assert step["reason"].startswith("1 of 4 shards took more than half of their limits")
    listed = shards_of(server.kinesis, name)
    assert [each.get("ParentShardId") for each in listed.values()][-2:] == ["shardId-000000000003"] * 2


@evidence("own", "what is not there has no scaling")
def test_no_scaling_of_an_unknown_stream(server, name):
    assert server.raw.request("GET", f"/_penstock/streams/{name}/scaling").status == 404
