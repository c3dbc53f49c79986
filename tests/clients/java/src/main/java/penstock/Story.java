package penstock;

import static penstock.Facts.advance;
import static penstock.Facts.caught;
import static penstock.Facts.fact;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ExpiredIteratorException;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.GetShardIteratorRequest;
import software.amazon.awssdk.services.kinesis.model.ProvisionedThroughputExceededException;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResultEntry;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.lambda.LambdaClient;
import software.amazon.awssdk.services.lambda.model.CreateEventSourceMappingResponse;
import software.amazon.awssdk.services.lambda.model.EventSourcePosition;
import software.amazon.awssdk.services.lambda.model.ResourceConflictException;
import software.amazon.awssdk.services.lambda.model.Runtime;

/**
 * The story of stand.py with the AWS SDK for Java 2 as it comes: CBOR, its retries, its HTTP client. Endpoint and
 * credentials come from the environment.
 *
 * <p>Story STREAM FUNCTION ROLE ZIP WIRE_FOLDER: prints one fact a line, words parted by tabs, and leaves what
 * went over the wire in WIRE_FOLDER. Nothing is judged here; java_test.py does that.
 */
public final class Story {
  private static final String SHARD = "shardId-000000000000";
  private static final int RECORD_BYTES = 300 * 1024;

  private final String stream;
  private final Wire wire;
  private final KinesisClient kinesis;

  private Story(String stream, Path wireFolder) {
    this.stream = stream;
    this.wire = new Wire(wireFolder);
    this.kinesis = KinesisClient.builder().overrideConfiguration(c -> c.addExecutionInterceptor(wire)).build();
  }

  public static void main(String[] arguments) throws Exception {
    Story story = new Story(arguments[0], Path.of(arguments[4]));
    story.createStream();
    story.put();
    story.read();
    story.errors();
    mapToFunction(arguments[0], arguments[1], arguments[2], Path.of(arguments[3]));
  }

  private void createStream() {
    kinesis.createStream(request -> request.streamName(stream).shardCount(1));
    kinesis.waiter().waitUntilStreamExists(request -> request.streamName(stream));
    Instant created = kinesis.describeStreamSummary(request -> request.streamName(stream))
        .streamDescriptionSummary().streamCreationTimestamp();
    fact("created", created.toEpochMilli());
  }

  /** The batch, and what was refused of it again, a second of the service clock later. */
  private void put() throws IOException, InterruptedException {
    List<PutRecordsRequestEntry> entries = new ArrayList<>();
    for (int n = 0; n < 4; ++n) {
      byte[] data = new byte[RECORD_BYTES];
      Arrays.fill(data, (byte) ('a' + n));
      entries.add(PutRecordsRequestEntry.builder().partitionKey("key-" + n).data(SdkBytes.fromByteArray(data)).build());
    }
    while (!entries.isEmpty()) {
      List<PutRecordsRequestEntry> sent = entries;
      PutRecordsResponse reply = kinesis.putRecords(request -> request.streamName(stream).records(sent));
      fact("failed", reply.failedRecordCount());
      entries = new ArrayList<>();
      for (int i = 0; i < sent.size(); ++i) {
        PutRecordsResultEntry result = reply.records().get(i);
        if (result.errorCode() == null) continue;
        fact("refused", sent.get(i).partitionKey(), result.errorCode(), result.errorMessage());
        entries.add(sent.get(i));
      }
      if (!entries.isEmpty()) advance(1_000);
    }
  }

  private void read() throws NoSuchAlgorithmException {
    List<Record> records = readFrom(b -> b.shardIteratorType(ShardIteratorType.TRIM_HORIZON));
    for (Record record : records) {
      byte[] data = record.data().asByteArray();
      String digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
      fact("record", record.partitionKey(), data.length, digest, record.approximateArrivalTimestamp().toEpochMilli());
    }
    Instant last = records.get(records.size() - 1).approximateArrivalTimestamp();
    for (Record record : readFrom(b -> b.shardIteratorType(ShardIteratorType.AT_TIMESTAMP).timestamp(last))) {
      fact("since", record.partitionKey());
    }
  }

  private List<Record> readFrom(Consumer<GetShardIteratorRequest.Builder> position) {
    String iterator = kinesis.getShardIterator(request -> {
      request.streamName(stream).shardId(SHARD);
      position.accept(request);
    }).shardIterator();
    List<Record> records = new ArrayList<>();
    while (true) {
      String at = iterator;
      GetRecordsResponse page = kinesis.getRecords(request -> request.shardIterator(at));
      records.addAll(page.records());
      if (page.millisBehindLatest() == 0) return records;
      iterator = page.nextShardIterator();
    }
  }

  /** Each by its own class, or the program ends with what came instead. */
  private void errors() throws IOException, InterruptedException {
    try {
      kinesis.describeStreamSummary(request -> request.streamName("nowhere"));
    } catch (ResourceNotFoundException error) {
      caught(error);
    }
    String iterator = kinesis.getShardIterator(request ->
        request.streamName(stream).shardId(SHARD).shardIteratorType(ShardIteratorType.LATEST)).shardIterator();
    advance(301_000);
    try {
      kinesis.getRecords(request -> request.shardIterator(iterator));
    } catch (ExpiredIteratorException error) {
      caught(error);
    }
    // Without retries, or the SDK would wait until the shard takes the record.
    KinesisClient impatient = KinesisClient.builder()
        .overrideConfiguration(c -> c.retryStrategy(AwsRetryStrategy.doNotRetry()).addExecutionInterceptor(wire)).build();
    kinesis.createStream(request -> request.streamName(stream + "-full").shardCount(1));
    kinesis.waiter().waitUntilStreamExists(request -> request.streamName(stream + "-full"));
    SdkBytes large = SdkBytes.fromByteArray(new byte[1_000_000]);
    // Several: the shard takes a megabyte more for every second that this takes.
    for (int call = 0; call < 100; ++call) {
      try {
        impatient.putRecord(request -> request.streamName(stream + "-full").partitionKey("k").data(large));
      } catch (ProvisionedThroughputExceededException error) {
        caught(error);
        return;
      }
    }
  }

  private static void mapToFunction(String stream, String function, String role, Path zip) throws IOException {
    LambdaClient lambda = LambdaClient.create();
    SdkBytes code = SdkBytes.fromByteArray(Files.readAllBytes(zip));
    lambda.createFunction(request -> request.functionName(function).runtime(Runtime.PYTHON3_11).handler("app.handler")
        .role(role).code(c -> c.zipFile(code)));
    lambda.waiter().waitUntilFunctionActiveV2(request -> request.functionName(function));
    lambdaErrors(lambda, function, role, code);
    CreateEventSourceMappingResponse mapping = lambda.createEventSourceMapping(request -> request
        .eventSourceArn("arn:aws:kinesis:us-east-1:000000000000:stream/" + stream)
        .functionName(function).startingPosition(EventSourcePosition.TRIM_HORIZON));
    fact("mapping", mapping.uuid(), mapping.state(), mapping.lastModified().toEpochMilli());
  }

  /** A function that is not there, and one that is there already. */
  private static void lambdaErrors(LambdaClient lambda, String function, String role, SdkBytes code) {
    try {
      lambda.getFunction(request -> request.functionName("nobody"));
    } catch (software.amazon.awssdk.services.lambda.model.ResourceNotFoundException error) {
      caught(error);
    }
    try {
      lambda.createFunction(request -> request.functionName(function).runtime(Runtime.PYTHON3_11)
          .handler("app.handler").role(role).code(c -> c.zipFile(code)));
    } catch (ResourceConflictException error) {
      caught(error);
    }
  }
}
