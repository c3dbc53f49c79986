"""Event source mappings as the API makes, shows, changes and ends them."""

import json
import re
import uuid

import pytest
from conftest import ACCOUNT, REGION, evidence
from kit import ROLE, refused, stream_arn, until
from remote import create_remote

MODEL = "service model of botocore 1.44.8"
RECORDED = "recorded snapshots of a public emulator's suite"
GUIDE = "Lambda Developer Guide"
MAPPINGS = "/2015-03-31/event-source-mappings"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def function_arn(name, account=ACCOUNT):
    return f"arn:aws:lambda:{REGION}:{account}:function:{name}"


@pytest.fixture
def function(server, remotes, name):
    """The name of a function that always succeeds; the stream fixture's stream has the same one."""
    create_remote(server, name, remotes.add(name))
    return name


@pytest.fixture
def request_of(stream, function):
    """A request that is accepted, with changes; None takes a member away."""
    def make(**changes):
        request = {"EventSourceArn": stream_arn(stream), "FunctionName": function,
                   "StartingPosition": "LATEST", **changes}
        return {k: v for k, v in request.items() if v is not None}
    return make


def create(server, request):
    reply = server.raw.rest("POST", MAPPINGS, request)
    assert reply.status == 202, reply
    return reply.json()


def refusal(server, request, method="POST", path=MAPPINGS):
    """(status, error name, body) of a refused call."""
    reply = server.raw.rest(method, path, request)
    assert reply.status >= 400, reply
    return reply.status, reply.header("x-amzn-errortype"), reply.json()


def invalid(message):
    return 400, "InvalidParameterValueException", {"Type": "User", "message": message}


def violation(text):
    return 400, "ValidationException", {"message": "1 validation error detected: " + text}


def get(server, identity):
    return server.functions.get_event_source_mapping(UUID=identity)


def wait_state(server, identity, state):
    return until(lambda: (now := get(server, identity))["State"] == state and now)


@pytest.fixture
def mapping(server, request_of):
    """An enabled mapping with nothing but defaults."""
    made = create(server, request_of())
    wait_state(server, made["UUID"], "Enabled")
    return made


# --- Creation ----------------------------------------------------------------------------------------


@evidence("R", RECORDED)
def test_a_created_mapping_is_answered_with_all_defaults(server, request_of, stream, function):
    answer = create(server, request_of())
    identity, modified = answer.pop("UUID"), answer.pop("LastModified")
    assert UUID.fullmatch(identity)
    assert abs(modified - server.now_ms() / 1000) < 60
    assert answer == {
        "StartingPosition": "LATEST", "BatchSize": 100, "MaximumBatchingWindowInSeconds": 0,
        "ParallelizationFactor": 1, "EventSourceArn": stream_arn(stream),
        "EventSourceMappingArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:{identity}",
        "FunctionArn": function_arn(function), "LastProcessingResult": "No records processed",
        "State": "Creating", "StateTransitionReason": "User action",
        "DestinationConfig": {"OnFailure": {}}, "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": False, "MaximumRetryAttempts": -1, "TumblingWindowInSeconds": 0,
        "FunctionResponseTypes": []}


@evidence("R", RECORDED)
def test_an_enabled_mapping_shows_the_same_to_get(server, request_of):
    created = create(server, request_of())
    shown = wait_state(server, created["UUID"], "Enabled")
    raw = server.raw.rest("GET", f"{MAPPINGS}/{created['UUID']}")
    assert raw.status == 200
    assert raw.json() == {**created, "State": "Enabled"}
    assert shown["LastProcessingResult"] == "No records processed"


@evidence("D", GUIDE)
def test_every_setting_is_kept_and_shown(server, name, request_of):
    queue = server.sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = server.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    settings = {
        "BatchSize": 10_000, "MaximumBatchingWindowInSeconds": 300, "ParallelizationFactor": 10,
        "MaximumRecordAgeInSeconds": 604_800, "MaximumRetryAttempts": 10_000,
        "BisectBatchOnFunctionError": True, "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "FilterCriteria": {"Filters": [{"Pattern": '{"data":{"a":["x"]}}'}, {"Pattern": '{"data": {"b": [1]}}'}]},
        "DestinationConfig": {"OnFailure": {"Destination": arn}},
        "MetricsConfig": {"Metrics": ["EventCount"]}}
    created = create(server, request_of(StartingPosition="TRIM_HORIZON", **settings))
    shown = wait_state(server, created["UUID"], "Enabled")
    for member, value in {**settings, "StartingPosition": "TRIM_HORIZON"}.items():
        assert created[member] == value, member
        assert shown[member] == value, member


@evidence("own", "a mapping created disabled never says Enabled")
def test_a_mapping_created_disabled_becomes_disabled(server, request_of):
    created = create(server, request_of(Enabled=False))
    assert created["State"] == "Creating"
    assert "Enabled" not in created
    seen = []
    until(lambda: seen.append(get(server, created["UUID"])["State"]) or seen[-1] == "Disabled")
    assert "Enabled" not in seen


@evidence("D", GUIDE)
def test_the_starting_time_is_shown_with_at_timestamp(server, request_of):
    created = create(server, request_of(StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=1541139109))
    assert created["StartingPosition"] == "AT_TIMESTAMP"
    assert created["StartingPositionTimestamp"] == 1541139109


@pytest.mark.parametrize("form", ["{name}", "arn:aws:lambda:us-east-1:000000000000:function:{name}",
                                  "000000000000:function:{name}", "000000000000:{name}", "function:{name}"])
@evidence("D", "API reference: forms of FunctionName")
def test_a_function_is_named_in_any_form(server, request_of, function, form):
    created = create(server, request_of(FunctionName=form.format(name=function)))
    assert created["FunctionArn"] == function_arn(function)


@evidence("M", MODEL)
def test_the_path_may_end_with_a_slash(server, request_of):
    reply = server.raw.rest("POST", MAPPINGS + "/", request_of())
    assert reply.status == 202, reply
    assert server.raw.rest("GET", MAPPINGS + "/").status == 200


# --- Refusals of the framework ------------------------------------------------------------------------


LOW, HIGH = "Member must have value greater than or equal to ", "Member must have value less than or equal to "


@pytest.mark.parametrize("member, value, constraint", [
    ("BatchSize", 0, LOW + "1"), ("BatchSize", 10_001, HIGH + "10000"),
    ("MaximumBatchingWindowInSeconds", -1, LOW + "0"), ("MaximumBatchingWindowInSeconds", 301, HIGH + "300"),
    ("ParallelizationFactor", 0, LOW + "1"), ("ParallelizationFactor", 11, HIGH + "10"),
    ("MaximumRecordAgeInSeconds", -2, LOW + "-1"), ("MaximumRecordAgeInSeconds", 604_801, HIGH + "604800"),
    ("MaximumRetryAttempts", -2, LOW + "-1"), ("MaximumRetryAttempts", 10_001, HIGH + "10000"),
    ("TumblingWindowInSeconds", -1, LOW + "0"), ("TumblingWindowInSeconds", 901, HIGH + "900")])
@evidence("M", MODEL)
def test_a_number_out_of_range_is_refused(server, request_of, member, value, constraint):
    place = member[0].lower() + member[1:]
    assert refusal(server, request_of(**{member: value})) == violation(
        f"Value '{value}' at '{place}' failed to satisfy constraint: {constraint}")


@evidence("R", RECORDED)
def test_an_unknown_starting_position_is_refused(server, request_of):
    assert refusal(server, request_of(StartingPosition="invalid")) == violation(
        "Value 'invalid' at 'startingPosition' failed to satisfy constraint: Member must satisfy enum value set: "
        "[LATEST, AT_TIMESTAMP, TRIM_HORIZON]")


@evidence("R", RECORDED)
def test_a_missing_starting_position_is_refused_under_another_name(server, request_of):
    assert refusal(server, request_of(StartingPosition=None)) == invalid(
        "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
        "Member must not be null.")


@evidence("M", MODEL)
def test_a_missing_function_name_is_refused(server, request_of):
    assert refusal(server, request_of(FunctionName=None)) == violation(
        "Value null at 'functionName' failed to satisfy constraint: Member must not be null")


@evidence("R", "grammar of several violations")
def test_several_violations_are_listed(server, request_of):
    _, name, body = refusal(server, request_of(BatchSize=0, ParallelizationFactor=11))
    assert name == "ValidationException"
    assert body["message"].startswith("2 validation errors detected: ")
    assert "'batchSize'" in body["message"] and "'parallelizationFactor'" in body["message"]


@pytest.mark.parametrize("change, place", [
    ({"EventSourceArn": "orders"}, "eventSourceArn"),
    ({"FunctionName": "not a name"}, "functionName"),
    ({"DestinationConfig": {"OnFailure": {"Destination": "queue"}}}, "destinationConfig.onFailure.destination"),
    ({"KMSKeyArn": "key"}, "kMSKeyArn")])
@evidence("M", MODEL)
def test_a_text_that_breaks_its_pattern_is_refused(server, request_of, change, place):
    _, name, body = refusal(server, request_of(**change))
    assert name == "ValidationException"
    assert f"at '{place}' failed to satisfy constraint: Member must satisfy regular expression pattern: " \
        in body["message"]


@pytest.mark.parametrize("types", [["ReportBatchItemFailures"] * 2, ["ReportFailures"]])
@evidence("M", MODEL)
def test_other_response_types_are_refused(server, request_of, types):
    _, name, body = refusal(server, request_of(FunctionResponseTypes=types))
    assert name == "ValidationException"
    assert "'functionResponseTypes'" in body["message"]


@evidence("M", MODEL)
def test_a_pattern_of_more_than_4096_characters_is_refused(server, request_of):
    pattern = json.dumps({"data": {"a": ["x" * 4096]}})
    _, name, body = refusal(server, request_of(FilterCriteria={"Filters": [{"Pattern": pattern}]}))
    assert name == "ValidationException"
    assert "Member must have length less than or equal to 4096" in body["message"]


@evidence("M", MODEL)
def test_a_body_that_is_no_json_is_refused(server):
    status, name, _ = refusal(server, b"{")
    assert (status, name) == (400, "SerializationException")


# --- Refusals of the service --------------------------------------------------------------------------


@evidence("R", RECORDED)
def test_a_mapping_needs_a_source(server, request_of):
    assert refusal(server, request_of(EventSourceArn=None)) == invalid("Unrecognized event source.")


@pytest.mark.parametrize("source", ["arn:aws:sqs:us-east-1:000000000000:orders", "arn:aws:s3:::orders",
                                    "arn:aws:kinesis:us-east-1:000000000000:orders",
                                    "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/s"])
@evidence("own", "sources that are not served are answered as unknown ones")
def test_only_data_streams_are_sources(server, request_of, source):
    assert refusal(server, request_of(EventSourceArn=source)) == invalid("Unrecognized event source.")


@evidence("R", "the text for a stream that is missing")
def test_a_consumer_must_exist(server, request_of, stream):
    arn = stream_arn(stream) + "/consumer/c:1"
    assert refusal(server, request_of(EventSourceArn=arn)) == invalid(f"Stream not found: {arn}")


@evidence("R", RECORDED)
def test_a_destination_of_successes_is_refused(server, request_of):
    config = {"OnSuccess": {"Destination": "arn:aws:sqs:us-east-1:000000000000:orders"}}
    expected = invalid("Unsupported DestinationConfig parameter for given event source mapping type.")
    assert refusal(server, request_of(DestinationConfig=config)) == expected
    # It is looked at before the source.
    assert refusal(server, request_of(DestinationConfig=config, EventSourceArn=None)) == expected


@pytest.mark.parametrize("member, value", [
    ("Topics", ["orders"]), ("Queues", ["orders"]),
    ("SourceAccessConfigurations", [{"Type": "BASIC_AUTH", "URI": "arn:aws:secretsmanager:x"}]),
    ("SelfManagedEventSource", {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["host:9092"]}}),
    ("ScalingConfig", {"MaximumConcurrency": 2}),
    ("AmazonManagedKafkaEventSourceConfig", {"ConsumerGroupId": "g"}),
    ("SelfManagedKafkaEventSourceConfig", {"ConsumerGroupId": "g"}),
    ("DocumentDBEventSourceConfig", {"DatabaseName": "d"}),
    ("LoggingConfig", {"SystemLogLevel": "INFO"}),
    ("ProvisionedPollerConfig", {"MinimumPollers": 1}),
    ("MetricsConfig", {"Metrics": ["KafkaMetrics"]})])
@evidence("own", "worded like the recorded refusal of OnSuccess")
def test_settings_of_other_sources_are_refused(server, request_of, member, value):
    assert refusal(server, request_of(**{member: value})) == invalid(
        f"Unsupported {member} parameter for given event source mapping type.")


@evidence("own", "not served, and says so")
def test_tumbling_windows_are_refused(server, request_of):
    status, name, body = refusal(server, request_of(TumblingWindowInSeconds=30))
    assert (status, name) == (400, "InvalidParameterValueException")
    assert "not supported by this server" in body["message"]


@pytest.mark.parametrize("pattern", ["", "no json", "[]", "{}", "null", '{"data":"x"}', '{"data":{"a":"x"}}',
                                     '{"data":{"a":[]}}', '{"data":{"a":[{"begins":"x"}]}}'])
@evidence("R", RECORDED)
def test_a_bad_filter_pattern_is_refused(server, request_of, pattern):
    assert refusal(server, request_of(FilterCriteria={"Filters": [{"Pattern": pattern}]})) == invalid(
        "Invalid filter pattern definition.")


@evidence("own", "ten: what the quota of five can be raised to")
def test_eleven_filters_are_refused(server, request_of):
    filters = [{"Pattern": '{"data":{"a":["x"]}}'}] * 11
    status, name, _ = refusal(server, request_of(FilterCriteria={"Filters": filters}))
    assert (status, name) == (400, "InvalidParameterValueException")


@pytest.mark.parametrize("age", [0, 1, 59])
@evidence("own", "refused by AWS, with a text that is not known")
def test_a_record_age_below_a_minute_is_refused(server, request_of, age):
    status, name, body = refusal(server, request_of(MaximumRecordAgeInSeconds=age))
    assert (status, name) == (400, "InvalidParameterValueException")
    assert "MaximumRecordAgeInSeconds" in body["message"]


@pytest.mark.parametrize("change", [
    {"StartingPosition": "AT_TIMESTAMP"}, {"StartingPositionTimestamp": 1541139109},
    {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 32503680000}])
@evidence("own", "refused by AWS, with texts that are not known")
def test_a_starting_time_belongs_to_at_timestamp_and_the_past(server, request_of, change):
    status, name, body = refusal(server, request_of(**change))
    assert (status, name) == (400, "InvalidParameterValueException")
    assert "StartingPositionTimestamp" in body["message"]


@evidence("R", RECORDED)
def test_a_missing_function_is_refused(server, request_of, name):
    assert refusal(server, request_of(FunctionName=name + "-no")) == invalid("Function does not exist")


@evidence("R", RECORDED)
def test_a_missing_stream_is_refused(server, request_of, stream):
    arn = stream_arn(stream + "-no")
    assert refusal(server, request_of(EventSourceArn=arn)) == invalid(f"Stream not found: {arn}")
    other = stream_arn(stream, "999999999999")
    assert refusal(server, request_of(EventSourceArn=other)) == invalid(f"Stream not found: {other}")


@evidence("R", "the order that makes the recorded refusals come out")
def test_refusals_come_in_the_services_order(server, request_of, stream):
    missing = {"EventSourceArn": stream_arn(stream + "-no")}
    assert refusal(server, request_of(FunctionName="no-such", **missing)) == invalid("Function does not exist")
    filters = {"FilterCriteria": {"Filters": [{"Pattern": "x"}]}}
    assert refusal(server, request_of(FunctionName="no-such", **filters)) == invalid(
        "Invalid filter pattern definition.")
    position = {"StartingPosition": None}
    assert refusal(server, request_of(**position, **filters))[2]["message"].startswith("1 validation error")
    assert refusal(server, request_of(EventSourceArn=None, **position)) == invalid("Unrecognized event source.")
    assert refusal(server, request_of(EventSourceArn=None, BatchSize=0))[1] == "ValidationException"


@pytest.mark.parametrize("destination", [
    "arn:aws:sqs:us-east-1:000000000000:no-such-queue", "arn:aws:sqs:us-east-1:999999999999:orders",
    "arn:aws:sns:us-east-1:000000000000:orders", "arn:aws:s3:::orders", "kafka://orders"])
@evidence("own", "a destination that cannot be delivered to is refused when it is named")
def test_a_destination_that_is_not_there_is_refused(server, request_of, destination):
    config = {"OnFailure": {"Destination": destination}}
    status, name, _ = refusal(server, request_of(DestinationConfig=config))
    assert (status, name) == (400, "InvalidParameterValueException")


@evidence("R", RECORDED)
def test_the_same_stream_and_function_are_mapped_once(server, request_of, mapping, stream, function):
    status, name, body = refusal(server, request_of(BatchSize=1))
    assert (status, name) == (409, "ResourceConflictException")
    assert body == {"Type": "User", "message":
                    f'The event source arn (" {stream_arn(stream)} ") and function (" {function} ") provided mapping '
                    f'already exists. Please update or delete the existing mapping with UUID {mapping["UUID"]}'}


@evidence("D", GUIDE)
def test_a_stream_may_feed_two_functions_and_a_function_take_two_streams(server, remotes, request_of, mapping, name):
    other = f"{name}-other"
    create_remote(server, other, remotes.add(other))
    create(server, request_of(FunctionName=other))
    server.kinesis.create_stream(StreamName=other, ShardCount=1)
    until(lambda: server.raw.rest("POST", MAPPINGS, request_of(EventSourceArn=stream_arn(other))).status == 202)


# --- Get, list ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method, body", [("GET", None), ("PUT", {}), ("DELETE", None)])
@pytest.mark.parametrize("identity", [str(uuid.uuid4()), "no-uuid"])
@evidence("R", RECORDED)
def test_an_unknown_mapping_is_not_found(server, method, body, identity):
    assert refusal(server, body, method, f"{MAPPINGS}/{identity}") == (
        404, "ResourceNotFoundException", {"Type": "User", "Message": "The resource you requested does not exist."})


@evidence("own", "resources belong to an account and a region")
def test_a_mapping_is_not_seen_elsewhere(server, mapping):
    for client in server.client("lambda", access_key="111111111111"), server.client("lambda", region="eu-west-1"):
        code, _ = refused(client.get_event_source_mapping, UUID=mapping["UUID"])
        assert code == "ResourceNotFoundException"
        assert client.list_event_source_mappings()["EventSourceMappings"] == []


@pytest.fixture
def listed(server, remotes, name):
    """A Lambda client of an account of its own with two streams, two functions and three mappings."""
    account = f"{uuid.uuid4().int % 10**12:012d}"
    functions = server.client("lambda", access_key=account)
    kinesis = server.client("kinesis", access_key=account)
    remote, made = remotes.add(name), {}
    for each in "a", "b":
        kinesis.create_stream(StreamName=each, ShardCount=1)
        functions.create_function(FunctionName=each, PackageType="Image", Role=ROLE, Code={"ImageUri": remote.url})
    for source, target in ("a", "a"), ("a", "b"), ("b", "a"):
        made[source + target] = functions.create_event_source_mapping(
            EventSourceArn=stream_arn(source, account), FunctionName=target, StartingPosition="LATEST")["UUID"]
    return functions, account, made


def identities(reply):
    return {each["UUID"] for each in reply["EventSourceMappings"]}


@evidence("M", MODEL)
def test_mappings_are_listed_by_source_and_by_function(listed):
    functions, account, made = listed
    assert identities(functions.list_event_source_mappings()) == set(made.values())
    by_source = functions.list_event_source_mappings(EventSourceArn=stream_arn("a", account))
    assert identities(by_source) == {made["aa"], made["ab"]}
    assert identities(functions.list_event_source_mappings(FunctionName="a")) == {made["aa"], made["ba"]}
    assert identities(functions.list_event_source_mappings(
        FunctionName=function_arn("a", account))) == {made["aa"], made["ba"]}
    both = functions.list_event_source_mappings(EventSourceArn=stream_arn("b", account), FunctionName="a")
    assert identities(both) == {made["ba"]}
    assert identities(functions.list_event_source_mappings(
        EventSourceArn=stream_arn("b", account), FunctionName="b")) == set()


@evidence("M", MODEL)
def test_a_listed_mapping_shows_what_get_shows(listed):
    functions, _, made = listed
    until(lambda: functions.get_event_source_mapping(UUID=made["aa"])["State"] == "Enabled")
    shown = functions.get_event_source_mapping(UUID=made["aa"])
    del shown["ResponseMetadata"]
    [entry] = [each for each in functions.list_event_source_mappings()["EventSourceMappings"]
               if each["UUID"] == made["aa"]]
    assert entry == shown


@evidence("M", MODEL)
def test_pages_of_mappings_join_without_gap_or_repetition(listed):
    functions, _, made = listed
    pages = list(functions.get_paginator("list_event_source_mappings").paginate(
        PaginationConfig={"PageSize": 1}))
    found = [each["UUID"] for page in pages for each in page["EventSourceMappings"]]
    assert sorted(found) == sorted(made.values())
    assert all(len(page["EventSourceMappings"]) <= 1 for page in pages)


@evidence("M", MODEL)
def test_a_page_has_at_least_one_mapping(server):
    assert refusal(server, None, "GET", MAPPINGS + "?MaxItems=0") == violation(
        "Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1")


# --- Update -------------------------------------------------------------------------------------------


@evidence("D", GUIDE)
def test_an_update_changes_what_it_names_and_nothing_else(server, mapping):
    answer = server.raw.rest("PUT", f"{MAPPINGS}/{mapping['UUID']}", {"BatchSize": 7})
    assert answer.status == 202
    assert answer.json()["BatchSize"] == 7
    assert answer.json()["State"] == "Updating"
    shown = wait_state(server, mapping["UUID"], "Enabled")
    raw = server.raw.rest("GET", f"{MAPPINGS}/{mapping['UUID']}").json()
    assert raw["LastModified"] > mapping["LastModified"]
    assert {**raw, "LastModified": 0} == {**mapping, "LastModified": 0, "BatchSize": 7, "State": "Enabled"}
    assert shown["BatchSize"] == 7


SETTINGS = {
    "MaximumBatchingWindowInSeconds": 5, "ParallelizationFactor": 3, "MaximumRecordAgeInSeconds": 60,
    "MaximumRetryAttempts": 0, "BisectBatchOnFunctionError": True,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "FilterCriteria": {"Filters": [{"Pattern": '{"data":{"a":["x"]}}'}]}}


@pytest.mark.parametrize("member", SETTINGS)
@evidence("D", GUIDE)
def test_a_setting_is_updated(server, mapping, member):
    server.functions.update_event_source_mapping(UUID=mapping["UUID"], **{member: SETTINGS[member]})
    assert wait_state(server, mapping["UUID"], "Enabled")[member] == SETTINGS[member]


@pytest.mark.parametrize("member, given, cleared, shown", [
    ("FilterCriteria", SETTINGS["FilterCriteria"], {}, None),
    ("FilterCriteria", SETTINGS["FilterCriteria"], {"Filters": []}, None),
    ("FunctionResponseTypes", ["ReportBatchItemFailures"], [], []),
    ("MetricsConfig", {"Metrics": ["EventCount"]}, {"Metrics": []}, None),
    ("KMSKeyArn", "arn:aws:kms:us-east-1:000000000000:key/k", "", None)])
@evidence("R", RECORDED)
def test_a_setting_is_cleared_by_its_empty_value(server, request_of, member, given, cleared, shown):
    made = create(server, request_of(**{member: given}))
    assert made[member] == given
    wait_state(server, made["UUID"], "Enabled")
    server.functions.update_event_source_mapping(UUID=made["UUID"], **{member: cleared})
    assert wait_state(server, made["UUID"], "Enabled").get(member) == shown


@evidence("D", GUIDE)
def test_an_empty_destination_removes_it(server, request_of, name):
    queue = server.sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = server.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    made = create(server, request_of(DestinationConfig={"OnFailure": {"Destination": arn}}))
    wait_state(server, made["UUID"], "Enabled")
    server.functions.update_event_source_mapping(
        UUID=made["UUID"], DestinationConfig={"OnFailure": {"Destination": ""}})
    assert wait_state(server, made["UUID"], "Enabled")["DestinationConfig"] == {"OnFailure": {}}


@evidence("D", GUIDE)
def test_another_function_may_take_over(server, remotes, mapping, name):
    other = f"{name}-other"
    create_remote(server, other, remotes.add(other))
    server.functions.update_event_source_mapping(UUID=mapping["UUID"], FunctionName=other)
    assert wait_state(server, mapping["UUID"], "Enabled")["FunctionArn"] == function_arn(other)


@pytest.mark.parametrize("change, expected", [
    ({"BatchSize": 0}, "ValidationException"), ({"FunctionName": "no-such"}, "InvalidParameterValueException"),
    ({"MaximumRecordAgeInSeconds": 59}, "InvalidParameterValueException"),
    ({"FilterCriteria": {"Filters": [{"Pattern": "x"}]}}, "InvalidParameterValueException"),
    ({"DestinationConfig": {"OnSuccess": {}}}, "InvalidParameterValueException"),
    ({"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:no"}}},
     "InvalidParameterValueException"),
    ({"ScalingConfig": {"MaximumConcurrency": 2}}, "InvalidParameterValueException"),
    ({"TumblingWindowInSeconds": 1}, "InvalidParameterValueException")])
@evidence("M", MODEL)
def test_a_refused_update_changes_nothing(server, mapping, change, expected):
    before = server.raw.rest("GET", f"{MAPPINGS}/{mapping['UUID']}").json()
    _, name, _ = refusal(server, change, "PUT", f"{MAPPINGS}/{mapping['UUID']}")
    assert name == expected
    assert server.raw.rest("GET", f"{MAPPINGS}/{mapping['UUID']}").json() == before


@evidence("own", "two mappings cannot become the same")
def test_an_update_to_what_another_mapping_maps_is_refused(server, remotes, request_of, mapping, function, name):
    other = f"{name}-other"
    create_remote(server, other, remotes.add(other))
    second = create(server, request_of(FunctionName=other))
    wait_state(server, second["UUID"], "Enabled")
    status, error, body = refusal(server, {"FunctionName": function}, "PUT", f"{MAPPINGS}/{second['UUID']}")
    assert (status, error) == (409, "ResourceConflictException")
    assert mapping["UUID"] in body["message"]


@evidence("D", GUIDE)
def test_a_mapping_is_disabled_and_enabled_again(server, mapping):
    answer = server.functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    assert answer["State"] == "Disabling"
    wait_state(server, mapping["UUID"], "Disabled")
    answer = server.functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    assert answer["State"] == "Enabling"
    wait_state(server, mapping["UUID"], "Enabled")


@evidence("D", GUIDE)
def test_a_mapping_that_is_being_changed_is_in_use(server, remotes, stream, name):
    import threading
    release = threading.Event()
    function = f"{name}-slow"
    slow = remotes.add(function, lambda event, call: release.wait(60) and None)
    create_remote(server, function, slow)
    made = create(server, {"EventSourceArn": stream_arn(stream), "FunctionName": function,
                           "StartingPosition": "TRIM_HORIZON"})
    wait_state(server, made["UUID"], "Enabled")
    server.kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="k")
    until(lambda: slow.events)
    # It stays Disabling until the invocation has ended.
    server.functions.update_event_source_mapping(UUID=made["UUID"], Enabled=False)
    try:
        for method, verb, body in ("PUT", "update", {"BatchSize": 7}), ("DELETE", "delete", None):
            assert refusal(server, body, method, f"{MAPPINGS}/{made['UUID']}") == (
                400, "ResourceInUseException",
                {"Type": "User", "Message": f"Cannot {verb} the event source mapping because it is in use."})
        assert get(server, made["UUID"])["State"] == "Disabling"
    finally:
        release.set()
    wait_state(server, made["UUID"], "Disabled")


# --- Delete -------------------------------------------------------------------------------------------


@evidence("R", RECORDED)
def test_a_deleted_mapping_says_deleting_and_then_is_gone(server, mapping):
    reply = server.raw.rest("DELETE", f"{MAPPINGS}/{mapping['UUID']}")
    assert reply.status == 202
    assert reply.json() == {**mapping, "State": "Deleting"}

    def gone():
        return server.raw.rest("GET", f"{MAPPINGS}/{mapping['UUID']}").status == 404
    until(gone)
    assert mapping["UUID"] not in identities(server.functions.list_event_source_mappings())


@evidence("D", GUIDE)
def test_what_a_deleted_mapping_mapped_may_be_mapped_again(server, request_of, mapping):
    server.functions.delete_event_source_mapping(UUID=mapping["UUID"])
    again = create(server, request_of())
    assert again["UUID"] != mapping["UUID"]
    wait_state(server, again["UUID"], "Enabled")
