package penstock;

import java.nio.charset.StandardCharsets;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.KinesisClientUtil;
import software.amazon.kinesis.coordinator.CoordinatorConfig;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.exceptions.InvalidStateException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.leases.LeaseManagementConfig;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.MetricsLevel;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.RetrievalSpecificConfig;
import software.amazon.kinesis.retrieval.fanout.FanOutConfig;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * An application of the Kinesis Client Library, one worker. Endpoints and credentials come from the environment.
 *
 * <p>Application NAME STREAM polling|fanout h1|h2: prints an event a line, words parted by tabs, until its input ends:
 *
 * <pre>
 * started SHARD                      a processor was given a shard
 * record  SHARD KEY TEXT SUBSEQUENCE
 * ended   SHARD                      every record of a closed shard was processed
 * lost    SHARD                      the lease went elsewhere
 * stopped
 * </pre>
 *
 * <p>Only intervals are shorter than the library's own, so that a test need not wait for them, and what would ask
 * the network who runs it is off.
 */
public final class Application {
  public static void main(String[] arguments) throws Exception {
    String name = arguments[0];
    String stream = arguments[1];
    KinesisAsyncClient kinesis = arguments[3].equals("h2")
        ? KinesisClientUtil.createKinesisAsyncClient(KinesisAsyncClient.builder())
        : KinesisAsyncClient.builder().httpClientBuilder(NettyNioAsyncHttpClient.builder()
            .protocol(Protocol.HTTP1_1)).build();
    ConfigsBuilder configs = new ConfigsBuilder(
        new SingleStreamTracker(stream,
            InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON)),
        name, kinesis, DynamoDbAsyncClient.create(), CloudWatchAsyncClient.create(), "worker", Processor::new);

    LeaseManagementConfig leases = configs.leaseManagementConfig().failoverTimeMillis(2_000).shardSyncIntervalMillis(2_000);
    leases.workerUtilizationAwareAssignmentConfig().disableWorkerMetrics(true);
    CoordinatorConfig coordinator = configs.coordinatorConfig().parentShardPollIntervalMillis(500)
        .shardConsumerDispatchPollIntervalMillis(100);
    RetrievalSpecificConfig retrieval = arguments[2].equals("fanout")
        ? new FanOutConfig(kinesis).streamName(stream).applicationName(name)
        : new PollingConfig(stream, kinesis).idleTimeBetweenReadsInMillis(500);
    Scheduler scheduler = new Scheduler(configs.checkpointConfig(), coordinator, leases, configs.lifecycleConfig(),
        configs.metricsConfig().metricsLevel(MetricsLevel.NONE), configs.processorConfig(),
        configs.retrievalConfig().retrievalSpecificConfig(retrieval));

    Thread worker = new Thread(scheduler);
    worker.start();
    while (System.in.read() >= 0) continue;
    scheduler.startGracefulShutdown().get();
    worker.join();
    event("stopped");
    System.exit(0);
  }

  private static synchronized void event(Object... words) {
    StringBuilder line = new StringBuilder();
    for (Object word : words) line.append(line.isEmpty() ? "" : "\t").append(word);
    System.out.println(line);
  }

  /** Checkpoints after every batch. */
  private static final class Processor implements ShardRecordProcessor {
    private String shard;

    @Override
    public void initialize(InitializationInput input) {
      shard = input.shardId();
      event("started", shard);
    }

    @Override
    public void processRecords(ProcessRecordsInput input) {
      for (KinesisClientRecord record : input.records()) {
        event("record", shard, record.partitionKey(), StandardCharsets.UTF_8.decode(record.data()),
            record.subSequenceNumber());
      }
      if (!input.records().isEmpty()) checkpoint(input.checkpointer());
    }

    @Override
    public void leaseLost(LeaseLostInput input) {
      event("lost", shard);
    }

    @Override
    public void shardEnded(ShardEndedInput input) {
      event("ended", shard);
      checkpoint(input.checkpointer());
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {
      checkpoint(input.checkpointer());
    }

    private static void checkpoint(RecordProcessorCheckpointer checkpointer) {
      try {
        checkpointer.checkpoint();
      } catch (InvalidStateException | ShutdownException error) {
        throw new IllegalStateException(error);
      }
    }
  }
}
