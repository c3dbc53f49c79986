package penstock;

import static penstock.Facts.advance;
import static penstock.Facts.fact;

import java.io.IOException;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ChildShard;
import software.amazon.awssdk.services.kinesis.model.ExpiredIteratorException;
import software.amazon.awssdk.services.kinesis.model.ExpiredNextTokenException;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.InvalidArgumentException;
import software.amazon.awssdk.services.kinesis.model.KinesisException;
import software.amazon.awssdk.services.kinesis.model.ListShardsRequest;
import software.amazon.awssdk.services.kinesis.model.ListShardsResponse;
import software.amazon.awssdk.services.kinesis.model.ProvisionedThroughputExceededException;
import software.amazon.awssdk.services.kinesis.model.PutRecordResponse;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ResourceInUseException;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StreamDescriptionSummary;

/** The story of story.py with the AWS SDK for Java 2. Endpoint and credentials come from the environment. */
public final class Life {
  private static final BigInteger QUARTER = BigInteger.TWO.pow(126);
  private static final BigInteger HALF = BigInteger.TWO.pow(127);
  private static final BigInteger LAST = BigInteger.TWO.pow(128).subtract(BigInteger.ONE);
  private static final int RECORD_BYTES = 300 * 1024;

  private final String stream;
  private final KinesisClient kinesis = KinesisClient.create();

  private Life(String stream) {
    this.stream = stream;
  }

  public static void main(String[] arguments) throws Exception {
    Life life = new Life(arguments[0]);
    life.create();
    life.put("first", "one", HALF);
    life.putBatch();
    life.shards();
    life.reshard();
    life.put("left", "two", BigInteger.ZERO);
    life.put("right", "three", LAST);
    life.shards();
    life.readAll();
    new FanOut(life.summary().streamARN()).read(
        List.of(shard(0), shard(1), shard(2), shard(3), shard(4)), List.of(shard(0), shard(1), shard(3)));
    life.tagsAndRetention();
    life.errors();
    life.remove();
  }

  private void create() {
    kinesis.createStream(request -> request.streamName(stream).shardCount(2).tags(Map.of("made-by", "story")));
    waitUntilActive();
    StreamDescriptionSummary made = summary();
    fact("created", made.streamStatus(), made.openShardCount(), made.retentionPeriodHours(),
        made.streamModeDetails().streamMode());
    kinesis.listStreamsPaginator(request -> request.limit(1)).streamNames().stream()
        .filter(stream::equals).forEach(name -> fact("listed", name));
  }

  private void waitUntilActive() {
    kinesis.waiter().waitUntilStreamExists(request -> request.streamName(stream));
  }

  private StreamDescriptionSummary summary() {
    return kinesis.describeStreamSummary(request -> request.streamName(stream)).streamDescriptionSummary();
  }

  private void put(String key, String text, BigInteger hashKey) {
    PutRecordResponse reply = kinesis.putRecord(request -> request.streamName(stream).partitionKey(key)
        .explicitHashKey(hashKey.toString()).data(SdkBytes.fromUtf8String(text)));
    fact("put", key, reply.shardId(), reply.sequenceNumber());
  }

  private void putBatch() throws IOException, InterruptedException {
    List<PutRecordsRequestEntry> entries = new ArrayList<>();
    for (int n = 0; n < 4; ++n) {
      byte[] data = new byte[RECORD_BYTES];
      Arrays.fill(data, (byte) ('a' + n));
      entries.add(PutRecordsRequestEntry.builder().partitionKey("key-" + n).explicitHashKey("0")
          .data(SdkBytes.fromByteArray(data)).build());
    }
    while (!entries.isEmpty()) {
      List<PutRecordsRequestEntry> sent = entries;
      PutRecordsResponse reply = kinesis.putRecords(request -> request.streamName(stream).records(sent));
      fact("failed", reply.failedRecordCount());
      entries = new ArrayList<>();
      for (int i = 0; i < sent.size(); ++i) {
        if (reply.records().get(i).errorCode() == null) continue;
        fact("refused", sent.get(i).partitionKey(), reply.records().get(i).errorCode(),
            reply.records().get(i).errorMessage());
        entries.add(sent.get(i));
      }
      if (!entries.isEmpty()) advance(1_000);
    }
  }

  private void shards() {
    ListShardsRequest next = ListShardsRequest.builder().streamName(stream).maxResults(1).build();
    while (next != null) {
      ListShardsResponse page = kinesis.listShards(next);
      for (Shard each : page.shards()) {
        fact("shard", each.shardId(), each.hashKeyRange().startingHashKey(), each.hashKeyRange().endingHashKey(),
            Objects.requireNonNullElse(each.parentShardId(), "-"),
            Objects.requireNonNullElse(each.adjacentParentShardId(), "-"),
            each.sequenceNumberRange().endingSequenceNumber() == null ? "open" : "closed");
      }
      next = page.nextToken() == null
          ? null : ListShardsRequest.builder().nextToken(page.nextToken()).maxResults(1).build();
    }
  }

  private void reshard() {
    kinesis.splitShard(request -> request.streamName(stream).shardToSplit(shard(0))
        .newStartingHashKey(QUARTER.toString()));
    waitUntilActive();
    kinesis.mergeShards(request -> request.streamName(stream).shardToMerge(shard(3)).adjacentShardToMerge(shard(1)));
    waitUntilActive();
  }

  private String iteratorOf(String shardId, ShardIteratorType position) {
    return kinesis.getShardIterator(request -> request.streamName(stream).shardId(shardId)
        .shardIteratorType(position)).shardIterator();
  }

  /** To its end when it is closed, else to its tip. Gives the children that its last page names. */
  private List<ChildShard> readShard(String shardId) throws NoSuchAlgorithmException {
    String iterator = iteratorOf(shardId, ShardIteratorType.TRIM_HORIZON);
    while (true) {
      String at = iterator;
      GetRecordsResponse page = kinesis.getRecords(request -> request.shardIterator(at));
      for (Record record : page.records()) {
        byte[] data = record.data().asByteArray();
        String digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
        fact("record", shardId, record.partitionKey(), data.length, digest);
      }
      if (page.nextShardIterator() == null) return page.childShards();
      if (page.records().isEmpty() && page.millisBehindLatest() == 0) return List.of();
      iterator = page.nextShardIterator();
    }
  }

  private void readAll() throws NoSuchAlgorithmException {
    ArrayDeque<String> ready = new ArrayDeque<>(List.of(shard(0), shard(1)));
    Set<String> read = new HashSet<>();
    while (!ready.isEmpty()) {
      String next = ready.remove();
      List<ChildShard> children = readShard(next);
      read.add(next);
      for (ChildShard child : children) {
        fact("child", next, child.shardId());
        if (read.containsAll(child.parentShards())) ready.add(child.shardId());
      }
    }
  }

  private void tags(String word) {
    kinesis.listTagsForStream(request -> request.streamName(stream)).tags()
        .forEach(tag -> fact(word, tag.key(), tag.value()));
  }

  private void tagsAndRetention() {
    kinesis.addTagsToStream(request -> request.streamName(stream).tags(Map.of("team", "water", "stage", "test")));
    tags("tag");
    kinesis.removeTagsFromStream(request -> request.streamName(stream).tagKeys("stage"));
    tags("kept");
    kinesis.increaseStreamRetentionPeriod(request -> request.streamName(stream).retentionPeriodHours(48));
    fact("retention", summary().retentionPeriodHours());
    kinesis.decreaseStreamRetentionPeriod(request -> request.streamName(stream).retentionPeriodHours(24));
    fact("retention", summary().retentionPeriodHours());
  }

  /** Says the error by its class; any other error ends the program. */
  private static boolean caught(Class<? extends AwsServiceException> type, Runnable attempt) {
    try {
      attempt.run();
      return false;
    } catch (AwsServiceException error) {
      if (!type.isInstance(error)) throw error;
      Facts.caught(error);
      return true;
    }
  }

  private void errors() throws IOException, InterruptedException {
    caught(ResourceNotFoundException.class,
        () -> kinesis.describeStreamSummary(request -> request.streamName("nowhere")));
    caught(ResourceInUseException.class, () -> kinesis.createStream(request -> request.streamName(stream).shardCount(1)));
    caught(InvalidArgumentException.class, () -> kinesis.splitShard(request -> request.streamName(stream)
        .shardToSplit(shard(2)).newStartingHashKey("0")));
    try {
      kinesis.putRecord(request -> request.streamName(stream).partitionKey("k".repeat(257))
          .data(SdkBytes.fromUtf8String("x")));
    } catch (KinesisException error) {
      fact("invalid", error.awsErrorDetails().errorCode(), error.statusCode(),
          error.awsErrorDetails().errorMessage());
    }

    String iterator = iteratorOf(shard(2), ShardIteratorType.LATEST);
    String token = kinesis.listShards(request -> request.streamName(stream).maxResults(1)).nextToken();
    advance(301_000);
    caught(ExpiredIteratorException.class, () -> kinesis.getRecords(request -> request.shardIterator(iterator)));
    caught(ExpiredNextTokenException.class, () -> kinesis.listShards(request -> request.nextToken(token)));

    // Without retries, or the SDK would wait until the shard takes the record. Several, since a shard takes a
    // megabyte more for every second that this takes.
    KinesisClient impatient = KinesisClient.builder()
        .overrideConfiguration(c -> c.retryStrategy(AwsRetryStrategy.doNotRetry())).build();
    SdkBytes large = SdkBytes.fromByteArray(new byte[1_000_000]);
    boolean isFull = false;
    for (int call = 0; call < 100 && !isFull; ++call) {
      isFull = caught(ProvisionedThroughputExceededException.class, () -> impatient.putRecord(request -> request
          .streamName(stream).partitionKey("k").explicitHashKey("0").data(large)));
    }
  }

  private void remove() {
    kinesis.deleteStream(request -> request.streamName(stream));
    kinesis.waiter().waitUntilStreamNotExists(request -> request.streamName(stream));
    fact("gone", stream);
  }

  private static String shard(int number) {
    return String.format("shardId-%012d", number);
  }
}
