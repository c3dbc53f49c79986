"""Tags and policies of streams and consumers, by ARN."""

import json

import pytest
from conftest import Server, evidence
from kit import ACCOUNT, REGION, not_found, refused, stream_arn

KINESALITE = "comparison of kinesalite's suite with production"
GUIDE = "developer guide: resource-based policies"


@pytest.fixture
def consumer(server, stream):
    """The ARN of a consumer."""
    return server.kinesis.register_stream_consumer(StreamARN=stream_arn(stream), ConsumerName="c")["Consumer"]["ConsumerARN"]


@pytest.fixture(params=["stream", "consumer"])
def resource(request, stream):
    """The ARN of one, then of the other."""
    return stream_arn(stream) if request.param == "stream" else request.getfixturevalue("consumer")


def tags_of(kinesis, arn):
    return {tag["Key"]: tag["Value"] for tag in kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"]}


# --- Tags ------------------------------------------------------------------------------------------


@evidence("M", "TagResource, UntagResource, ListTagsForResource")
def test_a_resource_is_tagged_and_untagged(server, resource):
    assert tags_of(server.kinesis, resource) == {}
    server.kinesis.tag_resource(ResourceARN=resource, Tags={"team": "sea", "env": "dev"})
    server.kinesis.tag_resource(ResourceARN=resource, Tags={"env": "prod", "empty": ""})
    assert tags_of(server.kinesis, resource) == {"team": "sea", "env": "prod", "empty": ""}
    server.kinesis.untag_resource(ResourceARN=resource, TagKeys=["team", "never there"])
    assert tags_of(server.kinesis, resource) == {"env": "prod", "empty": ""}


@evidence("D", "the same store as AddTagsToStream")
def test_a_stream_s_tags_are_the_same_by_name_and_by_arn(server, stream):
    server.kinesis.add_tags_to_stream(StreamName=stream, Tags={"a": "1"})
    server.kinesis.tag_resource(ResourceARN=stream_arn(stream), Tags={"b": "2"})
    listed = server.kinesis.list_tags_for_stream(StreamName=stream)["Tags"]
    assert listed == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    assert tags_of(server.kinesis, stream_arn(stream)) == {"a": "1", "b": "2"}


@evidence("D", "tags given at registration")
def test_tags_of_a_registration_are_listed(server, stream):
    made = server.kinesis.register_stream_consumer(StreamARN=stream_arn(stream), ConsumerName="t", Tags={"a": "1"})
    assert tags_of(server.kinesis, made["Consumer"]["ConsumerARN"]) == {"a": "1"}
    assert tags_of(server.kinesis, stream_arn(stream)) == {}


@evidence("R", KINESALITE + "; the number printed is 10, the quota 50")
def test_fifty_tags_are_the_most(server, stream):
    arn = stream_arn(stream)
    server.kinesis.tag_resource(ResourceARN=arn, Tags={f"k{i}": "v" for i in range(50)})
    server.kinesis.tag_resource(ResourceARN=arn, Tags={"k0": "again"})
    assert refused(server.kinesis.tag_resource, ResourceARN=arn, Tags={"one more": "v"}) == (
        "InvalidArgumentException",
        f"Failed to add tags to stream {stream} under account {ACCOUNT} because a given stream cannot have more "
        "than 10 tags associated with it.")


INVALID = "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @."
ILLEGAL = ("Failed to {} stream {} under account {} because some tags contained illegal characters. The allowed "
           "characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.")


@evidence("R", KINESALITE)
@pytest.mark.parametrize("tags", [{"a!": "v"}, {"a": "v#"}])
def test_characters_that_no_tag_may_have(server, stream, tags):
    for call in ({"tag_resource": {"ResourceARN": stream_arn(stream)}}, {"add_tags_to_stream": {"StreamName": stream}}):
        (method, target), = call.items()
        assert refused(getattr(server.kinesis, method), **target, Tags=tags) == ("InvalidArgumentException", INVALID)


@evidence("R", KINESALITE + ": % passes the first check and fails the second")
def test_a_percent_sign_is_illegal_in_another_way(server, stream):
    arn = stream_arn(stream)
    assert refused(server.kinesis.tag_resource, ResourceARN=arn, Tags={"a": "5%"}) == (
        "InvalidArgumentException", ILLEGAL.format("add tags to", stream, ACCOUNT))
    assert refused(server.kinesis.untag_resource, ResourceARN=arn, TagKeys=["%"]) == (
        "InvalidArgumentException", ILLEGAL.format("remove tags from", stream, ACCOUNT))


@evidence("D", "the prefix aws: is reserved; the text is ours")
@pytest.mark.parametrize("key", ["aws:mine", "AWS:mine", "aws:"])
def test_keys_of_aws_are_reserved(server, stream, name, key):
    text = "because keys that begin with aws: are reserved."
    for method, arguments in {
            "tag_resource": {"ResourceARN": stream_arn(stream), "Tags": {key: "v"}},
            "untag_resource": {"ResourceARN": stream_arn(stream), "TagKeys": [key]},
            "create_stream": {"StreamName": name + "-t", "ShardCount": 1, "Tags": {key: "v"}},
            "register_stream_consumer": {"StreamARN": stream_arn(stream), "ConsumerName": "r", "Tags": {key: "v"}}}.items():
        code, message = refused(getattr(server.kinesis, method), **arguments)
        assert code == "InvalidArgumentException" and message.endswith(text), method
    server.kinesis.tag_resource(ResourceARN=stream_arn(stream), Tags={"awsome": "v", "x:aws": "v"})


@evidence("M", "ResourceNotFoundException")
@pytest.mark.parametrize("operation, more", [("TagResource", {"Tags": {"a": "b"}}), ("UntagResource", {"TagKeys": ["a"]}),
                                             ("ListTagsForResource", {})])
def test_a_resource_that_is_not_there_has_no_tags(server, operation, more):
    assert server.raw.error(operation, {"ResourceARN": stream_arn("nobody"), **more}) == not_found("nobody")
    missing = stream_arn("nobody") + "/consumer/c:1"
    assert server.raw.error(operation, {"ResourceARN": missing, **more}) == (
        "ResourceNotFoundException", f"Consumer {missing}, account {ACCOUNT} not found.")
    queue = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:queue/q"
    assert server.raw.error(operation, {"ResourceARN": queue, **more})[0] == "ResourceNotFoundException"


@evidence("own", "one document each, committed before the answer")
def test_tags_and_policy_outlive_a_restart_and_go_with_the_stream(tmp_path, name):
    first = Server("--data", str(tmp_path / "data"))
    first.kinesis.create_stream(StreamName=name, ShardCount=1)
    text = policy(stream_arn(name))
    first.kinesis.tag_resource(ResourceARN=stream_arn(name), Tags={"a": "1"})
    first.kinesis.put_resource_policy(ResourceARN=stream_arn(name), Policy=text)
    first.stop()
    second = Server("--data", str(tmp_path / "data"))
    assert tags_of(second.kinesis, stream_arn(name)) == {"a": "1"}
    assert second.kinesis.get_resource_policy(ResourceARN=stream_arn(name))["Policy"] == text
    second.kinesis.delete_stream(StreamName=name)
    second.kinesis.create_stream(StreamName=name, ShardCount=1)
    assert tags_of(second.kinesis, stream_arn(name)) == {}
    assert second.kinesis.get_resource_policy(ResourceARN=stream_arn(name))["Policy"] == "{}"
    second.stop()


# --- Policies --------------------------------------------------------------------------------------


def statement(arn, **changes):
    made = {"Sid": "s", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": ["kinesis:GetRecords", "kinesis:PutRecord"], "Resource": arn}
    made.update(changes)
    return {key: value for key, value in made.items() if value is not None}


def policy(arn, *statements, **members):
    # Spaces and order that no writer would give back unless it kept the text.
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements) or [statement(arn)], **members}, indent=3)


@evidence("R", "snapshots of LocalStack: Policy is {} when there is none")
def test_a_resource_without_a_policy_has_an_empty_one(server, resource):
    assert server.kinesis.get_resource_policy(ResourceARN=resource)["Policy"] == "{}"


@evidence("D", GUIDE + ": returned as it was given")
def test_a_policy_is_kept_replaced_and_deleted(server, resource):
    for text in (policy(resource), policy(resource, Id="second")):
        server.kinesis.put_resource_policy(ResourceARN=resource, Policy=text)
        assert server.kinesis.get_resource_policy(ResourceARN=resource)["Policy"] == text
    server.kinesis.delete_resource_policy(ResourceARN=resource)
    assert server.kinesis.get_resource_policy(ResourceARN=resource)["Policy"] == "{}"


@evidence("E", "the condition is recorded on AWS, the text is an emulator's")
def test_a_policy_that_is_not_there_cannot_be_deleted(server, resource):
    assert refused(server.kinesis.delete_resource_policy, ResourceARN=resource) == (
        "ResourceNotFoundException", f"No resource policy found for resource ARN {resource}")


ACCEPTED = {
    "one statement by itself": lambda arn: json.dumps({"Statement": statement(arn)}),
    "everybody": lambda arn: policy(arn, statement(arn, Principal="*")),
    "several principals": lambda arn: policy(arn, statement(arn, Principal={"AWS": ["1" * 12, "2" * 12], "Service": "x.amazonaws.com"})),
    "all but some": lambda arn: policy(arn, statement(arn, Principal=None, NotPrincipal={"AWS": "1" * 12}, Effect="Deny")),
    "one action": lambda arn: policy(arn, statement(arn, Action="kinesis:*")),
    "all actions but some": lambda arn: policy(arn, statement(arn, Action=None, NotAction="kinesis:PutRecord")),
    "a list of resources": lambda arn: policy(arn, statement(arn, Resource=[arn])),
    "a condition": lambda arn: policy(arn, statement(arn, Condition={"StringEquals": {"aws:SourceAccount": "1" * 12}})),
    "the older version": lambda arn: policy(arn, Version="2008-10-17"),
}
REFUSED = {
    "no JSON": lambda arn: "allow all",
    "no object": lambda arn: "[]",
    "no statement": lambda arn: json.dumps({"Version": "2012-10-17"}),
    "an empty list of statements": lambda arn: json.dumps({"Statement": []}),
    "a version that never was": lambda arn: policy(arn, Version="2020-01-01"),
    "a statement that is a text": lambda arn: policy(arn, "allow"),
    "no effect": lambda arn: policy(arn, statement(arn, Effect=None)),
    "another effect": lambda arn: policy(arn, statement(arn, Effect="Maybe")),
    "no principal": lambda arn: policy(arn, statement(arn, Principal=None)),
    "two principals": lambda arn: policy(arn, statement(arn, NotPrincipal="*")),
    "a principal without a kind": lambda arn: policy(arn, statement(arn, Principal=ACCOUNT)),
    "no action": lambda arn: policy(arn, statement(arn, Action=None)),
    "an action of another service": lambda arn: policy(arn, statement(arn, Action="s3:GetObject")),
    "no resource": lambda arn: policy(arn, statement(arn, Resource=None)),
    "another resource": lambda arn: policy(arn, statement(arn, Resource=arn + "x")),
    "any resource": lambda arn: policy(arn, statement(arn, Resource="*")),
    "a bad second statement": lambda arn: policy(arn, statement(arn), statement(arn, Effect="Maybe")),
    "a condition that is a text": lambda arn: policy(arn, statement(arn, Condition="never")),
    "more than 20 KB": lambda arn: policy(arn, statement(arn, Sid="s" * 20_480)),
}


@evidence("D", GUIDE)
@pytest.mark.parametrize("which", ACCEPTED)
def test_policies_that_are_kept(server, stream, which):
    text = ACCEPTED[which](stream_arn(stream))
    server.kinesis.put_resource_policy(ResourceARN=stream_arn(stream), Policy=text)
    assert server.kinesis.get_resource_policy(ResourceARN=stream_arn(stream))["Policy"] == text


@evidence("D", GUIDE + "; the texts are ours")
@pytest.mark.parametrize("which", REFUSED)
def test_policies_that_are_refused(server, stream, which):
    arn = stream_arn(stream)
    code, text = refused(server.kinesis.put_resource_policy, ResourceARN=arn, Policy=REFUSED[which](arn))
    assert code == "InvalidArgumentException" and text.startswith("The resource policy is not valid: ")
    assert server.kinesis.get_resource_policy(ResourceARN=arn)["Policy"] == "{}"


@evidence("F", "getmoto/moto: the stream is named by its ARN")
@pytest.mark.parametrize("operation, more", [("PutResourcePolicy", {"Policy": "{}"}), ("GetResourcePolicy", {}),
                                             ("DeleteResourcePolicy", {})])
def test_a_stream_that_is_not_there_has_no_policy(server, operation, more):
    arn = stream_arn("nobody")
    assert server.raw.error(operation, {"ResourceARN": arn, **more}) == (
        "ResourceNotFoundException", f"Stream {arn} under account {ACCOUNT} not found.")


@evidence("F", "aws-cloudformation/cloudformation-coverage-roadmap 2442")
def test_a_consumer_has_to_be_active_for_a_policy(name):
    running = Server("--stream.consumer-delay-ms", "3600000")
    running.kinesis.create_stream(StreamName=name, ShardCount=1)
    made = running.kinesis.register_stream_consumer(StreamARN=stream_arn(name), ConsumerName="c")["Consumer"]
    arn, second = made["ConsumerARN"], made["ConsumerARN"].rsplit(":", 1)[1]
    assert refused(running.kinesis.put_resource_policy, ResourceARN=arn, Policy=policy(arn)) == (
        "ResourceInUseException", f"Consumer c with creation timestamp {second} under stream {name} and account "
        f"{ACCOUNT} is not in ACTIVE status.")
    running.stop()


@evidence("M", "the protocol of the request is that of the answer")
def test_tags_and_policies_in_cbor(server, stream):
    arn = stream_arn(stream)
    server.raw.cbor("TagResource", {"ResourceARN": arn, "Tags": {"a": "1"}})
    assert server.raw.cbor("ListTagsForResource", {"ResourceARN": arn}) == {"Tags": [{"Key": "a", "Value": "1"}]}
    server.raw.cbor("PutResourcePolicy", {"ResourceARN": arn, "Policy": policy(arn)})
    assert server.raw.cbor("GetResourcePolicy", {"ResourceARN": arn}) == {"Policy": policy(arn)}
