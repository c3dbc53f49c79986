package penstock;

import com.google.common.util.concurrent.ListenableFuture;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordResult;
import software.amazon.kinesis.retrieval.AggregatorUtil;
import software.amazon.kinesis.retrieval.KinesisClientRecord;

/**
 * Puts user records with the Kinesis Producer Library, then reads the stream and takes its records apart with the
 * Kinesis Client Library. Credentials come from the environment.
 *
 * <p>Produce STREAM HOST PORT CA_FILE COUNT KEYS: prints an event a line, words parted by tabs:
 *
 * <pre>
 * put    KEY TEXT SHARD SEQUENCE ATTEMPTS
 * stored SHARD SEQUENCE KEY BYTES           a record of the stream as it lies there
 * user   SHARD SEQUENCE SUBSEQUENCE KEY TEXT
 * </pre>
 */
public final class Produce {
  public static void main(String[] arguments) throws Exception {
    String stream = arguments[0];
    KinesisProducer producer = new KinesisProducer(new KinesisProducerConfiguration()
        .setKinesisEndpoint(arguments[1]).setKinesisPort(Long.parseLong(arguments[2])).setRegion(System.getenv("AWS_REGION"))
        .setCaCertFile(arguments[3]).setMetricsLevel("none"));
    put(producer, stream, Integer.parseInt(arguments[4]), Integer.parseInt(arguments[5]));
    read(KinesisClient.create(), stream);
  }

  private static void put(KinesisProducer producer, String stream, int count, int keys) throws Exception {
    List<ListenableFuture<UserRecordResult>> results = new ArrayList<>();
    for (int n = 0; n < count; ++n) {
      ByteBuffer data = ByteBuffer.wrap(Integer.toString(n / keys).getBytes(StandardCharsets.UTF_8));
      results.add(producer.addUserRecord(stream, "key-" + n % keys, data));
    }
    producer.flushSync();
    for (int n = 0; n < count; ++n) {
      UserRecordResult result = results.get(n).get();
      event("put", "key-" + n % keys, n / keys, result.getShardId(), result.getSequenceNumber(),
          result.getAttempts().size());
    }
    producer.destroy();
  }

  private static void read(KinesisClient kinesis, String stream) {
    for (Shard shard : kinesis.listShards(request -> request.streamName(stream)).shards()) {
      String iterator = kinesis.getShardIterator(request -> request.streamName(stream).shardId(shard.shardId())
          .shardIteratorType(ShardIteratorType.TRIM_HORIZON)).shardIterator();
      while (true) {
        String at = iterator;
        GetRecordsResponse page = kinesis.getRecords(request -> request.shardIterator(at));
        page.records().forEach(record -> event("stored", shard.shardId(), record.sequenceNumber(),
            record.partitionKey(), record.data().asByteArray().length));
        for (KinesisClientRecord record : takeApart(page, shard)) {
          event("user", shard.shardId(), record.sequenceNumber(), record.subSequenceNumber(), record.partitionKey(),
              StandardCharsets.UTF_8.decode(record.data()));
        }
        if (page.millisBehindLatest() == 0) break;
        iterator = page.nextShardIterator();
      }
    }
  }

  /** Leaves out what does not belong to the shard, as the library does. */
  private static List<KinesisClientRecord> takeApart(GetRecordsResponse page, Shard shard) {
    return new AggregatorUtil().deaggregate(page.records().stream().map(KinesisClientRecord::fromRecord).toList(),
        new BigInteger(shard.hashKeyRange().startingHashKey()), new BigInteger(shard.hashKeyRange().endingHashKey()));
  }

  private static void event(Object... words) {
    StringBuilder line = new StringBuilder();
    for (Object word : words) line.append(line.isEmpty() ? "" : "\t").append(word);
    System.out.println(line);
  }
}
