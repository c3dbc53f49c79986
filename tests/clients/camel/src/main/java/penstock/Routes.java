package penstock;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.aws2.kinesis.Kinesis2Constants;
import org.apache.camel.impl.DefaultCamelContext;

/**
 * One route puts into a stream, another one reads it. Credentials come from the environment.
 *
 * <p>Routes STREAM ADDRESS SINGLES BATCHES: prints "got KEY TEXT SHARD", parted by tabs, for each record that came back.
 */
public final class Routes {
  private static final int BATCH = 100;

  public static void main(String[] arguments) throws Exception {
    String stream = "aws2-kinesis://" + arguments[0] + "?region=" + System.getenv("AWS_REGION")
        + "&useDefaultCredentialsProvider=true&overrideEndpoint=true&uriEndpointOverride=" + arguments[1];
    int singles = Integer.parseInt(arguments[2]);
    int batches = Integer.parseInt(arguments[3]);
    CountDownLatch outstanding = new CountDownLatch(singles + batches * BATCH);

    DefaultCamelContext camel = new DefaultCamelContext();
    camel.addRoutes(new RouteBuilder() {
      @Override
      public void configure() {
        from("direct:in").to(stream);
        from(stream + "&iteratorType=TRIM_HORIZON&maxResultsPerRequest=1000&delay=250&initialDelay=0").process(exchange -> {
          System.out.println(String.join("\t", "got",
              exchange.getMessage().getHeader(Kinesis2Constants.PARTITION_KEY, String.class),
              exchange.getMessage().getBody(String.class),
              exchange.getMessage().getHeader(Kinesis2Constants.SHARD_ID, "-", String.class)));
          outstanding.countDown();
        });
      }
    });
    camel.start();
    ProducerTemplate template = camel.createProducerTemplate();
    for (int n = 0; n < singles; ++n) {
      template.sendBodyAndHeader("direct:in", "single-" + n, Kinesis2Constants.PARTITION_KEY, "key-" + n);
    }
    for (int batch = 0; batch < batches; ++batch) {
      List<byte[]> bodies = new ArrayList<>();
      for (int n = 0; n < BATCH; ++n) bodies.add(("batch-" + batch + "-" + n).getBytes(StandardCharsets.UTF_8));
      template.sendBodyAndHeader("direct:in", bodies, Kinesis2Constants.PARTITION_KEY, "batch-" + batch);
    }
    boolean all = outstanding.await(60, TimeUnit.SECONDS);
    camel.stop();
    System.exit(all ? 0 : 1);
  }
}
