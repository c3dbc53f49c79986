package penstock;

import static penstock.Facts.fact;

import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletableFuture;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.ConsumerDescription;
import software.amazon.awssdk.services.kinesis.model.ConsumerStatus;
import software.amazon.awssdk.services.kinesis.model.ResourceInUseException;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEvent;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEventStream;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardRequest;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardResponseHandler;

/** A consumer with enhanced fan-out: the asynchronous client, which alone has SubscribeToShard, over HTTP/2. */
final class FanOut {
  private final KinesisAsyncClient kinesis = KinesisAsyncClient.create();
  private final String streamArn;

  FanOut(String streamArn) {
    this.streamArn = streamArn;
  }

  /** Every shard from the horizon: a closed one to its end, an open one to its tip. */
  void read(List<String> shards, List<String> closed) {
    String consumer = kinesis.registerStreamConsumer(request -> request.streamARN(streamArn).consumerName("reader"))
        .join().consumer().consumerARN();
    ConsumerDescription described;
    do {
      described = kinesis.describeStreamConsumer(request -> request.consumerARN(consumer)).join().consumerDescription();
    } while (described.consumerStatus() != ConsumerStatus.ACTIVE);
    fact("consumer", described.consumerName(), described.consumerStatus());
    for (String shard : shards) {
      Reader reader = new Reader(shard, closed.contains(shard));
      CompletableFuture<Void> call = subscribe(consumer, shard, reader);
      reader.done.join();
      if (closed.contains(shard)) call.join();
    }
    String last = shards.get(shards.size() - 1);
    try {
      subscribe(consumer, last, new Reader(last, false)).join();
    } catch (CompletionException error) {
      if (!(error.getCause() instanceof ResourceInUseException refused)) throw error;
      fact("again", refused.getClass().getSimpleName(), refused.statusCode());
    }
    kinesis.deregisterStreamConsumer(request -> request.consumerARN(consumer)).join();
    while (!kinesis.listStreamConsumers(request -> request.streamARN(streamArn)).join().consumers().isEmpty()) continue;
    fact("left", 0);
    kinesis.close();
  }

  private CompletableFuture<Void> subscribe(String consumer, String shard, Reader reader) {
    SubscribeToShardRequest request = SubscribeToShardRequest.builder().consumerARN(consumer).shardId(shard)
        .startingPosition(position -> position.type(ShardIteratorType.TRIM_HORIZON)).build();
    return kinesis.subscribeToShard(request, SubscribeToShardResponseHandler.builder().subscriber(() -> reader).build());
  }

  private static final class Reader implements Subscriber<SubscribeToShardEventStream> {
    final CompletableFuture<Void> done = new CompletableFuture<>();
    private final String shard;
    private final boolean isClosed;
    private Subscription subscription;

    Reader(String shard, boolean isClosed) {
      this.shard = shard;
      this.isClosed = isClosed;
    }

    @Override
    public void onSubscribe(Subscription given) {
      subscription = given;
      subscription.request(1);
    }

    @Override
    public void onNext(SubscribeToShardEventStream each) {
      SubscribeToShardEvent event = (SubscribeToShardEvent) each;
      event.records().forEach(record ->
          fact("pushed", shard, record.partitionKey(), record.data().asByteArrayUnsafe().length));
      event.childShards().forEach(child -> fact("branch", shard, child.shardId()));
      if (!isClosed && event.millisBehindLatest() == 0) {
        subscription.cancel();
        done.complete(null);
      } else {
        subscription.request(1);
      }
    }

    @Override
    public void onError(Throwable error) {
      done.completeExceptionally(error);
    }

    @Override
    public void onComplete() {
      done.complete(null);
    }
  }
}
