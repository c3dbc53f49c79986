package penstock;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.interceptor.SdkExecutionAttribute;

/**
 * Leaves what went over the wire in files, numbered in order: 007-GetRecords.request, 008-GetRecords.response, and
 * their content types beside them as 007-GetRecords.request.type.
 */
final class Wire implements ExecutionInterceptor {
  private static final AtomicInteger COUNT = new AtomicInteger();
  private final Path folder;

  Wire(Path folder) {
    this.folder = folder;
  }

  @Override
  public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
    context.requestBody().ifPresent(body -> {
      try (InputStream stream = body.contentStreamProvider().newStream()) {
        keep(attributes, "request", stream.readAllBytes(), context.httpRequest().firstMatchingHeader("Content-Type"));
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    });
  }

  @Override
  public Optional<InputStream> modifyHttpResponseContent(
      Context.ModifyHttpResponse context, ExecutionAttributes attributes) {
    return context.responseBody().map(stream -> {
      try {
        byte[] body = stream.readAllBytes();
        keep(attributes, "response", body, context.httpResponse().firstMatchingHeader("Content-Type"));
        return new ByteArrayInputStream(body);
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    });
  }

  private void keep(ExecutionAttributes attributes, String way, byte[] body, Optional<String> type) throws IOException {
    String operation = attributes.getAttribute(SdkExecutionAttribute.OPERATION_NAME);
    String name = String.format("%03d-%s.%s", COUNT.incrementAndGet(), operation, way);
    Files.write(folder.resolve(name), body);
    Files.writeString(folder.resolve(name + ".type"), type.orElse(""));
  }
}
