package penstock;

import java.io.IOException;
import java.util.Arrays;
import software.amazon.awssdk.awscore.exception.AwsServiceException;

/** How the programs say what they saw, and how they move the server's clock. */
final class Facts {
  private Facts() {}

  static synchronized void fact(Object... words) {
    System.out.println(String.join("\t", Arrays.stream(words).map(String::valueOf).toList()));
  }

  static void caught(AwsServiceException error) {
    fact("caught", error.getClass().getSimpleName(), error.statusCode(), error.awsErrorDetails().errorMessage());
  }

  static void advance(long milliseconds) throws IOException, InterruptedException {
    // The administrator's paths are signed too; the command line does that with our variables.
    Process command = new ProcessBuilder(System.getenv("PENSTOCK_BIN"), "clock", "advance", milliseconds + "ms")
        .redirectErrorStream(true).start();
    String said = new String(command.getInputStream().readAllBytes());
    if (command.waitFor() != 0) throw new IOException("the clock was not advanced: " + said);
  }
}
