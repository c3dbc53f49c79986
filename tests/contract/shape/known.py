"""Where the tables differ from the published models on purpose, each with its reason.

`where` may hold * for any text. `ours` is what the table must say there; left out, the table says nothing (a member or
a rule that is not there). For errors, `published` has those that the table leaves out. An entry that fits no difference any more fails the test: take it out.
"""

from typing import NamedTuple

NOTHING = None


class Known(NamedTuple):
    where: str
    aspects: str
    reason: str
    ours: object = NOTHING
    published: object = ...


MEMBER = "type"
RULES = "length range pattern enum element_length key_length value_length required"

NO_IAM = "callers are not authorised, and nothing is encrypted with keys of the KMS"
NO_IAM_ERRORS = """AccessDeniedException KMSAccessDeniedException KMSDisabledException KMSInvalidStateException
    KMSNotFoundException KMSOptInRequired KMSThrottlingException""".split()
CODE_SIGNING_ERRORS = """CodeSigningConfigNotFoundException CodeVerificationFailedException
    FunctionVersionsPerCapacityProviderLimitExceededException InvalidCodeSignatureException""".split()
INVOKE_ERRORS = """CodeArtifactUserDeletedException CodeArtifactUserFailedException CodeArtifactUserPendingException
    DurableExecutionAlreadyStartedException EC2AccessDeniedException EC2ThrottledException EC2UnexpectedException
    EFSIOException EFSMountConnectivityException EFSMountFailureException EFSMountTimeoutException
    ENILimitReachedException ENINotReadyException InvalidRuntimeException InvalidSecurityGroupIDException
    InvalidSubnetIDException InvalidZipFileException KMSAccessDeniedException KMSDisabledException
    KMSInvalidStateException KMSNotFoundException ModeNotSupportedException NoPublishedVersionException
    RecursiveInvocationException ResourceNotReadyException RuntimeAliasDeletedException
    RuntimeVersionDeletedException S3FilesMountConnectivityException S3FilesMountFailureException
    S3FilesMountTimeoutException SerializedRequestEntityTooLargeException ServiceQuotaExceededException
    SnapStartException SnapStartNotReadyException SnapStartRegenerationFailureException SnapStartTimeoutException
    SubnetIPAddressLimitReachedException""".split()
ANCHORED = "the service prints the pattern without the anchors that the model has since got"
RECORDED_ORDER = "the service prints the set in this order, recorded on AWS"
REFUSED_AS_A_WHOLE = "a mapping of another source is refused by the member's name, whatever the member holds"
NO_S3 = "packages come in the request; a place in S3 is refused by name, whatever it says"
LATER_FUNCTIONS = "a feature this server does not have; the member is ignored"
NEVER_ANSWERED = "a feature this server does not have, so the answer never has the member"
TAKES_EVERYTHING = "the pattern refuses no text that the length lets through"


def members(where, names, reason):
    return [Known(f"{where}.{member}", MEMBER, reason) for member in names.split()]


KNOWN = [
    # --- Kinesis ---
    Known("kinesis.*", "errors", NO_IAM, published=NO_IAM_ERRORS),
    Known("kinesis.*SequenceNumber", "pattern", ANCHORED, r"0|([1-9]\d{0,128})", r"^(0|([1-9]\d{0,128}))$"),
    Known("kinesis.*.SequenceNumberForOrdering", "pattern", ANCHORED, r"0|([1-9]\d{0,128})", r"^(0|([1-9]\d{0,128}))$"),
    Known("kinesis.*HashKey", "pattern", ANCHORED, r"0|([1-9]\d{0,38})", r"^(0|([1-9]\d{0,38}))$"),
    *(Known(f"kinesis.{where}", "enum", RECORDED_ORDER,
            ["AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON"],
            ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"])
      for where in ("GetShardIterator.request.ShardIteratorType", "SubscribeToShard.request.StartingPosition.Type")),
    *members("kinesis.SubscribeToShard.response.EventStream",
             "KMSAccessDeniedException KMSDisabledException KMSInvalidStateException KMSNotFoundException "
             "KMSOptInRequired KMSThrottlingException", NO_IAM),
    *(Known(f"kinesis.*{kind}*.response.*", MEMBER, "refused until this server has them, so the answer is never made")
      for kind in ("Queue", "Channel")),
    *members("kinesis.DescribeLimits.response", "ChannelCount ChannelCountLimit", NEVER_ANSWERED),
    *members("kinesis.DescribeStreamSummary.response.StreamDescriptionSummary",
             "ChannelCount QueueCount StreamId", NEVER_ANSWERED),

    # --- Lambda: functions ---
    Known("lambda.*Function*", "errors", "code signing and capacity providers are not there",
          published=CODE_SIGNING_ERRORS),
    Known("lambda.Invoke", "errors", "networks, file systems, keys, managed code: failures that cannot happen here",
          published=INVOKE_ERRORS),
    Known("lambda.DeleteFunction", "status", "the service answers 204, recorded on AWS", 204, 200),
    Known("lambda.DeleteFunction.response.StatusCode", MEMBER, "it is the HTTP status itself"),
    Known("lambda.*.request.Runtime", "enum",
          "the function service refuses a runtime, in words of its own that are recorded on AWS"),
    Known("lambda.*.request.Tags", "pattern", "whether a character is a letter needs Unicode's tables; not checked"),
    *(Known(f"lambda.*.request.{member}", "length pattern", NO_S3)
      for member in ("Code.S3Bucket", "Code.S3Key", "S3Bucket", "S3Key")),
    *members("lambda.CreateFunction.request.Code", "S3ObjectStorageMode S3ObjectVersion SourceKMSKeyArn", NO_S3),
    *members("lambda.UpdateFunctionCode.request", "S3ObjectStorageMode S3ObjectVersion SourceKMSKeyArn", NO_S3),
    *members("lambda.CreateFunction.request",
             "AcceleratorConfig CapacityProviderConfig CodeSigningConfigArn DurableConfig FileSystemConfigs "
             "ImageConfig Layers PublishTo RuntimeConfig SnapStart TenancyConfig VpcConfig", LATER_FUNCTIONS),
    *members("lambda.UpdateFunctionCode.request", "PublishTo", LATER_FUNCTIONS),
    *members("lambda.UpdateFunctionConfiguration.request",
             "AcceleratorConfig CapacityProviderConfig DurableConfig FileSystemConfigs ImageConfig Layers "
             "RuntimeConfig SnapStart VpcConfig", LATER_FUNCTIONS),
    *members("lambda.Invoke.request", "DurableExecutionName TenantId", LATER_FUNCTIONS),
    *members("lambda.Invoke.response", "DurableExecutionArn", NEVER_ANSWERED),
    *members("lambda.ListFunctions.request", "MasterRegion", LATER_FUNCTIONS),
    *members("lambda.GetFunction.response",
             "Code.Error Code.ResolvedImageUri Code.ResolvedS3Object Code.SourceKMSKeyArn Concurrency TagsError",
             NEVER_ANSWERED),
    *members("lambda.*.response*",
             "AcceleratorConfig CapacityProviderConfig ConfigSha256 DurableConfig Environment.Error "
             "FileSystemConfigs ImageConfigResponse Layers MasterArn RuntimeConfig "
             "SigningJobArn SigningProfileVersionArn TenancyConfig VpcConfig", NEVER_ANSWERED),
    Known("lambda.*.response*.RuntimeVersionConfig", MEMBER, "AWS names its own build of the runtime; there is none here"),
    Known("lambda.*.TracingConfig", "name", "one structure serves request and answer; its name is printed nowhere",
          "TracingConfig", "TracingConfigResponse"),

    # --- Lambda: event source mappings ---
    Known("lambda.CreateEventSourceMapping.request.StartingPosition", "enum", RECORDED_ORDER,
          ["LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"], ["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]),
    Known("lambda.*EventSourceMapping.request.UUID", "length",
          "what cannot be a UUID is answered like one that nobody has: ResourceNotFoundException"),
    Known("lambda.*.request.FilterCriteria.Filters[].Pattern", "pattern", TAKES_EVERYTHING, NOTHING, r"[\s\S]*"),
    *(Known(f"lambda.*EventSourceMapping.request.{member}", RULES, REFUSED_AS_A_WHOLE)
      for member in ("AmazonManagedKafkaEventSourceConfig.*", "SelfManagedKafkaEventSourceConfig.*",
                     "SelfManagedEventSource.*", "SourceAccessConfigurations[].*", "DocumentDBEventSourceConfig.*",
                     "LoggingConfig.*", "ProvisionedPollerConfig.*", "Queues", "Topics")),

    # --- SQS ---
    Known("sqs.*.request.*AttributeNames", "enum", "the service refuses a name as InvalidAttributeName, in its own words"),
    Known("sqs.*.MessageSystemAttributes{}", "name", "one structure serves both; its name is printed nowhere",
          "MessageAttributeValue", "MessageSystemAttributeValue"),
]
