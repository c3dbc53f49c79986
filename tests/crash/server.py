"""The server as a process that is started, killed and started again on one folder."""

import signal
import subprocess

from books import Wrong


class Server:
    """Its port is open when the constructor returns. Standard error is appended to `log`."""

    def __init__(self, binary, folder, log, arguments):
        self.log = open(log, "ab")
        self.process = subprocess.Popen(
            [binary, "serve", "--data", folder, "--listen", "127.0.0.1:0", *arguments],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        if "http://" not in line:
            self.kill()
            raise Wrong(f"REFUSED: the server did not start; it said {line!r}, and more in {log}")
        self.port = int(line.split("http://")[1].split()[0].rstrip(",;/").rsplit(":", 1)[1])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self._end()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self._end()

    def ended_by_itself(self):
        """Its exit code when nobody killed it and yet it is gone."""
        return self.process.poll()

    def _end(self):
        code = self.process.wait(timeout=600)
        self.process.stdout.close()
        self.log.close()
        return code
