package penstock;

import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.RichSinkFunction;
import org.apache.flink.streaming.connectors.kinesis.FlinkKinesisConsumer;
import org.apache.flink.streaming.connectors.kinesis.serialization.KinesisDeserializationSchema;

/**
 * A job of one source, which reads a stream from its horizon, in a cluster within this process. Credentials come from the
 * environment.
 *
 * <p>Job STREAM ADDRESS POLLING|EFO: prints "got SHARD KEY TEXT", parted by tabs, for each record until its input ends.
 */
public final class Job {
  public static void main(String[] arguments) throws Exception {
    Properties settings = new Properties();
    settings.setProperty("aws.region", System.getenv("AWS_REGION"));
    settings.setProperty("aws.endpoint", arguments[1]);
    settings.setProperty("aws.credentials.provider", "ENV_VAR");
    settings.setProperty("flink.stream.initpos", "TRIM_HORIZON");
    settings.setProperty("flink.shard.discovery.intervalmillis", "1000");
    settings.setProperty("flink.stream.recordpublisher", arguments[2]);
    settings.setProperty("flink.stream.efo.consumername", "flink");

    StreamExecutionEnvironment flink = StreamExecutionEnvironment.getExecutionEnvironment();
    flink.setParallelism(1);
    flink.addSource(new FlinkKinesisConsumer<>(arguments[0], new Lines(), settings)).addSink(new Printer());
    JobClient job = flink.executeAsync();
    while (System.in.read() >= 0) continue;
    job.cancel().get();
    System.exit(0);
  }

  /** A record as the line that is printed for it. */
  private static final class Lines implements KinesisDeserializationSchema<String> {
    @Override
    public String deserialize(byte[] data, String key, String sequence, long arrival, String stream, String shard) {
      return String.join("\t", "got", shard, key, new String(data, StandardCharsets.UTF_8));
    }

    @Override
    public TypeInformation<String> getProducedType() {
      return Types.STRING;
    }
  }

  private static final class Printer extends RichSinkFunction<String> {
    @Override
    public void invoke(String line, Context context) {
      System.out.println(line);
    }
  }
}
