"""A function that runs in this process: the server reaches it as a remote endpoint. It remembers
every record it answered for, so that a skipped record shows."""

import http.server
import json
import threading


class FunctionDouble:
    """Records (shard, sequence number) of every batch, in the order of arrival, before answering."""

    def __init__(self):
        self.lock = threading.Lock()
        self.seen = {}  # sequence number -> times
        self.batches = 0
        double = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with double.lock:
                    double.batches += 1
                    for record in event["Records"]:
                        number = record["kinesis"]["sequenceNumber"]
                        double.seen[number] = double.seen.get(number, 0) + 1
                body = b"{}"
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # The server was killed in the middle of a call: that is the point.

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def count(self):
        with self.lock:
            return len(self.seen)

    def numbers(self):
        with self.lock:
            return set(self.seen)

    def stop(self):
        self.server.shutdown()
